"""Whose job is it? Requests whose answers were lost, in worlds less tidy than the sandbox."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch.conftest import Make, job_titles, posts
from tests.conftest import IMPATIENT, new_session
from up42_facade.processing_templates import GreyWeight, JobTemplate, Pansharpening
from up42_sandbox import Fault, Sandbox

EXECUTION = "*/execution"
JOBS = "/v2/processing/jobs"
# Seconds after which a call that should end is taken for one that never does.
FOREVER = 20


def ended(call: Any) -> Any:
    """Return what a call raised or returned; fail if it doesn't end."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(FOREVER)
    assert not thread.is_alive(), "it never ends"
    return outcome[0]


def twins(sandbox: Sandbox, session: up42.Session) -> list[JobTemplate]:
    """Return two templates of which one's inputs are a part of the other's."""
    item = sandbox.item_url("spot-berlin")
    weights = (GreyWeight("red", 1.0),)
    plain = Pansharpening(title="Twin", item=item, session=session)
    weighed = Pansharpening(title="Twin", item=item, grey_weights=weights, session=session)
    assert plain.inputs.items() < weighed.inputs.items()
    return [plain, weighed]


def require_own_jobs(batch: up42.Batch, sandbox: Sandbox) -> None:
    assert len(sandbox.jobs) == len(batch)
    for entry in batch:
        assert entry.job is not None
        assert entry.job.inputs == entry.inputs


def test_a_job_with_more_inputs_is_left_to_the_entry_that_asked_for_it(
    sandbox: Sandbox, session: up42.Session
) -> None:
    """The plain one is lost before the server sees it; the other one runs at that moment."""
    with up42.Batch(twins(sandbox, session)) as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, drop="before", latency=0.3))
        with pytest.raises(up42.PartialBatchError):
            batch.execute()
        assert sorted(entry.job is None for entry in batch) == [False, True]
        batch.execute()
        require_own_jobs(batch, sandbox)


def test_a_job_that_may_be_anothers_is_not_given_away(
    sandbox: Sandbox, session: up42.Session
) -> None:
    """Both are lost, one of them after the server took it: whose job it is must not be guessed."""
    with up42.Batch(twins(sandbox, session)) as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, drop="before"))
        with pytest.raises(up42.PartialBatchError):
            batch[:1].execute()
        sandbox.inject(
            Fault(path=EXECUTION, drop="after"), Fault(path=JOBS, status=503, after=1, times=12)
        )
        with pytest.raises(up42.PartialBatchError):
            batch[1:].execute()
        sandbox.clear_faults()
        [job_id] = sandbox.jobs
        for _ in range(2):
            with pytest.raises(up42.PartialBatchError, match=f"{job_id} fits, but might be"):
                batch.execute()
            assert batch.counts == {"uncertain": 2}
        batch.assign(1, job_id)
        batch.execute()
        require_own_jobs(batch, sandbox)


def test_the_servers_clocks_differ_by_seconds(batch: up42.Batch, sandbox: Sandbox) -> None:
    """Jobs that a node with a fast clock has made stand before the one that is looked for."""
    ahead = sandbox.clock.now() + dt.timedelta(days=1)
    sandbox.add_job("true-color-conversion", created=ahead)
    sandbox.inject(Fault(path=EXECUTION, drop="after"))
    batch[:1].execute()
    assert job_titles(sandbox).count("Scene 0") == 1
    assert batch[0].job is not None


def test_a_list_that_lags_behind(sandbox: Sandbox, make: Make) -> None:
    """The job of an equal entry shows up late, just when that of the next one is looked for."""
    with up42.Batch(make("a", "a"), allow_duplicates=True) as batch:
        batch[:1].execute()
        sandbox.inject(
            Fault(path=JOBS, patch=lambda _, page: {**page, "jobs": page["jobs"][1:]}),
            Fault(path=EXECUTION, drop="before"),
        )
        with pytest.raises(up42.PartialBatchError):
            batch.execute()
        assert not sandbox.pending_faults()
        batch.execute()
        assert len(sandbox.jobs) == 2
        assert {job.id for job in batch.jobs} == set(sandbox.jobs)


