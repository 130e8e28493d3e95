"""GeoJSON as GeoDataFrames, also where the server is careless."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import up42_facade as up42
from tests.analytics.conftest import GetJob
from up42_sandbox import Fault, Sandbox

POINT = {"type": "Point", "coordinates": [13.3, 52.4]}
ToFrame = Callable[[Any], Any]


@pytest.fixture
def to_frame(sandbox: Sandbox, job: GetJob) -> ToFrame:
    """Return what gives the frame of a job with these results."""

    def frame(features: Any) -> Any:
        sandbox.inject(Fault(path="*/outputs/data-json", status=200, body=features))
        return job("ndvi").get_results_json(as_dataframe=True)

    return frame


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


@pytest.mark.parametrize(
    "empty", [collection(), {"features": None}, {}, collection(None), {"features": "x"}]
)
def test_nothing(to_frame: ToFrame, empty: dict[str, Any]) -> None:
    frame = to_frame(empty)
    assert len(frame) == 0
    assert list(frame) == ["geometry"]
    assert frame.crs.to_epsg() == 4326
    assert frame.total_bounds.shape == (4,)


def test_properties_become_columns(to_frame: ToFrame) -> None:
    frame = to_frame(
        collection(
            {"type": "Feature", "geometry": POINT, "properties": {"a": 1, "up42.data_path": "x"}},
            None,
            {"type": "Feature", "geometry": POINT, "properties": {"a": 2, "list": [1, 2]}},
        )
    )
    assert list(frame["a"]) == [1, 2]
    assert list(frame["up42.data_path"].isna()) == [False, True]
    assert frame["list"][1] == [1, 2]
    assert frame.crs.to_epsg() == 4326
    assert (frame.geometry.x.iloc[0], frame.geometry.y.iloc[0]) == (13.3, 52.4)


@pytest.mark.parametrize(
    "feature",
    [
        {"type": "Feature", "geometry": None, "properties": {"a": 1}},
        {"type": "Feature", "properties": {"a": 1}},
        {"properties": {"a": 1}},
    ],
)
def test_a_feature_without_a_shape(to_frame: ToFrame, feature: dict[str, Any]) -> None:
    frame = to_frame(collection(feature))
    assert frame["a"].tolist() == [1]
    assert frame.geometry.isna().all()
    assert frame.crs.to_epsg() == 4326


@pytest.mark.parametrize("properties", [None, {}])
def test_a_feature_without_properties(to_frame: ToFrame, properties: Any) -> None:
    frame = to_frame(collection({"type": "Feature", "geometry": POINT, "properties": properties}))
    assert list(frame) == ["geometry"]
    assert frame.geometry.notna().all()


def test_a_property_called_geometry_does_not_replace_the_shape(to_frame: ToFrame) -> None:
    properties = {"geometry": "POINT (1 2)"}
    frame = to_frame(collection({"type": "Feature", "geometry": POINT, "properties": properties}))
    assert frame.geometry.x.tolist() == [13.3]
    assert frame["properties.geometry"].tolist() == ["POINT (1 2)"]


@pytest.mark.parametrize(
    "feature",
    [5, "x", {"geometry": {"type": "Blob"}}, {"geometry": {"type": "Point"}}, {"properties": 5}],
)
def test_what_is_no_feature(to_frame: ToFrame, feature: Any) -> None:
    with pytest.raises(up42.UnexpectedResponseError, match="isn't valid GeoJSON"):
        to_frame(collection(feature))
