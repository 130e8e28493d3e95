"""Arguments as people have them at hand: numpy's numbers, sets, nothing at all."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import up42_facade as up42
from tests.batch.conftest import Make, job_titles
from up42_sandbox import Fault, Sandbox


@pytest.mark.parametrize("kind", [int, float, np.int64, np.float32, np.float64, Decimal, Fraction])
def test_limits_are_numbers_of_any_type(batch: up42.Batch, kind: Any) -> None:
    total = batch.estimate()["credits"].sum()
    with pytest.raises(up42.CostLimitError):
        batch.execute(max_credits=kind(int(total) - 1))
    batch.execute(max_credits=kind(int(total)), max_concurrent=np.int64(3), wait=np.float32(0.05))
    assert len(batch.jobs) == 3


def test_a_cost_compares_with_numbers_of_any_type() -> None:
    cost = up42.Cost("area", 5)
    for kind in (np.int64, np.float32, Fraction):
        assert cost <= kind(5) < kind(6)
        assert cost < kind(6)
        assert not cost < kind(5)


@pytest.mark.parametrize("limit", [np.int64(-1), np.float32("nan"), Decimal("sNaN"), np.True_, 1j])
def test_limits_that_make_no_sense(batch: up42.Batch, limit: Any, sandbox: Sandbox) -> None:
    with pytest.raises(up42.InvalidInputError, match="max_credits="):
        batch.execute(max_credits=limit)
    with pytest.raises(up42.InvalidInputError, match="max_concurrent="):
        batch.execute(max_concurrent=limit)
    assert sandbox.requests == []


@pytest.mark.parametrize("timeout", [1e12, np.int64(60), Decimal(60)])
def test_times_of_any_type(batch: up42.Batch, timeout: Any) -> None:
    batch.execute().track(wait=np.float32(0.05), timeout=timeout)
    assert batch.counts == {"captured": 3}


def test_what_holds_no_templates(make: Make) -> None:
    for wrong in (None, 5, make(1)[0]):
        with pytest.raises(up42.InvalidInputError, match="expected a list of templates"):
            up42.Batch(wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("path", [None, 5, b"a.db"])
def test_resuming_from_what_is_no_path(path: Any, session: up42.Session) -> None:
    with pytest.raises(up42.InvalidInputError, match="path="):
        up42.Batch.resume(path, session=session)


def test_filters_that_make_no_sense(batch: up42.Batch) -> None:
    for wrong in ({"status": 5}, {"process_id": 5}):
        with pytest.raises(up42.InvalidInputError, match="expected one or several strings"):
            batch.filter(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_parts_add_up(batch: up42.Batch) -> None:
    parts = [batch[2:], batch[:1]]
    assert [entry.index for entry in parts[0] + parts[1]] == [0, 2]
    with pytest.raises(TypeError):
        5 + batch  # type: ignore[operator]  # wrong on purpose


def test_what_cannot_be_entered_leaves_no_journal(
    session: up42.Session, sandbox: Sandbox, tmp_path: Path
) -> None:
    process = up42.Process.get("true-color-conversion", session=session)
    template = process.template(title="a", item=sandbox.item_url("pneo-berlin"), odd=float("nan"))
    with pytest.raises(up42.InvalidInputError, match="JSON"):
        up42.Batch([template], path=tmp_path / "a.db")
    assert list(tmp_path.iterdir()) == []


def test_half_a_surrogate_pair_is_no_title(make: Make) -> None:
    with pytest.raises(up42.InvalidInputError, match="surrogate"):
        make("\ud800 half")


@pytest.mark.parametrize(
    "make_choice", [set, tuple, iter, np.array, lambda keys: dict.fromkeys(keys).keys()]
)
def test_assets_are_chosen_by_any_iterable(make: Make, tmp_path: Path, make_choice: Any) -> None:
    with up42.Batch(make("a", "b")) as batch:
        batch.execute().track(wait=0.05)
        keys = ["thumbnail.png", "true_color.tif"]
        paths = batch.download(tmp_path / "all", assets=make_choice(keys))
        assert list(paths) == [job.id for job in batch.jobs]
        assert [len(files) for files in paths.values()] == [2, 2]
        # An iterator is used up by the first who asks it.
        assert len(batch.jobs[0].download_results(tmp_path / "one", assets=make_choice(keys))) == 2


@pytest.mark.parametrize("assets", [5, [None], [["data"]]])
def test_assets_that_are_no_texts(
    make: Make, sandbox: Sandbox, tmp_path: Path, assets: Any
) -> None:
    with up42.Batch(make("a")) as batch:
        batch.execute().track(wait=0.05)
        sandbox.clear_requests()
        with pytest.raises(up42.InvalidInputError, match="assets="):
            batch.download(tmp_path, assets=assets)
        assert sandbox.requests == []
        with pytest.raises(up42.InvalidInputError, match="assets="):
            batch.jobs[0].to_xarray(assets=assets)


def test_a_store_that_nobody_knows_is_refused_at_once(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.execute().track(wait=0.05)
    sandbox.clear_requests()
    with pytest.raises(up42.InvalidInputError, match="'s4' is not known"):
        batch.download("s4://bucket/campaign")
    with pytest.raises(up42.InvalidInputError, match="storage_options"):
        batch.download("folder", storage_options={"key": "x"})
    assert sandbox.requests == []


def test_what_cannot_be_noted_is_not_asked_for(
    make: Make, sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make("a", "b"), path=path) as batch:
        batch[:1].execute().track(wait=0.05)
        batch[1:].execute()
        same = up42.Batch(make("c"), path=path, add_new=True)
        looker = up42.Batch.resume(path, session=session, read_only=True)
    sandbox.clear_requests()
    for blocked in (looker, same):
        for call in (blocked.estimate, blocked.execute, blocked.track):
            with pytest.raises(up42.JournalError, match=r"closed|for reading only"):
                call()  # type: ignore[operator]  # wrong on purpose
        with pytest.raises(up42.JournalError, match=r"closed|for reading only"):
            blocked.download(tmp_path / "out")
    assert sandbox.requests == []
    assert not (tmp_path / "out").exists()


def test_a_batch_cannot_be_pickled(make: Make, tmp_path: Path) -> None:
    with up42.Batch(make("a"), path=tmp_path / "a.db") as batch:
        with pytest.raises(up42.JournalError, match=r"a\.db.*Batch\.resume"):
            pickle.dumps(batch)
        assert len(copy.copy(batch)) == 1
    with up42.Batch(make("a")) as batch, pytest.raises(up42.JournalError, match="in memory"):
        pickle.dumps(batch)


def test_frames_of_nothing_can_be_searched(batch: up42.Batch) -> None:
    table, frame = batch.estimate(), batch.to_dataframe()
    for full, empty in ((table, batch[:0].estimate()), (frame, batch.failed().to_dataframe())):
        assert len(empty) == 0
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert not batch.failed().to_dataframe()["reason"].str.contains("credits").any()


def test_titles_in_markdown(batch: up42.Batch, make: Make) -> None:
    with up42.Batch(make("$5 and $6", "~~gone~~", "&lt;b&gt;")) as batch:
        report = batch.report()
    assert r"\$5 and \$6" in report
    assert r"\~\~gone\~\~" in report
    assert r"\&lt;b\&gt;" in report


def test_a_report_can_always_be_written(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    """A process of one's own may take any text; it is sent as JSON, which can hold this."""
    process = up42.Process.get("true-color-conversion", session=session)
    item = sandbox.item_url("pneo-berlin")
    with up42.Batch([process.template(title="\ud800 half", item=item)]) as batch:
        (tmp_path / "report.md").write_text(batch.report(), encoding="utf-8")
    assert job_titles(sandbox) == []


