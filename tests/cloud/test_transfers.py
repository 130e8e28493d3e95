"""Files on their way into a store: whole or not at all, and not twice."""

from __future__ import annotations

import hashlib
import random
import threading
from pathlib import Path
from typing import Any

import pystac
import pytest

import up42_facade as up42
from tests.cloud.conftest import Place, Serve
from up42_facade._downloads import stores
from up42_facade._downloads.destinations import destination
from up42_sandbox import Fault, Sandbox

MIB = 1 << 20
# More than two of the blocks in which it is sent.
LARGE = random.Random(1).randbytes(17 * MIB)


def fetched(sandbox: Sandbox) -> int:
    """Number of times that bytes of files were asked for."""
    return sum(r.origin == "storage" and r.method == "GET" for r in sandbox.requests)


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


def test_what_storage_keeps_gzipped_arrives_unpacked(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    content = b'{"type": "FeatureCollection", "features": []}' * 100
    items = serve(content, "a.geojson", size=len(content))
    sandbox.inject(Fault(origin="storage", gzip=True, times=None))
    assert get(items, place, session) == [place.url_of("a.geojson")]
    assert place.read("a.geojson") == content


def test_one_item_twice(item: pystac.Item, session: up42.Session, place: Place) -> None:
    paths = get([item, item], place, session, assets="thumbnail")
    assert paths == [place.url_of("thumbnail.png")] * 2
    assert place.names() == ["thumbnail.png"]


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "large"])
def test_a_file_appears_when_it_is_whole(
    serve: Serve,
    session: up42.Session,
    place: Place,
    visible_before: list[list[str]],
    content: bytes,
) -> None:
    assert get(serve(content), place, session) == [place.url_of("a.bin")]
    assert visible_before == [[]]
    assert place.names() == ["a.bin"]
    assert place.read("a.bin") == content


def test_what_is_there_is_replaced_when_the_new_one_is_whole(
    serve: Serve, session: up42.Session, place: Place, visible_before: list[list[str]]
) -> None:
    place.write("a.bin", b"old")
    get(serve(LARGE), place, session)
    assert visible_before == [["a.bin"]]
    assert place.read("a.bin") == LARGE


