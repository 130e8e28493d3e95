"""Any string in place of a name: one harmless component that nothing else has."""

from __future__ import annotations

import itertools
import re
import unicodedata
from pathlib import Path

from tests.fuzz.source import Source
from up42_facade.downloads import Download, below, safe_name

# Pure functions: a socket would let through too few of the strings that they have to bear.
from up42_facade.downloads._layout import lay_out
from up42_facade.downloads._members import MemberNames
from up42_facade.downloads._names import MAX_NAME_BYTES, MAX_SAFE_NAME_BYTES, fold, tagged_name
from up42_facade.errors import DownloadError, UnsafeArchiveError

FOLDER = Path("/results")
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"
}
# Names that everybody would use without a second thought.
HONEST = re.compile(r"[A-Za-z0-9_-]([A-Za-z0-9_. ()-]{0,150}[A-Za-z0-9_)-])?")
PIECES = [
    *("a", "A", "b", "ndvi", ".", "..", "/", "\\", ":", "C:", " ", "~", "_", "-", "output", "\0"),
    *(".tif", ".tar.gz", ".part", ".json", ".PART", ".zip", "con", "AUX", "com", "1", "¹", "$"),
    *(
        ".up42",
        "\u00e9",
        "e\u0301",
        "\u00df",
        "\u1e9e",
        "ss",
        "\u0130",
        "i\u0307",
        "\u0131",
        "\u017f",
    ),
    *("\uff0e", "\uff0f", "\uff3c", "\uff1a", "\u2024", "\u2025", "\u2026", "\u2100", "\u00a8"),
    *("\u200b", "\u202e", "\u00ad", "\u034f", "\u0345", "\u3000", "\u00a0", "\n", "\x1b", "\ud800"),
    *("\uff23\uff2f\uff2e", "n" * 100, "\u00fc" * 60, "\u6f22" * 30, "\U0001f600" * 20, "\u0344"),
    *('"', "<", "*", "?", "|", "-75dcd20f44", "download", "quicklook_", "\u2126", "\ufb03"),
]


def check(data: bytes) -> None:
    source = Source(data)
    names = [source.text(PIECES) for _ in range(2 + source.number(5))]
    for name in names:
        check_name(name)
    for one, other in itertools.combinations(dict.fromkeys(names), 2):
        check_pair(one, other)
    check_layout(source, names)
    check_members(source, names)


def check_name(name: str) -> None:
    safe = safe_name(name)
    assert safe_name(name) == safe_name(safe) == safe
    if HONEST.fullmatch(name) and is_harmless(name):
        assert safe == name
    tagged = tagged_name(name, "source")
    assert tagged == tagged_name(name, "source") == safe_name(tagged)
    assert tagged != tagged_name(name, "other")
    for made in (safe, tagged):
        assert is_harmless(made), made
        assert len(made.encode()) <= MAX_SAFE_NAME_BYTES
        assert below(FOLDER, made).parent == FOLDER
    assert fold(fold(name)) == fold(name)


def is_harmless(name: str) -> bool:
    """Return whether a name is one visible component wherever it is written."""
    return is_component(name) and not (
        name.startswith((".", " "))
        or set(name) & set('<>:"|?*')
        or name.lower().endswith((".part", ".part~", ".part.json", ".part.json~"))
    )


def is_component(name: str) -> bool:
    forms = (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFKC", name))
    return (
        all(
            form.strip(".")
            and not set(form) & set("/\\\0")
            and form.partition(".")[0].rstrip(" ").lower() not in DEVICES
            and not re.match("[A-Za-z]:", form)
            and not form.lower().startswith(".up42")
            for form in forms
        )
        and name[-1] not in ". "
        and len(name.encode(errors="surrogatepass")) <= MAX_NAME_BYTES
        and not {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, set(name)))
    )


def check_pair(one: str, other: str) -> None:
    first, second = safe_name(one), safe_name(other)
    if first != other and second != one:
        assert first != second
    if fold(one) != fold(other) and fold(first) != fold(other) and fold(one) != fold(second):
        assert fold(first) != fold(second)


def check_layout(source: Source, names: list[str]) -> None:
    """Paths of a download: inside the folder, and none the same as or within another."""
    planned = [
        Download(
            str,
            name=name,
            group=source.choose(names),
            source_id=source.text(["a", "b", "c"], 2),
            is_unpacked=source.flag(),
        )
        for name in names
    ]
    try:
        places = lay_out(planned)
    except DownloadError:
        assert len({plan.source_id for plan in planned}) < len(planned)
        return
    paths = []
    for plan, (file, members) in zip(planned, places, strict=True):
        # Only one of the two is written, so they may be the same.
        paths += {file, members} - {()} if plan.is_unpacked else {file}
    for path in paths:
        assert all(map(is_harmless, path))
        assert FOLDER in below(FOLDER, *path).parents
    check_apart([tuple(map(fold, path)) for path in paths])


def check_members(source: Source, names: list[str]) -> None:
    """Paths in an archive: refused, or inside the target and apart from each other."""
    members, files, folders = MemberNames(), [], set()
    for name in names:
        is_folder = source.flag()
        try:
            parts = members.accept(name, is_folder=is_folder)
        except UnsafeArchiveError as error:
            str(error).encode()
            continue
        assert all(map(is_component, parts))
        assert parts or is_folder
        folded = tuple(map(fold, parts))
        if is_folder:
            folders.add((folded, parts))
        else:
            files.append(folded)
        folders |= {(folded[:depth], parts[:depth]) for depth in range(1, len(parts))}
    check_apart(files)
    # One spelling for each folder, and no file in the place of one.
    assert len({folded for folded, _ in folders}) == len(folders)
    assert not set(files) & {folded for folded, _ in folders}


def check_apart(paths: list[tuple[str, ...]]) -> None:
    assert len(set(paths)) == len(paths)
    for one, other in itertools.permutations(paths, 2):
        assert one != other[: len(one)]


# Names of two pieces each.
SEEDS = [
    bytes([3]) + b"".join(bytes([0, 3, index + shift, index]) for shift in range(5))
    for index in range(len(PIECES))
]
