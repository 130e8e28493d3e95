"""Results never share a path, and never replace what isn't their own."""

from __future__ import annotations

import _thread
import fcntl
import io
import os
import shutil
import threading
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystac
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import up42_facade as up42
from tests import inside
from up42_facade.downloads import Download, download_archive, download_file, download_files
from up42_sandbox import Fault, Sandbox


def packed(text: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("output/result.tif", text)
        archive.writestr("output/data.json", text)
    return target.getvalue()


class Maker:
    """Makes items whose assets are files of the sandbox's storage."""

    def __init__(self, sandbox: Sandbox, session: up42.Session) -> None:
        self.sandbox = sandbox
        self.session = session
        self._count = 0

    def item(self, id: str, **contents: str) -> pystac.Item:
        """Return an item; `a__zip="x"` is an archive, `a__tif="x"` a file."""
        item = next(up42.search_items(session=self.session))
        item.id, item.assets = id, {}
        for name, text in contents.items():
            key = name.replace("__", ".").replace("_", "/")
            content = packed(text) if key.endswith(".zip") else text.encode()
            item.add_asset(key, pystac.Asset(self.put(content), roles=["data"]))
        return item

    def put(self, content: bytes) -> str:
        """Return the URL of a new file in the sandbox's storage."""
        self._count += 1
        return self.sandbox.storage.put(f"{self._count}.bin", content)()

    def get(self, folder: Path | str, *items: pystac.Item, **options: Any) -> list[str]:
        options = {"session": self.session, "progress": False, **options}
        return up42.download_items(items, folder, **options)


@pytest.fixture
def make(sandbox: Sandbox, session: up42.Session) -> Maker:
    return Maker(sandbox, session)


def texts(paths: list[str], suffix: str = ".tif") -> list[str]:
    return [Path(path).read_text() for path in paths if path.endswith(suffix)]


def relative(paths: list[str], folder: Path) -> list[str]:
    return [Path(path).relative_to(folder).as_posix() for path in paths]


@pytest.mark.parametrize("order", [1, -1])
def test_archives_and_files_of_one_name(make: Maker, tmp_path: Path, order: int) -> None:
    contents = {"a__zip": "first", "b__zip": "second", "result__tif": "plain"}
    item = make.item("one", **dict(list(contents.items())[::order]))
    paths = make.get(tmp_path, item)
    assert sorted(texts(paths)) == ["first", "plain", "second"]
    assert set(relative(paths, tmp_path)) == {
        "a/result.tif",
        "a/data.json",
        "b/result.tif",
        "b/data.json",
        "result.tif",
    }
    assert make.get(tmp_path, item) == paths


def test_an_archive_alone_is_unpacked_into_the_folder(make: Maker, tmp_path: Path) -> None:
    paths = make.get(tmp_path, make.item("one", a__zip="x"))
    assert relative(paths, tmp_path) == ["result.tif", "data.json"]


def test_archives_of_several_items(make: Maker, tmp_path: Path) -> None:
    items = [make.item(name, a__zip=name) for name in ("one", "two")]
    paths = make.get(tmp_path, *items)
    assert texts(paths) == ["one", "two"]
    assert relative(paths, tmp_path)[::2] == ["one/a/result.tif", "two/a/result.tif"]


def test_keys_with_folders(make: Maker, tmp_path: Path) -> None:
    item = make.item("one", R10m_B02__tif="ten", R20m_B02__tif="twenty")
    assert texts(make.get(tmp_path, item)) == ["ten", "twenty"]


def test_an_item_that_is_listed_twice(make: Maker, tmp_path: Path) -> None:
    item = make.item("one", x__tif="x")
    assert make.get(tmp_path, item, item) == [str(tmp_path / "x.tif")] * 2


def test_items_of_equal_id_and_size(make: Maker, tmp_path: Path) -> None:
    one, two = make.item("same", x__tif="one"), make.item("same", x__tif="two")
    assert texts(make.get(tmp_path, one)) == ["one"]
    assert texts(make.get(tmp_path, two)) == ["two"]
    assert texts(make.get(tmp_path, one)) == ["one"]
    assert texts(make.get(tmp_path, one, two)) == ["one", "two"]


@pytest.mark.parametrize("name", ["x__tif", "x__zip"])
def test_files_of_others_stay(make: Maker, tmp_path: Path, name: str) -> None:
    mine = tmp_path / ("x.tif" if name == "x__tif" else "data.json")
    mine.write_text("mine")
    paths = make.get(tmp_path, make.item("one", **{name: "new"}), overwrite=True)
    assert mine.read_text() == "mine"
    assert texts(paths) == ["new"]
    assert all(path.startswith("one/") for path in relative(paths, tmp_path))
    # In the subfolder too.
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / mine.name).write_text("mine as well")
    paths = make.get(tmp_path, make.item("two", **{name: "newer"}))
    assert texts(paths) == ["newer"]
    assert all(path.startswith("two-") for path in relative(paths, tmp_path))
    assert (tmp_path / "two" / mine.name).read_text() == "mine as well"


