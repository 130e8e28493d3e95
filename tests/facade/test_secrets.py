"""Secrets are searched for by value in all that leaves: logs, errors, representations, pickles."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

import up42_facade as up42
from tests.facade.small_server import (
    ITEMS,
    JOBS,
    PASSWORD,
    SEARCH,
    TOKEN,
    TOKEN_PATH,
    Reply,
    SmallServer,
    as_json,
    feature,
    item_page,
    job_with_collection,
    small_world,
)

SIGNATURE = "0123SIGNED456789"
BASIC = base64.b64encode(f"user@example.com:{PASSWORD}".encode()).decode()
SECRETS = [TOKEN, PASSWORD, quote(PASSWORD), quote_plus(PASSWORD), json.dumps(PASSWORD), SIGNATURE]


@pytest.fixture(autouse=True)
def debugging(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown(error: BaseException, *, with_locals: bool = True) -> str:
    """Return all that can be seen of an error: texts, notes, attributes, pickles, locals here."""
    parts = ["".join(traceback.format_exception(error)), repr(pickle.dumps(error))]
    for link in chain(error):
        parts += [str(link), repr(link), repr(vars(link)), repr(getattr(link, "__notes__", ""))]
        parts += [repr(frame) for frame in locals_of(link.__traceback__) if with_locals]
    return "\n".join(parts)


def locals_of(trace: TracebackType | None) -> Iterator[dict[str, Any]]:
    while trace is not None:
        if "up42_facade" in trace.tb_frame.f_code.co_filename:
            yield dict(trace.tb_frame.f_locals)
        trace = trace.tb_next


def assert_hidden(text: str, *secrets: str) -> None:
    for secret in secrets or SECRETS:
        assert secret not in text


def echo(handler: Any) -> Reply:
    told = f"you sent {handler.headers['Authorization']} and {PASSWORD}"
    return as_json({"title": told, "detail": told, "errors": [{"name": told}], "deep": [told]}, 403)


def garbage(handler: Any) -> Reply:
    return Reply(f"not JSON: {TOKEN}".encode())


def broken_status_line(handler: Any) -> Reply:
    handler.wfile.write(f"HTTP/1.1 {TOKEN} {PASSWORD}\r\n\r\n".encode())
    handler.close_connection = True
    return Reply(b"")


def reason(handler: Any) -> Reply:
    handler.wfile.write(f"HTTP/1.1 403 {TOKEN}\r\nContent-Length: 0\r\n\r\n".encode())
    handler.close_connection = True
    return Reply(b"")


def redirect(handler: Any) -> Reply:
    return Reply(b"", 302, {"Location": f"https://user:{PASSWORD}@h.example/x?foo={SIGNATURE}"})


def foreign_link(handler: Any) -> Reply:
    link = {"rel": "next", "href": f"https://user:{PASSWORD}@h.example/x?foo={SIGNATURE}#frag"}
    return as_json({"jobs": [], "links": [link]})


def read_jobs(session: up42.Session, *, streamed: bool) -> None:
    if streamed:
        with session.http.stream("GET", JOBS) as response:
            response.read()
    list(up42.Job.all(session=session))


@pytest.mark.parametrize(
    "route",
    [echo, garbage, broken_status_line, reason, redirect, foreign_link],
    ids=lambda route: route.__name__,
)
@pytest.mark.parametrize("streamed", [False, True])
def test_what_a_server_tells(
    route: Callable[[Any], Reply], streamed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with small_world(retries=1) as (server, session):
        server.routes[JOBS] = route
        with pytest.raises(up42.Up42Error) as caught:
            read_jobs(session, streamed=streamed)
        # Where the page itself is at hand, its links are.
        assert_hidden(shown(caught.value, with_locals=route is not foreign_link))
        assert_hidden(caplog.text)
        assert_hidden(repr(session) + repr(session.client) + repr(session.__dict__))
        assert_hidden(repr(pickle.dumps(session)))


@pytest.mark.parametrize(
    "end", ["\n", "\r\nX-Evil: 1", "é", " ", "\0", "\x7f", "\u2028", "", "\ud800"], ids=ascii
)
def test_tokens_that_are_no_header_value(end: str, caplog: pytest.LogCaptureFixture) -> None:
    token = f"SECRETTOKEN0123456{end}" if end else ""
    with small_world() as (server, session):
        server.routes[TOKEN_PATH] = as_json(
            {"access_token": token, "id_token": "OTHER-TOKEN-7", "expires_in": 300}
        )
        server.routes[JOBS] = as_json({"jobs": [], "links": []})
        with pytest.raises(up42.ConnectionFailedError) as caught:
            list(up42.Job.all(session=session))
        assert_hidden(shown(caught.value) + caplog.text, "SECRETTOKEN0123456", "OTHER-TOKEN-7")


@pytest.mark.parametrize(
    "lifetime", ["NaN", "Infinity", "-Infinity", "-5", "1e400", "true", "null", '"x"', "9" * 400]
)
def test_odd_lifetimes_of_tokens(lifetime: str) -> None:
    with small_world() as (server, session):
        body = f'{{"access_token": "{TOKEN}", "expires_in": {lifetime}}}'
        server.routes[TOKEN_PATH] = Reply(body.encode())
        server.routes[JOBS] = as_json({"jobs": [], "links": []})
        assert list(up42.Job.all(session=session)) == []


def test_the_token_request_echoed(caplog: pytest.LogCaptureFixture) -> None:
    for status in (200, 400, 401, 500):
        with small_world(retries=0) as (server, session):
            body = f"password={quote_plus(PASSWORD)} {PASSWORD} {BASIC}"
            server.routes[TOKEN_PATH] = Reply(body.encode(), status)
            with pytest.raises(up42.Up42Error) as caught:
                list(up42.Job.all(session=session))
            assert_hidden(shown(caught.value) + caplog.text)


def test_a_project_key_is_hidden_in_both_forms(caplog: pytest.LogCaptureFixture) -> None:
    key = "KEY-0123456789"
    with SmallServer() as server:
        server.routes["/oauth/token"] = as_json({"access_token": TOKEN})
        server.routes["/projects/p/jobs"] = lambda handler: as_json(
            {"title": f"{key} {base64.b64encode(f'p:{key}'.encode()).decode()}"}, 403
        )
        with up42.Session(project_id="p", project_api_key=key, base_url=server.url) as session:
            with pytest.raises(up42.ApiError) as caught:
                session.http.get("/projects/p/jobs")
            text = shown(caught.value) + caplog.text + repr(pickle.dumps(session))
            assert_hidden(text, key, base64.b64encode(f"p:{key}".encode()).decode())


@pytest.mark.parametrize("made", ["session", "authenticate", "file", "environment", "broken file"])
def test_locals_hide_the_password(
    made: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"username": "u", "password": PASSWORD}))
    calls: dict[str, Callable[[], Any]] = {
        "session": lambda: up42.Session(username="u", password=PASSWORD, region="x"),
        "authenticate": lambda: up42.authenticate(password=PASSWORD, project_api_key=PASSWORD),
        "file": lambda: up42.Session(path, password="y"),
        "environment": lambda: up42.Session(username="u", region="x"),
        "broken file": lambda: up42.Session(path),
    }
    if made == "broken file":
        path.write_text(f'{{"password": "{PASSWORD}"')
    if made == "environment":
        monkeypatch.setenv("UP42_PASSWORD", PASSWORD)
    with pytest.raises(up42.ConfigurationError) as caught:
        calls[made]()
    assert_hidden(shown(caught.value))


def test_locals_hide_the_password_of_requests() -> None:
    with small_world(retries=0) as (server, session):
        server.routes[TOKEN_PATH] = Reply(b"no", 403)
        with pytest.raises(up42.AuthenticationError) as caught:
            list(up42.Job.all(session=session))
        assert_hidden(shown(caught.value))


@pytest.mark.parametrize("given", ["options", "environment"])
@pytest.mark.parametrize("proxy", ["ftp://u:{0}@h", "u:{0}@h:99999", "http://u:{0}@[::1"])
def test_locals_hide_the_password_of_a_proxy(
    given: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {}
    if given == "options":
        options["proxy"] = proxy.format("SECRET-77")
    else:
        monkeypatch.setenv("http_proxy", proxy.format("SECRET-77"))
    with (
        small_world(**options) as (_, session),
        pytest.raises(up42.ConfigurationError) as caught,
    ):
        list(up42.Job.all(session=session))
    assert_hidden(shown(caught.value), "SECRET-77")


@pytest.mark.parametrize(
    "base_url", ["ftp://u:{0}@h", "u:{0}@h", "http://u:{0}@h", "http://u:{0}@["]
)
def test_base_urls_with_a_password(base_url: str) -> None:
    with pytest.raises(up42.ConfigurationError) as caught:
        up42.Session(username="u", password="p", base_url=base_url.format("SECRET-77"))
    assert "SECRET-77" not in str(caught.value)


def test_objects_that_are_no_stac_are_not_quoted(caplog: pytest.LogCaptureFixture) -> None:
    signed = f"https://store.example/x.tif?foo={SIGNATURE}"
    broken = feature(assets={"a": {"href": signed}}, links=[{"rel": "self", "href": signed}])
    with small_world() as (server, session):
        for change in (
            {"type": "Nonsense"},
            {"properties": None},
            {"stac_version": 5},
            {"id": None},
        ):
            server.routes[SEARCH] = server.routes[ITEMS] = item_page({**broken, **change})
            collection = job_with_collection(server, session).collection
            assert collection is not None
            for listing in (up42.search_items(session=session), collection.get_items()):
                with pytest.raises(up42.UnexpectedResponseError) as caught:
                    list(listing)
                error = caught.value
                assert list(chain(error)) == [error]
                assert_hidden(str(error) + repr(vars(error)) + caplog.text)


@pytest.mark.parametrize(
    "url",
    [
        "https://s.example/x?Signature={0}",
        "https://s.example/x?any-name={0}",
        "https://s.example/x#{0}",
        "https://u:{0}@s.example/x",
        "https://s.example:9/x?a=1&b={0}",
        "s3://bucket/x?{0}",
    ],
)
def test_logs_cut_all_of_a_foreign_url(url: str, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("httpx")
    with small_world() as (_, session):
        assert session.client
        logger.info("HTTP Request: %s %s", "GET", url.format(SIGNATURE))
        assert SIGNATURE not in caplog.text
        assert "/x" in caplog.text


def test_a_record_of_ten_megabytes_is_searched_for_urls(caplog: pytest.LogCaptureFixture) -> None:
    with small_world() as (_, session):
        assert session.client
        # With a search that is quadratic in the length, this wouldn't end for days.
        logging.getLogger("httpx").info("%s https://s.example/x?a=%s", "x" * 10**7, SIGNATURE)
        assert SIGNATURE not in caplog.text


def test_signed_urls_and_redirects_of_the_storage(caplog: pytest.LogCaptureFixture) -> None:
    with small_world() as (_, session), SmallServer() as store:
        store.routes["/a"] = Reply(b"", 302, {"Location": f"{store.url}/b?any={SIGNATURE}"})
        moved = {"Location": f"/c?any={SIGNATURE}", "Set-Cookie": f"a={SIGNATURE}"}
        store.routes["/b"] = Reply(b"", 302, moved)
        store.routes["/c"] = Reply(b"content")
        assert session.storage.get(f"{store.url}/a?other={SIGNATURE}").content == b"content"
        assert SIGNATURE not in caplog.text
        assert f"{store.url}/a?…" in caplog.text


def test_short_secrets_do_not_blank_out_words(caplog: pytest.LogCaptureFixture) -> None:
    with SmallServer() as server:
        server.routes[TOKEN_PATH] = as_json({"access_token": "b"})
        server.routes[JOBS] = as_json({"jobs": []})
        with up42.Session(username="u", password="a", base_url=server.url) as session:
            assert list(up42.Job.all(session=session)) == []
        logging.getLogger("httpx").info("a banana")
    assert "a banana" in caplog.text


def test_one_filter_for_each_logger() -> None:
    counts = []
    for _ in range(2):
        with small_world() as (_, session):
            assert session.client
        counts.append(len(logging.getLogger("httpx").filters))
    assert counts[0] == counts[1]
