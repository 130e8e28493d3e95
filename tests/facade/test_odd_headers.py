"""Headers, IDs, and error bodies that no honest server sends."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import up42_facade as up42
from tests.facade.small_server import JOBS, Reply, as_json, small_world
from up42_facade.downloads import download_file
from up42_facade.session import seconds_until

SIGNATURE = "SIGNATURE0123456789"
LINKS = [
    "data:text/plain,x",
    "file:///etc/passwd",
    "ftp://example.com/x",
    "mailto:x",
    "http:x",
    "http://[::1",
    "http://example.com:x/",
    "http://\x7f/",
]
DATES = [
    "Mon, 01 Jan 2024 00:00:00 +99999999999999999",
    "Mon, 99999999999999999999 Jan 2024 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 -0000",
    "9" * 5000,
    "-1",
    "soon",
    "\u00b2",
]


@pytest.mark.parametrize("link", LINKS)
def test_redirects_that_are_no_http_links(link: str, tmp_path: Path) -> None:
    with small_world(retries=1) as (server, session):
        server.routes[JOBS + "/j"] = server.routes["/x"] = Reply(b"", 302, {"Location": link})
        with pytest.raises(up42.ApiError, match="302 Found"):
            up42.Job.get("j", session=session)
        with pytest.raises(up42.DownloadError, match=r"/x could not be downloaded.*HTTP 302"):
            download_file(
                lambda: f"{server.url}/x", tmp_path / "x", http=session.storage, progress=False
            )


@pytest.mark.parametrize("text", DATES, ids=lambda text: text[:20])
def test_odd_times_to_wait(text: str, tmp_path: Path) -> None:
    with small_world(retries=1, longest_wait=0.01) as (server, session):
        server.routes[JOBS + "/j"] = Reply(b"{}", 429, {"Retry-After": text})
        with pytest.raises(up42.RateLimitError):
            up42.Job.get("j", session=session)
    assert seconds_until(text) is None or seconds_until(text) >= 0


@pytest.mark.parametrize("job_id", [".", ".."])
def test_ids_that_are_other_paths(job_id: str) -> None:
    with small_world() as (server, session):
        for ask in (up42.Job.get, up42.Process.get):
            with pytest.raises(up42.InvalidInputError, match="isn't the ID"):
                ask(job_id, session=session)
        assert server.paths == []


@pytest.mark.parametrize("job_id", ["../x", "a/../../b", "a?b", "a#b", "%2e%2e", "a\nb", "\ud800"])
def test_ids_stay_one_part_of_a_path(job_id: str) -> None:
    with small_world() as (server, session):
        with pytest.raises(up42.NotFoundError):
            up42.Job.get(job_id, session=session)
        assert server.paths[-1].startswith(f"{JOBS}/")
        assert server.paths[-1].count("/") == JOBS.count("/") + 1


def test_an_error_body_with_a_signed_url() -> None:
    with small_world() as (server, session):
        body = {"title": "Bad", "detail": f"No https://x.example/a?sig={SIGNATURE} there"}
        server.routes[JOBS + "/j"] = as_json(body, 400)
        with pytest.raises(
            up42.BadRequestError, match=r"No https://x\.example/a\?… there"
        ) as caught:
            up42.Job.get("j", session=session)
        assert SIGNATURE not in repr(pickle.dumps(caught.value))
