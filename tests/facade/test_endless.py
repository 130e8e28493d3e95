"""Listings and responses that don't end: each reaches a limit and says so."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import up42_facade as up42
from tests import inside
from tests.facade.small_server import (
    ITEMS,
    JOBS,
    PROCESSES,
    SEARCH,
    TOKEN_PATH,
    Reply,
    SmallServer,
    as_json,
    feature,
    item_page,
    job_with_collection,
    small_world,
)

Listing = Callable[[SmallServer, up42.Session], Any]


def searched(server: SmallServer, session: up42.Session) -> Any:
    return up42.search_items(session=session)


def collected(server: SmallServer, session: up42.Session) -> Any:
    collection = job_with_collection(server, session).collection
    assert collection is not None
    return collection.get_items()


def listed(server: SmallServer, session: up42.Session) -> Any:
    return up42.Job.all(session=session)


def job_page(*ids: str, links: Any = ()) -> Reply:
    jobs = [{"jobID": name, "processID": "p", "status": "running"} for name in ids]
    return as_json({"jobs": jobs, "links": list(links)})


def items(*ids: str, links: Any = ()) -> Reply:
    return item_page(*map(feature, ids), links=links)


LISTINGS = {
    "search": (SEARCH, searched, items),
    "collection": (ITEMS, collected, items),
    "jobs": (JOBS, listed, job_page),
}
everywhere = pytest.mark.parametrize(("path", "listing", "page"), LISTINGS.values(), ids=LISTINGS)


def read_all(listing: Any) -> list[str]:
    """Read a listing that must end with the error; return the IDs that came before it."""
    found: list[str] = []
    with pytest.raises(up42.UnexpectedResponseError, match="doesn't end"):
        found.extend(entry.id for entry in itertools.islice(listing, 500))
    return found


@everywhere
@pytest.mark.parametrize(
    "link",
    [
        {"href": "?token=same"},
        {"method": "POST", "href": SEARCH, "body": {"token": "same"}},
        {"method": "POST", "href": SEARCH, "merge": True, "body": {}},
    ],
    ids=str,
)
def test_a_link_that_leads_back(path: str, listing: Listing, page: Any, link: Any) -> None:
    with small_world() as (server, session):
        href = {"href": path + link["href"]} if "method" not in link else {}
        server.routes[path] = page("one", links=[{"rel": "next", **link, **href}])
        if path != SEARCH:
            server.routes[SEARCH] = server.routes[path]
        assert set(read_all(listing(server, session))) == {"one"}
        assert len(server.paths) < 10


@everywhere
@pytest.mark.parametrize("cycle", [[[]], [["one"]], [["one"], ["two"], ["three"]]], ids=str)
def test_new_links_without_anything_new(
    path: str, listing: Listing, page: Any, cycle: list[list[str]]
) -> None:
    numbers = itertools.count(1)

    def respond(_: object) -> Reply:
        number = next(numbers)
        link = {"rel": "next", "href": f"{path}?token={number}"}
        return page(*cycle[number % len(cycle)], links=[link])  # type: ignore[no-any-return]

    with small_world() as (server, session):
        server.routes[path] = respond
        read_all(listing(server, session))
        assert next(numbers) <= 30


@everywhere
def test_nineteen_pages_without_anything_new_are_no_end(
    path: str, listing: Listing, page: Any
) -> None:
    contents = iter([["one"], *[[]] * 19, ["two"], *[["two"]] * 19, ["three"]])
    left = iter(range(40, -1, -1))

    def respond(_: object) -> Reply:
        links = [{"rel": "next", "href": f"{path}?token={n}"} for n in [next(left)] if n]
        return page(*next(contents), links=links)  # type: ignore[no-any-return]

    with small_world() as (server, session):
        server.routes[path] = respond
        found = [entry.id for entry in listing(server, session)]
        assert list(dict.fromkeys(found)) == ["one", "two", "three"]


@everywhere
def test_a_listing_of_fresh_pages_is_limited_too(
    path: str, listing: Listing, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.short_listings(monkeypatch, 7)
    numbers = itertools.count(1)

    def respond(_: object) -> Reply:
        number = next(numbers)
        link = {"rel": "next", "href": f"{path}?token={number}"}
        return page(f"id-{number}", links=[link])  # type: ignore[no-any-return]

    with small_world() as (server, session):
        server.routes[path] = respond
        assert len(read_all(listing(server, session))) == 8


@everywhere
@pytest.mark.parametrize(
    "links",
    [
        [{"rel": "next", "href": None}],
        [{"rel": "self", "href": "x"}, {"rel": "next"}],
        [{"rel": "next", "href": ""}],
        [{"rel": "next", "href": ["/v2"]}],
        [{"rel": "Next", "href": {"url": "/v2"}}],
        [{"rel": "next", "href": "/v2", "method": ["POST"]}],
        [{"rel": "next", "href": "/v2", "method": "POST", "body": "token=2"}],
        [{"rel": ["next"], "href": "/v2"}],
        ["/v2?token=2"],
        {"next": "/v2?token=2"},
        "/v2?token=2",
        5,
    ],
    ids=str,
)
def test_a_listing_without_a_way_to_its_next_page_says_so(
    path: str, listing: Listing, page: Any, links: Any
) -> None:
    found = []
    with small_world() as (server, session):
        reply = json.loads(page("one").body)
        server.routes[path] = as_json({**reply, "links": links})
        with pytest.raises(up42.UnexpectedResponseError, match="no usable link to the next page"):
            found.extend(entry.id for entry in listing(server, session))
    assert found == ["one"]


@everywhere
@pytest.mark.parametrize(
    "links",
    [None, [], {}, "", [None], [{}], [{"rel": None, "href": None}], [{"rel": "prev", "href": 5}]],
    ids=str,
)
def test_a_last_page_with_odd_links(path: str, listing: Listing, page: Any, links: Any) -> None:
    with small_world() as (server, session):
        reply = json.loads(page("one").body)
        server.routes[path] = as_json({**reply, "links": links})
        assert [entry.id for entry in listing(server, session)] == ["one"]


@everywhere
def test_a_few_empty_pages_in_the_middle(path: str, listing: Listing, page: Any) -> None:
    numbers = itertools.count(1)
    pages: list[list[str]] = [["one"], [], [], ["two"], []]

    def respond(_: object) -> Reply:
        number = next(numbers)
        link = {"rel": "next", "href": f"{path}?token={number}"}
        links = [link] if number < len(pages) else []
        return page(*pages[number - 1], links=links)  # type: ignore[no-any-return]

    with small_world() as (server, session):
        server.routes[path] = respond
        assert [entry.id for entry in listing(server, session)] == ["one", "two"]


@pytest.mark.parametrize("href", ["http://[", "//", "http://127.0.0.1:99999/x", "\0"])
def test_links_that_are_none(href: Any) -> None:
    with small_world() as (server, session):
        server.routes[JOBS] = job_page("one", links=[{"rel": "next", "href": href}])
        with pytest.raises(up42.Up42Error):
            list(up42.Job.all(session=session))


EXIT = """
import sys, time
import up42_facade as up42

