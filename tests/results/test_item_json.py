"""STAC items next to their files: pystac reads them when UP42 is far away."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pystac
import pytest

import up42_facade as up42
from tests.results.test_folders import Maker
from up42_sandbox import Sandbox


@pytest.fixture
def make(sandbox: Sandbox, session: up42.Session) -> Maker:
    return Maker(sandbox, session)


def read(path: Path) -> tuple[pystac.Item, dict[str, str]]:
    """Return the item in a file and the contents of its assets, which are all local."""
    item = pystac.Item.from_file(str(path))
    assert item.get_root() is None
    contents = {}
    for key, asset in item.assets.items():
        href = asset.get_absolute_href()
        assert href is not None
        contents[key] = Path(href).read_bytes().decode(errors="replace")
    return item, contents


def test_results_of_a_job(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> None:
    job = up42.Job.get(sandbox.add_job("detection-trees-spacept").id, session=session)
    [known] = job.items
    paths = job.download_results(tmp_path, items=True, progress=False)
    assert job.results == paths
    written = tmp_path / f"{known.id}.json"
    assert str(written) not in paths
    sandbox.stop()
    item, _ = read(written)
    assert (item.id, item.datetime, item.geometry) == (known.id, known.datetime, known.geometry)
    assert {**item.properties, "datetime": None} == {**known.properties, "datetime": None}
    assert item.get_single_link("canonical").href == known.get_self_href()  # type: ignore[union-attr]
    assert [item.assets[key].get_absolute_href() for key in known.assets] == paths
    for key, asset in item.assets.items():
        assert asset.href.startswith("./")
        assert (asset.media_type, asset.roles) == (
            known.assets[key].media_type,
            known.assets[key].roles,
        )


def test_a_complete_item_is_not_written_again(make: Maker, tmp_path: Path) -> None:
    item = make.item("one", x__tif="1")
    for _ in range(2):
        make.get(tmp_path, item, item_files=True)
        written = tmp_path / "one.json"
        os.utime(written, ns=(1, 1))
        content = written.read_bytes()
    make.get(tmp_path, item, item_files=True)
    assert (written.stat().st_mtime_ns, written.read_bytes()) == (1, content)


def test_places_of_files(make: Maker, tmp_path: Path) -> None:
    items = [
        make.item("one", x__tif="1", a__zip="in a"),
        make.item("two", x__tif="2"),
        # A key that is the name of an item's file.
        make.item("three", three__json="3"),
        make.item("../four", **{"h#sh__tif": "4"}),
    ]
    paths = make.get(tmp_path, *items, item_files=True)
    written = [path for path in tmp_path.rglob("*.json") if ".up42" not in path.parts]
    made = {
        item.id: contents
        for path in written
        if str(path) not in paths
        for item, contents in [read(path)]
    }
    assert made["one"].pop("x.tif") == "1"
    assert set(made.pop("one").values()) == {"in a"}
    assert made == {
        "two": {"x.tif": "2"},
        "three": {"three.json": "3"},
        "../four": {"h#sh.tif": "4"},
    }
    before = {path: path.read_bytes() for path in written}
    assert make.get(tmp_path, *items, item_files=True) == paths
    after = {p: p.read_bytes() for p in tmp_path.rglob("*.json") if ".up42" not in p.parts}
    assert after == before


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return target.getvalue()


@pytest.mark.parametrize("id", ["a#b", "a;b", "a?b", "a%20b", "a b", "../a", "http://a/b", "ü"])
def test_ids_and_keys_that_look_like_links(make: Maker, tmp_path: Path, id: str) -> None:
    item = make.item(id, **{f"{id}__tif": "1", f"x;{id}__tif": "2"})
    make.get(tmp_path / "out", item, item_files=True)
    [written] = (tmp_path / "out").glob("*.json")
    found, contents = read(written)
    assert (found.id, sorted(contents.values())) == (id, ["1", "2"])


@pytest.mark.parametrize("key", ["results.zip", "results"])
def test_every_member_of_an_archive_is_an_asset(make: Maker, tmp_path: Path, key: str) -> None:
    names = ["a;b.tif", "c#d.tif", "one.zip", "two.zip"]
    item = make.item("one")
    item.add_asset(key, pystac.Asset(make.put(zipped(*names))))
    make.get(tmp_path, item, item_files=True)
    assert sorted(read(tmp_path / "one.json")[1].values()) == names


def test_an_archive_that_is_kept_is_its_asset(make: Maker, tmp_path: Path) -> None:
    item = make.item("one")
    asset = pystac.Asset(make.put(zipped("a.tif")), media_type="application/zip", title="all")
    item.add_asset("results", asset)
    make.get(tmp_path, item, item_files=True, unpacking=False)
    assert read(tmp_path / "one.json")[0].assets["results"].title == "all"


def test_items_of_other_collections_are_other_items(make: Maker, tmp_path: Path) -> None:
    items = [make.item("b/c", x__tif="1"), make.item("c", x__tif="2")]
    items[0].collection_id, items[1].collection_id = "a", "a/b"
    make.get(tmp_path, *items, item_files=True)
    written = [path for path in tmp_path.rglob("*.json") if ".up42" not in path.parts]
    contents = {found.id: texts for found, texts in map(read, written)}
    assert contents == {"b/c": {"x.tif": "1"}, "c": {"x.tif": "2"}}


def test_files_of_others_stay(make: Maker, tmp_path: Path) -> None:
    mine = tmp_path / "one.json"
    mine.write_text("mine")
    make.get(tmp_path, make.item("one", x__tif="1"), item_files=True, overwrite=True)
    assert mine.read_text() == "mine"
    [written] = tmp_path.glob("one-*.json")
    assert read(written)[1] == {"x.tif": "1"}


def test_a_file_in_the_folder_of_the_job(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, the files of a job replace whatever has their names."""
    monkeypatch.chdir(tmp_path)
    job = up42.Job.get(sandbox.add_job("detection-trees-spacept").id, session=session)
    [path, _] = job.download_results(progress=False)
    [known] = job.items
    taken = Path(path).with_name(f"{known.id}.json")
    taken.write_text("member of an archive")
    job.download_results(items=True, progress=False)
    assert taken.read_text() == "member of an archive"
    [written] = taken.parent.glob(f"{known.id}-*.json")
    assert read(written)[0].id == known.id


def test_only_what_was_downloaded(make: Maker, tmp_path: Path) -> None:
    item = make.item("one", x__tif="1", y__tif="2")
    make.get(tmp_path, item, item_files=True, assets="x.tif")
    assert read(tmp_path / "one.json")[1] == {"x.tif": "1"}
    make.get(tmp_path, item, item_files=True)
    assert read(tmp_path / "one.json")[1] == {"x.tif": "1", "y.tif": "2"}


def test_no_item_without_its_files(make: Maker, sandbox: Sandbox, tmp_path: Path) -> None:
    item = make.item("one", x__tif="1")
    item.add_asset("gone", pystac.Asset(f"{sandbox.url}/nowhere.tif"))
    with pytest.raises(up42.Up42Error):
        make.get(tmp_path, item, item_files=True)
    assert not (tmp_path / "one.json").exists()


def test_in_a_store(make: Maker) -> None:
    import fsspec

    url = "memory://with-items/here"
    make.get(url, make.item("one", x__tif="1"), item_files=True)  # type: ignore[arg-type]
    content: Any = json.loads(fsspec.filesystem("memory").cat_file(f"{url}/one.json"))
    assert {key: asset["href"] for key, asset in content["assets"].items()} == {"x.tif": "./x.tif"}
