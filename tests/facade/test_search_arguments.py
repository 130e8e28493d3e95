"""What people pass to `search_items`: understood, or refused before anything is sent."""

from __future__ import annotations

import datetime as dt
import json
import math
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import up42_facade as up42
from tests.facade.small_server import SEARCH
from up42_sandbox import Sandbox

BOX = shapely.box(13.3, 52.4, 13.5, 52.6)
GEOJSON = shapely.geometry.mapping(BOX)


def sent(sandbox: Sandbox) -> Any:
    return json.loads(next(sent.body for sent in sandbox.requests if sent.path == SEARCH))


@pytest.mark.parametrize(
    "value",
    [
        BOX,
        GEOJSON,
        {"type": "Feature", "properties": {}, "geometry": GEOJSON},
        [13.3, 52.4, 13.5, 52.6],
        (13.3, 52.4, 13.5, 52.6),
        np.array([13.3, 52.4, 13.5, 52.6]),
        BOX.bounds,
    ],
    ids=lambda value: type(value).__name__,
)
def test_areas(sandbox: Sandbox, session: up42.Session, value: Any) -> None:
    list(up42.search_items(intersects=value, session=session))
    found = shapely.geometry.shape(sent(sandbox)["intersects"])
    assert found.equals(BOX)


@pytest.mark.parametrize(
    "geometry",
    [
        shapely.Point(13, 52),
        shapely.Point(13, 52, 7),
        shapely.LineString([(13, 52), (14, 53)]),
        shapely.MultiPolygon([BOX]),
        shapely.GeometryCollection([BOX, shapely.Point(1, 2)]),
    ],
    ids=lambda geometry: geometry.geom_type,
)
def test_geometries(sandbox: Sandbox, session: up42.Session, geometry: Any) -> None:
    list(up42.search_items(intersects=geometry, session=session))
    assert shapely.geometry.shape(sent(sandbox)["intersects"]).equals(geometry)


@pytest.mark.parametrize(
    "value",
    [
        "POINT (13 52)",
        5,
        [],
        {},
        [1, 2, 3],
        [1, 2, 3, 4, 5, 6],
        [13.5, 52.4, 13.3, 52.6],
        [170, 0, -170, 1],
        [13, 52, 13, 52],
        [0, 0, 1, math.nan],
        [0, 0, 1, math.inf],
        [0, 0, 1, "2"],
        [0, 0, True, 2],
        [390000, 5820000, 391000, 5821000],
        shapely.Point(),
        shapely.Point(390000, 5820000),
        shapely.GeometryCollection(),
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": None},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, "x"]]]},
        {"type": "Circle", "coordinates": [0, 0]},
        {"type": "Feature", "geometry": None},
        {"type": "FeatureCollection", "features": []},
        {"type": "Point", "coordinates": [0, 0], 5: 6},
    ],
    ids=repr,
)
def test_areas_that_are_none(sandbox: Sandbox, session: up42.Session, value: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="intersects"):
        up42.search_items(intersects=value, session=session)
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("properties.datetime", [{"field": "properties.datetime", "direction": "asc"}]),
        ("+gsd", [{"field": "gsd", "direction": "asc"}]),
        ("-gsd", [{"field": "gsd", "direction": "desc"}]),
        ({"field": "gsd"}, [{"field": "gsd"}]),
        (["-gsd", {"field": "id"}], [{"field": "gsd", "direction": "desc"}, {"field": "id"}]),
        (({"field": "gsd", "direction": "desc"},), [{"field": "gsd", "direction": "desc"}]),
        ([], []),
    ],
    ids=repr,
)
def test_sort_fields(sandbox: Sandbox, session: up42.Session, value: Any, expected: Any) -> None:
    list(up42.search_items(sortby=value, session=session))
    assert sent(sandbox)["sortby"] == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-",
        5,
        [5],
        [None],
        {"direction": "asc"},
        {"field": ""},
        {"field": "a", "direction": "up"},
    ],
    ids=repr,
)
def test_sort_fields_that_are_none(sandbox: Sandbox, session: up42.Session, value: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="sortby"):
        up42.search_items(sortby=value, session=session)
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dt.datetime(2024, 1, 1), {"timestamp": "2024-01-01T00:00:00Z"}),
        (
            dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            {"timestamp": "2023-12-31T22:00:00Z"},
        ),
        (pd.Timestamp("2024-01-01"), {"timestamp": "2024-01-01T00:00:00Z"}),
        (np.datetime64("2024-01-01T00:00:00", "s"), {"timestamp": "2024-01-01T00:00:00Z"}),
        (dt.date(2024, 1, 1), {"date": "2024-01-01"}),
        (np.float32(0.5), 0.5),
        (np.int64(5), 5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([1, 2]), [1, 2]),
        (Decimal("0.5"), 0.5),
        ((1, 2), [1, 2]),
        ("a", "a"),
        (None, None),
        (BOX, GEOJSON),
    ],
    ids=repr,
)
def test_values_of_filters(
    sandbox: Sandbox, session: up42.Session, value: Any, expected: Any
) -> None:
    # The sandbox doesn't accept all of them.
    with suppress(up42.ApiError):
        ids(session, filter={"op": "=", "args": [{"property": "gsd"}, value]})
    assert sent(sandbox)["filter"]["args"][1] == json.loads(json.dumps(expected))


