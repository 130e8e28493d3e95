"""Signed URLs: ranges, checksums, expiry, throttling."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import google_crc32c
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.conftest import Api
from up42_sandbox import Sandbox
from up42_sandbox.storage.serving import UnsatisfiableRangeError, parse_range

CONTENT = os.urandom(1_000_000)


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    return sandbox.storage.put("a/data.bin", CONTENT)()


def file_href(api: Api, key: str = "spot-berlin", name: str = "thumbnail.png") -> str:
    return str(api.sandbox.sample_item(key)["assets"][name]["href"])


def test_signed_url_of_an_asset(api: Api) -> None:
    href = file_href(api)
    url = api.post(f"{href}/download-url")["url"]
    assert url.startswith(api.sandbox.storage_url)
    query = parse_qs(urlsplit(url).query)
    assert {"GoogleAccessId", "Expires", "Signature"} <= set(query)
    assert 295 <= int(query["Expires"][0]) - time.time() <= 301
    assert query["response-content-disposition"][0].startswith("attachment; filename=")
    assert urlsplit(url).path.endswith("/thumbnail.png")
    response = httpx.get(url, timeout=60)
    assert response.status_code == 200
    assert response.content.startswith(b"\x89PNG")
    assert response.headers["content-type"] == "image/png"
    assert response.headers["content-disposition"].startswith("attachment")


def test_asset_redirects_to_the_storage(api: Api) -> None:
    response = api.client.get(file_href(api))
    assert response.status_code == 302
    assert response.headers["location"].startswith(api.sandbox.storage_url)
    assert httpx.get(response.headers["location"], timeout=60).status_code == 200


def test_asset_id_of_a_delivery_means_its_first_file(api: Api) -> None:
    url = api.post(f"/v2/assets/{api.sandbox.asset_id()}/download-url")["url"]
    assert urlsplit(url).path.endswith("/multispectral.tif")


def test_unknown_assets(api: Api) -> None:
    api.post("/v2/assets/00000000-0000-4000-8000-000000000000/download-url", 404)
    api.get("/v2/assets/nonsense", 404)


def test_whole_file_with_checksums(url: str) -> None:
    response = httpx.get(url)
    assert response.content == CONTENT
    headers = response.headers
    digest = hashlib.md5(CONTENT).digest()
    check = base64.b64encode(google_crc32c.value(CONTENT).to_bytes(4, "big")).decode()
    assert headers["x-goog-hash"] == f"crc32c={check},md5={base64.b64encode(digest).decode()}"
    assert headers["etag"] == f'"{digest.hex()}"'
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["last-modified"].endswith("GMT")


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=999990-", 999_990, 1_000_000),
        ("bytes=-5", 999_995, 1_000_000),
        ("bytes=500000-99999999", 500_000, 1_000_000),
        ("bytes=-99999999", 0, 1_000_000),
    ],
)
def test_ranges(url: str, header: str, start: int, stop: int) -> None:
    response = httpx.get(url, headers={"Range": header})
    assert response.status_code == 206
    assert response.content == CONTENT[start:stop]
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/1000000"
    assert response.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("header", ["bytes=1000000-", "bytes=2000000-2000001", "bytes=-0"])
def test_ranges_behind_the_end(url: str, header: str) -> None:
    response = httpx.get(url, headers={"Range": header})
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */1000000"


@pytest.mark.parametrize("header", ["bytes=5-2", "bytes=1-2,5-9", "lines=1-2", "bytes=-", "x"])
def test_ranges_that_are_none_give_the_whole_file(url: str, header: str) -> None:
    response = httpx.get(url, headers={"Range": header})
    assert response.status_code == 200
    assert response.content == CONTENT


def test_range_only_if_the_file_is_the_same(url: str) -> None:
    whole = httpx.get(url)
    for condition in (whole.headers["etag"], whole.headers["last-modified"]):
        headers = {"Range": "bytes=5-9", "If-Range": condition}
        assert httpx.get(url, headers=headers).status_code == 206
    changed = httpx.get(url, headers={"Range": "bytes=5-9", "If-Range": '"other"'})
    assert changed.status_code == 200
    assert len(changed.content) == len(CONTENT)


def test_head(url: str) -> None:
    response = httpx.head(url)
    assert response.status_code == 200
    assert response.headers["content-length"] == "1000000"
    assert response.content == b""


def test_server_without_ranges(sandbox: Sandbox, url: str) -> None:
    sandbox.storage.ranges = False
    response = httpx.get(url, headers={"Range": "bytes=5-9"})
    assert response.status_code == 200
    assert response.content == CONTENT
    assert "accept-ranges" not in response.headers


def test_url_expires_on_the_clock(sandbox: Sandbox) -> None:
    make_url = sandbox.storage.put("short", b"x")
    short, usual = make_url(10), make_url()
    assert httpx.get(short).status_code == 200
    sandbox.clock.advance(11)
    refused = httpx.get(short)
    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("application/xml")
    assert "<Code>ExpiredToken</Code>" in refused.text
    assert httpx.get(usual).status_code == 200
    sandbox.clock.advance(300)
    assert httpx.get(usual).status_code == 403
    assert httpx.get(make_url()).status_code == 200
    sandbox.storage.lifetime = 5
    brief = make_url()
    sandbox.clock.advance(6)
    assert httpx.get(brief).status_code == 403


def test_signature_covers_path_and_time(sandbox: Sandbox, url: str) -> None:
    other = sandbox.storage.put("b", b"secret")()
    assert httpx.get(other).content == b"secret"
    foreign = url.replace("/a/data.bin", "/b")
    later = url.replace("Expires=", "Expires=9")
    for wrong in (foreign, later, url.replace("Signature=", "Signature=x")):
        response = httpx.get(wrong)
        assert response.status_code == 403
        assert "SignatureDoesNotMatch" in response.text
    bare = httpx.get(url.partition("?")[0])
    assert bare.status_code == 403
    assert "AccessDenied" in bare.text


def test_unknown_object(sandbox: Sandbox) -> None:
    response = httpx.get(sandbox.storage.sign("nothing"))
    assert response.status_code == 404
    assert "NoSuchKey" in response.text
    assert httpx.get(f"{sandbox.storage_url}/elsewhere").status_code == 404
    assert httpx.post(sandbox.storage.sign("nothing")).status_code == 405


def test_files_stay_where_they_are(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "big.tgz"
    path.write_bytes(CONTENT)
    url = sandbox.storage.put("big.tgz", path, checksums=False)()
    response = httpx.get(url)
    assert response.content == CONTENT
    assert "x-goog-hash" not in response.headers
    assert response.headers["etag"]
    sandbox.stop()
    assert path.exists()
    with pytest.raises(FileNotFoundError):
        sandbox.storage.put("gone", tmp_path / "gone")
    with pytest.raises(ValueError, match="regular file"):
        sandbox.storage.put("folder", tmp_path)


def test_replaced_object_has_another_etag(sandbox: Sandbox, url: str) -> None:
    first = httpx.get(url).headers["etag"]
    second = httpx.get(sandbox.storage.put("a/data.bin", b"other")())
    assert second.headers["etag"] != first
    assert second.content == b"other"


def test_throttled_per_connection(sandbox: Sandbox, url: str) -> None:
    sandbox.storage.rate = 4e6
    began = time.perf_counter()
    assert httpx.get(url).content == CONTENT
    assert time.perf_counter() - began > 0.2


def test_client_that_goes_away_does_no_harm(sandbox: Sandbox, url: str) -> None:
    sandbox.storage.rate = 1e6
    with httpx.stream("GET", url) as response:
        next(response.iter_raw(1000))
    sandbox.storage.rate = None
    assert httpx.get(url).content == CONTENT


def test_storage_requests_are_recorded_with_what_they_carry(sandbox: Sandbox, url: str) -> None:
    httpx.get(url, headers={"Authorization": "Bearer leaked"})
    (entry,) = [entry for entry in sandbox.requests if entry.origin == "storage"]
    assert entry.headers["authorization"] == "Bearer leaked"
    assert entry.status == 200
    assert entry.query["GoogleAccessId"]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="bytes=0123456789-, ", max_size=20), st.integers(0, 50))
def test_any_range_header_gives_a_part_of_the_file(header: str, size: int) -> None:
    try:
        span = parse_range(header, size)
    except UnsatisfiableRangeError:
        return
    if span is not None:
        assert 0 <= span.start < span.stop <= size


def test_a_client_that_disconnects_is_no_error(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    content = bytes(20_000_000)
    url = sandbox.storage.put("large.bin", content)()
    for _ in range(20):
        with httpx.stream("GET", url) as response:
            next(response.iter_raw())
    assert httpx.get(url, timeout=60).content == content
    assert caplog.records == []
