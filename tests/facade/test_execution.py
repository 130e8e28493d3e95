"""An execution is never doubled and never lost, whatever happens on the wire."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

import up42_facade as up42
from tests.conftest import new_session
from up42_facade import processing_templates as templates
from up42_sandbox import Fault, Sandbox

EXECUTION = "*/execution"
JOBS = "/v2/processing/jobs"
AFTER_TAKING = [
    {"drop": "after"},
    {"drop": 0},
    {"drop": 1},
    {"drop": 30},
    {"malformed": True},
    {"patch": {"jobID": None}},
    {"patch": {"jobID": 17}},
    *({"status": status, "handled": True} for status in (302, 307, 408, 409, 410, 421, 425, 499)),
]
BEFORE_TAKING = [
    {"drop": "before"},
    {"status": 500},
    {"status": 502, "body": "<html>", "content_type": "text/html"},
    {"status": 503, "retry_after": 0},
    {"status": 520},
    {"status": 200, "body": "<html>", "content_type": "text/html"},
    {"status": 200, "body": "", "content_type": "application/json"},
    {"status": 200, "body": "[" * 100_000, "content_type": "application/json"},
]
REFUSALS = [
    ({"status": 400}, up42.BadRequestError),
    ({"status": 402}, up42.InsufficientCreditsError),
    ({"status": 403}, up42.ApiError),
    ({"status": 404}, up42.NotFoundError),
    ({"status": 422}, up42.BadRequestError),
    # The status is known, whatever is wrong with the body.
    ({"status": 400, "headers": {"content-encoding": "gzip"}}, up42.BadRequestError),
    ({"status": 400, "body": {"title": "\ud800"}}, up42.BadRequestError),
    ({"status": 429, "retry_after": 7}, up42.RateLimitError),
]


@pytest.fixture
def item(session: up42.Session) -> Any:
    return next(iter(up42.search_items(session=session)))


def template(session: up42.Session, item: Any, title: str = "Trees") -> templates.JobTemplate:
    return templates.DetectionTreesSpacept(title=title, item=item, session=session)


def executions(sandbox: Sandbox) -> int:
    return sum(r.method == "POST" and r.path.endswith("/execution") for r in sandbox.requests)


@pytest.mark.parametrize("fault", AFTER_TAKING, ids=str)
def test_a_lost_answer_is_looked_up(
    sandbox: Sandbox, session: up42.Session, item: Any, fault: dict[str, Any]
) -> None:
    sandbox.inject(Fault(path=EXECUTION, **fault))
    job = template(session, item).execute()
    assert list(sandbox.jobs) == [job.id]
    assert executions(sandbox) == 1


@pytest.mark.parametrize("fault", BEFORE_TAKING, ids=lambda fault: str(fault)[:60])
def test_what_was_not_taken_is_not_repeated(
    sandbox: Sandbox, session: up42.Session, item: Any, fault: dict[str, Any]
) -> None:
    sandbox.inject(Fault(path=EXECUTION, **fault))
    wanted = template(session, item)
    with pytest.raises(up42.ExecutionUncertainError, match="the server didn't accept") as caught:
        wanted.execute()
    assert executions(sandbox) == 1
    assert sandbox.jobs == {}
    assert caught.value.process_id == wanted.process_id
    assert caught.value.inputs == wanted.inputs
    assert caught.value.find_jobs() == caught.value.candidates == []
    assert wanted.execute().id in sandbox.jobs


@pytest.mark.parametrize(("fault", "error"), REFUSALS, ids=str)
def test_a_refusal_is_final(
    sandbox: Sandbox, session: up42.Session, item: Any, fault: Any, error: type[Exception]
) -> None:
    sandbox.inject(Fault(path=EXECUTION, **fault))
    with pytest.raises(error):
        template(session, item).execute()
    assert executions(sandbox) == 1
    assert sandbox.jobs == {}


NO_LISTS = (
    {"message": "maintenance"},
    {},
    {"jobs": "soon"},
    # The entry that can't be read might be the job.
    {"jobs": [None]},
    {"jobs": [{"jobID": 5, "processID": "detection-trees-spacept"}]},
)


@pytest.mark.parametrize("body", NO_LISTS, ids=str)
def test_json_that_is_no_readable_list_of_jobs_is_not_an_empty_list(
    sandbox: Sandbox, session: up42.Session, item: Any, body: Any
) -> None:
    template(session, item, "Before").execute()
    sandbox.inject(
        Fault(path=EXECUTION, drop="after"), Fault(path=JOBS, status=200, body=body, times=None)
    )
    with pytest.raises(up42.ExecutionUncertainError, match="can't be read either") as caught:
        template(session, item).execute()
    sandbox.clear_faults()
    assert [job.inputs["title"] for job in caught.value.find_jobs()] == ["Trees"]


def test_a_session_that_is_closed_while_a_request_is_under_way(sandbox: Sandbox, item: Any) -> None:
    """The server may have accepted the request: that isn't an error from before it."""
    session = new_session(sandbox)
    wanted = template(session, item)
    assert wanted.is_valid
    sandbox.inject(Fault(path=EXECUTION, patch=lambda *_: session.close()))
    with pytest.raises(up42.ExecutionUncertainError, match="session was closed"):
        wanted.execute()
    assert len(sandbox.jobs) == 1