def test_a_job_that_shows_up_after_it_was_given_up(sandbox: Sandbox, make: Make) -> None:
    """The server takes a request after all, while others wait for their turn."""
    with up42.Batch(make("first", "late")) as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, drop="before"))
        with pytest.raises(up42.PartialBatchError):
            batch[1:].execute()

        def taken(_: object, response: Any) -> Any:
            sandbox.add_job("true-color-conversion", "running", inputs=batch[1].inputs)
            return response

        sandbox.inject(Fault(path=EXECUTION, patch=taken))
        batch.execute(max_concurrent=1, wait=0.05)
        assert job_titles(sandbox) == ["first", "late"]
        assert {job.id for job in batch.jobs} == set(sandbox.jobs)


def test_a_program_that_starts_again_does_not_know_how_much_time_has_passed(
    sandbox: Sandbox, make: Make, second: up42.Session, tmp_path: Path
) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make("a"), path=path) as batch:
        inputs = batch[0].inputs
        sandbox.inject(Fault(path=EXECUTION, drop="before"))
        with pytest.raises(up42.PartialBatchError):
            batch.execute()

    def listed(_: object, page: Any) -> Any:
        sandbox.add_job("true-color-conversion", inputs=inputs)
        return page

    sandbox.inject(Fault(path=JOBS, patch=listed))
    with up42.Batch.resume(path, session=second) as batch:
        batch.execute()
    assert len(sandbox.jobs) == 1


def test_doubtful_entries_do_not_block_the_others_for_ever(sandbox: Sandbox, make: Make) -> None:
    with up42.Batch(make(3)) as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, drop="before"))
        error = ended(lambda: batch.execute(max_concurrent=1, wait=0.05))
        assert isinstance(error, up42.PartialBatchError)
        assert sorted(error.failures) == [0, 1, 2]
        assert "max_concurrent" in str(error.failures[2])
        ended(lambda: batch.execute(max_concurrent=1, wait=0.05))
        assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]


def test_a_job_that_is_gone_does_not_hold_its_place(sandbox: Sandbox, make: Make) -> None:
    sandbox.clock.speed = 0.001
    with up42.Batch(make(2)) as batch:
        batch.estimate()
        sandbox.inject(
            Fault(path=JOBS, status=200, body={"jobs": [], "links": []}, times=None),
            Fault(path=f"{JOBS}/*", status=404, times=None),
        )
        ended(lambda: batch.execute(max_concurrent=1, wait=0.05))
        assert len(sandbox.jobs) == 2


def test_answers_that_are_always_lost_end_it(sandbox: Sandbox, make: Make) -> None:
    """Each of them may cost: who goes on through an outage makes hundreds of doubtful entries."""
    with up42.Batch(make(60)) as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, status=503, times=None))
        with pytest.raises(up42.PartialBatchError) as caught:
            batch.execute()
        assert len(caught.value.failures) == 60
        assert posts(sandbox, "/execution") < 40
        sandbox.clear_faults()
        batch.execute()
        assert len(sandbox.jobs) == 60


@pytest.mark.parametrize("fault", [
    {"headers": {"content-encoding": "gzip"}},
    {"patch": {"jobID": ["not", "a", "text"]}},
    {"patch": {"jobID": {"a": 1}, "definition": [], "created": 17, "creditConsumption": 3}},
], ids=str)  # fmt: skip
def test_answers_that_nobody_foresaw(
    batch: up42.Batch, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    batch.estimate()
    sandbox.inject(Fault(path=EXECUTION, **fault))
    for _ in range(3):
        try:
            batch.execute()
        except Exception:
            assert "executing" not in batch.counts, "nobody is executing it any more"
            continue
        break
    assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]
    assert {job.id for job in batch.jobs} == set(sandbox.jobs)


def test_a_session_that_is_closed_in_between(
    sandbox: Sandbox, make: Make, second: up42.Session, tmp_path: Path
) -> None:
    """A notebook that authenticates anew goes on with the journal that it had."""
    path = tmp_path / "a.db"
    first = new_session(sandbox, IMPATIENT)
    batch = up42.Batch(make("a", "b", session=first), path=path)
    first.close()
    with up42.Batch.resume(path, session=second) as again:
        assert len(again.execute().jobs) == len(batch) == 2


def test_a_session_that_is_closed_while_requests_are_under_way(
    sandbox: Sandbox, make: Make, second: up42.Session, tmp_path: Path
) -> None:
    path = tmp_path / "a.db"
    first = new_session(sandbox, IMPATIENT)
    with up42.Batch(make("a", session=first), path=path) as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, patch=lambda *_: first.close()))
        with pytest.raises(up42.PartialBatchError, match="was lost"):
            batch.execute()
        assert batch.counts == {"uncertain": 1}
    with up42.Batch.resume(path, session=second) as batch:
        batch.execute()
        require_own_jobs(batch, sandbox)