def test_a_filter_with_a_datetime_finds_the_same_as_one_with_a_string(
    sandbox: Sandbox, session: up42.Session
) -> None:
    middle = sorted(item["properties"]["datetime"] for item in sandbox.items)[
        len(sandbox.items) // 2
    ]
    moment = pd.Timestamp(middle)

    def found(value: Any) -> list[str]:
        wanted = {"op": ">=", "args": [{"property": "datetime"}, value]}
        return [item.id for item in up42.search_items(wanted, session=session)]

    assert found(moment) == found(middle)
    assert 0 < len(found(moment)) < len(sandbox.items)


def circular() -> Any:
    value: dict[str, Any] = {"op": "and"}
    value["args"] = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        "gsd < 1",
        5,
        [],
        {},
        {"args": []},
        {"op": "=", "args": [{"property": "gsd"}, math.nan]},
        {"op": "=", "args": [{"property": "gsd"}, math.inf]},
        {"op": "=", "args": [{"property": "gsd"}, np.float32("nan")]},
        {"op": "=", "args": [{"property": "gsd"}, Decimal("NaN")]},
        {"op": "=", "args": [{"property": "gsd"}, Decimal("sNaN")]},
        {"op": "=", "args": [{"property": "gsd"}, 5j]},
        {"op": "=", "args": [{"property": "gsd"}, b"x"]},
        {"op": "=", "args": [{"property": "gsd"}, {1}]},
        {"op": "=", "args": [{"property": "gsd"}, range(3)]},
        {"op": "=", "args": [{"property": "datetime"}, pd.NaT]},
        {"op": "=", "args": [{"property": "datetime"}, np.datetime64("NaT")]},
        {"op": "=", "args": [{"property": "datetime"}, dt.timedelta(1)]},
        {"op": "=", "args": [{5: 6}]},
        {"op": "=", "args": ["\ud800"]},
        circular(),
    ],
    ids=ascii,
)
def test_filters_that_are_none(sandbox: Sandbox, session: up42.Session, value: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="filter"):
        up42.search_items(value, session=session)
    assert sandbox.requests == []


def ids(session: up42.Session, **arguments: Any) -> list[str]:
    return [item.id for item in up42.search_items(session=session, **arguments)]


def test_conditions(sandbox: Sandbox, session: up42.Session) -> None:
    neo = sandbox.sample_item("pneo-berlin")["id"]
    cloudy = sandbox.sample_item("spot-berlin-cloudy")["id"]
    everything = ids(session)
    assert ids(session, collection="PNEO") == [neo]
    assert set(everything) - set(ids(session, max_cloud_cover=50)) >= {cloudy}
    assert neo in ids(session, acquired_after="2024-06-02", acquired_before=dt.date(2024, 6, 3))
    assert neo not in ids(session, acquired_before="2024-06-02")
    assert ids(session, collection="PNEO", bbox=(13, 52, 14, 53)) == [neo]
    assert ids(session, bbox=(-14, 52, -13, 53)) == []
    clear = {"op": "<", "args": [{"property": "eo:cloud_cover"}, 50]}
    assert cloudy not in ids(session, filter=clear, collection="SPOT")
    oldest = ids(session, sortby="properties.datetime")
    assert ids(session, sortby="properties.datetime", limit=2) == oldest[:2]
    assert ids(session, sortby="properties.datetime", limit=10**20) == oldest


