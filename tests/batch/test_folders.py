"""The folders of a batch's downloads: named by a pattern, safe, unique, and stable."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import up42_facade as up42
from tests.batch.conftest import Make, delivered, result_content
from up42_facade.downloads import safe_name
from up42_sandbox import Fault, Sandbox

pytestmark = pytest.mark.usefixtures("small_results")

HOSTILE = [
    ".", "..", "../up", "/root", "C:\\up", "con", "nul.tif", "a/b", "a\\b", "a b. ",
    "Straße", "STRASSE", "strasse", "é", "e\u0301", "\uff0e\uff0e", "~", "$HOME", "{title}",
    "{0}", "%2e%2e%2f", "é" * 60, "É" * 60, ".up42", "x.part", "?*<>|",
]  # fmt: skip


def folders_of(paths: dict[str, list[str]], target: Path) -> dict[str, str]:
    """Return the name of each job's folder, directly in the target."""
    found = {job_id: {Path(file).parent for file in files} for job_id, files in paths.items()}
    assert {parent.parent for parents in found.values() for parent in parents} <= {target}
    return {job_id: parent.name for job_id, (parent,) in found.items()}


def run(batch: up42.Batch) -> up42.Batch:
    return batch.execute().track(wait=0.02)


def test_names_of_all_fields(make: Make, sandbox: Sandbox, tmp_path: Path) -> None:
    with up42.Batch(make("Berlin", "Potsdam")) as batch:
        run(batch)
        pattern = "{title} {item_id} {job_id} {process_id} {{}}"
        names = folders_of(batch.download(tmp_path, folders=pattern), tmp_path)
        item_id = sandbox.item_url("pneo-berlin").rpartition("/")[2]
        assert list(names.values()) == [
            f"{title} {item_id} {job.id} true-color-conversion {{}}"
            for title, job in zip(("Berlin", "Potsdam"), batch.jobs, strict=True)
        ]


def test_a_job_without_title_and_items(make: Make, sandbox: Sandbox, tmp_path: Path) -> None:
    with up42.Batch(make("a")) as batch:
        [job] = run(batch).jobs
    missing = {"inputs": {"title": None, "item": None}}
    answer: dict[str, Any] = {**job.to_metadata(), "jobID": str(uuid4()), "definition": missing}
    sandbox.inject(Fault(method="POST", path="*/execution", patch=answer))
    with up42.Batch(make("b")) as batch:
        [job] = batch.execute().jobs
        assert job.id == answer["jobID"]
        names = folders_of(batch.download(tmp_path, folders="{title}_{item_id}"), tmp_path)
        assert names == {job.id: f"{job.id}_{job.id}"}


def test_another_pattern_is_another_download(make: Make, tmp_path: Path) -> None:
    with up42.Batch(make("a")) as batch:
        run(batch)
        [job] = batch.jobs
        first = batch.download(tmp_path)
        assert folders_of(first, tmp_path) == {job.id: f"job_{job.id}"}
        assert folders_of(batch.download(tmp_path, folders="{title}"), tmp_path) == {job.id: "a"}
        assert batch.download(tmp_path) == first


@pytest.mark.parametrize(
    "pattern",
    ["{titel}", "{}", "{0}", "{title", "title}", "{title.upper}", "{title[0]}", "{title!r}",
     "{title:>9}", "{title:{item_id}}", "a/{title}", "a\\{title}", "", None, 5],
)  # fmt: skip
def test_patterns_that_cannot_be_used(
    make: Make, sandbox: Sandbox, tmp_path: Path, pattern: str
) -> None:
    with up42.Batch(make("a")) as batch:
        run(batch)
        sandbox.clear_requests()
        with pytest.raises(up42.InvalidInputError) as caught:
            batch.download(tmp_path / "out", folders=pattern)
        message = str(caught.value)
        assert message.startswith(f"folders={pattern!r}: ")
        assert "{title}, {item_id}, {job_id}, {process_id}" in message
        assert sandbox.requests == []
        assert list(tmp_path.iterdir()) == []


def test_names_stay_when_a_batch_grows(make: Make, second: up42.Session, tmp_path: Path) -> None:
    """Also if it is resumed, and if only a part of it is downloaded."""
    out, path = tmp_path / "out", tmp_path / "a.db"

    def download(batch: up42.Batch) -> dict[str, str]:
        return folders_of(batch.download(out, folders="{title}"), out)

    with up42.Batch(make("a", "A", "b"), path, allow_duplicates=True) as batch:
        batch[1:].execute()
        names = download(batch[1:].track(wait=0.02))
        assert list(names.values()) == ["A", "b"]
        names |= download(run(batch))
        [first] = set(names.values()) - {"A", "b"}
        assert first == f"a_{batch[0].job.id}"  # type: ignore[union-attr]  # was executed
    templates = make("a", "A", "b", "b", session=second)
    with up42.Batch(templates, path, allow_duplicates=True, add_new=True) as batch:
        grown = download(run(batch))
        assert len(set(grown.values())) == 4
        assert grown == {**names, batch.jobs[3].id: f"b_{batch.jobs[3].id}"}
    with up42.Batch.resume(path, session=second) as batch:
        assert download(batch[3:]) | download(batch[:2]) | download(batch) == grown


encodable = st.characters(exclude_categories=["Cs"])
texts = st.sampled_from(HOSTILE) | st.text(encodable, min_size=1, max_size=30)
numbers = count()


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(titles=HOSTILE, pattern="{title}")
@given(st.lists(texts, min_size=2, max_size=4), st.sampled_from(["{title}", "{title}{title}."]))
def test_hostile_titles(
    make: Make, sandbox: Sandbox, tmp_path: Path, titles: list[str], pattern: str
) -> None:
    here = tmp_path / str(next(numbers))
    target = here / "a" / "out"
    with up42.Batch(make(*titles), allow_duplicates=True) as batch:
        run(batch)
        paths = batch.download(target, folders=pattern)
        names = folders_of(paths, target)
        assert sorted(paths) == sorted(job.id for job in batch.jobs)
        assert len({name.casefold() for name in names.values()}) == len(paths)
        assert all(safe_name(name) == name for name in names.values())
        assert set(map(str, delivered(here))) == {p for files in paths.values() for p in files}
        for entry in batch:
            for file in map(Path, entry.files or ()):
                assert file.read_bytes() == result_content(str(entry.title), file.name)
        sandbox.clear_requests()
        assert batch.download(target, folders=pattern) == paths
        assert sandbox.requests == []