def test_a_job_of_another_batch_is_not_assigned(sandbox: Sandbox, make: Make) -> None:
    with up42.Batch(make("a")).execute() as first, up42.Batch(make("a")) as second:
        sandbox.inject(Fault(path=EXECUTION, drop="before"), Fault(path=JOBS, status=503, times=20))
        with pytest.raises(up42.PartialBatchError):
            second.execute()
        sandbox.clear_faults()
        with pytest.raises(up42.InvalidInputError, match="another one"):
            second.assign(0, first.jobs[0])
        # What was executed by hand may be assigned.
        second.assign(0, make("a")[0].execute())
        assert {job.id for job in (*first.jobs, *second.jobs)} == set(sandbox.jobs)


@pytest.mark.parametrize("is_one_too_many", [False, True])
def test_each_lost_request_explains_one_job(
    sandbox: Sandbox, make: Make, is_one_too_many: bool
) -> None:
    """The job of one request isn't suspected to be that of another one; a second job is."""
    first, second = make("first", "second")
    sandbox.inject(
        Fault(path=EXECUTION, drop="after"), Fault(path=JOBS, status=503, after=1, times=None)
    )
    with pytest.raises(up42.ExecutionUncertainError, match="can't be read either"):
        first.execute()
    if is_one_too_many:
        sandbox.add_job("true-color-conversion", inputs=first.inputs)
    sandbox.clear_faults()
    sandbox.inject(Fault(path=EXECUTION, drop="before"))
    with pytest.raises(up42.ExecutionUncertainError) as caught:
        second.execute()
    found = {job.id for job in caught.value.candidates}
    assert found == (set(sandbox.jobs) if is_one_too_many else set())


def test_a_later_request_is_no_rival_for_a_job_that_it_knew(
    sandbox: Sandbox, session: up42.Session, make: Make, tmp_path: Path
) -> None:
    with up42.Batch(make("a"), path=tmp_path / "a.db") as first:
        sandbox.inject(
            Fault(path=EXECUTION, drop="after"), Fault(path=JOBS, status=503, after=1, times=None)
        )
        with pytest.raises(up42.PartialBatchError):
            first.execute()
    sandbox.clear_faults()
    session.close()
    with (
        new_session(sandbox) as fresh,
        up42.Batch.resume(tmp_path / "a.db", session=fresh) as first,
        up42.Batch(make("a", session=fresh)) as second,
    ):
        sandbox.inject(Fault(path=EXECUTION, drop="before"))
        with pytest.raises(up42.PartialBatchError):
            second.execute()
        first.execute()
        assert [job.id for job in first.jobs] == list(sandbox.jobs)


def test_jobs_that_appear_between_executions_are_known_after_a_restart(
    sandbox: Sandbox, session: up42.Session, make: Make, tmp_path: Path
) -> None:
    with up42.Batch(make("a", "b"), path=tmp_path / "a.db") as batch:
        batch[:1].execute()
        more = {**batch[1].inputs, "more": 1}
        foreign = sandbox.add_job("true-color-conversion", inputs=more)
        sandbox.inject(Fault(path=EXECUTION, drop="before"))
        with pytest.raises(up42.PartialBatchError):
            batch[1:].execute()
    session.close()
    with (
        new_session(sandbox) as fresh,
        up42.Batch.resume(tmp_path / "a.db", session=fresh) as batch,
    ):
        batch.execute()
        assert {job.id for job in batch.jobs} == sandbox.jobs.keys() - {foreign.id}


def test_titles_that_a_server_makes_equal(sandbox: Sandbox, make: Make) -> None:
    """Two new jobs are one too many to be explained by one other request."""
    trimmed = {"definition": {"inputs": {"title": "Scene"}}}
    with up42.Batch(make("Scene ", "Scene")) as batch:
        batch.estimate()
        sandbox.inject(
            Fault(path=EXECUTION, drop="after", times=2),
            Fault(path=JOBS, status=503, after=1, times=None),
        )
        with pytest.raises(up42.PartialBatchError):
            batch.execute()
        sandbox.clear_faults()
        sandbox.inject(Fault(path=JOBS, patch={"jobs": trimmed}, times=None))
        for _ in range(3):
            with pytest.raises(up42.PartialBatchError):
                batch.execute()
        assert batch.counts == {"uncertain": 2}
    assert len(sandbox.jobs) == 2
