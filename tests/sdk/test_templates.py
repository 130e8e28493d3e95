"""Templates of each kind: the official SDK and our facade get the same from the sandbox."""

from __future__ import annotations

from typing import Any

import up42_facade as up42
from tests.conftest import new_session
from tests.sdk.conftest import Rival
from up42_facade import processing_templates
from up42_sandbox import Sandbox

# Errors that each client words for itself; the server words all others.
OWN_WORDS = {"ProcessNotFound", "EulaNotAccepted"}
SCENE, LATER, CLOUDY = "spot-berlin", "spot-berlin-later", "spot-berlin-cloudy"
DETAILED, WITHOUT_PAN, SENTINEL = "pleiades-berlin", "pleiades-potsdam", "sentinel-2-berlin"
EXPECTED: dict[str, set[str]] = {
    "pansharpening without a panchromatic band": {"MissingPanchromaticAsset"},
    "pansharpening with a band twice": {"GreyWeightBandsNotUnique"},
    "pansharpening with two errors": {"MissingPanchromaticAsset", "GreyWeightBandsNotUnique"},
    "trees without a title": {"InvalidSchema"},
    "trees with a long title": {"InvalidSchema"},
    "trees on Sentinel-2": {"UnsupportedCollection"},
    "one scene twice": {"IdenticalItems"},
    "clouds": {"CloudCoverTooHigh"},
    "too sensitive": {"InvalidSchema"},
    "EULA not accepted": {"EulaNotAccepted"},
    "unknown process": {"ProcessNotFound"},
}


class NoSuchProcess(processing_templates.SingleItemJobTemplate):
    """A template of a process that nobody offers."""

    process_id = "no-such-process"


class SandboxCopy(processing_templates.SingleItemJobTemplate):
    """A template of the sandbox's own process, which has no EULA."""

    process_id = "sandbox-copy"


def scene(key: str) -> dict[str, str]:
    """Stand for an item, until its id is known."""
    return {"item": key}


def single(template: str, key: str = SCENE, title: str = "Berlin", **more: Any) -> dict[str, Any]:
    return {"template": template, "arguments": {"title": title, "item": scene(key), **more}}


def pair(template: str, source: str, reference: str, **more: Any) -> dict[str, Any]:
    items = {"source_item": scene(source), "reference_item": scene(reference)}
    return {"template": template, "arguments": {"title": "Berlin", **items, **more}}


CASES: dict[str, dict[str, Any]] = {
    "buildings": single("DetectionBuildingsSpacept"),
    "trees": single("DetectionTreesSpacept"),
    "shadows": single("DetectionShadowsSpacept"),
    "ships": single("DetectionShipsAirbus"),
    "storage tanks": single("DetectionStorageTanksAirbus"),
    "cars": single("DetectionCarsOI", DETAILED),
    "trucks": single("DetectionTrucksOI", DETAILED),
    "aircraft": single("DetectionAircraftOI", DETAILED),
    "upsampling": single("UpsamplingNS"),
    "upsampling of Sentinel-2": single("UpsamplingNSSentinel", SENTINEL),
    "true color": single("TrueColorConversion", SENTINEL),
    "orthorectification": single("OrthorectificationIntermap"),
    "pansharpening": single("Pansharpening"),
    "pansharpening with grey weights": single(
        "Pansharpening", grey_weights=[["red", 0.2], ["green", 0.34], ["blue", 0.23]]
    ),
    "pansharpening without a panchromatic band": single("Pansharpening", WITHOUT_PAN),
    "pansharpening with a band twice": single(
        "Pansharpening", grey_weights=[["red", 0.2], ["red", 0.3]]
    ),
    "pansharpening with two errors": single(
        "Pansharpening", WITHOUT_PAN, grey_weights=[["red", 0.2], ["red", 0.3]]
    ),
    "coregistration": pair("CoregistrationSimularity", SCENE, LATER),
    "change detection": pair("DetectionChangeSimularity", SCENE, LATER),
    "sensitive change detection": pair("DetectionChangeSimularity", SCENE, LATER, sensitivity=5),
    "trees without a title": single("DetectionTreesSpacept", title=""),
    "trees with the longest title": single("DetectionTreesSpacept", title="x" * 250),
    "trees with a long title": single("DetectionTreesSpacept", title="x" * 251),
    "trees on Sentinel-2": single("DetectionTreesSpacept", SENTINEL),
    "one scene twice": pair("CoregistrationSimularity", SCENE, SCENE),
    "clouds": pair("CoregistrationSimularity", SCENE, CLOUDY),
    "too sensitive": pair("DetectionChangeSimularity", SCENE, LATER, sensitivity=9),
    "EULA not accepted": single("DetectionWindTurbinesAirbus"),
    "unknown process": single("NoSuchProcess"),
}


def with_ids(value: Any, ids: dict[str, str]) -> Any:
    """Replace scenes by the ids of their items."""
    if isinstance(value, dict):
        if value.keys() == {"item"} and value["item"] in ids:
            return {"item": ids[value["item"]]}
        return {key: with_ids(entry, ids) for key, entry in value.items()}
    return value


def ours(case: dict[str, Any], sandbox: Sandbox, session: up42.Session) -> dict[str, Any]:
    kind = getattr(processing_templates, case["template"], None) or globals()[case["template"]]

    def argument(value: Any) -> Any:
        if isinstance(value, dict):
            return sandbox.item_url(value["item"])
        if isinstance(value, list):
            return [processing_templates.GreyWeight(*weight) for weight in value]
        return value

    arguments = {name: argument(value) for name, value in case["arguments"].items()}
    template = kind(**arguments, session=session)
    cost = template.cost if template.is_valid else None
    return {
        "is_valid": template.is_valid,
        "errors": sorted([error.name, error.message] for error in template.errors),
        "inputs": template.inputs,
        "cost": cost and [cost.strategy, cost.credits, cost.size, cost.unit],
    }


def comparable(facts: dict[str, Any]) -> dict[str, Any]:
    """Leave out what each client words for itself."""
    errors = [[name, None if name in OWN_WORDS else text] for name, text in facts["errors"]]
    return {**facts, "errors": errors}


def test_templates(rival: Rival, sandbox: Sandbox) -> None:
    keys = (SCENE, LATER, CLOUDY, DETAILED, WITHOUT_PAN, SENTINEL)
    ids = {key: sandbox.sample_item(key)["id"] for key in keys}
    found = rival("templates", sandbox, item_ids=list(ids.values()), cases=with_ids(CASES, ids))
    assert found["items"] == sorted(ids.values())
    with new_session(sandbox) as session:
        for name, case in CASES.items():
            theirs = found["templates"][name]
            assert {error for error, _ in theirs["errors"]} == EXPECTED.get(name, set()), name
            assert comparable(theirs) == comparable(ours(case, sandbox, session)), name
            assert (theirs["cost"] is not None) == theirs["is_valid"], name


def test_a_process_without_eula(rival: Rival, sandbox: Sandbox) -> None:
    # The SDK expects that every process has a EULA, and fails otherwise; the API contract lets
    # the parameter be missing.
    case = single("SandboxCopy", SENTINEL)
    ids = {SENTINEL: sandbox.sample_item(SENTINEL)["id"]}
    found = rival(
        "templates", sandbox, item_ids=list(ids.values()), cases=with_ids({"copy": case}, ids)
    )
    assert found["templates"]["copy"]["raised"] == "StopIteration"
    with new_session(sandbox) as session:
        assert ours(case, sandbox, session)["is_valid"]