@pytest.mark.parametrize("obstacle", ["file", "folder", "link", "link above"])
def test_nothing_of_others_is_replaced_or_followed(
    make: Maker, tmp_path: Path, obstacle: str
) -> None:
    outside, here = tmp_path / "outside", tmp_path / "here"
    outside.mkdir()
    for path in (here, here / "one"):
        path.mkdir()
        if obstacle == "file":
            (path / "x.tif").write_text("mine")
        elif obstacle == "folder":
            (path / "x.tif").mkdir()
        else:
            (path / "x.tif").symlink_to(outside / "x.tif")
    if obstacle == "link above":
        (here / "one" / "x.tif").unlink()
        (here / "one").rmdir()
        (here / "one").symlink_to(outside)
    item = make.item("one", x__tif="new")
    (path,) = make.get(here, item)
    assert path.startswith(f"{here}/one-")
    assert Path(path).read_text() == "new"
    assert not list(outside.iterdir())
    # In that folder too: then there is no place left.
    taken = Path(path).parent
    shutil.rmtree(here / ".up42")
    with pytest.raises(up42.DownloadError, match="isn't replaced"):
        make.get(here, item)
    assert (taken / "x.tif").read_text() == "new"


def test_a_file_stays_where_it_was_delivered(make: Maker, tmp_path: Path) -> None:
    one, two = make.item("one", x__tif="one"), make.item("two", x__tif="two")
    (first,) = make.get(tmp_path, one)
    assert relative([first], tmp_path) == ["x.tif"]
    assert relative(make.get(tmp_path, one, two), tmp_path) == ["x.tif", "two/x.tif"]