def test_a_response_with_a_job_of_another_process(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    other = {"processID": "upsampling-ns", "jobID": "11111111-2222-4333-8444-555555555555"}
    sandbox.inject(Fault(path=EXECUTION, patch=other))
    job = template(session, item).execute()
    assert list(sandbox.jobs) == [job.id]
    assert executions(sandbox) == 1


@pytest.mark.parametrize("is_lost", [False, True])
def test_ctrl_c_at_any_call_says_where_to_look_and_blocks_nobody(
    sandbox: Sandbox, session: up42.Session, item: Any, is_lost: bool
) -> None:
    """Python handles Ctrl-C where functions begin."""
    for number in range(1, 1000):
        wanted = template(session, item, f"Trees {number}")
        assert wanted.is_valid
        if is_lost:
            sandbox.inject(Fault(path=EXECUTION, drop="after"))
        before = len(sandbox.jobs)
        # What a search does with the ledger is the same as what a request does.
        interrupter = Interrupter(number, MODULES[: 1 if is_lost else 2])
        try:
            interrupter.run(wanted.execute)
        except KeyboardInterrupt as interruption:
            is_told = bool(getattr(interruption, "__notes__", None))
        if not interrupter.is_done:
            break
        assert is_told or len(sandbox.jobs) == before, interrupter.place
        sandbox.clear_faults()
        with ThreadPoolExecutor(1) as pool:
            # It ends, with whatever can be known.
            assert pool.submit(wanted.execute).exception(timeout=20) is None or is_told
    assert number > 10


MODULES = ("processing/_execution.py", "processing/_ledger.py")


class Interrupter:
    """Raises KeyboardInterrupt at the beginning of one of the functions that are called."""

    def __init__(self, number: int, modules: tuple[str, ...]) -> None:
        self.left = number
        self.modules = modules
        self.place = ""

    @property
    def is_done(self) -> bool:
        return self.left <= 0

    def run(self, call: Any) -> None:
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            call()
        finally:
            sys.settrace(before)

    def _trace(self, frame: Any, event: str, _: Any) -> None:
        if not frame.f_code.co_filename.endswith(self.modules):
            return
        if frame.f_code.co_name.startswith("<"):
            return
        self.left -= 1
        if self.left == 0:
            self.place = frame.f_code.co_qualname
            raise KeyboardInterrupt


def test_a_refused_request_claims_no_job(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    sandbox.inject(Fault(path=EXECUTION, status=402), Fault(path=EXECUTION, drop="after"))
    with pytest.raises(up42.InsufficientCreditsError):
        template(session, item).execute()
    job = template(session, item).execute()
    assert list(sandbox.jobs) == [job.id]


def test_an_unreachable_server_creates_nothing() -> None:
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        session = new_session(sandbox)
        item = sandbox.item_url("pneo-berlin")
        template(session, item).execute()
        other = template(session, item, "Other")
        assert other.is_valid
        stack.close()
        with session, pytest.raises(up42.errors.ConnectionFailedError):
            other.execute()


def test_an_older_job_with_the_same_inputs_is_not_taken_for_it(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    first = template(session, item).execute()
    sandbox.inject(Fault(path=EXECUTION, drop="before"))
    with pytest.raises(up42.ExecutionUncertainError) as lost:
        template(session, item).execute()
    assert lost.value.candidates == []
    sandbox.inject(Fault(path=EXECUTION, drop="after"))
    # The new job might be that of the request before, which reaches the server late.
    with pytest.raises(up42.ExecutionUncertainError, match="might be that of another") as caught:
        template(session, item).execute()
    [second] = caught.value.candidates
    assert {first.id, second.id} == set(sandbox.jobs)


def test_an_equal_job_of_another_program_is_not_taken_for_it(
    sandbox: Sandbox, session: up42.Session
) -> None:
    older = sandbox.add_job("detection-trees-spacept", "running")
    sandbox.inject(Fault(path=EXECUTION, drop="before"))
    with pytest.raises(up42.ExecutionUncertainError) as lost:
        template(session, older.inputs["item"], older.inputs["title"]).execute()
    assert lost.value.candidates == []


def test_a_job_whose_inputs_the_server_changed_is_a_candidate(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    changed = {"inputs": {"title": "trimmed"}}
    sandbox.inject(Fault(path=EXECUTION, drop="after", request_patch=changed))
    with pytest.raises(up42.ExecutionUncertainError, match="may have changed") as caught:
        template(session, item, "trimmed ").execute()
    assert [job.id for job in caught.value.candidates] == list(sandbox.jobs)


def test_a_job_that_is_listed_twice_is_one(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    sandbox.inject(
        Fault(path=EXECUTION, drop="after"),
        Fault(path=JOBS, patch=lambda _, page: {"jobs": page["jobs"] * 2}, times=None),
    )
    assert template(session, item).execute().id in sandbox.jobs


def test_jobs_are_listed_once_for_many_executions(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    for number in range(20):
        template(session, item, f"Trees {number}").execute()
    assert sum(request.path == JOBS for request in sandbox.requests) == 1


def test_two_sessions_do_not_share_a_job(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    sandbox.inject(Fault(path=EXECUTION, drop="before", latency=0.3))
    with new_session(sandbox) as other, ThreadPoolExecutor(1) as pool:
        mine, theirs = template(session, item), template(other, item)
        assert mine.is_valid
        assert theirs.is_valid
        lost = pool.submit(mine.execute)
        time.sleep(0.1)
        job = theirs.execute()
        with pytest.raises(up42.ExecutionUncertainError):
            lost.result()
    assert [job.id] == list(sandbox.jobs)


@pytest.mark.parametrize("budget_id", [500, "500", 0, "", b"7c1f0d0e", [], True])
def test_a_budget_that_cannot_exist(
    sandbox: Sandbox, session: up42.Session, item: Any, budget_id: Any
) -> None:
    wanted = template(session, item)
    with pytest.raises(up42.InvalidInputError, match="max_credits"):
        wanted.execute(budget_id)
    with up42.Batch([wanted]) as batch, pytest.raises(up42.InvalidInputError, match="max_credits"):
        batch.execute(budget_id=budget_id)
    assert sandbox.jobs == {}


def test_two_new_jobs_are_ambiguous(sandbox: Sandbox, session: up42.Session, item: Any) -> None:
    wanted = template(session, item)
    assert wanted.is_valid
    sandbox.inject(Fault(path=EXECUTION, drop="after"))

    original = session.call
    rivals: list[str] = []

    def call(request: Any, **options: Any) -> Any:
        # Somebody else executes the same at the same moment.
        if request.arguments["url"].endswith("/execution"):
            rival = sandbox.add_job(process_id=wanted.process_id, inputs=wanted.inputs)
            rivals.append(rival.id)
        return original(request, **options)

    session.call = call  # type: ignore[method-assign]
    with pytest.raises(up42.ExecutionUncertainError, match="Several jobs") as caught:
        wanted.execute()
    assert {job.id for job in caught.value.candidates} == set(sandbox.jobs)
    assert rivals[0] in str(caught.value)


def test_an_unreadable_list_is_said(sandbox: Sandbox, session: up42.Session, item: Any) -> None:
    wanted = template(session, item)
    assert wanted.is_valid
    sandbox.inject(Fault(path=EXECUTION, drop="after"))
    sandbox.inject(Fault(path=JOBS, status=503, times=12, after=1))
    with pytest.raises(up42.ExecutionUncertainError, match="can't be read either") as caught:
        wanted.execute()
    [job] = caught.value.find_jobs()
    assert [job.id] == list(sandbox.jobs)


def test_nothing_is_sent_when_the_list_cannot_be_read_before(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    sandbox.inject(Fault(path=JOBS, status=503, times=None))
    with pytest.raises(up42.ServerError):
        template(session, item).execute()
    assert executions(sandbox) == 0


def test_a_late_job_is_found(sandbox: Sandbox, session: up42.Session, item: Any) -> None:
    wanted = template(session, item)
    assert wanted.is_valid
    sandbox.inject(Fault(path=EXECUTION, drop="after"))
    sandbox.inject(Fault(path=JOBS, patch={"jobs": []}, after=1, times=1))
    assert wanted.execute().id in sandbox.jobs


def test_interruption_says_where_to_look(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    def interrupt(_: object, response: Any) -> Any:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.2)
        return response

    wanted = template(session, item)
    sandbox.inject(Fault(path=EXECUTION, patch=interrupt))
    with pytest.raises(KeyboardInterrupt) as caught:
        wanted.execute()
    assert "find its job" in caught.value.__notes__[0]


def test_identical_executions_side_by_side(
    sandbox: Sandbox, session: up42.Session, item: Any
) -> None:
    sandbox.inject(Fault(path=EXECUTION, drop="after", times=3))
    with ThreadPoolExecutor(6) as pool:
        jobs = list(pool.map(lambda _: template(session, item).execute(), range(6)))
    assert {job.id for job in jobs} == set(sandbox.jobs)
    assert len(sandbox.jobs) == 6


def test_300_random_faults(sandbox: Sandbox, session: up42.Session, item: Any) -> None:
    """Not one job is created twice, and none that was created is lost from sight."""
    rng = random.Random(300)
    # Faults of the listing too, as an outage seldom spares the neighbours; one retry helps.
    listing = [{}, {}, {"status": 503}, {"drop": "before"}, {"malformed": True}]
    faults = [*AFTER_TAKING, *BEFORE_TAKING, *(fault for fault, _ in REFUSALS)]
    for number in range(300):
        fault, neighbour = rng.choice(faults), rng.choice(listing)
        before = set(sandbox.jobs)
        sandbox.clear_requests()
        wanted = template(session, item, f"Trees {number}")
        assert wanted.is_valid
        sandbox.inject(Fault(path=EXECUTION, **fault))
        if neighbour:
            sandbox.inject(Fault(path=JOBS, after=1, **neighbour))
        seen: set[str] = set()
        try:
            seen.add(wanted.execute().id)
        except up42.ExecutionUncertainError as error:
            seen.update(job.id for job in error.find_jobs())
        except up42.Up42Error:
            pass
        sandbox.clear_faults()
        created = set(sandbox.jobs) - before
        assert seen == created
        assert len(created) <= 1
        assert executions(sandbox) <= 1
