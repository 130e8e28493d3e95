"""The files of results and items on disk."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pystac
import pytest
import rasterio

import up42_facade as up42
from up42_facade.downloads import RESERVED_NAME
from up42_sandbox import Fault, Sandbox


@pytest.fixture
def item(session: up42.Session) -> pystac.Item:
    return next(up42.search_items(session=session))


@pytest.fixture
def finished(sandbox: Sandbox, session: up42.Session, item: pystac.Item) -> up42.Job:
    template = up42.processing_templates.DetectionTreesSpacept("Trees", item, session=session)
    job = template.execute()
    sandbox.clock.advance(100_000)
    return job.track(progress=False)


@cache  # an archive holds the time when it was made
def packed(kind: str) -> bytes:
    """Return an archive of two files below `output/`."""
    target = io.BytesIO()
    content = {"output/data.json": b"{}", "output/deep/a.txt": b"a"}
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=target, mode="w:gz") as archive:
            for name, data in content.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def with_asset(item: pystac.Item, url: str, key: str, media_type: str | None) -> pystac.Item:
    item.assets = {key: pystac.Asset(href=url, media_type=media_type)}
    return item


def test_items(finished: up42.Job) -> None:
    assert all(isinstance(item, pystac.Item) for item in finished.items)
    assert finished.items


def test_download(finished: up42.Job, tmp_path: Path) -> None:
    paths = finished.download_results(tmp_path / "new" / "folder", progress=False)
    assert [Path(path).name for path in paths] == list(finished.items[0].assets)
    assert all(isinstance(path, str) and Path(path).is_file() for path in paths)
    raster = next(path for path in paths if path.endswith(".tif"))
    with rasterio.open(raster) as dataset:
        assert dataset.crs.to_epsg() == 32633
        assert dataset.overviews(1)
    leftovers = {entry.name for entry in (tmp_path / "new" / "folder").iterdir()}
    assert leftovers == {RESERVED_NAME, *(Path(path).name for path in paths)}


def test_default_folder(
    finished: up42.Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in finished.download_results(progress=False):
        assert Path(path).parent == tmp_path / f"job_{finished.id}"


def test_what_is_there_is_not_fetched_again(
    sandbox: Sandbox, finished: up42.Job, tmp_path: Path
) -> None:
    def bytes_asked() -> int:
        return sum(r.origin == "storage" and r.method == "GET" for r in sandbox.requests)

    first = finished.download_results(tmp_path, assets="data", progress=False)
    digest = hashlib.sha256(Path(first[0]).read_bytes()).digest()
    stamp = Path(first[0]).stat().st_mtime_ns
    assert finished.download_results(tmp_path, assets="data", progress=False) == first
    assert Path(first[0]).stat().st_mtime_ns == stamp
    Path(first[0]).write_bytes(b"damaged")
    finished.download_results(tmp_path, assets="data", progress=False)
    assert hashlib.sha256(Path(first[0]).read_bytes()).digest() == digest
    before = bytes_asked()
    finished.download_results(tmp_path, assets="data", overwrite=True, progress=False)
    assert bytes_asked() > before


@pytest.mark.parametrize(
    "assets",
    ["data", ["data"], "trees.tif", "image/tiff; application=geotiff; profile=cloud-optimized"],
)
def test_choice_of_assets(finished: up42.Job, tmp_path: Path, assets: Any) -> None:
    paths = finished.download_results(tmp_path, assets=assets, progress=False)
    assert [Path(path).suffix for path in paths] == [".tif"]


def test_a_choice_that_fits_nothing(finished: up42.Job, tmp_path: Path) -> None:
    with pytest.raises(up42.InvalidInputError, match=r"'nothing'.*There are: .*\.tif"):
        finished.download_results(tmp_path, assets="nothing")
    assert not list(tmp_path.iterdir())


def test_before_the_end(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> None:
    job = up42.Job.get(sandbox.add_job(status="running").id, session=session)
    with pytest.raises(up42.UnfinishedJob, match="track"):
        job.download_results(tmp_path)
    with pytest.raises(up42.UnfinishedJob):
        _ = job.items


@pytest.mark.parametrize("status", ["released", "invalid", "rejected"])
def test_after_a_bad_end(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path, status: str
) -> None:
    job = up42.Job.get(sandbox.add_job(status=status).id, session=session)
    with pytest.raises(up42.NoResultsError, match=status) as caught:
        job.download_results(tmp_path)
    assert caught.value.job is job


def test_an_expired_link_is_replaced(sandbox: Sandbox, finished: up42.Job, tmp_path: Path) -> None:
    sandbox.inject(Fault(path="*.tif", status=403, times=1))
    [path] = finished.download_results(tmp_path, assets="data", progress=False)
    assert Path(path).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("kind", "key", "media_type"),
    [
        ("zip", "results.zip", None),
        ("zip", "results", "application/zip"),
        ("tgz", "results.tgz", "application/gzip"),
        ("tgz", "results.zip", "application/zip"),
    ],
)
def test_archives_are_unpacked_if_asked(
    sandbox: Sandbox,
    session: up42.Session,
    item: pystac.Item,
    tmp_path: Path,
    kind: str,
    key: str,
    media_type: str | None,
) -> None:
    url = sandbox.storage.put("results.bin", packed(kind))()
    items = [with_asset(item, url, key, media_type)]
    paths = up42.download_items(items, tmp_path / "a", session=session, progress=False)
    assert paths == [str(tmp_path / "a/data.json"), str(tmp_path / "a/deep/a.txt")]
    kept = up42.download_items(
        items, tmp_path / "b", unpacking=False, session=session, progress=False
    )
    assert kept == [str(tmp_path / "b" / key)]
    assert Path(kept[0]).read_bytes() == packed(kind)


def test_what_is_no_archive_is_kept(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item, tmp_path: Path
) -> None:
    url = sandbox.storage.put("results.zip", b"just bytes, no archive")()
    items = [with_asset(item, url, "results.zip", "application/zip")]
    [path] = up42.download_items(items, tmp_path, session=session, progress=False)
    assert Path(path).read_bytes() == b"just bytes, no archive"


def test_keys_that_occur_twice_get_folders(session: up42.Session, tmp_path: Path) -> None:
    items = list(up42.search_items(session=session))[:2]
    paths = up42.download_items(
        items, tmp_path, assets="thumbnail", session=session, progress=False
    )
    assert paths == [str(tmp_path / item.id / "thumbnail.png") for item in items]


@pytest.mark.parametrize("key", ["../../escaped.tif", "/etc/escaped", "a/b.tif", "..", "C:\\x"])
def test_keys_stay_in_the_folder(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item, tmp_path: Path, key: str
) -> None:
    url = sandbox.storage.put("x.bin", b"x")()
    folder = tmp_path / "inside"
    [path] = up42.download_items(
        [with_asset(item, url, key, None)], folder, session=session, progress=False
    )
    assert Path(path).resolve().parent == folder.resolve()
    assert [entry.name for entry in tmp_path.iterdir()] == ["inside"]


def test_links_elsewhere_get_no_token(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item, tmp_path: Path
) -> None:
    url = sandbox.storage.put("x.bin", b"x")()
    up42.download_items(
        [with_asset(item, url, "x.bin", None)], tmp_path, session=session, progress=False
    )
    fetched = [request for request in sandbox.requests if request.origin == "storage"]
    assert fetched
    assert all("authorization" not in request.headers for request in fetched)


def test_a_href_that_is_a_download_url_already(
    session: up42.Session, item: pystac.Item, tmp_path: Path
) -> None:
    asset = item.assets["thumbnail.png"]
    asset.href += "/download-url"
    item.assets = {"thumbnail.png": asset}
    assert up42.download_items([item], tmp_path, session=session, progress=False)


def test_an_announced_checksum_that_does_not_fit(
    session: up42.Session, item: pystac.Item, tmp_path: Path
) -> None:
    asset = item.assets["thumbnail.png"]
    asset.extra_fields["file:checksum"] = "1220" + "00" * 32
    item.assets = {"thumbnail.png": asset}
    with pytest.raises(up42.ChecksumError):
        up42.download_items([item], tmp_path, session=session, progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "announced",
    ["1e20" + "00" * 32, "", "zz", "ff" * 12, "1220" + "00" * 31],
    ids=["BLAKE3", "empty", "no hex", "endless number", "too short"],
)
def test_a_checksum_that_can_not_be_verified_is_only_warned_of(
    session: up42.Session,
    item: pystac.Item,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    announced: str,
) -> None:
    asset = item.assets["thumbnail.png"]
    asset.extra_fields["file:checksum"] = announced
    item.assets = {"thumbnail.png": asset}
    (path,) = up42.download_items([item], tmp_path, session=session, progress=False)
    assert Path(path).read_bytes().startswith(b"\x89PNG")
    assert "without verifying its checksum" in caplog.text


def test_a_checksum_of_the_storage_that_can_not_be_read_proves_nothing(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item, tmp_path: Path
) -> None:
    broken = {"x-goog-hash": "md5=***,crc32c=", "content-md5": "…".encode().decode("latin-1")}
    sandbox.inject(Fault(origin="storage", headers=broken, times=None))
    item.assets = {"thumbnail.png": item.assets["thumbnail.png"]}
    assert up42.download_items([item], tmp_path, session=session, progress=False)


def test_asset_download(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> None:
    asset = up42.initialize_asset(sandbox.asset_id(), session=session)
    paths = asset.download(tmp_path, assets="thumbnail", progress=False)
    assert paths
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in paths)
