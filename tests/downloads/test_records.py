"""What a source delivered is known again, and nothing else is taken for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from up42_facade.downloads._records import Validator, read_record, write_record

SOURCE = "https://api.example.com/v2/assets/1"
VALIDATOR = Validator('"1"', "Wed, 05 Jun 2024 13:12:48 GMT", 10)


def delivered(folder: Path) -> list[Path]:
    paths = [folder / "b" / "x.tif", folder / "a.json"]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    write_record(folder, SOURCE, VALIDATOR, ["b/x.tif", "a.json"])
    return paths


def test_a_record_knows_its_files_in_order(tmp_path):
    paths = delivered(tmp_path)
    record = read_record(tmp_path, SOURCE)
    assert record is not None
    assert record.paths == paths
    assert record.validator == VALIDATOR
    assert record.is_intact()
    assert paths[0] in record.owned()
    assert tmp_path / "other.tif" not in record.owned()


def test_sources_have_records_of_their_own(tmp_path):
    delivered(tmp_path)
    assert read_record(tmp_path, SOURCE + "2") is None
    assert read_record(tmp_path / "b", SOURCE) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("longer than before"),
        lambda path: os.utime(path, ns=(0, 0)),
    ],
)
def test_a_changed_file_is_not_intact_but_still_owned(tmp_path, change):
    path = delivered(tmp_path)[0]
    change(path)
    record = read_record(tmp_path, SOURCE)
    assert record is not None
    assert not record.is_intact()
    assert path in record.owned()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "[" * 100_000,
        json.dumps({"version": 0, "source": SOURCE, "files": []}),
        json.dumps({"version": 1, "source": "other", "files": []}),
        *(
            json.dumps(
                {
                    "version": 1,
                    "source": SOURCE,
                    "etag": None,
                    "modified": None,
                    "size": None,
                    "files": files,
                }
            )
            for files in ([["../x", 1, 1]], [["/etc/passwd", 1, 1]], [["a", "b", "c"]], [1], None)
        ),
    ],
)
def test_an_unusable_record_counts_as_none(tmp_path, content):
    delivered(tmp_path)
    (record,) = (tmp_path / ".up42").iterdir()
    record.write_text(content)
    assert read_record(tmp_path, SOURCE) is None


def test_a_record_is_left_out_where_it_cannot_be_written(tmp_path):
    (tmp_path / ".up42").write_text("a file")
    delivered(tmp_path)
    assert read_record(tmp_path, SOURCE) is None


def test_a_file_that_is_gone_already_is_not_recorded(tmp_path):
    write_record(tmp_path, SOURCE, VALIDATOR, ["gone"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Validator('"1"'), True),
        (Validator(modified=VALIDATOR.modified), True),
        (VALIDATOR, True),
        (Validator('"1"', size=11), False),
        (Validator('"2"', VALIDATOR.modified, 10), False),
        (Validator(size=10), False),
        (Validator(), False),
    ],
)
def test_only_a_known_version_confirms(other, same):
    assert VALIDATOR.confirms(other) is same
    assert other.confirms(VALIDATOR) is same


@given(source=st.text())
def test_any_text_can_be_a_source(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("folder")
    write_record(folder, source, VALIDATOR, [])
    record = read_record(folder, source)
    assert record is not None
    assert record.source == source
