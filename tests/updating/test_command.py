"""The whole command, with everything real: generator, mypy, sandbox, files and signals."""

from __future__ import annotations

import copy
import functools
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.updating.mutations import BY_NAME, operation
from tests.updating.tree import Tree

# What an unchanged document may take, in seconds.
LONGEST = 30
READS_ACCOUNT = """
from up42_client.models import ProcessingJob

def account(job: ProcessingJob) -> object:
    return job.account_id
"""


@pytest.fixture
def whole(tmp_path: Path) -> Tree:
    """A copy with everything that mypy checks."""
    return Tree.copied(tmp_path / "tree")


@pytest.fixture
def url(tree: Tree) -> Iterator[str]:
    """The stored document behind a URL of this machine."""
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tree.spec.parent)
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/up42.yaml"
        server.shutdown()
        thread.join()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree.copied(tmp_path / "tree", ("openapi", "generated", "scripts", "up42_facade"))


def changed(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = copy.deepcopy(document)
    BY_NAME[name].apply(found)
    return found


def test_an_unchanged_document_changes_no_byte_twice_in_a_row(tree: Tree) -> None:
    spec = tree.root.parent / "same.yaml"
    shutil.copy(tree.spec, spec)
    before = tree.state()
    for _ in range(2):
        start = time.monotonic()
        done = tree.run("--spec", spec)
        assert time.monotonic() - start < LONGEST
        assert (done.returncode, done.stderr) == (0, "")
        assert "Nothing to report" in done.stdout
        assert tree.state() == before
    assert tree.run("--spec", tree.spec).returncode == 0
    assert tree.run("--spec", spec, "--check").returncode == 0
    assert tree.state() == before


def test_the_same_in_other_words_changes_no_byte(
    tree: Tree, url: str, document: dict[str, Any]
) -> None:
    """Comments, anchors, quotes and where the document lies make no difference."""
    before = tree.state()
    for spec in (url, tree.write(document)):
        done = tree.run("--spec", spec)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Nothing to report" in done.stdout
        assert tree.state() == before


def test_what_is_new_comes_in_whole(whole: Tree, document: dict[str, Any]) -> None:
    spec = whole.write(changed(document, "model added"))
    markdown = whole.root.parent / "report.md"
    before = whole.state()
    assert whole.run("--spec", spec, "--check").returncode == 1
    dry = whole.run("--spec", spec, "--dry-run")
    assert (dry.returncode, dry.stderr) == (0, ""), dry.stdout
    assert "nothing was written" in dry.stdout
    assert whole.state() == before

    done = whole.run("--spec", spec, "--markdown", markdown)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "model added: Owner" in done.stdout
    assert "| **field added** `Eula.owner`" in markdown.read_text()
    assert whole.spec.read_bytes() == spec.read_bytes()
    assert (whole.root / "generated/up42_client/models/owner.py").exists()
    assert whole.run("--check").returncode == 0
    after = whole.state()
    again = whole.run("--spec", spec)
    assert "Nothing to report" in again.stdout
    assert whole.state() == after


def test_what_facade_and_tests_do_not_survive_stays_out(
    whole: Tree, document: dict[str, Any]
) -> None:
    found = changed(document, "operation renamed")
    # mypy sees this one where the type is known; a module that knows it stands in for a test.
    (whole.root / "tests" / "reads_account.py").write_text(READS_ACCOUNT)
    found["components"]["schemas"]["ProcessingJob"]["properties"].pop("accountID")
    found["components"]["schemas"]["ProcessingJob"]["required"].remove("accountID")
    before = whole.state()
    done = whole.run("--spec", whole.write(found), "--accept-breaking")
    assert done.returncode == 1
    assert "type errors in facade and tests" in done.stderr
    assert 'no attribute "account_id"' in done.stdout
    assert 'Cannot find module named "up42_client.api.eulas.get_eula"' in done.stdout
    assert "Process.is_eula_accepted" in done.stdout
    assert whole.state() == before


def test_several_operations_of_many_are_taken(tree: Tree, document: dict[str, Any]) -> None:
    """A hundred more operations with models of their own leave everything as it is."""
    found = copy.deepcopy(document)
    for number in range(100):
        model = {"description": "Not ours.", "type": "object", "properties": {}}
        found["components"]["schemas"][f"Foreign{number}"] = model
        added = copy.deepcopy(operation(document, "/v2/eulas/{eulaId}"))
        added.update(operationId=f"foreign{number}", tags=["foreign"])
        content = {"schema": {"$ref": f"#/components/schemas/Foreign{number}"}}
        added["responses"]["200"]["content"] = {"application/json": content}
        added["parameters"] = [
            {"name": "eulaId", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
        found["paths"][f"/foreign{number}/{{eulaId}}"] = {"get": added}
    found["tags"].append({"name": "foreign"})
    before = tree.state()
    done = tree.run("--spec", tree.write(found))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing to report" in done.stdout
    assert "and 90 more" in done.stdout
    assert tree.state() == before


def test_a_broken_document_gives_a_reason_and_a_code(tree: Tree) -> None:
    before = tree.state()
    spec = tree.root.parent / "new.yaml"
    spec.write_text(tree.spec.read_text() + "\n  }")
    done = tree.run("--spec", spec)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "new.yaml:" in done.stderr
    assert "no YAML or JSON" in done.stderr
    assert "Traceback" not in done.stderr
    assert tree.state() == before


def test_ctrl_c_leaves_everything_as_it_was(tree: Tree, document: dict[str, Any]) -> None:
    before = tree.state()
    spec = tree.write(changed(document, "model added"))
    work = tree.root.parent / "work"
    work.mkdir()
    command = [sys.executable, "scripts/regenerate.py", "--spec", str(spec)]
    environment = {**os.environ, "TMPDIR": str(work)}
    with subprocess.Popen(
        command, cwd=tree.root, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        # The generator's input is there, so it is about to run.
        while process.poll() is None and not list(work.rglob("prepared.yaml")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "stopped" in said
    assert "Traceback" not in said
    assert tree.state() == before
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("option", ["--dry-run", "--accept-breaking", "--markdown=x"])
def test_options_that_need_a_document(option: str, tree: Tree) -> None:
    done = tree.run(option)
    assert done.returncode == 2
    assert "need --spec" in done.stderr
