"""Files on their way into a store: whole or not at all, and not twice."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pystac
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import up42_facade as up42
from tests.cloud.conftest import Place, Serve, bodies
from up42_facade.downloads import Download, Fetch, open_folder
from up42_sandbox import Fault, Sandbox

MIB = 1 << 20
# More than two of the blocks in which it is sent.
LARGE = random.Random(1).randbytes(17 * MIB)


def get(items: list[pystac.Item], place: Place, session: up42.Session, **options: Any) -> list[str]:
    return up42.download_items(
        items,
        place.url,
        storage_options=place.options,
        session=session,
        progress=False,
        **options,
    )


def test_results(finished: up42.Job, place: Place, tmp_path: Path) -> None:
    urls = finished.download_results(place.url, storage_options=place.options, progress=False)
    assert finished.results == urls
    paths = finished.download_results(tmp_path, progress=False)
    names = [Path(path).name for path in paths]
    assert len(names) > 1
    assert urls == [place.url_of(name) for name in names]
    assert place.names() == sorted(names)
    for name, path in zip(names, paths, strict=True):
        assert place.read(name) == Path(path).read_bytes()


def test_quicklooks_inputs_and_assets(
    sandbox: Sandbox, session: up42.Session, finished: up42.Job, place: Place
) -> None:
    there: dict[str, Any] = {"storage_options": place.options, "progress": False}
    quicklooks = finished.download_quicklooks(f"{place.url}/q/", **there)
    inputs = finished.download_inputs(f"{place.url}/i", assets="thumbnail", **there)
    asset = up42.initialize_asset(sandbox.asset_id(), session)
    files = asset.download(f"{place.url}/a", assets="thumbnail", **there)
    for folder, urls in (("q", quicklooks), ("i", inputs), ("a", files)):
        assert urls
        assert all(url.startswith(f"{place.url}/{folder}/") for url in urls)
        for url in urls:
            assert place.read(url.removeprefix(f"{place.url}/")).startswith(b"\x89PNG")
    assert finished.quicklooks == quicklooks


def test_keys_that_occur_twice_get_folders(
    sandbox: Sandbox, session: up42.Session, place: Place
) -> None:
    items = list(up42.search_items(session=session))[:2]
    for item in items:
        url = sandbox.storage.put(f"{item.id}.bin", item.id.encode())()
        item.assets = {"a.bin": pystac.Asset(url)}
    names = [f"{item.id}/a.bin" for item in items]
    assert get(items, place, session) == [place.url_of(name) for name in names]
    assert [place.read(name).decode() for name in names] == [item.id for item in items]
    assert place.names() == sorted(names)


def test_one_item_twice(item: pystac.Item, session: up42.Session, place: Place) -> None:
    paths = get([item, item], place, session, assets="thumbnail")
    assert paths == [place.url_of("thumbnail.png")] * 2
    assert place.names() == ["thumbnail.png"]


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "large"])
@pytest.mark.parametrize("is_size_known", [True, False])
def test_files_of_any_length(
    serve: Serve,
    session: up42.Session,
    place: Place,
    sandbox: Sandbox,
    content: bytes,
    is_size_known: bool,
) -> None:
    if not is_size_known:
        # Compressed and in chunks, so that no header tells the length.
        sandbox.inject(Fault(origin="storage", gzip=True, append=0, times=None))
    assert get(serve(content), place, session) == [place.url_of("a.bin")]
    assert place.names() == ["a.bin"]
    assert place.read("a.bin") == content


# ---- once is enough, and what others have stays


def test_a_second_run_fetches_nothing(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(b"content", "a.bin", "b.bin", size=7)
    first = get(items, place, session)
    place.fs.invalidate_cache()
    before = [place.fs.info(f"{place.root}/{name}") for name in place.everything()]
    sandbox.clear_requests()
    assert get(items, place, session) == first
    assert bodies(sandbox) == 0
    place.fs.invalidate_cache()
    assert [place.fs.info(f"{place.root}/{name}") for name in place.everything()] == before
    get(items, place, session, overwrite=True)
    assert bodies(sandbox) == 2


def test_a_second_run_completes_the_first(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(b"content", "cut.bin", "gone.bin", "kept.bin", "other.bin", size=7)
    urls = get(items, place, session)
    place.write("cut.bin", b"cont")
    place.fs.rm_file(f"{place.root}/gone.bin")
    # Its length proves nothing.
    place.write("other.bin", b"CONTENT")
    sandbox.clear_requests()
    assert get(items, place, session) == urls
    assert {name: place.read(name) for name in place.names()} == dict.fromkeys(
        ["cut.bin", "gone.bin", "kept.bin", "other.bin"], b"content"
    )
    assert bodies(sandbox) == 3


def test_what_has_changed_is_fetched_again(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(b"content")
    urls = get(items, place, session)
    name = items[0].assets["a.bin"].href.partition("?")[0].rpartition("/")[2]
    sandbox.storage.put(name, b"CONTENT")
    assert get(items, place, session) == urls
    assert place.read("a.bin") == b"CONTENT"


@pytest.mark.parametrize("overwrite", [True, False])
def test_files_of_others_stay(
    serve: Serve, session: up42.Session, place: Place, overwrite: bool
) -> None:
    items = serve(b"content", size=7)
    place.write("a.bin", b"CONTENT")
    (url,) = get(items, place, session, overwrite=overwrite)
    assert url == place.url_of(f"{items[0].id}/a.bin")
    assert place.read("a.bin") == b"CONTENT"
    assert place.read(f"{items[0].id}/a.bin") == b"content"
    assert get(items, place, session) == [url]


def test_a_file_where_a_folder_should_be(serve: Serve, session: up42.Session, place: Place) -> None:
    items = serve(b"content")
    place.write("a.bin", b"x")
    place.write(items[0].id, b"x")
    (url,) = get(items, place, session)
    assert url.startswith(place.url_of(f"{items[0].id}-"))
    assert place.read(items[0].id) == b"x"


def test_two_jobs_in_one_folder(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item, finished: up42.Job, place: Place
) -> None:
    template = up42.processing_templates.DetectionShipsAirbus("More", item, session=session)
    other = template.execute()
    sandbox.clock.advance(100_000)
    other.track(progress=False)
    there: dict[str, Any] = {"storage_options": place.options, "progress": False}
    urls = {job.id: job.download_results(place.url, **there) for job in (finished, other)}
    names = [url.removeprefix(f"{place.url}/") for url in urls[finished.id]]
    assert urls[other.id] == [place.url_of(f"job_{other.id}/{name}") for name in names]
    content = {name: place.read(name) for name in place.names()}
    sandbox.clear_requests()
    for job in (other, finished):
        assert job.download_results(place.url, **there) == urls[job.id]
    assert bodies(sandbox) == 0
    assert {name: place.read(name) for name in place.names()} == content


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")
def test_a_batch_on_other_machines(
    sandbox: Sandbox,
    session: up42.Session,
    item: pystac.Item,
    s3: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UP42_USERNAME", sandbox.username)
    monkeypatch.setenv("UP42_PASSWORD", sandbox.password)
    templates = [
        up42.processing_templates.DetectionShipsAirbus(title, item, session=session)
        for title in ("One", "Two")
    ]
    context = multiprocessing.get_context("spawn")
    with up42.Batch(templates) as batch, ProcessPoolExecutor(2, mp_context=context) as pool:
        batch.execute()
        sandbox.clock.advance(600)
        batch.track(wait=0.05)
        there: dict[str, Any] = {"executor": pool, "storage_options": s3.options}
        urls = batch.download(s3.url, **there)
        assert {job: {url.rpartition("/")[0] for url in urls[job]} for job in urls} == {
            job.id: {s3.url_of(f"job_{job.id}")} for job in batch.jobs
        }
        sandbox.clear_requests()
        assert batch.download(s3.url, **there) == urls
        assert bodies(sandbox) == 0


def test_a_file_without_its_record_is_not_trusted(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    # As if the process had been killed in between.
    items = serve(b"content", size=7)
    get(items, place, session)
    place.fs.rm(f"{place.root}/.up42", recursive=True)
    sandbox.clear_requests()
    assert get(items, place, session) == [place.url_of(f"{items[0].id}/a.bin")]
    assert bodies(sandbox) == 1


def test_the_folder_of_a_job_is_its_own(finished: up42.Job, place: Place) -> None:
    there: dict[str, Any] = {"storage_options": place.options, "progress": False}
    folder = f"{place.url}/job_{finished.id}"
    urls = finished.download_results(folder, **there)
    place.fs.rm(f"{place.root}/job_{finished.id}/.up42", recursive=True)
    assert finished.download_results(folder, **there) == urls


def test_what_others_write_meanwhile_is_seen(
    serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(b"content", size=7)
    get(items, place, session)
    # Backends keep what they have listed, and one serves all that ask for the same store.
    shared, root = fsspec.core.url_to_fs(place.url, **place.options)
    assert shared.ls(root)
    place.fs.rm_file(f"{place.root}/a.bin")
    get(items, place, session)
    assert place.read("a.bin") == b"content"


def test_what_others_write_meanwhile_stays(
    sandbox: Sandbox, session: up42.Session, place: Place
) -> None:
    signed = sandbox.storage.put("mine.bin", b"mine")

    def get_url() -> str:
        place.write("a.bin", b"theirs")
        return signed()

    fetch = Fetch(open_folder(place.url, place.options), session.storage, progress=False)
    with pytest.raises(up42.DownloadError, match="isn't replaced"):
        fetch.run([Download(get_url, name="a.bin", group="item", source_id="mine")])
    assert place.read("a.bin") == b"theirs"


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 50_000])
def test_a_record_that_cannot_be_used(
    serve: Serve, session: up42.Session, place: Place, content: bytes
) -> None:
    items = serve(b"content", size=7)
    get(items, place, session)
    (record,) = (name for name in place.everything() if name.startswith(".up42/"))
    place.write(record, content)
    assert get(items, place, session) == [place.url_of(f"{items[0].id}/a.bin")]


# ---- on the way from UP42


@pytest.mark.usefixtures("quick")
def test_a_dropped_link_is_continued(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    sandbox.inject(
        Fault(origin="storage", drop=9 * MIB),
        Fault(origin="storage", status=403),
        Fault(origin="storage", drop=4 * MIB),
    )
    checksum = "1220" + hashlib.sha256(LARGE).hexdigest()
    get(serve(LARGE, size=len(LARGE), checksum=checksum), place, session)
    assert place.read("a.bin") == LARGE
    assert place.names() == ["a.bin"]


@pytest.mark.usefixtures("quick")
def test_a_link_that_stays_dropped_leaves_nothing(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(LARGE)
    sandbox.inject(
        Fault(origin="storage", drop=9 * MIB), Fault(origin="storage", drop="before", times=None)
    )
    with pytest.raises(up42.ConnectionFailedError):
        get(items, place, session)
    assert not place.folders()
    assert place.unfinished() == []


@pytest.mark.parametrize("announced_by", ["item", "header", "length"])
def test_what_is_not_as_announced_is_not_sent(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place, announced_by: str
) -> None:
    announced: dict[str, Any] = {}
    if announced_by == "item":
        announced["checksum"] = "1220" + "00" * 32
    elif announced_by == "length":
        announced["size"] = 2
    else:
        wrong = {"x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="}
        sandbox.inject(Fault(origin="storage", headers=wrong, times=None))
    with pytest.raises(up42.ChecksumError):
        get(serve(b"x", **announced), place, session)
    assert not place.folders()


def test_one_bad_file_of_many(serve: Serve, session: up42.Session, place: Place) -> None:
    items = serve(b"content", "a.bin", "bad.bin", "c.bin", size=7)
    items[0].assets["bad.bin"].extra_fields["file:checksum"] = "1220" + "00" * 32
    with pytest.raises(up42.ChecksumError):
        get(items, place, session)
    assert set(place.names()) <= {"a.bin", "c.bin"}


# ---- on the way into the store


@pytest.mark.parametrize("content", [b"content", LARGE], ids=["small", "large"])
def test_a_store_that_refuses_in_between(
    serve: Serve,
    session: up42.Session,
    place: Place,
    refuse: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
) -> None:
    items = serve(content, size=len(content))
    with monkeypatch.context():
        refuse(OSError(28, "No space left"))
        with pytest.raises(up42.UploadError, match="No space left") as caught:
            get(items, place, session)
    assert place.url_of("a.bin") in str(caught.value)
    assert place.everything() == []
    assert place.unfinished() == []


def test_a_file_that_cannot_be_replaced_stays(
    sandbox: Sandbox,
    serve: Serve,
    session: up42.Session,
    place: Place,
    refuse: Callable[..., None],
) -> None:
    items = serve(b"content")
    get(items, place, session)
    refuse(PermissionError("Access Denied"))
    with pytest.raises(up42.UploadError, match="Access Denied"):
        get(items, place, session, overwrite=True)
    assert place.read("a.bin") == b"content"
    assert place.names() == ["a.bin"]


@pytest.mark.parametrize("place", ["memory", "disk"], indirect=True)
def test_an_interrupt_leaves_nothing(
    serve: Serve, session: up42.Session, place: Place, refuse: Callable[..., None]
) -> None:
    refuse(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        get(serve(b"content"), place, session)
    assert place.everything() == []


def test_a_store_that_loses_bytes(
    serve: Serve, session: up42.Session, memory: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        MemoryFileSystem, "put_file", lambda fs, source, target, **_: fs.pipe_file(target, b"cont")
    )
    with pytest.raises(up42.UploadError, match="4 bytes in the store, 7 were sent"):
        get(serve(b"content"), memory, session)
    assert memory.everything() == []


def test_a_record_that_cannot_be_written(
    serve: Serve, session: up42.Session, memory: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = MemoryFileSystem.put_file

    def failing(fs: Any, source: str, target: str, **options: Any) -> None:
        if ".up42/" in target:
            raise PermissionError("Access Denied")
        put(fs, source, target, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", failing)
    with pytest.raises(up42.UploadError, match="Access Denied"):
        get(serve(b"content"), memory, session)
    assert memory.everything() == []


def test_who_may_not_look_may_not_write(
    serve: Serve, session: up42.Session, memory: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(fs: Any, path: str, **_: Any) -> None:
        raise PermissionError("Forbidden")

    monkeypatch.setattr(MemoryFileSystem, "ls", forbidden)
    with pytest.raises(up42.UploadError, match="Forbidden"):
        get(serve(b"content"), memory, session)
    assert memory.fs.store == {} or not memory.folders()


def test_many_files_are_sent_side_by_side(
    serve: Serve, session: up42.Session, memory: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2, timeout=20)
    put = MemoryFileSystem.put_file

    def met(fs: Any, source: str, target: str, **options: Any) -> None:
        if ".up42/" not in target:
            together.wait()
        put(fs, source, target, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", met)
    names = ["a.bin", "b.bin"]
    assert get(serve(b"x", *names), memory, session) == [memory.url_of(name) for name in names]


@pytest.mark.parametrize("count", [1, 3])
def test_nothing_stays_on_the_disk(
    serve: Serve,
    session: up42.Session,
    memory: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    get(serve(b"x", *map(str, range(count))), memory, session)
    assert list(tmp_path.glob(".up42*")) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(up42.DownloadError, match="folder for temporary files"):
        get(serve(b"x", *map(str, range(count))), memory, session)


# ---- only S3


def test_a_large_file_passes_in_small_parts(serve: Serve, session: up42.Session, s3: Place) -> None:
    get(serve(LARGE), s3, session)
    assert s3.fs.info(f"{s3.root}/a.bin")["ETag"].endswith('-3"')


def test_a_bucket_that_does_not_exist(serve: Serve, session: up42.Session, s3: Place) -> None:
    with pytest.raises(up42.UploadError, match="Check that the bucket or folder exists") as caught:
        up42.download_items(
            serve(b"x"),
            "s3://no-such-bucket/x",
            storage_options=s3.options,
            session=session,
            progress=False,
        )
    assert "s3://no-such-bucket/x/a.bin" in str(caught.value)
    assert not s3.fs.exists("no-such-bucket")
