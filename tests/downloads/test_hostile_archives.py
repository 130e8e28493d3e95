"""Archives made to hurt: refused or unpacked within time and memory, with nothing left behind."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import up42_facade
from up42_facade.downloads import ArchiveLimits, download_archive
from up42_facade.errors import UnsafeArchiveError, Up42Error

# MB above the import that unpacking may take.
MAX_MEMORY_MB = 64
# Seconds until a refusal, on a machine that is busy with other things.
MAX_SECONDS = 60

PROGRAM = """
import os, resource, sys
import up42_facade as up42
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = peak()
from up42_facade.downloads import download_archive
try:
    print(len(download_archive(lambda: sys.argv[1], sys.argv[2], progress=False)))
except up42.Up42Error as error:
    print(f"{type(error).__name__}: {error}")
print(peak() - before)
"""


def entry(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = len(data), kind
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def pax(kind: bytes = tarfile.XHDTYPE, **records: str) -> bytes:
    lines = b""
    for key, value in records.items():
        rest = f" {key.replace('__', '.')}={value}\n".encode()
        size = len(rest) + 1
        while len(str(size)) + len(rest) != size:
            size += 1
        lines += str(size).encode() + rest
    return entry("pax", lines, kind)


def tgz(*members: bytes) -> bytes:
    return gzip.compress(b"".join(members) + bytes(1024), 1)


def long_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(50_000):
            archive.writestr(zipfile.ZipInfo(f"{number:x}"), b"")
    return target.getvalue()


LONG = "A" * 1_000_000
MEMBER = entry("output/x", b"x")
# What it is → a function that packs it, and what the error says; None if it is harmless.
COSTLY: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "long PAX header": (lambda: tgz(pax(comment=LONG), MEMBER), "extended header of"),
    "long global header": (lambda: tgz(pax(tarfile.XGLTYPE, comment=LONG)), "extended header of"),
    "long GNU name": (
        lambda: tgz(entry("x", LONG.encode(), tarfile.GNUTYPE_LONGNAME), MEMBER),
        "extended header of",
    ),
    "chain of headers": (lambda: tgz(*(pax(comment="x") for _ in range(50_000))), "more than 8"),
    "chain of GNU headers": (
        lambda: tgz(*(entry("x", b"y", tarfile.GNUTYPE_LONGLINK) for _ in range(50_000))),
        "more than 8",
    ),
    "many global headers": (
        lambda: tgz(
            *(
                pax(tarfile.XGLTYPE, **{f"key{number}": LONG[:200_000]}) + entry(f"output/{number}")
                for number in range(300)
            )
        ),
        None,
    ),
    "global name": (lambda: tgz(pax(tarfile.XGLTYPE, path="evil"), MEMBER), "of all members"),
    "sparse map": (lambda: tgz(pax(GNU__sparse__map="0,1," * 40_000), MEMBER), "sparse"),
    "size of many digits": (lambda: tgz(pax(size="9" * 5000), MEMBER), "not a number of bytes"),
    "negative size": (lambda: tgz(pax(size="-1"), MEMBER), "not a number of bytes"),
    "deep path": (lambda: tgz(pax(path="a/" * 500 + "x"), MEMBER), "levels deep"),
    "folders in paths only": (
        lambda: tgz(
            *(pax(path=f"{number}/" + "a/" * 30 + "x") + MEMBER for number in range(3_300))
        ),
        "with the folders of their paths",
    ),
    "one folder again and again": (
        lambda: tgz(*(entry("output/", kind=tarfile.DIRTYPE) for _ in range(100_001))),
        "more than 100,000 members",
    ),
    "long names": (
        lambda: tgz(*(pax(path=("€" * 75 + f"{n}/") * 4) + MEMBER for n in range(30_000))),
        "the names up to it",
    ),
    "zeros after the end": (
        lambda: tgz(MEMBER) + gzip.compress(bytes(1 << 20), 9) * 64,
        "come after it",
    ),
    "a long name in the gzip header": (
        lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 20_000_000,
        "The compressed data is damaged",
    ),
    "zip with a long directory": (long_zip, "the directory"),
}


@pytest.mark.parametrize("case", COSTLY)
def test_costly_archives_stay_within_time_and_memory(store, tmp_path, case):
    pack, reason = COSTLY[case]
    blob = store.put(pack())
    command = [sys.executable, "-c", PROGRAM, blob.link(), str(tmp_path / "new")]
    environment = {**os.environ, "PYTHONPATH": str(Path(up42_facade.__file__).parents[1])}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=MAX_SECONDS, env=environment
    )
    said, memory = done.stdout.rsplit("\n", 2)[:2]
    assert int(memory) < MAX_MEMORY_MB
    if reason is None:
        assert said.isdigit()
        return
    assert reason in said
    assert not (tmp_path / "new").exists()


# The most that a header can have, one more, and what the error says.
EDGES: dict[str, tuple[bytes, bytes, str]] = {
    "bytes of a path": (
        pax(path="/".join(["a" * 204] * 5)),
        pax(path="/".join(["a" * 204] * 4 + ["a" * 205])),
        "longer than 1024 bytes",
    ),
    "extended headers": (pax(comment="x") * 8, pax(comment="x") * 9, "more than 8"),
    "bytes of a header": (
        pax(comment="A" * (262_144 - 16)),
        pax(comment="A" * (262_144 - 15)),
        "262,144 bytes are possible",
    ),
    "digits of a size": (pax(size="1".zfill(18)), pax(size="1".zfill(19)), "not a number"),
}


@pytest.mark.parametrize("case", EDGES)
def test_headers_up_to_their_limit_are_read(store, tmp_path, case):
    most, more, reason = EDGES[case]
    assert len(download_archive(store.put(tgz(most, MEMBER)).link, tmp_path / "a")) == 1
    with pytest.raises(UnsafeArchiveError, match=reason):
        download_archive(store.put(tgz(more, MEMBER)).link, tmp_path / "b")


def packed_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("output/folder/zeros", bytes(100_000))
        archive.writestr("output/x", b"x")
    return target.getvalue()


LIMITS = {
    "max_members": 3,
    "total_bytes": 100_001,
    "member_bytes": 100_000,
    "ratio_exempt_bytes": 100_001,
    "depth": 2,
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("kind", ["tgz", "zip"])
def test_what_reaches_a_limit_is_unpacked(store, tmp_path, kind, name):
    """One less refuses the same archive: two files, one of them in a folder."""
    members = entry("output/folder/zeros", bytes(100_000)), MEMBER
    blob = store.put(tgz(*members) if kind == "tgz" else packed_zip())

    # The rest of a tar's end counts, too.
    rest = 512 if kind == "tgz" and name in ("total_bytes", "ratio_exempt_bytes") else 0

    def unpacked(value: int) -> list[str]:
        ratio = 1.0 if name == "ratio_exempt_bytes" else 1e6
        limits = ArchiveLimits(max_compression_ratio=ratio, **{name: value})
        return download_archive(blob.link, tmp_path / str(value), limits=limits)

    assert len(unpacked(LIMITS[name] + rest)) == 2
    with pytest.raises(UnsafeArchiveError, match=r"\(limits\."):
        unpacked(LIMITS[name] + rest - 1)


def test_side_by_side_into_one_new_folder(store, tmp_path):
    """One that is refused doesn't take away the folder of those that succeed."""
    from concurrent.futures import ThreadPoolExecutor

    good, bad = store.put(tgz(MEMBER)), store.put(tgz(entry("../evil")))

    def unpack(number: int) -> bool:
        blob = bad if number % 2 else good
        target = tmp_path / f"campaign{number // 6}" / "deep" / f"job{number}"
        try:
            return download_archive(blob.link, target) == [str(target / "x")]
        except Up42Error:
            return blob is bad

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(unpack, range(120)))
    assert len(list(tmp_path.rglob("x"))) == 60
