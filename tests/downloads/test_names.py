"""One function for every name that becomes part of a path."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from up42_facade.downloads import safe_name
from up42_facade.errors import DownloadError

HONEST = [
    "ndvi.tif",
    "1b2c3d4e-0000-4000-8000-000000000000",
    "S2A_MSIL2A_20240101T101031.SAFE.tar.gz",
    "schöne Aussicht (2).tif",
    "衛星：画像.tif",
    "partly.part.tif",
    "console.log",
    "n" * 200,
]
HOSTILE = [
    "",
    ".",
    "..",
    "...",
    " ",
    " leading.tif",
    "../../up",
    "/etc/passwd",
    "a/b.tif",
    "a\\b.tif",
    "C:\\x.tif",
    "C:x",
    "c：x",
    "衛：x",
    "⩴x",
    "a/︓b",
    "a／b",
    "‥",
    "．．",
    "CON",
    "nul.tif",
    "ＣＯＮ",
    "com¹.txt",
    "x.",
    "x ",
    ".up42",
    ".UP42-unpacking-1",
    ".bashrc",
    "x.tif.part",
    "x.tif.PART.json~",
    "a\0b",
    "a\nb",
    "\x1b[31mred",
    "photo\u202egnp.exe",
    "\ud800x.tif",
    "~",
    "n" * 300,
    "ü" * 150 + ".tif",
    "x" * 300 + ".tar.gz",
]
# Arbitrary strings, and those that are made of what is special somewhere.
TEXT = st.text(st.characters(codec=None)) | st.text(
    st.sampled_from("./\\:~ \0\n\ud800\u202e．／＼：‥…" + "conaupti42CON¹ab衛⩴")
)


def with_examples(test):
    for name in HOSTILE:
        test = example(name=name)(test)
    return test


@with_examples
@given(name=TEXT)
def test_a_safe_name_is_one_harmless_component(name):
    safe = safe_name(name)
    assert not set(safe) & set('<>"|?*:#;')
    for found in (safe, unicodedata.normalize("NFKC", safe)):
        assert found
        assert not set(found) & set("/\\\0")
        assert not set(found) <= {"."}
        assert not Path(found).is_absolute()
        assert found[1:2] != ":"
    assert len(safe.encode()) <= 200
    assert all(unicodedata.category(character) not in ("Cc", "Cs", "Zl") for character in safe)
    assert safe.strip(" ").rstrip(".") == safe
    assert not safe.startswith(".")
    assert not safe.lower().endswith((".part", ".part.json", ".part.json~"))
    assert safe.partition(".")[0].strip().lower() not in {"con", "prn", "aux", "nul", "com1"}
    assert safe_name(name) == safe
    assert safe_name(safe) == safe


@given(name=TEXT)
def test_a_safe_name_can_be_written_below_a_folder(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("folder")
    path = folder / safe_name(name)
    path.write_text("x")
    assert path.resolve().parent == folder.resolve()
    assert [entry.name for entry in folder.iterdir()] == [path.name]


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_name_stays_as_it_is(name):
    assert safe_name(name) == name


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "~"])
def test_any_other_name_is_changed(name):
    assert safe_name(name) != name


@given(st.lists(TEXT, unique=True, max_size=8))
def test_different_strings_never_become_one_name(names):
    assert len({safe_name(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("n" * 300 + ".tif", ".tif"), ("a/b.geojson", ".geojson"), ("x" * 300 + ".tar.gz", ".tar.gz")],
)
def test_a_changed_name_keeps_its_suffix(name, suffix):
    assert safe_name(name).endswith(suffix)


@pytest.mark.parametrize("value", [None, 5, b"x.tif", ["x"]])
def test_an_error_names_what_is_not_a_string(value):
    with pytest.raises(DownloadError, match="can't name a file"):
        safe_name(value)
