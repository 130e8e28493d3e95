"""Every file has a path of its own before the first byte, and nothing of others is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from up42_facade.downloads._layout import Planned, lay_out, lay_out_in
from up42_facade.downloads._locations import below
from up42_facade.downloads._names import fold, tagged_name
from up42_facade.downloads._records import Validator, write_record
from up42_facade.errors import DownloadError

# Few names that meet often, by case, Unicode form, folder, or what an archive is unpacked into.
NAMES = st.sampled_from(
    ["a", "A", "a.tif", "a.zip", "a.tgz", "a.tar", "i", "i.zip", "a/b", "..", "", "ä", "a\u0308"]
)
PLANS = st.lists(
    st.builds(
        Planned,
        NAMES,
        st.sampled_from(["i", "I", "j", "a", ""]),
        st.text("1234", max_size=3),
        st.booleans(),
    ),
    unique_by=lambda plan: plan.source_id,
    max_size=8,
)


def plan(name: str, group: str = "item", source: str = "", **options: bool) -> Planned:
    return Planned(name, group, source or f"https://example.com/{group}/{name}", **options)


def folded(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(fold, parts))


@given(PLANS)
def test_no_file_meets_another_one(tmp_path_factory, planned):
    folder = tmp_path_factory.mktemp("folder")
    places = lay_out(planned)
    files = [folded(place.file) for place in places]
    assert len(set(files)) == len(files)
    owned = [
        {folded(place.file), *([folded(place.folder)] if each.is_unpacked else [])}
        for each, place in zip(planned, places, strict=True)
    ]
    for index, paths in enumerate(owned):
        others = {path for other in owned[:index] + owned[index + 1 :] for path in other}
        for path in paths:
            assert not any(other[: len(path)] == path for other in others)
    for place in places:
        below(folder, *place.file)
        below(folder, *place.folder)
    assert lay_out(planned) == places


def test_files_that_do_not_collide_have_plain_names():
    places = lay_out([plan("a.tif"), plan("b.tif", "other")])
    assert [place.file for place in places] == [("a.tif",), ("b.tif",)]


def test_an_archive_alone_needs_no_subfolder():
    (place,) = lay_out([plan("dem.zip", is_unpacked=True)])
    assert (place.file, place.folder) == (("dem.zip",), ())


def test_archives_beside_other_files_have_a_subfolder_each():
    places = lay_out(
        [plan("dem.zip", is_unpacked=True), plan("b.tar.gz", is_unpacked=True), plan("x.tif")]
    )
    assert [place.folder for place in places[:2]] == [("dem",), ("b",)]
    assert places[2].file == ("x.tif",)


def test_names_that_collide_go_to_a_folder_of_their_group():
    places = lay_out([plan("x.tif", "one"), plan("X.TIF", "two"), plan("y.tif", "one")])
    assert [place.file for place in places] == [("one", "x.tif"), ("two", "X.TIF"), ("y.tif",)]


def test_folders_in_keys_work_together():
    places = lay_out([plan("R10m/B02.tif"), plan("R20m/B02.tif")])
    assert [place.file[0].partition("-")[0] for place in places] == ["R10m_B02", "R20m_B02"]


def test_items_of_one_id_are_told_apart_by_their_source():
    one, two = lay_out([plan("x.tif", "i", "1"), plan("x.tif", "i", "2")])
    assert one.file[0] == two.file[0] == "i"
    assert one.file != two.file


def test_what_nothing_tells_apart_is_refused():
    with pytest.raises(DownloadError, match=r"'x\.tif'"):
        lay_out([plan("x.tif"), plan("x.tif")])


def deliver(folder: Path, planned: Planned, *parts: str) -> Path:
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    write_record(folder, planned.source_id, Validator('"1"'), ["/".join(parts)])
    return path


def test_a_file_stays_where_it_was_delivered(tmp_path):
    first = plan("x.tif", "one")
    deliver(tmp_path, first, "x.tif")
    places = lay_out_in(tmp_path, [first, plan("x.tif", "two")], "job_1")
    assert [place.file for place in places] == [("x.tif",), ("two", "x.tif")]


def test_files_of_others_lead_to_a_subfolder(tmp_path):
    (tmp_path / "x.tif").write_text("mine")
    places = lay_out_in(tmp_path, [plan("x.tif"), plan("y.tif")], "job_1")
    assert [place.file for place in places] == [("job_1", "x.tif"), ("job_1", "y.tif")]


@pytest.mark.parametrize("obstacle", ["file", "folder", "link", "link above"])
def test_nothing_of_others_is_replaced_or_followed(tmp_path, obstacle):
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "here"
    for path in (folder, folder / "job_1"):
        path.mkdir()
        if obstacle == "file":
            (path / "x.tif").write_text("mine")
        elif obstacle == "folder":
            (path / "x.tif").mkdir()
        else:
            (path / "x.tif").symlink_to(outside / "x.tif")
    if obstacle == "link above":
        (folder / "job_1" / "x.tif").unlink()
        (folder / "job_1").rmdir()
        (folder / "job_1").symlink_to(outside)
    (place,) = lay_out_in(folder, [plan("x.tif")], "job_1")
    assert place.file == (tagged_name("job_1", plan("x.tif").source_id), "x.tif")
    deliver(folder, plan("other"), *place.file)
    with pytest.raises(DownloadError, match="isn't replaced"):
        lay_out_in(folder, [plan("x.tif")], "job_1")


def test_the_folder_of_a_job_is_its_own(tmp_path):
    folder = tmp_path / "job_1"
    folder.mkdir()
    (folder / "x.tif").write_text("from a download that was killed")
    (place,) = lay_out_in(folder, [plan("x.tif")], "job_1")
    assert place.file == ("x.tif",)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\\b", "C:a", "a\0"])
def test_only_single_names_lead_below_a_folder(tmp_path, name):
    for location in (tmp_path, str(tmp_path), "s3://bucket/results"):
        with pytest.raises(DownloadError, match="can't name a file"):
            below(location, "x", name)
