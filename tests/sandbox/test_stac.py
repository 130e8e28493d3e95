"""The storage as a STAC catalog: sample scenes, results, search."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from shapely.geometry import mapping, shape

from tests.sandbox.conftest import STAC, Api

TREES = "detection-trees-spacept"


def links(document: dict[str, Any], rel: str) -> list[dict[str, Any]]:
    return [link for link in document["links"] if link["rel"] == rel]


def test_landing_page_with_and_without_slash(api: Api) -> None:
    root = api.get(STAC)
    assert root == api.get(f"{STAC}/")
    assert root["id"] == "up42-storage"
    assert root["title"] == "UP42 Storage"
    (search,) = links(root, "search")
    assert search["method"] == "POST"
    for needed in ("core", "collections", "ogcapi-features", "item-search", "item-search#filter"):
        assert any(entry.endswith(f"rc.1/{needed}") for entry in root["conformsTo"])
    assert api.get(links(root, "data")[0]["href"])["collections"]
    assert api.client.get(search["href"]).status_code == 405


def test_sample_scenes(api: Api) -> None:
    items = api.sandbox.items
    assert len(items) >= 4
    for item in items:
        properties = item["properties"]
        assert datetime.fromisoformat(properties["datetime"]).tzinfo is not None
        assert properties["up42-system:workspace_id"] == api.sandbox.workspace_id
        assert properties["up42-system:source"] == "ARCHIVE"
        assert properties["proj:epsg"] == 32633
        assert 13.0 < item["bbox"][0] < 13.6
        assert 52.3 < item["bbox"][1] < 52.7
        assert shape(item["geometry"]).is_valid
        assert item["assets"]["thumbnail.png"]["roles"] == ["thumbnail"]
        assert api.get(links(item, "self")[0]["href"]) == item
    assert len({item["properties"]["constellation"] for item in items}) == 4
    assert "panchromatic.tif" not in api.sandbox.sample_item("pleiades-potsdam")["assets"]


def test_collections_carry_the_extension_fields_on_top(api: Api) -> None:
    item = api.sandbox.sample_item()
    collection = api.get(f"{STAC}/collections/{item['collection']}")
    assert collection["up42-system:asset_id"] == api.sandbox.asset_id()
    assert collection["up42-order:status"] == "FULFILLED"
    assert collection["extent"]["spatial"]["bbox"] == [item["bbox"]]
    (inside,) = api.get(links(collection, "items")[0]["href"])["features"]
    assert inside == item


def test_asset_ids(api: Api) -> None:
    item = api.sandbox.sample_item("pneo-berlin")
    by_key = api.sandbox.asset_id("pneo-berlin")
    assert by_key == api.sandbox.asset_id(item["id"]) == item["properties"]["up42-system:asset_id"]
    with pytest.raises(KeyError):
        api.sandbox.asset_id("moon")
    with pytest.raises(KeyError):
        api.sandbox.sample_item("moon")


def test_unknown_collections_and_items(api: Api) -> None:
    item = api.sandbox.sample_item()
    unknown = "00000000-0000-4000-8000-000000000000"
    api.get(f"{STAC}/collections/{unknown}", 404)
    api.get(f"{STAC}/collections/{unknown}/items", 404)
    api.get(f"{STAC}/collections/{item['collection']}/items/{unknown}", 404)


def test_collections_in_pages(api: Api) -> None:
    whole = api.get(f"{STAC}/collections", params={"limit": 100})["collections"]
    assert len(whole) == 7
    page, seen = api.get(f"{STAC}/collections", params={"limit": 3}), []
    while True:
        seen += page["collections"]
        following = links(page, "next")
        if not following:
            break
        assert following[0]["method"] == "GET"
        assert "token=next:" in following[0]["href"]
        page = api.get(following[0]["href"])
    assert seen == whole
    before = api.get(links(page, "prev")[0]["href"])["collections"]
    assert before == whole[3:6]


def test_collections_of_a_workspace(api: Api) -> None:
    sandbox = api.sandbox
    job = sandbox.add_job(workspace_id=sandbox.other_workspace_id)
    query = {"workspace_id": sandbox.other_workspace_id}
    (collection,) = api.get(f"{STAC}/collections", params=query)["collections"]
    assert collection["up42-system:job_id"] == job.id


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "-3"},
        {"limit": "x"},
        {"token": "x"},
        {"token": "next:x"},
        {"": "x"},
    ],
)
def test_wrong_pages(api: Api, query: dict[str, str]) -> None:
    for path in ("collections", f"collections/{api.sandbox.items[0]['collection']}/items"):
        assert api.get(f"{STAC}/{path}", 400, params=query)["status"] == 400


def test_huge_limits_are_cut(api: Api) -> None:
    assert len(api.get(f"{STAC}/collections", params={"limit": 10**15})["collections"]) == 7
    assert len(api.post(f"{STAC}/search", json={"limit": 10**15})["features"]) == 7


def test_results_of_a_job_appear_with_success(api: Api) -> None:
    job_id = api.execute(TREES, title="Trees of Berlin")
    collection_id = api.sandbox.jobs[job_id].collection_id
    by_job = {"op": "=", "args": [{"property": "job_id"}, job_id]}
    api.get(f"{STAC}/collections/{collection_id}", 404)
    assert api.search(filter=by_job) == []
    item = api.result_item(job_id)
    collection = api.get(f"{STAC}/collections/{collection_id}")
    assert collection["title"] == "Trees of Berlin"
    for holder in (collection, item["properties"]):
        assert holder["up42-system:job_id"] == job_id
        assert holder["up42-system:source"] == "ANALYTICS"
        assert holder["up42-user:title"] == "Trees of Berlin"
        assert "up42-order:id" not in holder
    assert api.search(filter=by_job) == [item]
    assert item["geometry"] == api.sandbox.sample_item()["geometry"]


def test_results_can_be_processed_again(api: Api) -> None:
    item = api.result_item(api.execute("pansharpening"))
    job_id = api.execute(TREES, item=item["links"][0]["href"])
    assert "trees.tif" in api.result_item(job_id)["assets"]


# Search --------------------------------------------------------------------------------------

Pick = Callable[[dict[str, Any]], bool]


def prop(name: str) -> dict[str, str]:
    return {"property": name}


@pytest.mark.parametrize(
    ("expression", "pick"),
    [
        (
            {"op": "=", "args": [prop("constellation"), "spot"]},
            lambda p: p["constellation"] == "spot",
        ),
        (
            {"op": "<>", "args": [prop("constellation"), "spot"]},
            lambda p: p["constellation"] != "spot",
        ),
        ({"op": "<", "args": [prop("gsd"), 1]}, lambda p: p["gsd"] < 1),
        ({"op": ">=", "args": [prop("gsd"), 2]}, lambda p: p["gsd"] >= 2),
        ({"op": "<=", "args": [1.5, prop("gsd")]}, lambda p: p["gsd"] >= 1.5),
        ({"op": ">", "args": [prop("eo:cloud_cover"), 5]}, lambda p: p["eo:cloud_cover"] > 5),
        ({"op": "between", "args": [prop("gsd"), 0.4, 2]}, lambda p: 0.4 <= p["gsd"] <= 2),
        (
            {"op": "in", "args": [prop("collection_name"), ["PHR", "PNEO"]]},
            lambda p: p["up42-product:collection_name"] in ("PHR", "PNEO"),
        ),
        ({"op": "like", "args": [prop("title"), "SPOT _,%"]}, lambda p: "SPOT" in p["title"]),
        ({"op": "isNull", "args": [prop("job_id")]}, lambda p: True),
        (
            {"op": "a_contains", "args": [prop("tags"), ["sample", "phr"]]},
            lambda p: p["constellation"] == "phr",
        ),
        (
            {
                "op": "and",
                "args": [
                    {"op": "=", "args": [prop("constellation"), "spot"]},
                    {"op": "not", "args": [{"op": ">", "args": [prop("cloud_cover"), 50]}]},
                ],
            },
            lambda p: p["constellation"] == "spot" and p["eo:cloud_cover"] <= 50,
        ),
        (
            {
                "op": "or",
                "args": [
                    {"op": "=", "args": [prop("gsd"), 0.3]},
                    {"op": "=", "args": [prop("gsd"), 10]},
                ],
            },
            lambda p: p["gsd"] in (0.3, 10),
        ),
        (
            {"op": ">", "args": [prop("datetime"), {"timestamp": "2024-05-01T00:00:00Z"}]},
            lambda p: p["datetime"] > "2024-05",
        ),
        ({"op": "=", "args": [prop("gsd"), "text"]}, lambda p: False),
        ({"op": "<", "args": [prop("title"), 5]}, lambda p: False),
    ],
)
def test_filters(api: Api, expression: dict[str, Any], pick: Pick) -> None:
    wanted = [item for item in api.sandbox.items if pick(item["properties"])]
    found = api.search(filter=expression, **{"filter-lang": "cql2-json"})
    assert found == wanted


def test_filter_by_ids_of_every_kind(api: Api) -> None:
    item = api.sandbox.sample_item("pneo-berlin")
    for name, value in (
        ("id", item["id"]),
        ("collection", item["collection"]),
        ("asset_id", api.sandbox.asset_id("pneo-berlin")),
        ("order_id", item["properties"]["up42-order:id"]),
        ("data_product_id", item["properties"]["up42-product:product_id"]),
    ):
        assert api.search(filter={"op": "=", "args": [prop(name), value]}) == [item]
    assert api.search(ids=[item["id"]]) == [item]
    assert api.search(collections=[item["collection"]]) == [item]
    assert len(api.search(ids=[])) == 7


def test_the_filter_of_old_clients(api: Api) -> None:
    """up42-py 0.37.2 sends the limit and the filter inside the filter."""
    asset_id = api.sandbox.asset_id("pneo-berlin")
    expression = {"op": "=", "args": [prop("asset_id"), asset_id]}
    whole = {"max_items": 100, "limit": 10, "filter": expression}
    assert api.search(filter=whole) == [api.sandbox.sample_item("pneo-berlin")]
    api.post(f"{STAC}/search", 400, json={"filter": {"limit": 10}})


def test_space_and_time(api: Api) -> None:
    potsdam = api.sandbox.sample_item("pleiades-potsdam")
    assert api.search(bbox=potsdam["bbox"]) == [potsdam]
    point = {"type": "Point", "coordinates": potsdam["bbox"][:2]}
    middle = mapping(shape(potsdam["geometry"]).centroid)
    assert api.search(intersects=middle) == [potsdam]
    assert api.search(filter={"op": "s_intersects", "args": [prop("geometry"), middle]}) == [
        potsdam
    ]
    assert api.search(intersects=point) == []
    assert len(api.search(datetime="2023-01-01T00:00:00Z/2023-12-31T23:59:59Z")) == 2
    assert len(api.search(datetime="2024-05-15T00:00:00Z/..")) == 2
    assert len(api.search(datetime="../2024-01-01T00:00:00Z")) == 2
    exact = potsdam["properties"]["datetime"]
    assert api.search(datetime=exact) == [potsdam]


def test_sorting(api: Api) -> None:
    by_gsd = api.search(sortby=[{"field": "properties.gsd", "direction": "desc"}])
    values = [item["properties"]["gsd"] for item in by_gsd]
    assert values == sorted(values, reverse=True)
    both = api.search(
        sortby=[
            {"field": "properties.constellation", "direction": "asc"},
            {"field": "datetime", "direction": "desc"},
        ]
    )
    keys = [item["properties"]["constellation"] for item in both]
    assert keys == sorted(keys)
    spots = [datetime.fromisoformat(item["properties"]["datetime"]) for item in both[-3:]]
    assert spots == sorted(spots, reverse=True)


def test_search_pages_by_the_body_of_the_link(api: Api) -> None:
    page = api.post(f"{STAC}/search", json={"limit": 2, "sortby": [{"field": "gsd"}]})
    (following,) = links(page, "next")
    assert following["method"] == "POST"
    assert following["body"]["token"].startswith("next:")
    assert following["body"]["limit"] == 2
    whole = api.search(limit=2, sortby=[{"field": "gsd"}])
    assert whole == api.search(limit=100, sortby=[{"field": "gsd"}])


def deep(levels: int) -> dict[str, Any]:
    expression: dict[str, Any] = {"op": "=", "args": [prop("gsd"), 1]}
    for _ in range(levels):
        expression = {"op": "not", "args": [expression]}
    return expression


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"limit": 0},
        {"limit": None},
        {"intersects": None},
        {"limit": "3"},
        {"limit": True},
        {"ids": "x"},
        {"ids": [1]},
        {"collections": {}},
        {"bbox": [1, 2, 3]},
        {"bbox": [3, 2, 1, 4]},
        {"bbox": "1,2,3,4"},
        {"bbox": [1, 2, 3, 4], "intersects": {"type": "Point", "coordinates": [1, 2]}},
        {"intersects": {}},
        {"intersects": 5},
        {"intersects": {"type": "Point"}},
        {"intersects": {"type": "Polygon", "coordinates": [[1]]}},
        {"datetime": "yesterday"},
        {"datetime": "../.."},
        {"datetime": "2024-01-01T00:00:00Z/2023-01-01T00:00:00Z"},
        {"datetime": 2024},
        {"sortby": "datetime"},
        {"sortby": [{"field": 1}]},
        {"sortby": [{"field": "gsd", "direction": "up"}]},
        {"token": "next:unknown"},
        {"token": 5},
        {"filter": "gsd = 1"},
        {"filter": {"op": "="}},
        {"filter": {"op": "=", "args": [1]}},
        {"filter": {"op": "~", "args": [1, 2]}},
        {"filter": {"op": "=", "args": [prop("up42-system:job_id"), "x"]}},
        {"filter": {"op": "=", "args": [prop("secret"), "x"]}},
        {"filter": {"op": "=", "args": [{"property": ["gsd"]}, 1]}},
        {"filter": {"op": "=", "args": [{"function": "now"}, 1]}},
        {"filter": {"op": "and", "args": []}},
        {"filter": {"op": "not", "args": []}},
        {"filter": {"op": "in", "args": [prop("gsd"), 3]}},
        {"filter": {"op": "like", "args": [prop("title"), 3]}},
        {"filter": {"op": "isNull", "args": []}},
        {"filter": {"op": "a_contains", "args": [prop("tags"), "sample"]}},
        {"filter": {"op": "s_intersects", "args": [prop("gsd"), {}]}},
        {"filter": deep(30)},
        {"filter": {"op": "=", "args": [prop("gsd"), 1]}, "filter-lang": "cql2-text"},
    ],
)
def test_searches_that_cannot_be_understood(api: Api, body: Any) -> None:
    response = api.post(f"{STAC}/search", 400, json=body)
    assert response["title"] == "Bad Request"
    assert response["detail"]


def test_body_that_is_no_json(api: Api) -> None:
    assert api.post(f"{STAC}/search", 400, content="{")["status"] == 400
    nested = "[" * 100_000 + "]" * 100_000
    assert api.post(f"{STAC}/search", 400, content=nested)["status"] == 400


def test_queryables(api: Api) -> None:
    response = api.get(f"{STAC}/queryables")
    assert {"job_id", "asset_id", "tags", "eo:cloud_cover"} <= set(response["properties"])


# Deliveries ----------------------------------------------------------------------------------


def test_metadata_and_list_of_deliveries(api: Api) -> None:
    asset_id = api.sandbox.asset_id()
    entry = api.get(f"/v2/assets/{asset_id}/metadata")
    assert entry["id"] == asset_id
    assert entry["title"] == "SPOT 6, Berlin"
    page = api.get("/v2/assets", params={"size": 3, "page": 2})
    assert page["totalPages"] == 3
    assert len(page["content"]) == 1
    assert entry in api.get("/v2/assets")["content"]
    api.get("/v2/assets", 400, params={"size": 0})
    api.get("/v2/assets", 400, params={"page": "x"})
    api.get("/v2/assets/unknown/metadata", 404)
