"""Every exception of the package comes out of another process as it was raised there."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import cloudpickle
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import up42_facade as up42
from up42_facade import errors
from up42_facade.downloads import Stopped

KINDS = sorted(
    {
        kind
        # Downloads have errors of their own beside this one.
        for module in (errors, sys.modules[Stopped.__module__])
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    },
    key=lambda kind: kind.__name__,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=5,
)
JOB = up42.Job.from_metadata({"jobID": "0", "status": "paused"})
COST = up42.Cost("area", 63, 15.8, "SQ_KM")
# What a parameter of this name gets. A new name in errors.py needs a line here if a text won't do.
VALUES: dict[str, Any] = {
    "status_code": st.integers(100, 599),
    "body": JSON,
    "retry_after": st.none() | st.floats(0, 1e6),
    "is_connection": st.booleans(),
    "sent": st.booleans(),
    "errors": st.frozensets(st.builds(up42.ValidationError, st.text(), st.text()), max_size=3),
    "cost": st.just(COST),
    "limit": st.integers(0, 100),
    "spent": st.none() | st.integers(0, 100),
    "inputs": st.dictionaries(st.text(), JSON, max_size=3),
    "find_jobs": st.just(lambda: [JOB]),
    "candidates": st.lists(st.just(JOB), max_size=2),
    "job": st.none() | st.just(JOB),
    "failures": st.dictionaries(
        st.integers(),
        st.just(errors.RateLimitError("Too many requests.", status_code=429)),
        max_size=2,
    ),
    # A batch holds a journal, which stays where it is.
    "batch": st.just(threading.Lock()),
}


def parameters(kind: type[BaseException]) -> list[str]:
    """Return what a class and those above it take, where they pass arguments on."""
    names: list[str] = []
    for part in kind.__mro__:
        if part.__module__ == "builtins" or "__init__" not in vars(part):
            continue
        taken = list(inspect.signature(part.__init__).parameters.values())[1:]
        names += [p.name for p in taken if p.kind is not p.VAR_KEYWORD]
        if not any(p.kind is p.VAR_KEYWORD for p in taken):
            return names
    return names or ["message"]


@st.composite
def raised(draw: Any, kind: type[Exception]) -> Exception:
    given_values = {name: draw(VALUES.get(name, st.text())) for name in parameters(kind)}
    message = [given_values.pop(name) for name in ("message", "text") if name in given_values]
    return kind(*message, **given_values)


def as_comparable(value: Any) -> Any:
    return repr(value) if isinstance(value, Exception | dict) else value


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_every_error_comes_back(kind: type[Exception], data: st.DataObject, protocol: int) -> None:
    error = data.draw(raised(kind))
    error.add_note("a note")
    for again in (
        pickle.loads(pickle.dumps(error, protocol)),
        pickle.loads(cloudpickle.dumps(error)),
        copy.copy(error),
        # Results travel twice where a worker has workers.
        pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(error)))),
    ):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.args == error.args
        assert set(vars(again)) == set(vars(error))
        for name, value in vars(error).items():
            kept = getattr(again, name)
            if name in ("_find_jobs", "batch"):
                assert kept is None
            else:
                assert as_comparable(kept) == as_comparable(value), name


def test_there_are_many() -> None:
    names = {kind.__name__ for kind in KINDS}
    assert {"ApiError", "ExecutionUncertainError", "TransientError", "ContentChanged"} <= names


def uncertain(find_jobs: Callable[[], list[Any]]) -> up42.ExecutionUncertainError:
    return errors.ExecutionUncertainError(
        "Lost.", process_id="a", inputs={}, find_jobs=find_jobs, candidates=[JOB]
    )


def test_a_look_up_that_stayed_behind() -> None:
    error = uncertain(lambda: [JOB])
    assert error.find_jobs() == [JOB]
    again = pickle.loads(pickle.dumps(error))
    assert again.candidates == [JOB]
    with pytest.raises(up42.Up42Error, match=r"another Python process.*candidates"):
        again.find_jobs()


def test_a_look_up_that_can_travel() -> None:
    error = uncertain(partial(list, (1, 2)))
    assert pickle.loads(pickle.dumps(error)).find_jobs() == [1, 2]


def refuse(kind: str) -> None:
    if kind == "api":
        raise up42.NotFoundError("No such job.", status_code=404, title="Not Found", body={"a": 1})
    raise up42.UnfinishedJob("It runs.", JOB)


def test_errors_leave_a_process_pool_in_order() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        refused = pool.submit(refuse, "api").exception()
        unfinished = pool.submit(refuse, "job").exception()
        assert pool.submit(len, "abc").result() == 3
    assert isinstance(refused, up42.NotFoundError)
    assert (refused.status_code, refused.title, refused.body) == (404, "Not Found", {"a": 1})
    assert isinstance(unfinished, up42.UnfinishedJob)
    assert unfinished.job == JOB
