"""Processes: listed, described, and made into templates."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import up42_facade as up42
from up42_facade.processing_templates import DetectionWindTurbinesAirbus
from up42_sandbox import Fault, Sandbox

PROCESSES = "/v2/processing/processes"


Describe = Callable[..., up42.Process]


@pytest.fixture
def describe(sandbox: Sandbox, session: up42.Session) -> Describe:
    """Return what a description of a process is read as."""

    def go(**content: Any) -> up42.Process:
        body = json.dumps({"id": "p", **content})
        path = f"{PROCESSES}/p"
        sandbox.inject(Fault(path=path, status=200, body=body, content_type="application/json"))
        return up42.Process.get("p", session=session)

    return go


@pytest.fixture
def item(session: up42.Session) -> Any:
    return next(iter(up42.search_items(session=session)))


def test_all(session: up42.Session) -> None:
    processes = up42.Process.all(session=session)
    assert len(processes) >= 16
    assert all(process.id and process.title for process in processes)


@pytest.mark.parametrize("envelope", [True, False])
def test_both_forms_of_the_list(sandbox: Sandbox, session: up42.Session, envelope: bool) -> None:
    listed: Any = [{"id": "a"}, {"id": "b", "title": None, "new": 1}, None]
    body = json.dumps({"processes": listed, "links": None} if envelope else listed[:2])
    sandbox.inject(Fault(path=PROCESSES, status=200, body=body, content_type="application/json"))
    assert [process.id for process in up42.Process.all(session=session)] == ["a", "b"]


def test_get(sandbox: Sandbox, session: up42.Session) -> None:
    process = up42.Process.get("pansharpening", session=session)
    assert process.title
    assert process.description
    assert {"title", "item", "greyWeights"} <= set(process.inputs)
    assert process.prices[0].unit == "SQ_KM"
    assert "credits/SQ_KM" in str(process.prices[0])
    assert process.is_eula_accepted
    assert "pansharpening" in process._repr_html_()
    sandbox.clear_requests()
    assert up42.Process.get("pansharpening", session=session) == process
    assert sandbox.requests == []


def test_unknown(sandbox: Sandbox, session: up42.Session) -> None:
    with pytest.raises(up42.NotFoundError, match=r"'no-such-process' doesn't exist\.$"):
        up42.Process.get("no-such-process", session=session)
    with pytest.raises(up42.NotFoundError, match="Did you mean 'pansharpening'") as caught:
        up42.Process.get("pansharpning", session=session)
    assert caught.value.status_code == 404
    with pytest.raises(up42.NotFoundError, match="'detection-trees-spacept'"):
        up42.Process.get("trees", session=session)
    sandbox.inject(Fault(path=PROCESSES, status=403))
    with pytest.raises(up42.NotFoundError, match=r"'pansharpning' doesn't exist\.$"):
        up42.Process.get("pansharpning", session=session)


def test_schema(session: up42.Session) -> None:
    schema = up42.Process.get("pansharpening", session=session).inputs_schema
    assert set(schema["required"]) == {"title", "item"}
    assert schema["properties"]["title"]["maxLength"] == 250


def test_template(sandbox: Sandbox, session: up42.Session, item: Any) -> None:
    process = up42.Process.get("detection-trees-spacept", session=session)
    template = process.template(title="Trees", item=item)
    assert template.process_id == process.id
    assert template.inputs == {"title": "Trees", "item": item.get_self_href()}
    assert template.is_valid
    assert template.execute(max_credits=template.cost.credits).process_id == process.id


def test_template_from_the_list(session: up42.Session, item: Any) -> None:
    listed = next(p for p in up42.Process.all(session=session) if p.id == "pansharpening")
    assert listed.template(title="P", item=item).is_valid


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({}, "title"),
        ({"title": ""}, "inputs.title"),
        ({"title": "x" * 251}, "inputs.title"),
        ({"title": 5}, "inputs.title"),
        ({"title": "t", "titel": "t"}, "titel"),
        ({"title": "t", "greyWeights": [{"band": 1, "weight": 0.2}]}, "greyWeights.0.band"),
    ],
)
def test_local_checks_ask_nobody(
    sandbox: Sandbox, session: up42.Session, item: Any, inputs: dict[str, Any], named: str
) -> None:
    process = up42.Process.get("pansharpening", session=session)
    template = process.template(item=item, **inputs)
    sandbox.clear_requests()
    assert not template.is_valid
    assert all(error.name == "InvalidSchema" for error in template.errors)
    assert any(named in error.message for error in template.errors)
    with pytest.raises(up42.InvalidTemplateError, match="pansharpening"):
        template.execute()
    assert sandbox.requests == []


def test_an_item_without_url(session: up42.Session, item: Any) -> None:
    process = up42.Process.get("pansharpening", session=session)
    item.remove_links("self")
    with pytest.raises(up42.InvalidInputError, match="self link"):
        process.template(title="t", item=item)


@pytest.mark.parametrize(
    ("content", "prices", "eulas"),
    [
        ({}, 0, 0),
        ({"additionalParameters": None}, 0, 0),
        ({"additionalParameters": {"parameters": None}}, 0, 0),
        ({"additionalParameters": {"parameters": [{"name": "price"}]}}, 0, 0),
        (
            {
                "additionalParameters": {
                    "parameters": [
                        {"name": "price", "value": [{"credits": 2.5}]},
                        {"name": "eula-id", "value": ["a", "b"]},
                    ]
                },
            },
            1,
            2,
        ),
    ],
)
def test_liberal_in_descriptions(
    describe: Describe, content: dict[str, Any], prices: int, eulas: int
) -> None:
    process = describe(**content)
    assert len(process.prices) == prices
    assert len(process.eula_ids) == eulas


def test_the_older_form_says_input(describe: Describe) -> None:
    process = describe(input={"title": {"schema": {}}})
    assert set(process.inputs) == {"title"}


def test_inputs_that_may_come_several_times(describe: Describe) -> None:
    inputs = {"items": {"minOccurs": 2, "maxOccurs": 5, "schema": {"type": "string"}}}
    process = describe(inputs=inputs)
    assert process.check({"items": ["a", "b"]}) == set()
    assert process.check({"items": [1]})


def test_a_broken_schema_leaves_the_check_to_the_server(describe: Describe) -> None:
    inputs = {"title": {"schema": {"type": "no-such-type"}}}
    process = describe(inputs=inputs)
    assert process.check({"title": 5}) == set()


def test_the_eula_that_is_not_accepted(sandbox: Sandbox, session: up42.Session) -> None:
    process = up42.Process.get("detection-wind-turbines-airbus", session=session)
    eula = process.eula
    assert eula is not None
    assert not eula.is_accepted
    assert eula.id in process.eula_ids
    assert eula.title is not None
    assert eula.url is not None
    assert eula.title in eula._repr_html_()
    assert up42.Process.get("sandbox-copy", session=session).eula is None

    kind = DetectionWindTurbinesAirbus
    item = f"{session.hosts.api}/v2/assets/stac/collections/c/items/i"
    [message] = [
        error.message
        for error in kind("Wind", item=item, session=session).errors
        if error.name == "EulaNotAccepted"
    ]
    assert eula.title in message
    assert eula.url in message
    assert "in the UP42 console" in message

    sandbox.accept_eula(process.id)
    assert process.eula is not None
    assert process.eula.is_accepted


def test_acceptance_is_remembered_refusal_is_not(sandbox: Sandbox, session: up42.Session) -> None:
    process = up42.Process.get("pansharpening", session=session)
    sandbox.inject(Fault(path="/v2/eulas/*", patch={"isAccepted": False}))
    sandbox.clear_requests()
    assert not process.is_eula_accepted
    assert process.is_eula_accepted
    assert process.is_eula_accepted
    assert len(sandbox.requests) == 2
