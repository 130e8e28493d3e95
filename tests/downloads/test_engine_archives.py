"""Archives unpacked from the network: whole, safe, or refused without a trace."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unicodedata
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import up42_facade
from up42_facade.downloads import ArchiveLimits, download_archive
from up42_facade.errors import (
    ArchiveError,
    ChecksumError,
    ConnectionFailedError,
    DownloadError,
    UnsafeArchiveError,
    UnsupportedArchiveError,
)

Members = dict[str, bytes] | list[tuple[str, bytes]]

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(up42_facade.__file__).parents[1])}


def pairs_of(members: Members) -> list[tuple[str, bytes]]:
    return list(members.items()) if isinstance(members, dict) else members


def pack_tar(members: Members, *, form: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for name, data in pairs_of(members):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return target.getvalue()


def pack_tgz(members: Members) -> bytes:
    return gzip.compress(pack_tar(members), 1, mtime=0)


def pack_zip(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method, compresslevel=1) as archive:
        for name, data in pairs_of(members):
            with warnings.catch_warnings():
                # Two members of one name are what some cases are about.
                warnings.simplefilter("ignore", UserWarning)
                archive.writestr(name, data)
    return target.getvalue()


PACKERS = {
    "tar": pack_tar,
    "tar-gnu": lambda members: pack_tar(members, form=tarfile.GNU_FORMAT),
    "tgz": pack_tgz,
    "tgz-two-members": lambda members: _in_two(pack_tar(members)),
    "zip": pack_zip,
    "zip-stored": lambda members: pack_zip(members, zipfile.ZIP_STORED),
}


def _in_two(data: bytes) -> bytes:
    middle = len(data) // 3
    return gzip.compress(data[:middle]) + gzip.compress(data[middle:]) + bytes(512)


MEMBERS = {
    "output/data.json": b'{"type": "FeatureCollection", "features": []}',
    "output/a/scene.tif": random.Random(1).randbytes(300_000) + bytes(500_000),
    "output/a/output/nested.tif": b"nested",
    "output/empty.txt": b"",
}
UNPACKED = ["data.json", "a/scene.tif", "a/output/nested.tif", "empty.txt"]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_refused(
    blob, tmp_path: Path, error: type[Exception], match: str | None = None, **options
) -> None:
    """The archive is refused, nothing is written anywhere, and what was there stays."""
    target = tmp_path / "target"
    target.mkdir(exist_ok=True)
    (target / "data.json").write_bytes(b"old")
    before = tree(tmp_path)
    with pytest.raises(error, match=match):
        download_archive(blob.link, target, **options)
    assert tree(tmp_path) == before
    assert [path.name for path in target.iterdir()] == ["data.json"]


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("ranges", [True, False])
def test_every_kind_is_unpacked(store, tmp_path, kind, ranges, monkeypatch):
    blob = store.put(PACKERS[kind](MEMBERS), ranges=ranges)
    paths = download_archive(blob.link, tmp_path / "new" / "target")
    assert paths == [str(tmp_path / "new" / "target" / name) for name in UNPACKED]
    assert [Path(path).read_bytes() for path in paths] == list(MEMBERS.values())
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_folders_are_made_and_root_is_stripped_once(store, tmp_path):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name in ("./output/", "./output/empty", "./output/output"):
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            archive.addfile(entry)
        archive.addfile(tarfile.TarInfo("./output/output/x"))
    blob = store.put(target.getvalue())
    assert download_archive(blob.link, tmp_path / "t") == [str(tmp_path / "t" / "output" / "x")]
    assert (tmp_path / "t" / "empty").is_dir()


@pytest.mark.parametrize("kind", PACKERS)
def test_an_archive_without_members_gives_no_files(store, tmp_path, kind):
    blob = store.put(PACKERS[kind]({}))
    assert download_archive(blob.link, tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><title>Sign in</title>" + bytes(2000),
        b"<Error>",
        gzip.compress(b""),
        gzip.compress(b"{}" * 500),
        b"P",
        random.Random(3).randbytes(5000),
    ],
    ids=["nothing", "page", "error", "gzip of nothing", "gzip of text", "one byte", "noise"],
)
def test_what_is_no_archive_is_refused_and_shown(store, tmp_path, content):
    assert_refused(
        store.put(content), tmp_path, UnsupportedArchiveError, "isn't an? (tar, tgz|archive)"
    )


def test_the_error_shows_the_page_that_came(store, tmp_path):
    blob = store.put(b"<!DOCTYPE html><title>Sign in</title>")
    assert_refused(blob, tmp_path, UnsupportedArchiveError, "<!DOCTYPE html><title>Sign in")


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(store, tmp_path, kind, part):
    data = PACKERS[kind]({**MEMBERS, "output/z.bin": random.Random(2).randbytes(100_000)})
    keep = int(len(data.rstrip(b"\0")) * part)  # not only the filling at the end
    assert_refused(store.put(data[:keep]), tmp_path, ArchiveError)


@pytest.mark.parametrize("kind", ["tgz", "zip"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.7])
def test_a_damaged_block_is_refused(store, tmp_path, kind, part):
    data = bytearray(PACKERS[kind]({"a.tif": random.Random(5).randbytes(500_000)}))
    place = int(len(data) * part)
    data[place : place + 64] = bytes(64)
    assert_refused(store.put(bytes(data)), tmp_path, ArchiveError)


def test_a_damaged_tar_header_does_not_end_the_archive(store, tmp_path):
    data = bytearray(pack_tar({"a": b"1" * 512, "b": b"2" * 512}, form=tarfile.USTAR_FORMAT))
    data[1024 + 150] ^= 1
    assert_refused(store.put(bytes(data)), tmp_path, ArchiveError)


# --- Cuts and expiry ---------------------------------------------------------------------------

_LARGE_RANDOM = random.Random(7)
_FEWER_VALUES = bytes(value % 180 for value in range(256))
# 20 MB packed: half of it can't be compressed, half a little, as imagery.
LARGE = {
    f"output/scene/{n}.tif": _LARGE_RANDOM.randbytes(400_000).translate(_FEWER_VALUES) * 4
    + _LARGE_RANDOM.randbytes(3_600_000)
    for n in range(4)
}
LARGE_HASHES = [hashlib.sha256(data).hexdigest() for data in LARGE.values()]
LARGE_TGZ = pack_tgz(LARGE)
# Both kinds of content, small enough to be cut many times.
MEDIUM = {name: data[1_400_000:1_800_000] for name, data in LARGE.items()}


def hashes(paths: list[str]) -> list[str]:
    return [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths]


def test_a_cut_anywhere_is_continued(store, tmp_path):
    data = pack_tgz(MEDIUM)
    for cut in random.Random(8).sample(range(1, len(data)), 50):
        blob = store.put(data, cuts=[cut])
        paths = download_archive(blob.link, tmp_path / str(cut))
        assert [Path(path).read_bytes() for path in paths] == list(MEDIUM.values()), cut
        assert blob.starts == [0, cut]


@pytest.mark.parametrize("seed", range(3))
def test_three_cuts_in_one_transfer_are_continued(store, tmp_path, seed):
    cuts = sorted(random.Random(seed).sample(range(1, len(LARGE_TGZ)), 3))
    blob = store.put(LARGE_TGZ, cuts=list(cuts))
    assert hashes(download_archive(blob.link, tmp_path)) == LARGE_HASHES
    assert blob.starts == [0, *cuts]


def test_cuts_of_a_zip_are_continued(store, tmp_path):
    data = pack_zip(LARGE)
    cuts = [100_000, 9_000_000, len(data) - 200_000]
    blob = store.put(data, cuts=list(cuts))
    assert hashes(download_archive(blob.link, tmp_path)) == LARGE_HASHES
    assert [start for start in blob.starts if start < len(data) - 0] == [
        0,
        *cuts,
    ]


def test_an_expired_link_is_replaced_midway(store, tmp_path):
    blob = store.put(LARGE_TGZ, cuts=[5_000_000], signed=True)
    blob.on_request = lambda blob: blob.expire() if len(blob.requests) == 1 else None
    assert hashes(download_archive(blob.link, tmp_path)) == LARGE_HASHES
    assert blob.starts == [0, 5_000_000]
    assert [request.status for request in blob.requests] == [200, 403, 206]


def test_where_ranges_are_ignored_the_known_part_is_skipped(store, tmp_path):
    blob = store.put(LARGE_TGZ, cuts=[5_000_000, 9_000_000], ranges=False)
    assert hashes(download_archive(blob.link, tmp_path)) == LARGE_HASHES
    assert blob.starts == [0, 0, 0]


def test_an_archive_that_is_replaced_midway_is_unpacked_anew(store, tmp_path):
    blob = store.put(LARGE_TGZ, cuts=[5_000_000])

    def replace(blob):
        if len(blob.requests) == 1:
            blob.data, blob.etag = pack_tgz(MEMBERS), '"v2"'

    blob.on_request = replace
    paths = download_archive(blob.link, tmp_path / "t")
    assert [Path(path).relative_to(tmp_path / "t").as_posix() for path in paths] == UNPACKED
    assert len(tree(tmp_path)) == len(UNPACKED)


def test_a_connection_lost_for_good_leaves_nothing(store, tmp_path, quick):
    blob = store.put(LARGE_TGZ)
    blob.on_request = lambda blob: setattr(
        blob, "cut_every_answer_after", 0 if blob.requests else 5_000_000
    )
    assert_refused(blob, tmp_path, ConnectionFailedError)


@pytest.mark.parametrize("options", [{"size": 5}, {"checksum": "md5:" + 32 * "0"}])
@pytest.mark.parametrize("kind", PACKERS)
def test_a_mismatch_of_the_archive_leaves_nothing(store, tmp_path, kind, options):
    assert_refused(store.put(PACKERS[kind](MEMBERS)), tmp_path, ChecksumError, **options)


# --- Hostile archives --------------------------------------------------------------------------


def one_tar(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        good = tarfile.TarInfo("output/good.tif")
        good.size = 4
        archive.addfile(good, io.BytesIO(b"good"))
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.size = kind, link, size
        archive.addfile(entry, io.BytesIO(bytes(size)))
    return target.getvalue()


def one_zip(name: str, mode: int = 0, data: bytes = b"evil") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("output/good.tif", b"good")
        entry = zipfile.ZipInfo("x")
        entry.filename, entry.external_attr = name, mode << 16
        archive.writestr(entry, data)
    return target.getvalue()


def patched(data: bytes, old: bytes, new: bytes, count: int = -1) -> bytes:
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new, count)


NAMES = {
    "absolute": "/etc/evil",
    "double slash": "//server/share/evil",
    "climbs": "../evil",
    "climbs from root folder": "output/../../evil",
    "climbs and comes back": "output/a/../../target/evil",
    "climbs at the end": "output/a/..",
    "drive": "C:/evil",
    "drive, relative": "C:evil",
    "drive inside": "output/D:/evil",
    "backslash": "output\\..\\..\\evil",
    "unc": "\\\\server\\share\\evil",
    "device name": "output/CON",
    "device name with extension": "output/nul.tif",
    "device name as folder": "output/aux/x.tif",
    "ends in a dot": "output/evil.",
    "ends in a space": "output/evil ",
    "line feed": "output/a\nb",
    "escape": "output/\x1b[2Jevil",
    "long name": "output/" + 300 * "a",
    "long path": "output/" + 300 * "abcd/" + "x",
    "full-width dots": "output/\uff0e\uff0e/evil",
    "full-width slash": "output/..\uff0f..\uff0fevil",
    "one-dot leaders": "output/\u2024\u2024/evil",
    "nothing": "./",
}
PAIRS = {
    "twice": ("output/a.tif", "output/a.tif"),
    "twice after stripping": ("output/a.tif", "a.tif"),
    "case": ("output/a.tif", "output/A.TIF"),
    "case of a folder": ("output/dir/a.tif", "output/DIR/b.tif"),
    "sharp s": ("output/straße", "output/STRASSE"),
    "unicode form": ("output/caf\u00e9", "output/" + unicodedata.normalize("NFD", "caf\u00e9")),
    "ligature": ("output/\ufb01le", "output/file"),
    "file then folder": ("output/a", "output/a/b"),
    "folder then file": ("output/a/b", "output/a"),
    "file then folder by case": ("output/a", "output/A/b"),
}
KINDS = {
    "hard link": (tarfile.LNKTYPE, "good.tif"),
    "hard link out": (tarfile.LNKTYPE, "../../../etc/passwd"),
    "symbolic link": (tarfile.SYMTYPE, "good.tif"),
    "symbolic link out": (tarfile.SYMTYPE, "/etc"),
    "character device": (tarfile.CHRTYPE, ""),
    "block device": (tarfile.BLKTYPE, ""),
    "pipe": (tarfile.FIFOTYPE, ""),
    "contiguous file": (tarfile.CONTTYPE, ""),
    "unknown type": (b"Z", ""),
}
MODES = {"symbolic link": 0o120777, "device": 0o020666, "pipe": 0o010666, "socket": 0o140666}


def link_then_file() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        link = tarfile.TarInfo("output/way")
        link.type, link.linkname = tarfile.SYMTYPE, ".."
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("output/way/evil"))
    return target.getvalue()


def sparse_gnu() -> bytes:
    data = bytearray(one_tar("output/sparse", size=512))
    return _with_header(data, 1024, {156: b"S", 386: b"00000000000\0" * 8, 483: b"00000001000\0"})


def _with_header(data: bytearray, start: int, changes: dict[int, bytes]) -> bytes:
    for offset, value in changes.items():
        data[start + offset : start + offset + len(value)] = value
    data[start + 148 : start + 156] = b" " * 8
    total = sum(data[start : start + 512])
    data[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(data)


def sparse_pax() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("output/sparse")
        entry.pax_headers = {
            "GNU.sparse.map": "0,1",
            "GNU.sparse.size": "1000000",
            "GNU.sparse.name": "../evil",
        }
        entry.size = 512
        archive.addfile(entry, io.BytesIO(bytes(512)))
    return target.getvalue()


def pax_path_climbs() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("output/fine")
        entry.pax_headers = {"path": "../../evil"}
        archive.addfile(entry)
    return target.getvalue()


def not_utf8() -> bytes:
    return _with_header(bytearray(one_tar("output/evil")), 1024, {10: b"\xff"})


def huge_header() -> bytes:
    data = bytearray(one_tar("output/x", kind=tarfile.GNUTYPE_LONGNAME, size=512))
    return _with_header(data, 1024, {124: b"77777777777\0"})


def negative_size() -> bytes:
    data = bytearray(one_tar("output/x"))
    return _with_header(data, 1024, {124: b"\xff" * 12})


def zip_overlap() -> bytes:
    """Two directory entries for one member's data."""
    data = pack_zip({"output/a.tif": bytes(5000), "output/b.tif": bytes(5000)})
    directory = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", directory + 1)
    changed = bytearray(data)
    changed[second + 42 : second + 46] = changed[directory + 42 : directory + 46]
    return bytes(changed)


