"""Which documents are accepted: real tools judge, about many changes at once."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.updating.mutations import BREAKING, FITTING, RENAMED, Mutation
from tests.updating.tree import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

Json = dict[str, Any]


def mutated(document: Json, mutations: Iterable[Mutation]) -> Json:
    found = copy.deepcopy(document)
    for mutation in mutations:
        mutation.apply(found)
    return found


def judged(spec: Path) -> str:
    """Return what an update to a document would say, with the reason if it's refused."""
    from updating import command
    from updating.pointers import UpdateError

    try:
        command.run(ROOT, str(spec), dry_run=True)
    except UpdateError as error:
        return str(error)
    return ""


def written(folder: Path, document: Json) -> Path:
    spec = folder / "new.yaml"
    spec.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return spec


def test_each_change_is_listed(document: Json) -> None:
    from updating.changes import compare
    from updating.selecting import select

    for mutation in [*FITTING, *BREAKING]:
        selected, _ = select(mutated(document, [mutation]), document)
        changes = list(map(str, compare(document, selected)))
        assert bool(changes) == bool(mutation.reported), mutation.name
        is_listed = any(change.startswith(mutation.reported) for change in changes)
        assert is_listed == bool(changes), f"{mutation.name}: {changes}"
    assert compare(document, copy.deepcopy(document)) == []


def test_what_fits_is_accepted(
    tmp_path: Path, document: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = judged(written(tmp_path, mutated(document, FITTING)))
    said = capsys.readouterr().out
    assert reason == "", said
    assert "BREAKING" not in said
    assert "would be accepted" in said


def test_what_breaks_is_refused_and_named(
    tmp_path: Path, document: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = judged(written(tmp_path, mutated(document, [*BREAKING, *RENAMED])))
    said = capsys.readouterr().out
    assert "is refused" in reason
    reasons = said.split("\n- ")[1:]
    silent = [
        mutation.name
        for mutation in (*BREAKING, *RENAMED)
        if not any(r.startswith(mutation.reported) and "BREAKING" in r for r in reasons)
    ]
    assert silent == [], said
    misplaced = [
        mutation.name
        for mutation in RENAMED
        if not any(r.startswith(mutation.reported) and f" {mutation.place}:" in r for r in reasons)
    ]
    assert misplaced == [], said
    assert " in read_token: " in said
    assert "authenticate: " in said
