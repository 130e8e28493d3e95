"""Every file has a path of its own before the first byte, and nothing of others is replaced.

The layout is a pure function, and its law is tried with thousands of names: over a socket only a
few would be, which tests/results/test_folders.py does.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from up42_facade.downloads import Download, below
from up42_facade.downloads._layout import lay_out
from up42_facade.downloads._names import fold
from up42_facade.errors import DownloadError

# Few names that meet often, by case, Unicode form, folder, or what an archive is unpacked into.
NAMES = st.sampled_from(
    ["a", "A", "a.tif", "a.zip", "a.tgz", "a.tar", "i", "i.zip", "a/b", "..", "", "ä", "a\u0308"]
)
PLANS = st.lists(
    st.builds(
        Download,
        st.just(str),
        name=NAMES,
        group=st.sampled_from(["i", "I", "j", "a", ""]),
        source_id=st.text("1234", max_size=3),
        is_unpacked=st.booleans(),
    ),
    unique_by=lambda plan: plan.source_id,
    max_size=8,
)


def plan(name: str, group: str = "item", source: str = "", **options: bool) -> Download:
    source = source or f"https://example.com/{group}/{name}"
    return Download(str, name=name, group=group, source_id=source, **options)


def folded(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(fold, parts))


@given(PLANS)
def test_no_file_meets_another_one(tmp_path_factory, planned):
    folder = tmp_path_factory.mktemp("folder")
    places = lay_out(planned)
    files = [folded(file) for file, _ in places]
    assert len(set(files)) == len(files)
    owned = [
        {folded(file), *([folded(members)] if each.is_unpacked else [])}
        for each, (file, members) in zip(planned, places, strict=True)
    ]
    for index, paths in enumerate(owned):
        others = {path for other in owned[:index] + owned[index + 1 :] for path in other}
        for path in paths:
            assert not any(other[: len(path)] == path for other in others)
    for path in (path for place in places for path in place):
        below(folder, *path)
    assert lay_out(planned) == places


def test_files_that_do_not_collide_have_plain_names():
    places = lay_out([plan("a.tif"), plan("b.tif", "other")])
    assert [file for file, _ in places] == [("a.tif",), ("b.tif",)]


def test_an_archive_alone_needs_no_subfolder():
    (place,) = lay_out([plan("dem.zip", is_unpacked=True)])
    assert place == (("dem.zip",), ())


def test_archives_beside_other_files_have_a_subfolder_each():
    places = lay_out(
        [plan("dem.zip", is_unpacked=True), plan("b.tar.gz", is_unpacked=True), plan("x.tif")]
    )
    assert [members for _, members in places[:2]] == [("dem",), ("b",)]
    assert places[2][0] == ("x.tif",)


def test_names_that_collide_go_to_a_folder_of_their_group():
    places = lay_out([plan("x.tif", "one"), plan("X.TIF", "two"), plan("y.tif", "one")])
    assert [file for file, _ in places] == [("one", "x.tif"), ("two", "X.TIF"), ("y.tif",)]


def test_folders_in_keys_work_together():
    places = lay_out([plan("R10m/B02.tif"), plan("R20m/B02.tif")])
    assert [file[0].partition("-")[0] for file, _ in places] == ["R10m_B02", "R20m_B02"]


def test_items_of_one_id_are_told_apart_by_their_source():
    one, two = lay_out([plan("x.tif", "i", "1"), plan("x.tif", "i", "2")])
    assert one[0][0] == two[0][0] == "i"
    assert one[0] != two[0]


def test_what_nothing_tells_apart_is_refused():
    with pytest.raises(DownloadError, match=r"'x\.tif'"):
        lay_out([plan("x.tif"), plan("x.tif")])


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\\b", "C:a", "a\0"])
def test_only_single_names_lead_below_a_folder(tmp_path, name):
    for location in (tmp_path, str(tmp_path), "s3://bucket/results"):
        with pytest.raises(DownloadError, match="can't name a file"):
            below(location, "x", name)
