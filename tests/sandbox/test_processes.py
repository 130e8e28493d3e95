"""Processes: descriptions, input checking, prices."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pyproj import Geod
from shapely.geometry import shape

from tests.sandbox.conftest import PROCESSES, Api
from up42_sandbox.processing.catalog import PROCESSES as CATALOG
from up42_sandbox.stac.records import area_km2


def parameters(process: dict[str, Any]) -> dict[str, list[Any]]:
    entries = process["additionalParameters"]["parameters"]
    return {entry["name"]: entry["value"] for entry in entries}


def test_all_processes_are_listed(api: Api) -> None:
    listed = api.get(PROCESSES)
    assert {process["id"] for process in listed["processes"]} == set(CATALOG)
    assert listed["links"][0]["rel"] == "self"


def test_description(api: Api) -> None:
    process = api.get(f"{PROCESSES}/pansharpening")
    assert process["inputs"]["title"]["schema"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 250,
    }
    assert process["inputs"]["item"]["schema"]["format"] == "uri"
    assert process["inputs"]["greyWeights"]["minOccurs"] == 0
    assert parameters(process)["price"] == [{"credits": 4, "unit": "SQ_KM"}]
    eula = api.get(f"/v2/eulas/{parameters(process)['eula-id'][0]}")
    assert eula["isAccepted"]
    assert eula["acceptedAt"]
    change = api.get(f"{PROCESSES}/detection-change-simularity")
    assert change["inputs"]["sensitivity"]["schema"]["type"] == "integer"
    assert parameters(change)["price"][0]["credits"] == 200


def test_all_eulas_of_up42_are_real_and_one_is_not_accepted(api: Api) -> None:
    described = [api.get(f"{PROCESSES}/{process_id}") for process_id in sorted(CATALOG)]
    without = [process["id"] for process in described if "eula-id" not in parameters(process)]
    assert without == ["sandbox-copy"]
    eulas = {eula["id"]: eula for eula in api.get("/v2/eulas")["content"]}
    open_eulas = [
        process["id"]
        for process in described
        for eula_id in parameters(process).get("eula-id", [])
        if not eulas[eula_id]["isAccepted"]
    ]
    assert open_eulas == ["detection-wind-turbines-airbus"]
    api.sandbox.accept_eula("detection-wind-turbines-airbus")
    assert all(eula["isAccepted"] for eula in api.get("/v2/eulas")["content"])


def test_unknown_process_and_eula(api: Api) -> None:
    assert api.get(f"{PROCESSES}/alchemy", 404)["title"] == "Not Found"
    for action in ("validation", "cost", "execution"):
        api.post(f"{PROCESSES}/alchemy/{action}", 404, json={"inputs": {}})
    api.get("/v2/eulas/00000000-0000-4000-8000-000000000000", 404)


@pytest.mark.parametrize("process_id", sorted(CATALOG))
def test_good_inputs_are_valid_and_priced_by_area(api: Api, process_id: str) -> None:
    inputs = api.sandbox.inputs_for(process_id)
    body = {"inputs": inputs}
    assert api.post(f"{PROCESSES}/{process_id}/validation", json=body) is None
    cost = api.post(f"{PROCESSES}/{process_id}/cost", json=body)
    price = CATALOG[process_id].credits_per_km2
    if price is None:
        assert cost == {"pricingStrategy": "none", "totalCredits": 0}
        return
    item = api.get(inputs.get("item") or inputs["sourceItem"])
    true_area = abs(Geod(ellps="WGS84").geometry_area_perimeter(shape(item["geometry"]))[0]) / 1e6
    assert cost["pricingStrategy"] == "area"
    assert cost["unit"] == "SQ_KM"
    assert cost["totalSize"] == pytest.approx(true_area, abs=1e-5)
    assert cost["totalCredits"] == math.ceil(price * true_area)


def test_area_is_geodesic() -> None:
    degree = shape(
        {"type": "Polygon", "coordinates": [[[13, 52], [14, 52], [14, 53], [13, 53], [13, 52]]]}
    )
    assert area_km2(degree) == pytest.approx(7_550, rel=0.01)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": ""}, "data.inputs.title must be longer than or equal to 1 characters"),
        ({"title": "x" * 251}, "data.inputs.title must be shorter than or equal to 250"),
        ({"title": 5}, "data.inputs.title must be string"),
        ({"item": None}, "data.inputs.item must be string"),
        ({"item": "/relative"}, "data.inputs.item must be uri"),
        ({"item": "http://[broken"}, "data.inputs.item must be uri"),
        ({"items": []}, "data.inputs must not contain ['items'] properties"),
        ({"greyWeights": [{"band": "red"}]}, "greyWeights[0] must contain ['weight'] properties"),
        (
            {"greyWeights": [{"band": "red", "weight": -1}]},
            "greyWeights[0].weight must be bigger than or equal to 0",
        ),
    ],
)
def test_schema_errors(api: Api, changes: dict[str, Any], message: str) -> None:
    body = {"inputs": {**api.sandbox.inputs_for("pansharpening"), **changes}}
    for action in ("validation", "cost", "execution"):
        query = {"workspaceId": api.sandbox.workspace_id}
        url = f"{PROCESSES}/pansharpening/{action}"
        response = api.post(url, 400, json=body, params=query)
        assert message in response["schema-error"]
    assert not api.sandbox.jobs


def test_title_may_have_250_characters(api: Api) -> None:
    body = {"inputs": api.sandbox.inputs_for("pansharpening", "x" * 250)}
    api.post(f"{PROCESSES}/pansharpening/validation", json=body)


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "{}", '{"inputs": 3}', "NaN"])
def test_bodies_of_another_shape(api: Api, body: str) -> None:
    response = api.post(f"{PROCESSES}/pansharpening/validation", 400, content=body)
    assert response["schema-error"].startswith("data")


def test_missing_input_is_named(api: Api) -> None:
    body = {"inputs": {"title": "x"}}
    response = api.post(f"{PROCESSES}/pansharpening/validation", 400, json=body)
    assert response["schema-error"] == "data.inputs must contain ['item'] properties"
    assert response["status"] == 400


def names(api: Api, process_id: str, **changes: Any) -> list[str]:
    body = {"inputs": {**api.sandbox.inputs_for(process_id), **changes}}
    response = api.post(f"{PROCESSES}/{process_id}/validation", 422, json=body)
    assert response["title"] == "Unprocessable Entity"
    assert all(error["message"] for error in response["errors"])
    return [error["name"] for error in response["errors"]]


def test_semantic_errors_of_one_item(api: Api) -> None:
    item_url = api.sandbox.item_url
    no_pan = item_url("pleiades-potsdam")
    doubled = [{"band": "red", "weight": 0.2}, {"band": "red", "weight": 0.3}]
    assert names(api, "pansharpening", item=no_pan) == ["MissingPanchromaticAsset"]
    assert names(api, "pansharpening", greyWeights=doubled) == ["GreyWeightBandsNotUnique"]
    both = names(api, "pansharpening", item=no_pan, greyWeights=doubled)
    assert both == ["MissingPanchromaticAsset", "GreyWeightBandsNotUnique"]
    unknown = [{"band": "ultraviolet", "weight": 1}]
    assert names(api, "pansharpening", greyWeights=unknown) == ["UnknownGreyWeightBand"]
    assert names(api, "detection-trees-spacept", title="  \t") == ["InvalidTitle"]
    assert names(api, "detection-cars-oi", item=item_url("spot-berlin")) == [
        "UnsupportedCollection"
    ]


def test_items_that_are_not_here(api: Api) -> None:
    url = api.sandbox.item_url()
    for wrong, name in (
        (url[:-1] + ("0" if url[-1] != "0" else "1"), "ItemNotFound"),
        (url.replace("127.0.0.1", "api.elsewhere.example"), "InvalidItemUrl"),
        (f"{api.sandbox.url}/v2/assets/stac", "InvalidItemUrl"),
    ):
        assert names(api, "detection-trees-spacept", item=wrong) == [name]


def test_pairs_must_fit(api: Api) -> None:
    item_url = api.sandbox.item_url
    process = "coregistration-simularity"
    same = item_url("spot-berlin")
    assert names(api, process, referenceItem=same) == ["IdenticalItems"]
    apart = names(api, process, referenceItem=item_url("pleiades-potsdam"))
    assert "InsufficientOverlap" in apart
    cloudy = names(api, process, referenceItem=item_url("spot-berlin-cloudy"))
    assert cloudy == ["CloudCoverTooHigh"]
    finer = names(api, process, referenceItem=item_url("pleiades-berlin"))
    assert finer == ["GsdDifferenceTooHigh"]


def test_unknown_members_beside_inputs_do_not_matter(api: Api) -> None:
    body = {"inputs": api.sandbox.inputs_for("pansharpening"), "mode": "async"}
    api.post(f"{PROCESSES}/pansharpening/validation", json=body)
