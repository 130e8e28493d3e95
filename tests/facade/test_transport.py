"""Patience, errors with names, and secrets that stay where they belong."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import up42_facade as up42
from tests.conftest import IMPATIENT, new_session
from tests.facade.small_server import TOKEN_PATH, Reply, small_world
from up42_client.api.processing import list_processes
from up42_facade.session._transport import Gate  # its law needs a clock
from up42_sandbox import Fault, Sandbox

LIST = "/v2/processing/processes"


def asked(sandbox: Sandbox, path: str = LIST) -> int:
    return sum(request.path == path for request in sandbox.requests)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503},
        {"status": 520},
        {"status": 429},
        {"status": 429, "retry_after": 0},
        {"drop": "before"},
        {"drop": "after"},
        {"drop": 40},
    ],
    ids=str,
)
def test_passing_failures_are_repeated(
    sandbox: Sandbox, session: up42.Session, fault: dict[str, Any]
) -> None:
    sandbox.inject(Fault(path=LIST, times=3, **fault))
    assert up42.Process.all(session=session)
    assert asked(sandbox) == 4


async def asynchronous(session: up42.Session) -> Any:
    return await list_processes.asyncio(client=session.client)


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": 40}], ids=str)
def test_async_repeats_too(sandbox: Sandbox, session: up42.Session, fault: dict[str, Any]) -> None:
    import asyncio

    sandbox.inject(Fault(path=LIST, times=3, **fault))
    assert asyncio.run(asynchronous(session))
    assert asked(sandbox) == 4


def test_async_errors_have_the_same_names(sandbox: Sandbox, session: up42.Session) -> None:
    import asyncio

    sandbox.inject(Fault(path=LIST, status=403, times=1))
    with pytest.raises(up42.ApiError):
        asyncio.run(asynchronous(session))
    sandbox.inject(Fault(path=LIST, drop="before", times=None))
    with pytest.raises(up42.ConnectionFailedError):
        asyncio.run(asynchronous(session))


@pytest.mark.parametrize("ending", ["validation", "cost"])
def test_asking_posts_are_repeated(sandbox: Sandbox, session: up42.Session, ending: str) -> None:
    item = next(iter(up42.search_items(session=session)))
    sandbox.inject(Fault(method="POST", path=f"*/{ending}", status=503, times=2))
    template = up42.processing_templates.Pansharpening("t", item, session=session)
    assert template.cost > 0


@pytest.mark.parametrize(
    ("method", "path", "safe"),
    [
        ("GET", "/anything", True),
        ("HEAD", "/anything", True),
        ("POST", "/v2/processing/processes/p/validation", True),
        ("POST", "/v2/processing/processes/p/cost", True),
        ("POST", "/v2/processing/processes/p/execution", False),
        ("POST", "/v2/processing/processes/cost/execution", False),
        ("POST", "/v2/assets/stac/search", True),
        ("POST", "/v2/assets/a/download-url", True),
        ("POST", "/projects/p/workflows/w/jobs", False),
        ("POST", "/projects/p/workflows/w/jobs/j", False),
        ("POST", "/projects/p/jobs/validate", True),
        ("POST", "/projects/p/jobs/j/cancel", False),
        ("PUT", "/projects/p/workflows/w/jobs/j", False),
        ("DELETE", "/v2/assets/stac/collections/c", False),
        ("PATCH", "/v2/assets/stac/collections/c/items/i", False),
    ],
)
def test_what_may_be_repeated(method: str, path: str, safe: bool) -> None:
    with small_world(retries=2) as (server, session):
        server.routes[path] = Reply(b"", 503)
        with pytest.raises(up42.ServerError):
            session.http.request(method, path)
        assert server.paths == [TOKEN_PATH] + [path] * (3 if safe else 1)


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(as_date: bool) -> None:
    options = up42.TransportOptions(backoff=0.001, longest_wait=30)
    with Sandbox() as sandbox, new_session(sandbox, options) as session:
        up42.Process.all(session=session)
        # A date has whole seconds: two ahead are at least one.
        wish: Any = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2) if as_date else 1
        sandbox.inject(Fault(path=LIST, status=429, retry_after=wish))
        started = time.monotonic()
        assert up42.Process.all(session=session)
        assert time.monotonic() - started >= 0.9


def test_too_many_requests_in_the_end(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.inject(Fault(path=LIST, status=429, retry_after=17, times=None))
    with pytest.raises(up42.RateLimitError) as caught:
        up42.Process.all(session=session)
    assert caught.value.retry_after == 17
    assert asked(sandbox) == IMPATIENT.retries + 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, up42.BadRequestError),
        (402, up42.InsufficientCreditsError),
        (403, up42.ApiError),
        (404, up42.NotFoundError),
        (410, up42.NotFoundError),
        (418, up42.ApiError),
        (422, up42.BadRequestError),
        (501, up42.ServerError),
        (520, up42.ServerError),
        (302, up42.ApiError),
    ],
)
def test_statuses_have_names(
    sandbox: Sandbox, session: up42.Session, status: int, kind: type[up42.ApiError]
) -> None:
    sandbox.inject(Fault(path=LIST, status=status, times=None))
    with pytest.raises(kind) as caught:
        up42.Process.all(session=session)
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert caught.value.method == "GET"
    assert caught.value.url.endswith(LIST)
    assert str(status) in str(caught.value)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"title": "Nope", "status": 403, "detail": "Not yours"}', "Nope: Not yours"),
        ('{"title": "Bad", "schema-error": "data.inputs"}', "Bad: data.inputs"),
        ('{"data": null, "error": {"code": "X", "message": "Old style"}}', "Old style"),
        ('{"error": "invalid", "error_description": "Told you"}', "invalid: Told you"),
        ('{"errors": [{"name": "N", "message": "m"}]}', "N: m"),
        ('{"errors": [{"message": "m"}, {"name": "N"}, {"odd": 1}]}', "m; N"),
        ("null", "Forbidden"),
        ("[1]", "Forbidden"),
        ("", "Forbidden"),
        ("<html>", "Forbidden"),
    ],
)
def test_error_bodies(sandbox: Sandbox, session: up42.Session, body: str, found: str) -> None:
    sandbox.inject(Fault(path=LIST, status=403, body=body, content_type="application/json"))
    with pytest.raises(up42.ApiError, match=found) as caught:
        up42.Process.all(session=session)
    assert "None" not in str(caught.value)


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "text/plain"])
def test_an_html_page_where_json_was_expected(
    sandbox: Sandbox, session: up42.Session, content_type: str
) -> None:
    page = "<html><body>Please log in</body></html>"
    sandbox.inject(Fault(path=LIST, status=200, body=page, content_type=content_type))
    with pytest.raises(up42.UnexpectedResponseError, match="base_url"):
        up42.Process.all(session=session)


@pytest.mark.parametrize("status", [200, 400])
def test_json_that_is_nested_too_deep(sandbox: Sandbox, session: up42.Session, status: int) -> None:
    deep = {"status": status, "body": "[" * 100_000, "content_type": "application/json"}
    expected = up42.UnexpectedResponseError if status == 200 else up42.BadRequestError
    jobs = "/v2/processing/jobs"
    for _ in range(2):
        sandbox.add_job(status="captured")
    sandbox.inject(Fault(path=f"{jobs}/*", **deep), Fault(path=jobs, after=1, **deep))
    with pytest.raises(expected):
        up42.Job.get(next(iter(sandbox.jobs)), session=session)
    with pytest.raises(expected):
        list(up42.Job.all(page_size=1, session=session))


def test_redirects_are_not_followed(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.inject(Fault(path=LIST, status=302, headers={"location": f"{sandbox.storage_url}/x"}))
    with pytest.raises(up42.ApiError):
        up42.Process.all(session=session)
    assert all(request.origin == "api" for request in sandbox.requests)


def test_an_unreachable_server(sandbox: Sandbox, session: up42.Session) -> None:
    up42.Process.all(session=session)
    sandbox.stop()
    with pytest.raises(up42.ConnectionFailedError, match="can't be reached") as caught:
        session.call(list_processes.request())
    assert caught.value.sent is False


@given(st.lists(st.floats(0, 2), max_size=60), st.integers(1, 10), st.integers(1, 20))
def test_the_gate_keeps_the_rate(pauses: list[float], burst: int, rate: int) -> None:
    now = [0.0]
    gate = Gate(rate, burst, clock=lambda: now[0])
    starts = []
    for pause in pauses:
        now[0] += pause
        starts.append(now[0] + gate.reserve())
    for index, start in enumerate(starts):
        for later, end in enumerate(starts[index:], start=1):
            assert later <= burst + (end - start) * rate + 1e-6
    # After a pause, a burst may be sent at once again.
    now[0] = starts[-1] + burst / rate + 1e-6 if starts else 0.0
    assert [gate.reserve() for _ in range(burst)] == [0.0] * burst
    assert gate.reserve() > 0


def test_the_rate_is_kept_by_threads(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(Gate, "wait", lambda _, seconds=0: naps.append(seconds))
    options = up42.TransportOptions(rate=0.1, burst=5)
    started = time.monotonic()
    with new_session(sandbox, options) as session, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: session.http.get(LIST), range(14)))
    # One more is for the token. What the requests themselves take isn't waited again.
    expected = sum(10 * number for number in range(1, 11))
    taken = 10 * (time.monotonic() - started)
    assert expected - taken - 1 <= sum(naps) <= expected + 1
    assert Gate().reserve() == 0


WAITS = {"retry": {"longest_wait": 30}, "rate limit": {"rate": 0.01, "burst": 2}}


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("call", ["thread", "executor", "async"])
def test_closing_ends_waits(wait: str, call: str) -> None:
    import asyncio

    with small_world(retries=5, **WAITS[wait]) as (server, session):
        server.routes[LIST] = Reply(b"{}", 429, {"Retry-After": "30"})

        def request() -> None:
            if call == "async":
                asyncio.run(asynchronous(session))
            else:
                session.http.get(LIST)

        with ThreadPoolExecutor(1) as own:
            done = (session.executor if call == "executor" else own).submit(request)
            while LIST not in server.paths:
                time.sleep(0.01)
            again = own.submit(request) if call != "executor" else done
            time.sleep(0.1)
            started = time.monotonic()
            session.close()
            for each in (done, again):
                with pytest.raises(up42.NotAuthenticatedError, match="closed"):
                    each.result()
            assert time.monotonic() - started < 5
        assert server.paths.count(LIST) == 1


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize("charset", ["hex", "zlib", "rot13", "idna", "undefined", "utf-16", "x-?"])
def test_odd_charsets(charset: str, status: int) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    body = '{"title": "Ärger", "processes": []}'.encode()
    with small_world(retries=0) as (server, session):
        server.routes[TOKEN_PATH] = server.routes[TOKEN_PATH]._replace(headers=headers)  # type: ignore[union-attr]
        server.routes[LIST] = Reply(body, status, headers)
        if status == 200:
            assert list(up42.Process.all(session=session)) == []
            return
        with pytest.raises(up42.ApiError) as caught:
            up42.Process.all(session=session)
        assert caught.value.title == "Ärger"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("rate", value) for value in (0, -1, float("nan"), "10", True)),
        *(("burst", value) for value in (0, 1.5)),
        ("connections", 0),
        *(("retries", value) for value in (-1, 2.5, None)),
        *(("backoff", value) for value in (-1, float("inf"))),
        *(("longest_wait", value) for value in (-1, float("inf"))),
        ("connect_timeout", 0),
        *(("read_timeout", value) for value in (0, "5", None)),
        *(("lookup_waits", value) for value in ((), 5, (1, -1), ("1",))),
    ],
)
def test_options_that_cannot_work(name: str, value: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match=name):
        up42.TransportOptions(**{name: value})


def test_a_closed_session_leaves_no_threads(sandbox: Sandbox) -> None:
    before = set(threading.enumerate())
    with new_session(sandbox) as session:
        list(up42.Job.all(session=session))
        item = next(iter(up42.search_items(session=session)))
        assert up42.processing_templates.Pansharpening("t", item, session=session).is_valid
    left = {t for t in set(threading.enumerate()) - before if t.name.startswith("up42_")}
    assert not left


def test_a_body_with_damaged_compression_is_a_broken_connection(
    sandbox: Sandbox, session: up42.Session
) -> None:
    damaged = Fault(
        path="/v2/processing/jobs",
        status=200,
        headers={"Content-Encoding": "gzip"},
        body=b"not compressed",
        content_type="application/json",
        times=None,
    )
    sandbox.inject(damaged)
    with pytest.raises(up42.ConnectionFailedError) as caught:
        list(up42.Job.all(session=session))
    assert caught.value.sent


@pytest.mark.parametrize("answer", [{}, {"sub": None}, {"sub": ""}])
def test_a_user_without_a_workspace(
    sandbox: Sandbox, session: up42.Session, answer: dict[str, Any]
) -> None:
    sandbox.inject(Fault(path="*/userinfo", status=200, body=answer))
    with pytest.raises(up42.UnexpectedResponseError, match="pass workspace_id"):
        _ = session.workspace_id
    assert session.workspace_id == sandbox.workspace_id
