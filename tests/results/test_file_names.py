"""Names of files whose asset has neither a file name for a key nor a media type."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pystac
import pytest

import up42_facade as up42
from up42_sandbox import Fault, Sandbox

TIFF = b"II*\0" + bytes(100)


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("output/result.tif", TIFF)
    return target.getvalue()


def packed() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("output/result.tif")
        member.size = len(TIFF)
        archive.addfile(member, io.BytesIO(TIFF))
    return target.getvalue()


@pytest.fixture
def get(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> Callable[..., list[str]]:
    """Return what downloads one asset, and returns the names of its files."""
    item = next(up42.search_items(session=session))

    def get(
        path: str,
        content: bytes,
        *,
        key: str = "data",
        media_type: str | None = None,
        header: dict[str, str] | None = None,
        filename: str | None = None,
        faults: Sequence[Fault] = (),
        **options: Any,
    ) -> list[str]:
        sandbox.storage.put(path, content)
        if header:
            sandbox.inject(Fault(origin="storage", headers=header, times=None))
        sandbox.inject(*faults)
        url = sandbox.storage.sign(path, filename=filename)
        item.assets = {key: pystac.Asset(url, media_type=media_type)}
        options = {"session": session, "progress": False, **options}
        for _ in range(2):
            paths = up42.download_items([item], tmp_path, **options)
        return [Path(path).relative_to(tmp_path).as_posix() for path in paths]

    return get


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("1/output.tgz", packed(), {}),
        ("1/x.bin", zipped(), {"filename": "results.zip"}),
        ("1/x.zip", zipped(), {"filename": "results"}),
        ("1/x", zipped(), {"header": {"content-disposition": 'attachment; filename="r.zip"'}}),
        ("1/x", packed(), {"header": {"content-type": "application/gzip"}}),
        ("1/x", packed(), {}),
        ("1/x", packed(), {"faults": [Fault(origin="storage", drop=50)]}),
        ("1/x", zipped(), {"media_type": "application/octet-stream"}),
    ],
    ids=["path", "link", "link and path", "header", "type", "first bytes", "cut", "no real type"],
)
def test_archives_are_unpacked(
    get: Callable[..., list[str]], path: str, content: bytes, told: dict[str, Any]
) -> None:
    assert get(path, content, **told) == ["result.tif"]


@pytest.mark.parametrize(
    ("path", "content", "told", "name"),
    [
        ("1/output.tgz", packed(), {"unpacking": False}, "output.tgz"),
        ("1/x", TIFF, {"filename": "scene.tif"}, "scene.tif"),
        ("1/x", TIFF, {"filename": "../../scene.tif"}, "scene-99c9ae8b0f.tif"),
        ("1/scene.tif", TIFF, {}, "scene.tif"),
        ("1/x", TIFF, {}, "data.tif"),
        ("1/x.bin", b"anything", {}, "data"),
        ("1/x", b"", {}, "data"),
        # The signed URL is asked before the response.
        (
            "1/x",
            TIFF,
            {"filename": "a.tif", "header": {"content-disposition": "attachment; filename=b.zip"}},
            "a.tif",
        ),
        # A key that is a file name stays, and so does one whose type is known.
        ("1/x.zip", TIFF, {"key": "scene.tif"}, "scene.tif"),
        ("1/x.zip", TIFF, {"media_type": "image/tiff"}, "data"),
    ],
)
def test_files_are_named(
    get: Callable[..., list[str]], path: str, content: bytes, told: dict[str, Any], name: str
) -> None:
    assert get(path, content, **told) == [name]


def test_assets_of_one_name_get_folders(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    items = list(up42.search_items(session=session))[:2]
    for item in items:
        url = sandbox.storage.put(f"{item.id}/output.tif", item.id.encode())()
        item.assets = {"data": pystac.Asset(url)}
    paths = up42.download_items(items, tmp_path, session=session, progress=False)
    assert paths == [str(tmp_path / item.id / "output.tif") for item in items]
    assert [Path(path).read_text() for path in paths] == [item.id for item in items]


@pytest.mark.parametrize("href", ["data:image/png;base64," + "A" * 5000, "ftp://example.com/a.png"])
def test_a_link_that_cannot_be_fetched_is_not_quoted_in_full(
    session: up42.Session, tmp_path: Path, href: str
) -> None:
    item = next(up42.search_items(session=session))
    item.assets = {"a.png": pystac.Asset(href)}
    with pytest.raises(up42.DownloadError) as caught:
        up42.download_items([item], tmp_path, session=session, progress=False)
    assert len(str(caught.value)) < 400
    assert ".." not in str(caught.value).replace("…", "")
