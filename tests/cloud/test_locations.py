"""Which texts are URLs of stores, which are folders here, and what is said of the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import pystac
import pytest
from fsspec.registry import known_implementations

import up42_facade as up42
from tests.cloud.conftest import Place, Serve
from up42_facade.downloads import below, local_folder, open_folder, scheme_of
from up42_facade.viz import map_results
from up42_sandbox import Sandbox


@pytest.mark.parametrize(
    ("location", "scheme"),
    [
        ("s3://bucket/x", "s3"),
        ("S3://bucket/x", "s3"),
        ("gs://bucket", "gs"),
        ("memory://", "memory"),
        ("abfss://box@account.dfs.core.windows.net/x", "abfss"),
        ("simplecache::s3://bucket", "simplecache::s3"),
        ("results", None),
        ("", None),
        ("/tmp/a b", None),
        ("C:/results", None),
        ("C:\\results", None),
        ("c://results", None),
        ("file:///tmp/x", None),
        ("FILE:///tmp/x", None),
        ("local:///tmp/x", None),
        ("odd folder/s3://x", None),
        (Path("s3://bucket/x"), None),
        (None, None),
    ],
)
def test_schemes(location: Any, scheme: str | None) -> None:
    assert scheme_of(location) == scheme


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("s3://bucket/x", "s3://bucket/x/job_1"),
        ("s3://bucket/x//", "s3://bucket/x/job_1"),
        ("s3://bucket", "s3://bucket/job_1"),
        ("memory://", "memory://job_1"),
        ("memory:///", "memory://job_1"),
        ("sftp://host/home", "sftp://host/home/job_1"),
        ("results", Path("results/job_1")),
        (Path("/a"), Path("/a/job_1")),
        ("file:///a%20b", Path("/a b/job_1")),
    ],
)
def test_below(location: Any, expected: Any) -> None:
    assert below(location, "job_1") == expected


def test_local_folders() -> None:
    assert local_folder("file:///a/b%20c") == Path("/a/b c")
    assert local_folder("file://localhost/a") == Path("/a")
    assert local_folder(Path("a%20b").as_posix()) == Path("a%20b")
    assert local_folder("~/a") == Path.home() / "a"
    assert local_folder("~no-such-user/a") == Path("~no-such-user/a")


def test_a_file_url_counts_as_a_folder_here(
    serve: Serve, session: up42.Session, tmp_path: Path
) -> None:
    url = (tmp_path / "a b").as_uri()
    assert "%20" in url
    paths = up42.download_items(serve(b"x"), url, session=session, progress=False)
    assert paths == [str(tmp_path / "a b" / "a.bin")]
    assert Path(paths[0]).read_bytes() == b"x"


def refusal(location: Any, kind: type[up42.Up42Error], session: up42.Session, **given: Any) -> str:
    """Return what is said of a location, before anything is sent or made."""
    item = pystac.Item("i", None, None, None, {"start_datetime": "x", "end_datetime": "x"})
    item.add_asset("a", pystac.Asset("http://127.0.0.1:9/never"))
    with pytest.raises(kind) as caught:
        up42.download_items([item], location, session=session, **given)
    return str(caught.value)


def test_unknown_schemes(session: up42.Session) -> None:
    said = refusal("s4://bucket/x", up42.InvalidInputError, session)
    assert "'s4' is not known" in said
    assert "s3fs" in said


def test_a_driver_that_is_not_installed(
    session: up42.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"class": "no_such_driver.FileSystem", "err": "Install no_such_driver to do this"}
    monkeypatch.setitem(known_implementations, "far", known)
    said = refusal("far://x", up42.MissingExtraError, session)
    assert said == (
        "Writing to far:// needs a package that isn't installed: pip install no_such_driver"
    )


def test_a_driver_of_fsspec_that_needs_a_package(
    session: up42.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"class": "fsspec.implementations.none.FileSystem", "err": "Needs paramiko"}
    monkeypatch.setitem(known_implementations, "far", known)
    assert "isn't installed: Needs paramiko" in refusal("far://x", up42.MissingExtraError, session)


def test_fsspec_is_not_installed(session: up42.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    said = refusal("s3://bucket/x", up42.MissingExtraError, session)
    assert "pip install 'up42-facade[cloud]'" in said


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("simplecache::s3://bucket/x", "stores inside others"),
        ("s3://", "names no bucket"),
        ("s3:///", "names no bucket"),
        ("file://elsewhere/x", "'elsewhere'"),
        ("zip://a.zip", "can't be opened"),
    ],
)
def test_other_urls(session: up42.Session, location: str, said: str) -> None:
    assert said in refusal(location, up42.InvalidInputError, session)


def test_a_store_that_can_only_be_read(serve: Serve, session: up42.Session) -> None:
    with pytest.raises(up42.UploadError, match="can't be written"):
        up42.download_items(serve(b"x"), "data://x", session=session, progress=False)


def test_storage_options(session: up42.Session, tmp_path: Path) -> None:
    for location in (tmp_path, str(tmp_path), "folder", tmp_path.as_uri()):
        said = refusal(location, up42.InvalidInputError, session, storage_options={"key": "s3cret"})
        assert "on this machine" in said
        assert "s3cret" not in said
    assert "of type str" in refusal(
        "memory://x", up42.InvalidInputError, session, storage_options="s3cret"
    )
    said = refusal(
        "zip://a.zip", up42.InvalidInputError, session, storage_options={"no_such": "s3cret"}
    )
    assert "(no_such)" in said
    assert "fsspec" in said
    assert "s3cret" not in said


def test_no_options_are_given_to_folders_here(
    serve: Serve, session: up42.Session, tmp_path: Path
) -> None:
    assert up42.download_items(
        serve(b"x"), tmp_path, session=session, progress=False, storage_options={}
    )


def test_passwords_in_urls_are_not_told() -> None:
    store: Any = open_folder("memory://me:s3cret@host/x")
    with pytest.raises(up42.UploadError) as caught, store.errors("a.tif"):
        raise OSError("GET https://me:s3cret@host/x/a.tif?sig=s3cret failed")
    assert "s3cret" not in str(caught.value)
    assert "host/x/a.tif" in str(caught.value)


def test_fsspecs_own_configuration_counts(
    serve: Serve, session: up42.Session, s3: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fsspec.config.conf, "s3", s3.options)
    up42.download_items(serve(b"x"), s3.url, session=session, progress=False)
    assert s3.names() == ["a.bin"]


def test_plots_and_maps_say_that_they_need_files_here(
    finished: up42.Job, memory: Place, tmp_path: Path
) -> None:
    finished.download_results(memory.url, progress=False)
    finished.download_quicklooks(f"{memory.url}/quicklooks", progress=False)
    for draw in (finished.plot_results, finished.plot_quicklooks, finished.map_results):
        with pytest.raises(up42.InvalidInputError, match=r"memory://.+' is in cloud storage"):
            draw()
    local = finished.download_results(tmp_path, progress=False)
    with pytest.raises(up42.InvalidInputError, match=r"area\.geojson' is in cloud storage"):
        map_results(local, aoi="gs://bucket/area.geojson")


def test_analytics_jobs_write_to_folders_here(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = up42.initialize_job(sandbox.analytics.jobs["ndvi"], sandbox.project_id, session)
    for fetch in (job.download_results, job.download_quicklooks):
        with pytest.raises(up42.InvalidInputError, match="'s3://': expected a path on this"):
            fetch("s3://bucket/x")
    assert not list(tmp_path.iterdir())
    assert job.download_results(tmp_path.as_uri(), progress=False)


def test_importing_loads_no_fsspec() -> None:
    code = (
        "import sys, up42_facade as up42; up42.download_items; up42.Job; up42.Session;"
        "assert 'fsspec' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