def test_the_folder_of_an_asset_is_its_own(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    asset = up42.initialize_asset(sandbox.asset_id(), session)
    folder = tmp_path / f"asset_{asset.asset_id}"
    folder.mkdir()
    (folder / "thumbnail.png").write_text("from a download that was killed")
    paths = asset.download(folder, assets="thumbnail", progress=False)
    assert paths == [str(folder / "thumbnail.png")]
    assert (folder / "thumbnail.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["x__tif", "x__zip"])
def test_own_files_are_fetched_once_and_replaced_if_damaged(
    make: Maker, tmp_path: Path, name: str
) -> None:
    item = make.item("one", **{name: "x" * 100_000})
    paths = make.get(tmp_path, item)
    before = Path(paths[0]).stat().st_mtime_ns
    assert make.get(tmp_path, item) == paths
    assert Path(paths[0]).stat().st_mtime_ns == before
    Path(paths[0]).write_text("damaged")
    assert make.get(tmp_path, item) == paths
    assert texts(paths) == ["x" * 100_000]


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        (5, "'5' isn't"),
        (b"here", "here.* isn't"),
        ("a\0b", r"'a\\x00b' isn't"),
        ("file:///a%00b", r"a\\x00b' isn't"),
        ("\ud800", r"'\\ud800' isn't"),
        ("n" * 300, "nnn.* isn't"),
        ("m/" * 3000, "m/m/m/.* isn't"),
        ("file/below", "file.* can't be written"),
    ],
)
@pytest.mark.parametrize("kind", ["results", "items", "file", "archive"])
def test_what_cannot_be_a_folder_is_named(
    make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Any, shown: str, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    item = make.item("one", x__tif="one", y__zip="two")
    job = up42.Job.get(make.sandbox.add_job().id, session=make.session)
    calls: dict[str, Callable[[], Any]] = {
        "results": lambda: job.download_results(folder, progress=False),
        "items": lambda: make.get(folder, item),
        "file": lambda: download_file(lambda: item.assets["x.tif"].href, folder),
        "archive": lambda: download_archive(lambda: item.assets["y.zip"].href, folder),
    }
    with pytest.raises((up42.InvalidInputError, up42.DownloadError), match=shown):
        calls[kind]()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_no_item_is_named(make: Maker, tmp_path: Path) -> None:
    item = make.item("one", x__tif="one")
    assert len(up42.download_items(item, tmp_path, session=make.session)) == 1
    wrong: list[Any] = [None, "one", [item, item.to_dict()]]
    for items in wrong:
        with pytest.raises(up42.InvalidInputError, match=r"of items is of type (None|str|dict)"):
            up42.download_items(items, tmp_path, session=make.session)


def test_a_current_directory_that_is_gone(
    make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = up42.Job.get(make.sandbox.add_job().id, session=make.session)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(up42.InvalidInputError, match="current directory doesn't exist"):
        job.download_results(tmp_path / "results", progress=False)


def test_a_file_here_is_no_url(make: Maker, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    href = make.item("one", x__tif="one").assets["x.tif"].href
    with pytest.raises(up42.InvalidInputError, match="target is in cloud storage, 's3://'"):
        download_file(lambda: href, "s3://bucket/x.tif")
    assert not [*tmp_path.iterdir()]


def test_each_record_is_read_once_if_all_files_were_copied(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"memory://{uuid.uuid4()}"
    count = 20
    item = make.item("one", **{f"file{number}__bin": "x" for number in range(count)})
    paths = make.get(url, item, item_files=True)
    store = MemoryFileSystem()
    for path in paths:
        store.pipe_file(path, store.cat_file(path))  # the same content at another time
    reads = []
    read = MemoryFileSystem.cat_file

    def counted(fs: Any, path: str, *arguments: Any, **options: Any) -> bytes:
        reads.append(path)
        return bytes(read(fs, path, *arguments, **options))

    monkeypatch.setattr(MemoryFileSystem, "cat_file", counted)
    assert make.get(url, item, item_files=True) == paths
    assert len(reads) < 10 * count


def test_a_folder_that_something_else_keeps_locked(
    make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.short_locks(monkeypatch)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # as `flock results up42 jobs download …` does
        with pytest.raises(up42.DownloadError, match="is locked by another program"):
            make.get(tmp_path, make.item("one", x__tif="one"))
    finally:
        os.close(handle)
    assert not [path for path in tmp_path.iterdir() if path.name != ".up42"]
    assert len(make.get(tmp_path, make.item("one", x__tif="one"))) == 1


def test_ctrl_c_does_not_wait_for_the_lock_of_a_folder(make: Maker, tmp_path: Path) -> None:
    item = make.item("one", x__tif="one", y__tif="two")
    handle = os.open(tmp_path, os.O_RDONLY)
    started = time.monotonic()
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        threading.Timer(0.5, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            make.get(tmp_path, item)
    finally:
        os.close(handle)
    assert time.monotonic() - started < 60


def test_analytics_jobs_in_one_folder(sandbox: Sandbox, tmp_path: Path) -> None:
    key = {"project_id": sandbox.project_id, "project_api_key": sandbox.project_api_key}
    with up42.Session(**key, base_url=sandbox.url) as session:
        names = ("ndvi", "zip", "many-quicklooks")
        jobs = [up42.initialize_job(sandbox.analytics.jobs[n], session=session) for n in names]
        found: dict[str, tuple[bytes, str]] = {}
        for job in [*jobs, *jobs]:
            for unpacking in (True, False):
                paths = job.download_results(tmp_path, unpacking, progress=False)
                for path in [*paths, *job.download_quicklooks(tmp_path, progress=False)]:
                    content = Path(path).read_bytes()
                    assert found.setdefault(path, (content, job.job_id)) == (content, job.job_id)
    for path, (content, _) in found.items():
        assert Path(path).read_bytes() == content


def test_urls_that_propose_one_name(sandbox: Sandbox, tmp_path: Path) -> None:
    urls = [sandbox.storage.put(f"{n}/output.tgz", n.encode()) for n in ("one", "two", "six")]
    folder = f"{tmp_path}/"
    wanted = [Download(url, folder) for url in urls[:2]]
    for _ in range(2):
        paths = download_files(wanted, progress=False)
        assert [path.read_text() for path in paths] == ["one", "two"]
    third = download_file(urls[2], folder, progress=False)
    assert third.read_text() == "six"
    assert [path.read_text() for path in paths] == ["one", "two"]


def test_an_item_that_cannot_be_read_does_not_lose_the_others(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    item = sandbox.item_url("pneo-berlin")
    job = up42.processing_templates.DetectionTreesSpacept("T", item, session=session).execute()
    sandbox.clock.advance(100_000)
    job.track(progress=False)
    (good,) = [found.to_dict(include_self_link=False) for found in job.items]
    bad = [{**good, "id": name, "properties": None} for name in ("bad-1", "bad-2")]
    page = {"type": "FeatureCollection", "features": [bad[0], good, bad[1]], "links": []}
    sandbox.inject(
        Fault(method="GET", path="*/collections/*/items", status=200, body=page, times=3)
    )
    assert job.collection is not None
    listed = job.collection.get_items()
    assert next(listed).id == good["id"]
    with pytest.raises(up42.UnexpectedResponseError, match=r"bad-1.*bad-2"):
        next(listed)
    with pytest.raises(up42.UnexpectedResponseError, match=r"bad-1.*bad-2"):
        _ = job.items
    with pytest.raises(up42.UnexpectedResponseError, match="bad-1") as caught:
        job.download_results(tmp_path, progress=False)
    assert "results" in caught.value.__notes__[0]
    assert job.results
    assert all(Path(path).is_file() for path in job.results)