session = up42.Session(username="u", password="p", base_url=sys.argv[1])
jobs = up42.Job.all(session=session)
print(next(jobs).id, flush=True)
"""


def test_an_abandoned_listing_does_not_hold_up_the_interpreter() -> None:
    with small_world() as (server, _):

        def respond(handler: Any) -> Reply:
            if "token" in handler.path:
                time.sleep(20)
            return job_page("one", links=[{"rel": "next", "href": f"{JOBS}?token=1"}])

        server.routes[JOBS] = respond
        command = [sys.executable, "-W", "error", "-c", EXIT, server.url]
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=True)
        assert done.stdout == "one\n"
        assert done.stderr == ""
        assert time.monotonic() - started < 10


# The body of a response.


def trickle(part: bytes = b" ") -> Iterator[bytes]:
    while True:
        yield part
        time.sleep(0.02)


@pytest.mark.parametrize("status", [200, 403])
def test_a_slow_body(status: int) -> None:
    with small_world(read_timeout=0.4) as (server, session):
        server.routes[JOBS] = lambda _: Reply(trickle(), status)
        started = time.monotonic()
        expected = up42.ConnectionFailedError if status == 200 else up42.ApiError
        with pytest.raises(expected) as caught:
            list(up42.Job.all(session=session))
        assert time.monotonic() - started < 3
        if status == 200:
            assert "complete after 0.4 s" in str(caught.value)
        assert server.paths.count(f"{JOBS}") == 1


def test_a_slow_token() -> None:
    with small_world(read_timeout=0.4) as (server, session):
        server.routes[TOKEN_PATH] = lambda _: Reply(trickle())
        with pytest.raises(up42.ConnectionFailedError):
            list(up42.Job.all(session=session))


def endless(part: bytes) -> Iterator[bytes]:
    yield from itertools.repeat(part)


@functools.cache
def bomb(level: int = 1) -> bytes:
    data = zlib.compressobj(9, wbits=31)
    packed = b"".join(data.compress(bytes(2**20)) for _ in range(300)) + data.flush()
    return packed if level == 1 else gzip.compress(packed)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        # Built by those that need them, not by each worker.
        (bomb, "gzip"),
        (lambda: bomb(2), "gzip, gzip"),
        (lambda: b"{}", "br"),
        (lambda: b"{}", "zstd"),
        (lambda: b"{}", "nonsense"),
        (lambda: endless(b" " * 2**16), ""),
    ],
    ids=["bomb", "twice", "br", "zstd", "unknown", "plain"],
)
@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("path", [JOBS, PROCESSES, SEARCH, TOKEN_PATH])
def test_bodies_of_any_size(
    body: Callable[[], bytes | Iterator[bytes]], encoding: str, status: int, path: str
) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    with small_world() as (server, session):
        calls: dict[str, Callable[[], Any]] = {
            JOBS: lambda: list(up42.Job.all(session=session)),
            PROCESSES: lambda: up42.Process.all(session=session),
            SEARCH: lambda: list(up42.search_items(session=session)),
        }
        call = calls.get(path, calls[JOBS])
        body()
        server.routes[path] = lambda _: Reply(body(), status, headers)
        tracemalloc.start()
        with pytest.raises(up42.Up42Error) as caught:
            call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # The limit for a body is held twice while its parts are joined.
        assert peak < 100 * 2**20
        if status == 403:
            expected = up42.AuthenticationError if path == TOKEN_PATH else up42.ApiError
            assert type(caught.value) is expected


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw deflate", "identity", ""])
def test_honest_encodings(encoding: str) -> None:
    content = b'{"jobs": [{"jobID": "one", "processID": "p", "status": "running"}]}'
    raw = zlib.compressobj(wbits=-15)
    encoded = {
        "gzip": gzip.compress(content),
        "x-gzip": gzip.compress(content),
        "deflate": zlib.compress(content),
        "raw deflate": raw.compress(content) + raw.flush(),
    }
    with small_world() as (server, session):
        headers = {"Content-Type": "application/json"}
        told = encoding.removeprefix("raw ")
        server.routes[JOBS] = Reply(
            encoded.get(encoding, content), 200, {**headers, "Content-Encoding": told}
        )
        assert [job.id for job in up42.Job.all(session=session)] == ["one"]


def test_a_compressed_body_that_is_cut_off() -> None:
    with small_world() as (server, session):
        body = gzip.compress(b'{"jobs": []}' + bytes(1000))[:-20]
        server.routes[JOBS] = Reply(body, 200, {"Content-Encoding": "gzip"})
        with pytest.raises(up42.ConnectionFailedError):
            list(up42.Job.all(session=session))
        assert server.paths.count(JOBS) == 1 + session.options.retries


def test_a_megabyte_of_error_body_is_cut() -> None:
    with small_world() as (server, session):
        body = b'{"title": "' + b"x" * 2**20 + b'"}'
        server.routes[JOBS] = Reply(body, 400)
        with pytest.raises(up42.BadRequestError) as caught:
            list(up42.Job.all(session=session))
        assert len(str(caught.value)) < 1000
        assert len(repr(vars(caught.value))) < 100_000


def test_a_long_title_is_cut_in_the_message() -> None:
    with small_world() as (server, session):
        server.routes[JOBS] = as_json({"title": "x" * 10_000}, 400)
        with pytest.raises(up42.BadRequestError) as caught:
            list(up42.Job.all(session=session))
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("target", ["{url}{path}/", "{path}/", "./jobs/"])
def test_redirects_to_a_trailing_slash(target: str) -> None:
    with small_world() as (server, session):
        headers = {"Location": target.format(url=server.url, path=JOBS)}
        server.routes[JOBS] = Reply(b"", 308, headers)
        server.routes[f"{JOBS}/"] = job_page("one")
        assert [job.id for job in up42.Job.all(session=session)] == ["one"]


def test_a_search_that_is_redirected_stays_a_search() -> None:
    with small_world() as (server, session):
        server.routes[SEARCH] = Reply(b"", 307, {"Location": f"{SEARCH}/"})
        server.routes[f"{SEARCH}/"] = items("one")
        assert [item.id for item in up42.search_items(session=session)] == ["one"]


def test_redirects_end() -> None:
    with small_world() as (server, session):
        server.routes[JOBS] = Reply(b"", 307, {"Location": JOBS})
        with pytest.raises(up42.ApiError, match="307"):
            list(up42.Job.all(session=session))
        assert server.paths.count(JOBS) < 10


def test_an_execution_follows_no_redirect() -> None:
    path = "/v2/processing/processes/p/execution"
    with small_world() as (server, session):
        server.routes[path] = Reply(b"", 307, {"Location": f"{path}/"})
        with pytest.raises(up42.ApiError):
            session.http.post(path, json={})
        assert f"{path}/" not in server.paths