def test_a_retry_whose_answer_was_lost_is_retried(make: Make, sandbox: Sandbox) -> None:
    with up42.Batch(make("a")) as batch:
        sandbox.fail_next_job()
        batch.execute().track(wait=0.05)
        assert batch.counts == {"released": 1}
        sandbox.inject(Fault(method="POST", path="*/execution", drop="before"))
        with pytest.raises(up42.PartialBatchError, match=r"retry\(\) again") as caught:
            batch.retry()
        # The advice for a single execution, to look first, would contradict it.
        for text in (str(caught.value), batch[0].reason or "", batch.report()):
            assert "The batch looks up its job" in text
            assert "second time" not in text
        assert batch.counts == {"uncertain": 1}
        batch.retry().track(wait=0.05)
        assert batch.counts == {"captured": 1}
        assert len(sandbox.jobs) == 2


def test_a_session_that_is_not_that_of_the_templates(make: Make, second: up42.Session) -> None:
    with pytest.raises(up42.InvalidInputError, match="another session than the batch"):
        up42.Batch(make(2), session=second)


@pytest.mark.parametrize(
    ("title", "reason"), [("a [rejected]", "add credits"), ("a [unlicensed]", "EULA")]
)
def test_ends_that_the_server_says_nothing_about(make: Make, title: str, reason: str) -> None:
    with up42.Batch(make(title)) as batch:
        batch.execute().track(wait=0.05)
        assert reason in str(batch.failed()[0].reason)
        assert reason in batch.report()


def test_a_damaged_journal(make: Make, session: up42.Session, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make(3), path=path):
        pass
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(up42.JournalError, match=r"backup, or check Job\.all"):
        up42.Batch.resume(path, session=session)