def zip_encrypted() -> bytes:
    data = bytearray(pack_zip({"output/a.tif": b"x"}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    return bytes(data)


def zip_other_name() -> bytes:
    return patched(pack_zip({"output/a.tif": b"x"}), b"output/a.tif", b"../../evil.t", 1)


def zip_lying_size(claimed: int) -> bytes:
    """Both headers claim another size than what is inflated."""
    size = (100_000).to_bytes(4, "little")
    return patched(pack_zip({"output/a.tif": bytes(100_000)}), size, claimed.to_bytes(4, "little"))


def zip_two_sizes() -> bytes:
    size = (100_000).to_bytes(4, "little")
    data = pack_zip({"output/a.tif": bytes(100_000)})
    return patched(data, size, (99_000).to_bytes(4, "little"), 1)


def zip_before_its_beginning() -> bytes:
    """The directory is said to begin later than it does, which shifts what it refers to."""
    data = pack_zip({"output/a.tif": b"x"})
    start = data[-6:-2]
    later = (int.from_bytes(start, "little") + 10).to_bytes(4, "little")
    return data[:-6] + later + data[-2:]


def zip_nul() -> bytes:
    data = pack_zip({"output/a.tifX../evil": b"x"})
    return patched(data, b"tifX", b"tif\0")


def gz_bomb() -> bytes:
    return gzip.compress(pack_tar({"output/zeros.tif": bytes(30_000_000)}), 9)


def gz_bomb_after_the_end() -> bytes:
    return gzip.compress(pack_tar({"output/a.tif": b"x"}) + bytes(30_000_000), 9)


SMALL = ArchiveLimits(
    max_members=20, total_bytes=50_000_000, member_bytes=40_000_000, ratio_exempt_bytes=1_000_000
)


def many_members() -> bytes:
    return pack_tgz({f"output/{n}": b"" for n in range(21)})


def hostile_corpus() -> dict[str, tuple[bytes, str | None]]:
    """Name of the case → archive and what its refusal says."""
    corpus = {f"tar: {case}": (one_tar(name), None) for case, name in NAMES.items()}
    corpus |= {
        f"zip: {case}": (one_zip(name), None) for case, name in NAMES.items() if case != "nothing"
    }
    for case, names in PAIRS.items():
        pair = [(name, b"x") for name in names]
        corpus[f"tgz: {case}"] = (pack_tgz(pair), None)
        corpus[f"zip: {case}"] = (pack_zip(pair), None)
    for case, (kind, link) in KINDS.items():
        corpus[f"tar: {case}"] = (one_tar("output/evil", kind, link), "it is ")
    for case, mode in MODES.items():
        corpus[f"zip: {case}"] = (one_zip("output/evil", mode, b"/etc"), "it is a ")
    return corpus | {
        "tar: link, then a file through it": (link_then_file(), "symbolic link"),
        "tar: sparse, GNU": (sparse_gnu(), "sparse"),
        "tar: sparse, PAX": (sparse_pax(), "sparse"),
        "tar: PAX path": (pax_path_climbs(), "leaves"),
        "tar: not UTF-8": (not_utf8(), "UTF-8"),
        "tar: header without end": (huge_header(), "header of"),
        "tar: negative size": (negative_size(), "damaged|negative|impossible|cut off"),
        "zip: overlap": (zip_overlap(), "overlap|damaged"),
        "zip: encrypted": (zip_encrypted(), "encrypted"),
        "zip: other name in the member's header": (zip_other_name(), "calls it|damaged"),
        "zip: before its beginning": (zip_before_its_beginning(), "damaged"),
        "zip: claims less": (zip_lying_size(10), "more than|damaged"),
        "zip: claims more": (zip_lying_size(200_000), "damaged"),
        "zip: NUL in a name": (zip_nul(), "control"),
        "zip: folder with content": (one_zip("output/folder/"), "folder with content"),
        "zip: link that looks like a folder": (one_zip("output/l/", 0o120777, b""), "link"),
        "zip: file that is typed as a folder": (one_zip("output/f", 0o040755), "disagree"),
        "zip: bzip2": (pack_zip({"output/a": b"x"}, zipfile.ZIP_BZIP2), "method 12"),
        "tgz: bomb": (gz_bomb(), "grows"),
        "tgz: bomb after the end": (gz_bomb_after_the_end(), "grows"),
        "zip: bomb": (pack_zip({"output/a": bytes(30_000_000)}), "grows"),
        "tgz: many members": (many_members(), "more than 20 members"),
        "tar: large member": (one_tar_of_size("output/a", 40_000_001), "limits.member_bytes"),
        "zip: large in total": (
            pack_zip([(f"output/{n}", bytes(17_000_000)) for n in range(3)]),
            "limits.total_bytes",
        ),
    }


def one_tar_of_size(name: str, size: int) -> bytes:
    """A header that claims a size, with nothing behind it: it must be refused before."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf() + bytes(10_240)


HOSTILE = hostile_corpus()


def test_the_corpus_is_large_enough():
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archives_are_refused(store, tmp_path, case, monkeypatch):
    data, reason = HOSTILE[case]
    blob = store.put(data)
    assert_refused(blob, tmp_path, ArchiveError, reason, limits=SMALL)


@pytest.mark.parametrize("case", ["tar: climbs", "zip: symbolic link", "tgz: twice"])
def test_a_refusal_names_member_and_reason(store, tmp_path, case):
    blob = store.put(HOSTILE[case][0])
    with pytest.raises(UnsafeArchiveError) as caught:
        download_archive(blob.link, tmp_path)
    assert caught.value.member in ("../evil", "output/evil", "output/a.tif")
    assert caught.value.reason in str(caught.value)


def test_limits_can_be_raised(store, tmp_path):
    blob = store.put(gz_bomb())
    limits = ArchiveLimits(max_compression_ratio=2000, ratio_exempt_bytes=0)
    assert len(download_archive(blob.link, tmp_path, limits=limits)) == 1


@pytest.mark.parametrize("value", [0, -1])
def test_limits_must_be_positive(value):
    with pytest.raises(ValueError, match="max_members"):
        ArchiveLimits(max_members=value)


# --- What is in the target already -------------------------------------------------------------


def test_a_link_in_the_target_is_not_followed(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    target = tmp_path / "target"
    target.mkdir()
    (target / "a").symlink_to(outside)
    blob = store.put(pack_tgz({"output/b.tif": b"b", "output/a/evil.tif": b"evil"}))
    with pytest.raises(UnsafeArchiveError, match="symbolic link"):
        download_archive(blob.link, target)
    assert list(outside.iterdir()) == []
    assert [path.name for path in target.iterdir()] == ["a"]


def test_a_file_that_is_a_link_is_replaced_and_not_written_through(store, tmp_path):
    outside = tmp_path / "outside.tif"
    outside.write_bytes(b"mine")
    target = tmp_path / "target"
    target.mkdir()
    (target / "a.tif").symlink_to(outside)
    blob = store.put(pack_tgz({"output/a.tif": b"new"}))
    download_archive(blob.link, target)
    assert outside.read_bytes() == b"mine"
    assert (target / "a.tif").read_bytes() == b"new"
    assert not (target / "a.tif").is_symlink()


def test_former_files_are_replaced_and_others_stay(store, tmp_path):
    (tmp_path / "data.json").write_bytes(b"old")
    (tmp_path / "mine.txt").write_bytes(b"mine")
    blob = store.put(pack_tgz(MEMBERS))
    download_archive(blob.link, tmp_path)
    assert (tmp_path / "data.json").read_bytes() == MEMBERS["output/data.json"]
    assert (tmp_path / "mine.txt").read_bytes() == b"mine"


@pytest.mark.parametrize("obstacle", ["folder", "file"])
def test_what_cannot_be_moved_is_found_before_the_first_move(store, tmp_path, obstacle):
    target = tmp_path / "target"
    target.mkdir()
    (target / "data.json").write_bytes(b"old")
    (target / "a").mkdir()
    if obstacle == "folder":
        (target / "empty.txt").mkdir()
    else:
        (target / "z").write_bytes(b"old")
    before = sorted(path.name for path in target.rglob("*")), tree(target)
    blob = store.put(pack_tgz({**MEMBERS, "output/z/last": b""}))
    with pytest.raises(ArchiveError, match=f"is a {obstacle}"):
        download_archive(blob.link, target)
    assert (sorted(path.name for path in target.rglob("*")), tree(target)) == before


KILLED_WHILE_MOVING = """
import os, sys
from pathlib import Path
from up42_facade.downloads import download_archive
moves = []
for name in ("replace", "rename", "mkdir", "unlink"):
    def dying(*arguments, act=getattr(os, name), **options):
        if len(moves) == int(sys.argv[3]):
            os._exit(9)
        moves.append(arguments)
        return act(*arguments, **options)
    setattr(os, name, dying)
download_archive(lambda: sys.argv[1], sys.argv[2], progress=False)
"""


def test_a_process_that_is_killed_while_moving_leaves_old_or_new_files(store, tmp_path):
    """At every system call that changes a name, until it runs to its end; then all is cleaned."""
    blob = store.put(pack_tgz(MEMBERS))
    new = {name: MEMBERS[f"output/{name}"] for name in UNPACKED}
    for last in range(100):
        target = tmp_path / str(last)
        (target / "a" / "output").mkdir(parents=True)
        for name in UNPACKED:
            (target / name).write_bytes(b"old")
        command = [sys.executable, "-c", KILLED_WHILE_MOVING, blob.link(), str(target), str(last)]
        code = subprocess.run(command, check=False, env=ENVIRONMENT).returncode
        assert code in (0, 9)
        assert all((target / name).read_bytes() in (b"old", new[name]) for name in UNPACKED)
        if code == 0:
            break
        download_archive(blob.link, target)
        assert tree(target) == new
    assert 4 < last < 99


def test_a_target_that_is_a_file_is_a_clear_error(store, tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    blob = store.put(pack_tgz(MEMBERS))
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DownloadError, match="file"):
            download_archive(blob.link, target)
    assert tree(tmp_path) == {"file": b"old"}
    assert blob.requests == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_target_is_a_clear_error(store, tmp_path):
    (tmp_path / "target").mkdir(mode=0o555)
    blob = store.put(pack_tgz(MEMBERS))
    with pytest.raises(DownloadError, match="Permission denied"):
        download_archive(blob.link, tmp_path / "target")
    assert list((tmp_path / "target").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB, where the rights allow to make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("making a small file system needs rights that this user hasn't")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_a_clear_error(store, small_disk):
    (small_disk / "mine.txt").write_bytes(b"mine")
    blob = store.put(LARGE_TGZ)
    with pytest.raises(DownloadError, match="No space left"):
        download_archive(blob.link, small_disk)
    assert tree(small_disk) == {"mine.txt": b"mine"}
    assert [path.name for path in small_disk.iterdir()] == ["mine.txt"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting read-only needs root")
def test_a_read_only_file_system_is_a_clear_error(store, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    blob = store.put(pack_tgz(MEMBERS))
    with pytest.raises(DownloadError, match="Read-only file system"):
        download_archive(blob.link, small_disk / "new")


LIMITED = """
import resource, signal, sys
from up42_facade.downloads import download_archive
from up42_facade.errors import DownloadError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    download_archive(lambda: sys.argv[1], sys.argv[2], progress=False)
except DownloadError as error:
    print(error)
"""


def test_a_file_that_outgrows_what_is_allowed_leaves_nothing(store, tmp_path):
    blob = store.put(LARGE_TGZ)
    command = [sys.executable, "-c", LIMITED, blob.link(), str(tmp_path / "new" / "target")]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    assert "can't be written: File too large" in result.stdout
    assert list(tmp_path.iterdir()) == []


UNPACK = """
import sys
from up42_facade.downloads import download_archive
download_archive(lambda: sys.argv[1], sys.argv[2], progress=False)
"""


def test_ctrl_c_leaves_nothing(store, tmp_path):
    blob = store.put(LARGE_TGZ, bytes_per_second=2_000_000)
    target = tmp_path / "new"
    command = [sys.executable, "-c", UNPACK, blob.link(), str(target)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        deadline = time.monotonic() + 20
        while not list(target.rglob("new/0")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_does_not_wait_for_a_server_that_sends_nothing(store, tmp_path):
    # One piece, and the next one after hours.
    blob = store.put(LARGE_TGZ, bytes_per_second=1)
    command = [sys.executable, "-c", UNPACK, blob.link(), str(tmp_path / "new")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        while not blob.requests:
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert "KeyboardInterrupt" in errors
    assert list(tmp_path.iterdir()) == []


WITHOUT_ISAL = """
import sys
sys.modules["isal"] = None
from up42_facade.downloads import download_archive
print(len(download_archive(lambda: sys.argv[1], sys.argv[2], progress=False)))
"""


@pytest.mark.parametrize("kind", PACKERS)
def test_the_standard_library_is_enough(store, tmp_path, kind):
    blob = store.put(PACKERS[kind](MEMBERS))
    command = [sys.executable, "-c", WITHOUT_ISAL, blob.link(), str(tmp_path)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    assert result.stdout.strip() == "4"
    assert [(tmp_path / name).read_bytes() for name in UNPACKED] == list(MEMBERS.values())


def test_what_a_killed_process_left_behind_is_removed_and_nothing_else(store, tmp_path):
    blob = store.put(LARGE_TGZ, bytes_per_second=2_000_000)
    command = [sys.executable, "-c", UNPACK, blob.link(), str(tmp_path)]
    processes = [subprocess.Popen(command, env=ENVIRONMENT) for _ in range(2)]
    deadline = time.monotonic() + 20
    while len(list(tmp_path.glob(".up42-unpacking-*/new/0"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    folders = sorted(tmp_path.glob(".up42-unpacking-*"))
    assert len(folders) == 2
    processes[0].kill()
    processes[0].wait()
    # A folder of this name that contains more than an archive's files isn't ours.
    foreign = tmp_path / ".up42-unpacking-mine"
    (foreign / "new").mkdir(parents=True)
    (foreign / "notes.txt").write_text("mine")
    before = {folder.name for folder in folders}
    download_archive(store.put(pack_tgz({"x": b"x"})).link, tmp_path)
    left = {folder.name for folder in tmp_path.glob(".up42-unpacking-*")}
    assert foreign.name in left
    assert len(left & before) == 1
    processes[1].kill()
    processes[1].wait()
    download_archive(store.put(pack_tgz({"x": b"x"})).link, tmp_path)
    assert [folder.name for folder in tmp_path.glob(".up42*")] == [foreign.name]


def test_no_thread_stays_behind(store, tmp_path, quick):
    for data in (LARGE_TGZ, LARGE_TGZ[:-100], pack_tar({"../evil": bytes(9_000_000)})):
        blob = store.put(data, bytes_per_second=80_000_000)
        with contextlib.suppress(ArchiveError):
            download_archive(blob.link, tmp_path)
    assert not [thread for thread in threading.enumerate() if "_decompress" in thread.name]


# --- Any tree ----------------------------------------------------------------------------------

part_names = st.text("abcdefgh0123456789_-äß", min_size=1, max_size=12).filter(
    lambda name: not name.startswith(("com", "lpt", "con", "prn", "aux", "nul"))
)
trees = st.dictionaries(
    st.lists(part_names, min_size=1, max_size=3).map(tuple),
    st.binary(max_size=2000) | st.integers(0, 300_000).map(bytes),
    max_size=12,
)


def _is_tree(paths: list[tuple[str, ...]]) -> bool:
    """No file is a folder too, and no two names fold to the same."""
    folders = {path[:depth] for path in paths for depth in range(1, len(path))}
    everything = {*paths, *folders}
    folded = {tuple(part.casefold() for part in path) for path in everything}
    return len(folded) == len(everything) == len(paths) + len(folders)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=trees, kind=st.sampled_from(sorted(PACKERS)), rooted=st.booleans(), data=st.data())
def test_any_tree_comes_out_as_it_went_in(store, files, kind, rooted, data):
    files = {path: content for path, content in files.items() if path[0] != "output"}
    if not _is_tree(list(files)):
        return
    root = "output/" if rooted else ""
    packed = PACKERS[kind]({root + "/".join(path): content for path, content in files.items()})
    cuts = data.draw(st.lists(st.integers(0, len(packed) - 1), max_size=3, unique=True))
    blob = store.put(packed, cuts=cuts)
    with tempfile.TemporaryDirectory() as folder:
        paths = download_archive(blob.link, folder)
        assert [Path(path).relative_to(folder).parts for path in paths] == list(files)
        assert [Path(path).read_bytes() for path in paths] == list(files.values())


SEEDS = {kind: PACKERS[kind](MEMBERS) for kind in PACKERS}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kind=st.sampled_from(sorted(PACKERS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    at_the_end=st.booleans(),
)
def test_any_damage_is_refused_or_harmless(store, kind, changes, at_the_end):
    """Whatever is changed, nothing but our own errors comes out, and nothing is left over."""
    data = bytearray(SEEDS[kind])
    for place, value in changes:
        span = min(len(data), 2000)
        offset = int(place * (span - 1))
        data[offset - span if at_the_end else offset] = value
    blob = store.put(bytes(data))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "target"
        try:
            paths = download_archive(blob.link, target, limits=SMALL)
        except ArchiveError:
            assert list(Path(folder).iterdir()) == []
        else:
            assert {Path(path) for path in paths} == {
                path for path in Path(folder).rglob("*") if path.is_file()
            }
