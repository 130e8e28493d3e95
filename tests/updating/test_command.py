"""The command: what it writes, what it leaves alone, and how it ends."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.updating.mutations import EULA, add_model, add_operation, operation, rename_field
from tests.updating.tree import ROOT, Tree

sys.path.insert(0, str(ROOT / "scripts"))

Json = dict[str, Any]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree.copied(tmp_path / "tree", ("openapi", "generated", "scripts", "up42_facade"))


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The findings of the judges, which don't run."""
    from updating import judges

    found: list[Any] = []
    monkeypatch.setattr(judges, "judge", lambda *arguments: found)
    return found


def update(tree: Tree, spec: Path, **options: Any) -> None:
    from updating import command

    command.run(tree.root, str(spec), **options)


def with_a_model(document: Json) -> Json:
    found = copy.deepcopy(document)
    add_model(found)
    return found


def test_an_unchanged_document_changes_no_byte(
    tree: Tree, served: tuple[str, Path], document: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither do other comments, anchors, or quotes, or another place."""
    url, folder = served
    shutil.copy(tree.spec, folder)
    before = tree.state()
    done = tree.run("--spec", f"{url}/up42.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing to report" in done.stdout
    for spec in (tree.spec, tree.write(document)):
        update(tree, spec)
        assert "Nothing to report" in capsys.readouterr().out
    assert tree.state() == before


def test_an_accepted_document_is_written_with_its_client(
    tree: Tree, document: Json, findings: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tree.write(with_a_model(document))
    before = tree.state()
    update(tree, spec, dry_run=True)
    assert tree.state() == before
    markdown = tree.root.parent / "report.md"
    update(tree, spec, markdown=markdown)
    assert "| Added `Eula.owner`: Owner, optional | fit |" in markdown.read_text()
    assert tree.spec.read_bytes() == spec.read_bytes()
    assert (tree.root / "generated/up42_client/models/owner.py").exists()
    after = tree.state()
    capsys.readouterr()
    update(tree, spec)
    assert "Nothing to report" in capsys.readouterr().out
    assert tree.state() == after


def test_a_refused_document_is_not_written_unless_it_is_accepted_anyway(
    tree: Tree, document: Json, findings: list[Any]
) -> None:
    from updating.judges import Finding
    from updating.pointers import UpdateError

    findings.append(Finding("a.py:1 in f: x", frozenset({"Eula", "title"})))
    changed = copy.deepcopy(document)
    rename_field(changed, "Eula", "title", "name")
    spec, markdown = tree.write(changed), tree.root.parent / "report.md"
    before = tree.state()
    for options in ({"dry_run": True}, {"markdown": markdown}):
        with pytest.raises(UpdateError, match=r"a\.py:1 in f: x"):
            update(tree, spec, **options)
    assert "| Removed `Eula.title`: string, optional | **breaking**: a.py:1" in markdown.read_text()
    assert tree.state() == before
    update(tree, spec, accept_breaking=True)
    assert tree.spec.read_bytes() == spec.read_bytes()


def test_uncommitted_changes_are_refused(tree: Tree, document: Json, findings: list[Any]) -> None:
    from updating.pointers import UpdateError

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", tree.root, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "all")
    spec = tree.write(with_a_model(document))
    extra = tree.root / "generated" / "up42_client" / "extra.py"
    extra.touch()
    with pytest.raises(UpdateError, match=r"uncommitted changes[^@]*extra\.py"):
        update(tree, spec)
    update(tree, spec, dry_run=True)
    extra.unlink()
    update(tree, spec)
    git("checkout", "-q", ".")
    assert "Owner" not in tree.spec.read_text()


def test_other_operations_are_left_out_unless_they_are_taken(
    tree: Tree, document: Json, findings: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from updating.pointers import UpdateError

    found = copy.deepcopy(document)
    add_operation(found)
    for number in range(12):
        added = copy.deepcopy(operation(document, EULA))
        added.update(operationId=f"foreign{number}", tags=["foreign"])
        item = {**document["paths"][EULA], "get": added}
        found["paths"][f"/foreign{number}/{{eulaId}}"] = item
    spec, before = tree.write(found), tree.state()
    update(tree, spec)
    said = capsys.readouterr().out
    assert "Nothing to report" in said
    assert "and 3 more" in said
    assert tree.state() == before
    with pytest.raises(UpdateError, match="Did you mean 'GET /v2/eulas'"):
        update(tree, spec, take=["GET /v2/eula"])
    update(tree, spec, take=["GET /v2/eulas"])
    assert "- Added `GET /v2/eulas`: listEulas (eulas)" in capsys.readouterr().out
    assert (tree.root / "generated/up42_client/api/eulas/list_eulas.py").exists()


def test_ctrl_c_leaves_everything_as_it_was(tree: Tree, document: Json) -> None:
    before = tree.state()
    spec = tree.write(with_a_model(document))
    work = tree.root.parent / "work"
    work.mkdir()
    command = [sys.executable, "scripts/regenerate.py", "--spec", str(spec)]
    environment = {**os.environ, "TMPDIR": str(work)}
    with subprocess.Popen(
        command, cwd=tree.root, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        # The generator's input is there, so it's about to run.
        while process.poll() is None and not list(work.rglob("prepared.json")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "stopped" in said
    assert "Traceback" not in said
    assert tree.state() == before
    assert list(work.iterdir()) == []


def test_options_that_need_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    import regenerate

    for argument in ("--dry-run", "--accept-breaking", "--markdown=x", "--take=GET /x"):
        with pytest.raises(SystemExit, match="2"):
            regenerate.main([argument])
        assert "need --spec" in capsys.readouterr().err
