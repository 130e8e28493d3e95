"""What people pass to `search_items`: understood, or refused before anything is sent."""

from __future__ import annotations

import datetime as dt
import json
import math
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
def test_values_of_filters(value: Any, expected: Any) -> None:
    from up42_facade.stac._search_arguments import search_body

    wanted = {"op": "=", "args": [{"property": "a"}, value]}
    body = search_body(wanted, None, None, 10).to_dict()
    assert json.loads(json.dumps(body))["filter"]["args"][1] == json.loads(json.dumps(expected))


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