def test_conditions_are_sent(sandbox: Sandbox, session: up42.Session) -> None:
    ids(session, acquired_after="2024-06-01", max_cloud_cover=np.int64(5), limit=3)
    body = sent(sandbox)
    assert body["limit"] == 3
    assert body["filter"] == {
        "op": "and",
        "args": [
            {
                "op": ">=",
                "args": [{"property": "datetime"}, {"timestamp": "2024-06-01T00:00:00Z"}],
            },
            {"op": "<=", "args": [{"property": "eo:cloud_cover"}, 5]},
        ],
    }


def test_a_frame(sandbox: Sandbox, session: up42.Session) -> None:
    import geopandas

    frame = geopandas.GeoDataFrame(geometry=[BOX, shapely.box(20, 1, 21, 2)], crs="EPSG:4326")
    for value in (frame.to_crs("EPSG:3857"), frame.geometry):
        sandbox.clear_requests()
        ids(session, intersects=value)
        found = shapely.geometry.shape(sent(sandbox)["intersects"])
        assert found.normalize().equals_exact(frame.union_all().normalize(), 1e-6)
    sandbox.clear_requests()
    without = geopandas.GeoDataFrame({"name": ["no geometry"]})
    for unusable in (frame.set_crs(None, allow_override=True), frame[:0], without):
        with pytest.raises(up42.InvalidInputError, match="intersects"):
            up42.search_items(intersects=unusable, session=session)
    assert sandbox.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"collection": ""},
        {"collection": 5},
        {"acquired_after": "soon"},
        {"acquired_after": "2024-06-02", "acquired_before": "2024-06-02"},
        {"max_cloud_cover": "5"},
        {"max_cloud_cover": math.nan},
        {"bbox": [1, 2, 3]},
        {"bbox": [0, 0, 1, 1], "intersects": BOX},
        {"results": "yes"},
        {"limit": 0},
        {"limit": True},
        {"limit": "5"},
    ],
    ids=repr,
)
def test_conditions_that_are_none(
    sandbox: Sandbox, session: up42.Session, arguments: dict[str, Any]
) -> None:
    with pytest.raises(up42.InvalidInputError, match=next(iter(arguments))):
        up42.search_items(session=session, **arguments)
    assert sandbox.requests == []


def test_results_of_jobs(sandbox: Sandbox, session: up42.Session) -> None:
    samples = {item["id"] for item in sandbox.items}
    job = up42.Job.get(sandbox.add_job("true-color-conversion").id, session=session)
    assert job.collection is not None
    made = [item.id for item in job.collection.get_items()]
    assert made
    assert ids(session, results=True) == made
    assert set(ids(session, results=False)) == samples
    assert set(ids(session)) == {*samples, *made}
    # A limit counts what matches, wherever it is in the list.
    for direction in "+-":
        found = ids(session, results=True, limit=1, sortby=f"{direction}properties.datetime")
        assert found == made[:1]


def test_an_unknown_collection(sandbox: Sandbox, session: up42.Session) -> None:
    with pytest.raises(up42.InvalidInputError, match=r"PHR, .*SPOT.* Did you mean 'PNEO'\?"):
        ids(session, collection="PNEE")
    # A known one can have no item that matches the rest.
    assert ids(session, collection="PNEO", acquired_before="1999-01-01") == []


def test_an_unknown_property(session: up42.Session) -> None:
    wanted = {"op": "not", "args": [{"op": "=", "args": [{"property": "gdb"}, 1]}]}
    with pytest.raises(up42.InvalidInputError, match=r"'gdb'.* gsd, .*Did you mean 'gsd'\?"):
        ids(session, filter=wanted)


def test_an_unknown_sort_field(session: up42.Session, caplog: pytest.LogCaptureFixture) -> None:
    for known in ("-properties.datetime", "id", "+properties.up42-system:asset_id", "collection"):
        ids(session, sortby=known)
    assert caplog.records == []
    ids(session, sortby="-properties.datetim")
    assert "'datetim' isn't a known property. Did you mean 'datetime'?" in caplog.text


def test_get_item(sandbox: Sandbox, session: up42.Session) -> None:
    scene = sandbox.sample_item("pneo-berlin")
    url = sandbox.item_url("pneo-berlin")
    for value in (scene["id"], url):
        item = up42.get_item(value, session=session)
        assert (item.id, item.get_self_href()) == (scene["id"], url)
    with pytest.raises(up42.NotFoundError, match="nope"):
        up42.get_item("nope", session=session)
    for unusable in ("", "https://example.com/x", f"{sandbox.url}/v2/assets/stac", 5):
        with pytest.raises(up42.InvalidInputError):
            up42.get_item(unusable, session=session)  # type: ignore[arg-type]
