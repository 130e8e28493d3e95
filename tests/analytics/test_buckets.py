"""Results streamed into a bucket: the real client against an emulator over a socket."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from gcp_storage_emulator.server import create_server
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import storage

import up42_facade as up42
from tests.analytics.conftest import GetJob
from up42_sandbox import Fault, Sandbox

BUCKET = "storage"


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """Origin of an emulator of Google Cloud Storage."""
    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket=BUCKET)
    server.start()
    try:
        yield f"http://127.0.0.1:{server._api._httpd.server_port}"
    finally:
        server.stop()


@pytest.fixture
def client(emulator: str, monkeypatch: pytest.MonkeyPatch) -> storage.Client:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "tests")
    return storage.Client()


@pytest.fixture
def folder() -> str:
    """A folder of its own for each test, as they share the emulator."""
    return f"results {uuid.uuid4()}"


def content(client: storage.Client, name: str) -> bytes:
    return bytes(client.bucket(BUCKET).blob(name).download_as_bytes())


def names(client: storage.Client, folder: str) -> list[str]:
    return [blob.name for blob in client.list_blobs(BUCKET, prefix=f"v0/{folder}")]


def test_the_archive_arrives(
    client: storage.Client, job: GetJob, folder: str, tmp_path: Path
) -> None:
    made = job("ndvi")
    url = made.upload_results_to_bucket(client, BUCKET, folder)
    name = f"v0/{folder}/{made.job_id}.tgz"
    assert url == f"gs://{BUCKET}/{name}"
    kept = made.download_results(tmp_path, unpacking=False)
    assert content(client, name) == Path(kept[0]).read_bytes()
    assert client.bucket(BUCKET).get_blob(name).content_type == "application/gzip"
    with tarfile.open(kept[0]) as tar:
        assert tar.getnames()


def test_extension_and_version(client: storage.Client, job: GetJob, folder: str) -> None:
    made = job("zip")
    made.upload_results_to_bucket(
        gs_client=client, bucket=BUCKET, folder=folder, extension=".zip", version="v2"
    )
    name = f"v2/{folder}/{made.job_id}.zip"
    assert content(client, name).startswith(b"PK")
    assert client.bucket(BUCKET).get_blob(name).content_type == "application/zip"


@pytest.mark.parametrize("gs_client", ["my-new-bucket", None, ""])
def test_the_default_client(
    client: storage.Client, job: GetJob, folder: str, gs_client: str | None
) -> None:
    made = job("empty")
    made.upload_results_to_bucket(gs_client, BUCKET, folder)
    assert content(client, f"v0/{folder}/{made.job_id}.tgz")


def test_a_bucket_object(client: storage.Client, job: GetJob, folder: str) -> None:
    made = job("empty")
    assert made.upload_results_to_bucket(None, client.bucket(BUCKET), folder)
    assert names(client, folder) == [f"v0/{folder}/{made.job_id}.tgz"]


@pytest.mark.parametrize("length", ["told", "not told"])
def test_a_large_archive_passes_in_small_parts(
    sandbox: Sandbox,
    client: storage.Client,
    job: GetJob,
    folder: str,
    length: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = os.urandom(1 << 20) * 21
    body = {"error": None, "data": {"url": sandbox.storage.put("large.tgz", large)()}}
    sandbox.inject(Fault(path="*/downloads/results", status=200, body=body, times=None))
    read: list[int] = []
    upload = storage.Blob.upload_from_file

    def noted(blob: storage.Blob, file: Any, *, size: int | None, **options: Any) -> Any:
        proxy = mock.MagicMock(wraps=file)
        proxy.read.side_effect = lambda count=-1: read.append(count) or file.read(count)
        assert size == len(large)
        return upload(blob, proxy, size=None if length == "not told" else size, **options)

    monkeypatch.setattr(storage.Blob, "upload_from_file", noted)
    made = job("ndvi")
    made.upload_results_to_bucket(client, BUCKET, folder, progress=False)
    arrived = content(client, f"v0/{folder}/{made.job_id}.tgz")
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(large).digest()
    assert max(read) == 8 << 20
    assert len(read) >= 3


def test_a_broken_connection_is_continued(
    sandbox: Sandbox, client: storage.Client, job: GetJob, folder: str
) -> None:
    data = os.urandom(9 << 20)
    body = {"error": None, "data": {"url": sandbox.storage.put("cut.tgz", data)()}}
    sandbox.inject(Fault(path="*/downloads/results", status=200, body=body, times=None))
    sandbox.inject(
        Fault(origin="storage", drop=3_000_000),
        Fault(origin="storage", status=403),
        Fault(origin="storage", drop=100_000),
    )
    made = job("ndvi")
    made.upload_results_to_bucket(client, BUCKET, folder)
    assert content(client, f"v0/{folder}/{made.job_id}.tgz") == data
    ranges = [r.headers.get("range") for r in sandbox.requests if r.origin == "storage"]
    assert "bytes=3000000-9437183" in ranges


@pytest.mark.parametrize("length", [100_000, 9 << 20])
def test_a_damaged_archive_makes_no_blob(
    sandbox: Sandbox, client: storage.Client, job: GetJob, folder: str, length: int
) -> None:
    body = {"error": None, "data": {"url": sandbox.storage.put("x.tgz", bytes(length))()}}
    sandbox.inject(Fault(path="*/downloads/results", status=200, body=body, times=None))
    wrong = {"x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="}
    sandbox.inject(Fault(origin="storage", headers=wrong, times=None))
    with pytest.raises(up42.ChecksumError):
        job("ndvi").upload_results_to_bucket(client, BUCKET, folder)
    assert names(client, folder) == []


@pytest.mark.parametrize(
    ("name", "kind"), [("running", up42.UnfinishedJob), ("failed", up42.NoResultsError)]
)
def test_no_results(
    client: storage.Client, job: GetJob, folder: str, name: str, kind: type[up42.Up42Error]
) -> None:
    with pytest.raises(kind):
        job(name).upload_results_to_bucket(client, BUCKET, folder)
    assert names(client, folder) == []


def test_a_bucket_that_does_not_exist(client: storage.Client, job: GetJob, folder: str) -> None:
    made = job("empty")
    with pytest.raises(up42.UploadError, match="Check that the bucket exists") as caught:
        made.upload_results_to_bucket(client, "nowhere", folder)
    assert f"gs://nowhere/v0/{folder}/{made.job_id}.tgz" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"gs_client": 5}, "gs_client=5"),
        ({"bucket": None}, "bucket=None"),
        ({"bucket": ""}, "bucket=''"),
        ({"bucket": 5}, "bucket=5"),
        ({"folder": None}, "folder=None"),
        ({"extension": 5}, "extension=5"),
        ({"version": None}, "version=None"),
    ],
)
def test_bad_arguments(
    sandbox: Sandbox, client: storage.Client, job: GetJob, arguments: dict[str, Any], named: str
) -> None:
    made = job("ndvi")
    given = {"gs_client": client, "bucket": BUCKET, "folder": "f", **arguments}
    with pytest.raises(up42.InvalidInputError, match=named):
        made.upload_results_to_bucket(**given)
    assert sandbox.requests == []


def test_no_google_credentials(job: GetJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DefaultCredentialsError("Your default credentials were not found.")

    monkeypatch.setattr(storage, "Client", type("Client", (), {"__new__": lambda cls: refuse()}))
    with pytest.raises(up42.ConfigurationError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        job("ndvi").upload_results_to_bucket(None, BUCKET, "f")


def test_the_extra_is_missing(
    sandbox: Sandbox, job: GetJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.storage", None)
    made = job("ndvi")
    with pytest.raises(up42.MissingExtraError, match=r"pip install 'up42-facade\[gcs\]'"):
        made.upload_results_to_bucket(None, BUCKET, "f")
    assert sandbox.requests == []
