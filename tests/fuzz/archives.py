"""Any bytes in place of an archive: files inside the target, or an error that leaves nothing."""

from __future__ import annotations

import gzip
import io
import os
import resource
import stat
import sys
import tarfile
import tempfile
import threading
import time
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.fuzz.source import Source
from up42_facade.downloads import ArchiveLimits, download_archive
from up42_facade.errors import Up42Error

BLOCK = tarfile.BLOCKSIZE
# Bytes that one archive may take, and seconds of the processor, with coverage being measured.
MAX_MEMORY = 64 << 20
MAX_SECONDS = 20.0
# Seconds for threads that were told to end.
JOIN_SECONDS = 10.0

LIMITS = [
    ArchiveLimits(),
    ArchiveLimits(
        max_members=8,
        total_bytes=1 << 20,
        member_bytes=1 << 19,
        max_compression_ratio=50,
        ratio_exempt_bytes=1 << 16,
        depth=4,
    ),
]
PIECES = [
    *("output/", "a", "A", "b.tif", "/", "../", "./", "keep.tif", "link", "folder", "\\", "C:"),
    *(".", " ", "\0", "\n", "\u00e9", "e\u0301", "\u00df", "ss", ".up42", ".up42-unpacking-1"),
    *("aux", "\u202e", "\uff0e\uff0e", "\uff0f", "\ud800", "\udcff", "a/b/c/d/e/f", "n" * 250),
]
KINDS = [
    *(tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME),
    *(tarfile.AREGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.GNUTYPE_SPARSE, tarfile.FIFOTYPE, tarfile.CONTTYPE, tarfile.SOLARIS_XHDTYPE, b"?"),
]
KEYS = ["path", "size", "comment", "GNU.sparse.map", "hdrcharset", "linkpath", "", "\n", "="]
SIZES = ["0", "1", "512", "-1", "+1", " 1", "1.0", "\u0663", "9" * 18, "9" * 19, "1_0", ""]
MODES = [0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR]
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def check(data: bytes) -> None:
    source = Source(data)
    limits = source.choose(LIMITS)
    is_occupied, is_recorded, steps_aside = source.flag(), source.flag(), source.flag()
    piece = source.choose([1 << 20, 1000, 1])
    archive = made_archive(source)
    threads = running()
    with tempfile.TemporaryDirectory() as name:
        world = Path(name)
        if is_occupied:
            occupy(world)
        before = contents(world)
        try:
            with bounded():
                paths = download_archive(
                    lambda: "https://storage.example.com/output.tgz",
                    world / "target",
                    http=serving(archive, piece),
                    limits=limits,
                    progress=False,
                    source_id="source" if is_recorded else None,
                    aside="aside" if steps_aside else None,
                )
        except Up42Error as error:
            assert contents(world) == before
            check_message(str(error))
        else:
            check_files(world, paths, before, may_replace=not steps_aside)
            check_sizes(paths, limits)
    deadline = time.monotonic() + JOIN_SECONDS
    while running() - threads:
        assert time.monotonic() < deadline, threading.enumerate()
        time.sleep(0.001)


def running() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name != "tqdm_monitor"}


@contextmanager
def bounded() -> Iterator[None]:
    """Assert that a block takes little memory and time."""
    memory, seconds = peak_memory(), time.process_time()
    try:
        yield
    finally:
        assert peak_memory() - memory < MAX_MEMORY
        assert time.process_time() - seconds < MAX_SECONDS


def peak_memory() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def occupy(world: Path) -> None:
    """Put files of others into the target, and links that lead out of it."""
    target, outside = world / "target", world / "outside"
    outside.mkdir()
    (outside / "secret").write_text("outside")
    (target / "folder").mkdir(parents=True)
    (target / "keep.tif").write_text("mine")
    (target / ".up42-unpacking-mine").mkdir()
    (target / "folder" / "a").write_text("mine too")
    (target / "link").symlink_to(outside)
    (target / "a").symlink_to(outside / "secret")
    (target / "b.tif").symlink_to("nowhere")


def contents(folder: Path) -> dict[str, object]:
    """Return everything below a folder: links and files with what they hold."""
    found: dict[str, object] = {}
    for above, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(above, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found[str(path)] = path.readlink()
            else:
                found[str(path)] = path.read_bytes() if stat.S_ISREG(mode) else stat.S_IFMT(mode)
    return found


def serving(archive: bytes, piece: int) -> httpx.Client:
    """Return a client that gets the archive in pieces, without a socket, which takes longest."""
    piece = max(piece, len(archive) // 2000)

    class Body(httpx.SyncByteStream):
        def __iter__(self):
            for start in range(0, len(archive), piece):
                yield archive[start : start + piece]

    headers = {"Content-Length": str(len(archive)), "ETag": '"1"'}
    return httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=Body()))
    )


def check_message(message: str) -> None:
    message.encode()
    assert not [letter for letter in message if unicodedata.category(letter) in ("Cc", "Cf", "Zl")]


def check_files(
    world: Path, paths: list[str], before: dict[str, object], *, may_replace: bool
) -> None:
    target = world / "target"
    after = contents(world)
    new = {path for path, content in after.items() if content != before.get(path)}
    records = str(target / ".up42")
    files = {path for path in new if after[path] != stat.S_IFDIR and not path.startswith(records)}
    assert len(set(paths)) == len(paths)
    # A file that replaces one of the same content is there too.
    assert files <= set(paths)
    for path in map(Path, paths):
        assert isinstance(after[str(path)], bytes)
        assert target in path.parents
        assert ".." not in path.parts
        for above in path.parents:
            if above == target:
                break
            assert not above.is_symlink()
    assert before.keys() <= after.keys()
    assert may_replace or not new & before.keys()
    assert not [path for path in new if Path(path).name.startswith(".up42-unpacking")]


