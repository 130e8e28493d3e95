"""Client and document change together or not at all, also where the process is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.updating.tree import ROOT

# One run of a swap has fewer steps than these; each of them is interrupted once.
STEPS = range(1, 18)
KILLED = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from updating import swap
root, step, can_exchange = Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "1"
count = 0
def counted(function):
    def wrapped(*arguments, **options):
        global count
        count += 1
        if count == step:
            os.kill(os.getpid(), 9)
        return function(*arguments, **options)
    return wrapped
if not can_exchange:
    swap.exchange = lambda one, other: False
swap.exchange = counted(swap.exchange)
for name in ("rename", "replace", "write_text", "write_bytes", "unlink"):
    setattr(Path, name, counted(getattr(Path, name)))
swap.Swap(root / "client", root / "spec.yaml").run(root / "fresh", b"new")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("client", "old"), ("fresh", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(content)
    (tmp_path / "client" / "only_old.py").write_text("")
    (tmp_path / "spec.yaml").write_text("old")
    return tmp_path


def content(folder: Path) -> tuple[str, str, bool]:
    client = folder / "client"
    text = (client / "a.py").read_text() if client.exists() else "missing"
    return (folder / "spec.yaml").read_text(), text, (client / "only_old.py").exists()


OLD = ("old", "old", True)
NEW = ("new", "new", False)


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def new_swap(folder: Path) -> Any:
    from updating.swap import Swap

    return Swap(folder / "client", folder / "spec.yaml")


@pytest.mark.parametrize("can_exchange", [True, False])
def test_both_are_replaced(
    folder: Path, can_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from updating import swap

    if not can_exchange:
        monkeypatch.setattr(swap, "exchange", lambda one, other: False)
    new_swap(folder).run(folder / "fresh", b"new")
    assert content(folder) == NEW
    assert leftovers(folder) == []


def test_the_client_alone(folder: Path) -> None:
    new_swap(folder).run(folder / "fresh")
    assert content(folder) == ("old", "new", False)
    assert leftovers(folder) == []


def test_a_client_where_none_was(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder / "client")
    new_swap(folder).run(folder / "fresh", b"new")
    assert content(folder) == NEW


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_error_in_the_middle_undoes_everything(
    folder: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "spec.yaml":
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(type(error)):
        new_swap(folder).run(folder / "fresh", b"new")
    assert content(folder) == OLD
    assert leftovers(folder) == []


@pytest.mark.parametrize("can_exchange", ["1", "0"])
@pytest.mark.parametrize("step", STEPS)
def test_whenever_it_is_killed_the_next_one_finds_old_or_new(
    folder: Path, step: int, can_exchange: str
) -> None:
    command = [sys.executable, "-c", KILLED, ROOT / "scripts", folder, step, can_exchange]
    subprocess.run([str(part) for part in command], check=False)
    as_left = content(folder)
    if can_exchange == "1":
        assert as_left[1] != "missing"
    new_swap(folder).recover()
    assert content(folder) in (OLD, NEW)
    assert leftovers(folder) == []


def test_it_is_killed_in_between_at_all(folder: Path) -> None:
    """Otherwise the test above would prove nothing."""
    seen = set()
    for step in STEPS:
        command = [sys.executable, "-c", KILLED, ROOT / "scripts", folder, step, "1"]
        code = subprocess.run([str(part) for part in command], check=False).returncode
        seen.add((code, content(folder)[:2]))
        new_swap(folder).recover()
    assert (-9, ("old", "new")) in seen
    assert any(code == 0 for code, _ in seen)
