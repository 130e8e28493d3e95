"""The mixin: where it takes its files from, and what it does without the extra."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import folium
import pytest
from attrs import define

import up42_facade as up42
from tests.viz import scenes
from up42_facade.viz import Viz


@define
class Task(Viz):
    """Something with results."""

    results: Any = None
    quicklooks: Any = None
    backdrop: Any = ()

    def _backdrop_paths(self) -> Any:
        return self.backdrop


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return scenes.write_quarters(tmp_path / "scene.tif")


def test_the_last_download_is_shown(scene: Path) -> None:
    task = Task(results=[str(scene)], quicklooks=[str(scene)])
    assert [axes.get_title() for axes in task.plot_results().axes] == ["scene"]
    assert [axes.get_title() for axes in task.plot_quicklooks().axes] == ["scene"]
    assert isinstance(task.map_results(), folium.Map)
    assert Task(results={"a": [scene], "b": [scene]}).plot_results(titles=["x", "y"])


def test_the_documents_examples_work(scene: Path, tmp_path: Path) -> None:
    task = Task(results=[str(scene)])
    task.plot_results(
        figsize=(10, 10),
        bands=[1],
        titles=["SPOT imagery over Berlin"],
        filepaths=str(scene.rename(tmp_path / "IMG_SPOT6_PMS.TIF")),
        plot_file_format=[".tif"],
    )


@pytest.mark.parametrize("name", ["plot_results", "map_results", "plot_quicklooks"])
def test_without_a_download_the_error_says_what_to_call(name: str) -> None:
    call = "download_quicklooks" if "quick" in name else "download_results"
    with pytest.raises(up42.InvalidInputError, match=rf"{call}\(\) first"):
        getattr(Task(), name)()
    empty = Task(results=[], quicklooks=[])
    with pytest.raises(up42.InvalidInputError, match="no files to show"):
        getattr(empty, name)()


def test_features_alone_get_the_image_that_they_came_from(scene: Path, tmp_path: Path) -> None:
    import geopandas as gpd
    from shapely.geometry import Point

    place = gpd.GeoSeries([Point(scenes.WEST + 300, scenes.NORTH - 300)], crs=scenes.CRS)
    vectors = scenes.write_geojson(
        tmp_path / "ships" / "ships.geojson", [(place.to_crs(4326).iloc[0], {"a": 1})]
    )
    figure = Task(results=[str(vectors)], backdrop=[scene]).plot_results()
    assert [axes.get_title() for axes in figure.axes] == ["scene"]
    assert figure.axes[0].get_legend() is not None


def test_results_of_real_jobs(sandbox: Any, session: up42.Session, tmp_path: Path) -> None:
    sandbox.clock.speed = 1000
    from up42_facade import processing_templates

    item = next(
        item
        for item in up42.search_items(session=session)
        if item.id == sandbox.sample_item("pneo-berlin")["id"]
    )
    scene = up42.download_items([item], tmp_path / "scene", assets="data", session=session)[0]
    for template, suffix in (
        (processing_templates.DetectionTreesSpacept, ".tif"),
        (processing_templates.DetectionCarsOI, ".geojson"),
    ):
        job = template(title="t", item=item, session=session).execute()
        sandbox.clock.advance(100_000)
        paths = job.track(wait=0.01).download_results(tmp_path / suffix[1:])
        task = Task(results=paths, quicklooks=paths, backdrop=[scene])
        figure = task.plot_results()
        assert bool(figure.axes[0].get_legend()) == (suffix == ".geojson")
        assert len(figure.axes) == (2 if suffix == ".tif" else 1)
        assert task.plot_quicklooks(filepaths=[p for p in paths if p.endswith("png")])
        task.map_results(save_html=tmp_path)
        assert (tmp_path / "final_map.html").stat().st_size < 5_000_000


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from up42_facade import viz
from up42_facade.errors import MissingExtraError
heavy = {{"numpy", "pandas", "geopandas", "matplotlib", "folium", "rasterio"}}
assert not heavy.intersection(sys.modules), heavy.intersection(sys.modules)
for call in (viz.plot_results, viz.plot_quicklooks, viz.map_results):
    try:
        call("x.tif")
    except MissingExtraError as error:
        assert "up42-facade[viz]" in str(error) and call.__name__ in str(error), error
    else:
        raise AssertionError(call)
"""


def test_without_the_extra_the_error_names_it() -> None:
    program = WITHOUT.format(blocked={"rasterio", "matplotlib", "folium"})
    subprocess.run([sys.executable, "-c", program], check=True)