def check_sizes(paths: list[str], limits: ArchiveLimits) -> None:
    sizes = [Path(path).stat().st_size for path in paths]
    assert len(sizes) <= limits.max_members
    assert sum(sizes) <= limits.total_bytes
    assert max(sizes, default=0) <= limits.member_bytes


def made_archive(source: Source) -> bytes:
    """Return an archive: well-formed, damaged in some places, or arbitrary bytes."""
    make = source.choose([made_tar, made_zip, given])
    is_packed, has_checksums = source.flag(), source.flag()
    archive = make(source)
    for _ in range(source.number(4)):
        archive = edited(archive, source)
    if has_checksums and make is not made_zip:
        archive = with_checksums(archive)
    if not is_packed:
        return archive
    packed = gzip.compress(archive, 1, mtime=0)
    for _ in range(source.number(3)):
        packed = edited(packed, source)
    return packed + source.take(source.number(20))


def given(source: Source) -> bytes:
    """Return the rest as it is, or a little less than that."""
    return source.choose([b"", b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08"]) + source.rest()


def edited(archive: bytes, source: Source) -> bytes:
    """Overwrite, cut out, or repeat a part."""
    start = source.number(len(archive) + 1)
    kind = source.number(3)
    if kind == 0:
        new = source.take(1 + source.number(8))
        return archive[:start] + new + archive[start + len(new) :]
    end = start + source.number(2000)
    return archive[:start] + archive[start:end] * (2 * kind - 2) + archive[end:]


def content(source: Source) -> bytes:
    """Return some bytes, or many equal ones."""
    if source.number(8) == 7:
        return source.take(1) * source.number(1 << 20)
    return source.take(source.number(60))


def made_tar(source: Source) -> bytes:
    archive = b""
    for _ in range(source.number(12)):
        kind = source.choose(KINDS)
        body = records(source) if kind in KINDS[2:4] and source.number(8) != 7 else content(source)
        info = tarfile.TarInfo(source.text(PIECES) or "a")
        info.type = kind
        info.size = len(body) if source.number(8) != 7 else source.number(1 << 40)
        try:
            header = info.tobuf(source.choose(FORMATS), "utf-8", "surrogatepass")
        except ValueError:
            # Too long for this format.
            continue
        archive += header + body + bytes(-len(body) % BLOCK)
    return archive + bytes(source.choose([2, 20, 1, 0]) * BLOCK)


def records(source: Source) -> bytes:
    """Return an extended header."""
    lines = b""
    for _ in range(source.number(4)):
        key, value = source.choose(KEYS), source.text([*PIECES, *SIZES])
        rest = f" {key}={value}\n".encode(errors="surrogatepass")
        length = len(rest) + len(str(len(rest) + 2))
        lines += f"{length + source.choose([0, 0, 0, 1, -1])}".encode() + rest
    return lines


def made_zip(source: Source) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w") as archive:
        warnings.simplefilter("ignore")
        for _ in range(source.number(12)):
            info = zipfile.ZipInfo()
            name = source.text(PIECES) or "a"
            info.filename = name.encode(errors="ignore").decode()
            info.external_attr = source.choose(MODES) << 16
            info.compress_type = source.choose(METHODS)
            info.extra = source.take(source.number(8))
            archive.writestr(info, content(source))
        archive.comment = source.take(source.number(8))
    return source.take(source.number(4)) + target.getvalue()


def with_checksums(archive: bytes) -> bytes:
    """Return a tar whose headers are valid, so that readers go on to what they say."""
    blocks, position = bytearray(archive), 0
    while any(block := blocks[position : position + BLOCK]) and len(block) == BLOCK:
        block[148:156] = b" " * 8
        blocks[position + 148 : position + 156] = b"%06o\0 " % sum(block)
        try:
            size = max(0, tarfile.nti(bytes(block[124:136])))
        except tarfile.HeaderError:
            size = 0
        position += BLOCK + -(-size // BLOCK) * BLOCK
    return bytes(blocks)


def whole_tar(kind: int, names: list[str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 5
            archive.addfile(info, io.BytesIO(b"tiff!"))
    archive_bytes = target.getvalue().rstrip(b"\0")
    return archive_bytes + bytes(-len(archive_bytes) % BLOCK + 2 * BLOCK)


def whole_zip(method: int, names: list[str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name in names:
            archive.writestr(name, b"tiff" * 20)
    return target.getvalue()


# What meets the files of others, other members, and limits.
MEMBERS = [
    ["output/scene/b.tif", "output/" + "long/" * 30 + "\u00e9.tif"],
    ["b.tif", "keep.tif"],
    *(["new.tif", name] for name in ("link/x", "keep.tif/x", "folder", "a/x", "NEW.tif")),
    ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
]
ARCHIVES = [
    *(whole_tar(kind, MEMBERS[0]) for kind in FORMATS),
    *(whole_zip(method, MEMBERS[0]) for method in METHODS[:2]),
    *(pack(0, names) for names in MEMBERS[1:] for pack in (whole_tar, whole_zip)),
]
# Arbitrary choices first, then valid archives: into an empty folder or not, as they are or packed,
# and then with low limits and a subfolder for what would replace files of others.
SEEDS = [
    *(bytes(range(start, start + 200)) for start in (0, 7, 40)),
    *(
        bytes([is_packed, is_occupied, 0, is_packed, 0, 2, is_packed, 1, 0]) + archive
        for archive in ARCHIVES
        for is_occupied in (0, 1)
        for is_packed in (0, 1)
    ),
]