def test_a_file_of_unknown_length(
    serve: Serve, session: up42.Session, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As of a server that sends chunks.
    monkeypatch.setattr("up42_facade._downloads.remote._length", lambda text: None)
    sizes = []
    draft = stores.Store.draft

    def noting(store: stores.Store, parts: tuple[str, ...], size: int | None) -> stores.Draft:
        sizes.append(size)
        return draft(store, parts, size)

    monkeypatch.setattr(stores.Store, "draft", noting)
    get(serve(LARGE), place, session)
    get(serve(b"", "empty"), place, session)
    assert sizes == [None, None]
    assert place.read("a.bin") == LARGE
    assert place.read("empty") == b""


# ---- once is enough


@pytest.mark.parametrize("is_size_known", [True, False])
def test_a_second_run_sends_nothing(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place, is_size_known: bool
) -> None:
    items = serve(b"content", **({"size": 7} if is_size_known else {}))
    first = get(items, place, session)
    # Of the right size: whether it is left alone can be seen.
    place.write("a.bin", b"CONTENT")
    sandbox.clear_requests()
    assert get(items, place, session) == first
    assert place.read("a.bin") == b"CONTENT"
    assert fetched(sandbox) == (0 if is_size_known else 1)
    get(items, place, session, overwrite=True)
    assert place.read("a.bin") == b"content"


def test_a_second_run_completes_the_first(
    serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(b"content", "cut.bin", "kept.bin")
    urls = get(items, place, session)
    place.write("cut.bin", b"cont")
    place.write("kept.bin", b"CONTENT")
    assert get(items, place, session) == urls
    assert place.read("cut.bin") == b"content"
    assert place.read("kept.bin") == b"CONTENT"


def test_what_others_write_meanwhile_is_seen(
    serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(b"content", size=7)
    get(items, place, session)
    # Drivers keep what they have listed, and one driver serves all that ask for the same store.
    folder: Any = destination(place.url, place.options, http=session.storage)
    assert folder.store.fs.ls(folder.store.root)
    place.fs.rm_file(f"{place.root}/a.bin")
    get(items, place, session)
    assert place.read("a.bin") == b"content"


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
    starts = [r.headers.get("range") for r in sandbox.requests if r.origin == "storage"]
    assert f"bytes={9 * MIB}-" in starts


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_that_stays_dropped_leaves_nothing(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place, is_there: bool
) -> None:
    if is_there:
        place.write("a.bin", b"old")
    items = serve(LARGE)
    sandbox.inject(
        Fault(origin="storage", drop=9 * MIB), Fault(origin="storage", drop="before", times=None)
    )
    with pytest.raises(up42.ConnectionFailedError):
        get(items, place, session)
    assert place.names() == (["a.bin"] if is_there else [])
    if is_there:
        assert place.read("a.bin") == b"old"
    else:
        assert not place.folders()
    assert place.unfinished() == []


@pytest.mark.parametrize("content", [b"x", LARGE], ids=["small", "large"])
@pytest.mark.parametrize("announced_by", ["item", "header", "length"])
def test_what_is_not_as_announced_is_never_seen(
    sandbox: Sandbox,
    serve: Serve,
    session: up42.Session,
    place: Place,
    visible_before: list[list[str]],
    content: bytes,
    announced_by: str,
) -> None:
    announced: dict[str, Any] = {}
    if announced_by == "item":
        announced["checksum"] = "1220" + "00" * 32
    elif announced_by == "length":
        announced["size"] = len(content) + 1
    else:
        wrong = {"x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="}
        sandbox.inject(Fault(origin="storage", headers=wrong, times=None))
    with pytest.raises(up42.ChecksumError):
        get(serve(content, **announced), place, session)
    assert visible_before == []
    assert place.names() == []
    assert not place.folders()
    assert place.unfinished() == []


def test_one_bad_file_of_many(serve: Serve, session: up42.Session, place: Place) -> None:
    items = serve(b"content", "a.bin", "bad.bin", "c.bin", size=7)
    items[0].assets["bad.bin"].extra_fields["file:checksum"] = "1220" + "00" * 32
    with pytest.raises(up42.ChecksumError):
        get(items, place, session)
    assert set(place.names()) <= {"a.bin", "c.bin"}


def test_an_interrupt_leaves_nothing(
    serve: Serve, session: up42.Session, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = stores.Draft.write
    sent = 0

    def interrupted(draft: stores.Draft, block: bytes) -> None:
        nonlocal sent
        sent += len(block)
        if sent > 10 * MIB:
            raise KeyboardInterrupt
        write(draft, block)

    monkeypatch.setattr(stores.Draft, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get(serve(LARGE), place, session)
    assert place.names() == []
    assert not place.folders()
    assert place.unfinished() == []


# ---- on the way into the store


def test_a_store_that_refuses_in_between(
    serve: Serve, session: up42.Session, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_of = stores.Store.draft

    def failing(store: stores.Store, parts: tuple[str, ...], size: int | None) -> stores.Draft:
        draft = draft_of(store, parts, size)
        write, count = draft._file.write, 0

        def full(block: bytes) -> None:
            nonlocal count
            count += len(block)
            if count > 10 * MIB:
                raise OSError(28, "No space left")
            write(block)

        monkeypatch.setattr(draft._file, "write", full, raising=False)
        return draft

    monkeypatch.setattr(stores.Store, "draft", failing)
    with pytest.raises(up42.UploadError, match="No space left") as caught:
        get(serve(LARGE), place, session)
    assert place.url_of("a.bin") in str(caught.value)
    assert place.names() == []
    assert not place.folders()
    assert place.unfinished() == []


def test_a_store_that_loses_bytes(
    serve: Serve, session: up42.Session, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = stores.Draft.publish
    monkeypatch.setattr(stores.Draft, "publish", lambda self, size: publish(self, size + 1))
    with pytest.raises(up42.UploadError, match="1 bytes in the store, 2 were sent"):
        get(serve(b"x"), place, session)
    assert place.names() == []


def test_many_files_are_sent_side_by_side(
    serve: Serve, session: up42.Session, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2, timeout=20)
    publish = stores.Draft.publish

    def met(draft: stores.Draft, size: int) -> None:
        together.wait()
        publish(draft, size)

    monkeypatch.setattr(stores.Draft, "publish", met)
    names = ["a.bin", "b.bin"]
    assert get(serve(b"x", *names), place, session) == [place.url_of(name) for name in names]


# ---- only S3


def test_a_large_file_passes_in_small_parts(serve: Serve, session: up42.Session, s3: Place) -> None:
    get(serve(LARGE), s3, session)
    assert s3.fs.info(f"{s3.root}/a.bin")["ETag"].endswith('-3"')


def test_the_size_of_parts_can_be_chosen(serve: Serve, session: up42.Session, s3: Place) -> None:
    options = {**s3.options, "default_block_size": 5 * MIB}
    up42.download_items(
        serve(LARGE), s3.url, storage_options=options, session=session, progress=False
    )
    assert s3.fs.info(f"{s3.root}/a.bin")["ETag"].endswith('-4"')


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


def test_who_may_not_look_may_still_write(
    serve: Serve, session: up42.Session, s3: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: str, **_: Any) -> None:
        raise PermissionError("Forbidden")

    folder: Any = destination(s3.url, s3.options, http=session.storage, progress=False)
    monkeypatch.setattr(folder.store.fs, "info", forbidden)
    get(serve(b"content"), s3, session)
    monkeypatch.undo()
    assert s3.read("a.bin") == b"content"


def test_block_sizes() -> None:
    assert stores.block_size(0) == stores.block_size(1_000 * MIB) == 8 * MIB
    for size in (100_000 * MIB, 5_000_000 * MIB, 99_999 * MIB + 1):
        block = stores.block_size(size)
        assert size / block <= 9_000
        assert block % MIB == 0
    assert stores.block_size(None) == 32 * MIB
