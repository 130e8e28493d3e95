"""The generated client of a session, and sessions after their end."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import up42_facade as up42
from tests.conftest import new_session
from tests.facade.small_server import JOBS, SmallServer, as_json, small_world
from up42_client.api.processing import list_processing_jobs
from up42_sandbox import Sandbox

CHANGES: dict[str, Any] = {
    "with_headers": {"X-Request": "one"},
    "with_timeout": httpx.Timeout(3),
    "with_cookies": {"name": "one"},
}


def jobs(client: Any) -> Any:
    return list_processing_jobs.sync(client=client)


@pytest.mark.parametrize("name", CHANGES)
def test_changed_clients_keep_the_token(sandbox: Sandbox, session: up42.Session, name: str) -> None:
    original = session.client
    jobs(original)
    changed = getattr(original, name)(CHANGES[name])
    assert jobs(changed) is not None
    assert asyncio.run(list_processing_jobs.asyncio(client=changed)) is not None
    sent = sandbox.requests[-1].headers
    assert sent["authorization"].startswith("Bearer ")
    assert sent.get("x-request", "") == ("one" if name == "with_headers" else "")
    assert sent.get("cookie", "") == ("name=one" if name == "with_cookies" else "")
    jobs(original)
    assert "x-request" not in sandbox.requests[-1].headers
    assert "cookie" not in sandbox.requests[-1].headers
    assert original.get_httpx_client().timeout != httpx.Timeout(3)


def test_changes_add_up(sandbox: Sandbox, session: up42.Session) -> None:
    changed = session.client.with_headers({"X-A": "1"}).with_timeout(httpx.Timeout(4))
    jobs(changed.with_headers({"X-B": "2", "Authorization": "Bearer other"}))
    sent = sandbox.requests[-1].headers
    assert (sent["x-a"], sent["x-b"]) == ("1", "2")
    assert sent["authorization"] != "Bearer other"


def test_changed_clients_raise_this_packages_errors() -> None:
    with small_world() as (server, session):
        server.routes[JOBS] = as_json({"title": "no"}, 403)
        with pytest.raises(up42.ApiError):
            jobs(session.client.with_headers({"X-A": "1"}))


def test_a_with_block_leaves_the_session_open(session: up42.Session) -> None:
    async def use() -> None:
        async with session.client as client:
            await list_processing_jobs.asyncio(client=client)

    with session.client as client:
        jobs(client)
    with session.client as client:
        jobs(client)
    asyncio.run(use())
    asyncio.run(use())
    assert list(up42.Job.all(session=session)) == []


def test_an_async_call_can_be_canceled_while_the_server_is_silent() -> None:
    released = threading.Event()

    def respond(handler: Any) -> Any:
        released.wait(30)
        return as_json({"jobs": []})

    async def use() -> None:
        call = asyncio.create_task(asynchronous(session.client))
        while JOBS not in server.paths:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not released.is_set()
        server.routes[JOBS] = as_json({"jobs": []})
        assert await asynchronous(session.client)

    with small_world(retries=0) as (server, session):
        server.routes[JOBS] = respond
        asyncio.run(use())
        released.set()


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": {"X-A": "line\nbreak"}},
        {"headers": {"X-A": "\ud800"}},
        {"json": {"a": {1}}},
        {"json": {"a": float("nan")}},
        {"url": "http://["},
        {"url": "/a\x00b"},
    ],
    ids=ascii,
)
def test_what_can_not_be_sent_is_named(arguments: dict[str, Any]) -> None:
    with small_world() as (server, session):
        server.routes[JOBS] = as_json({"jobs": []})
        url = arguments.pop("url", JOBS)
        with pytest.raises(up42.Up42Error):
            session.http.request("GET", url, **arguments)
        assert JOBS not in server.paths


# After the end of a session.


def begun(session: up42.Session) -> Any:
    listing = up42.Job.all(page_size=3, session=session)
    next(listing)
    return listing


async def asynchronous(client: Any) -> Any:
    return await list_processing_jobs.asyncio(client=client)


def itself(session: up42.Session) -> Any:
    return session


USES: dict[str, tuple[Callable[[up42.Session], Any], Callable[[Any], Any]]] = {
    "rest of a list": (begun, lambda listing: list(itertools.islice(listing, 50))),
    "new list": (itself, lambda session: list(up42.Job.all(session=session))),
    "search": (itself, lambda session: list(up42.search_items(session=session))),
    "processes": (itself, lambda session: up42.Process.all(session=session)),
    "workspace": (itself, lambda session: session.workspace_id),
    "job": (lambda session: next(up42.Job.all(session=session)), lambda job: job.refresh()),
    "http": (itself, lambda session: session.http.get(JOBS)),
    "http before": (lambda session: session.http, lambda http: http.get(JOBS)),
    "stream": (lambda session: session.http, lambda http: http.stream("GET", JOBS).__enter__()),
    "storage": (itself, lambda session: session.storage.get("http://127.0.0.1:9")),
    "storage before": (
        lambda session: session.storage,
        lambda http: http.get("http://127.0.0.1:9"),
    ),
    "client": (itself, lambda session: jobs(session.client)),
    "client before": (lambda session: session.client, jobs),
    "changed client": (lambda session: session.client, lambda c: jobs(c.with_headers({"X": "1"}))),
    "async client": (lambda session: session.client, lambda c: asyncio.run(asynchronous(c))),
    "executor": (itself, lambda session: session.executor),
    "follow": (itself, lambda session: session.follow(JOBS, dict)),
}


@pytest.mark.parametrize(("prepare", "use"), USES.values(), ids=USES)
@pytest.mark.parametrize("used_before", [True, False])
def test_use_after_the_end(
    sandbox: Sandbox, prepare: Callable[..., Any], use: Callable[..., Any], used_before: bool
) -> None:
    for _ in range(12):
        sandbox.add_job("true-color-conversion", "captured")
    session = new_session(sandbox)
    if used_before:
        session.http.get(JOBS)
    prepared = prepare(session)
    session.close()
    with pytest.raises(up42.NotAuthenticatedError, match="session was closed"):
        use(prepared)


def test_links_of_items_after_the_end(sandbox: Sandbox) -> None:
    with new_session(sandbox) as session:
        item = next(iter(up42.search_items(session=session)))
    with pytest.raises(up42.NotAuthenticatedError, match="session was closed"):
        item.get_root()


def test_closing_twice_and_in_async(sandbox: Sandbox) -> None:
    async def use() -> None:
        session = new_session(sandbox)
        await asynchronous(session.client)
        await session.aclose()
        await session.aclose()
        with pytest.raises(up42.NotAuthenticatedError, match="session was closed"):
            await asynchronous(session.client)

    asyncio.run(use())
    session = new_session(sandbox)
    session.close()
    session.close()


def test_closing_while_a_page_is_on_its_way() -> None:
    import time

    with SmallServer() as server:

        def respond(handler: Any) -> Any:
            if "token" in handler.path:
                time.sleep(1)
            entry = {"jobID": handler.path, "processID": "p", "status": "running"}
            return as_json({"jobs": [entry], "links": [{"rel": "next", "href": f"{JOBS}?token=1"}]})

        server.routes[JOBS] = respond
        session = up42.Session(username="u", password="p", base_url=server.url)
        listing = up42.Job.all(session=session)
        next(listing)
        time.sleep(0.2)
        session.close()
        with pytest.raises(up42.NotAuthenticatedError, match="session was closed"):
            list(listing)


def test_closing_a_copy_leaves_the_session_open(session: up42.Session) -> None:
    copy = session.client.with_headers({"X-Copy": "yes"})
    list(up42.Job.all(session=session))
    copy.get_httpx_client().close()
    list(up42.Job.all(session=session))
