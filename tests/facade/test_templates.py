"""Templates: validated and priced once, executed only if they may be."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import attrs
import pystac
import pytest

import up42_facade as up42
from tests import inside
from up42_facade import processing_templates as templates
from up42_sandbox import Fault, Sandbox

CLASSES = [getattr(templates, name) for name in templates.__all__]
KINDS = [kind for kind in CLASSES if isinstance(getattr(kind, "process_id", None), str)]
SINGLE = [kind for kind in KINDS if issubclass(kind, templates.SingleItemJobTemplate)]
PAIRS = [kind for kind in KINDS if issubclass(kind, templates.SimularityJobTemplate)]


@pytest.fixture
def items(session: up42.Session) -> list[pystac.Item]:
    return list(up42.search_items(session=session))


@pytest.fixture
def trees(session: up42.Session, items: list[pystac.Item]) -> templates.DetectionTreesSpacept:
    return templates.DetectionTreesSpacept(title="Trees", item=items[0], session=session)


def posts(sandbox: Sandbox, ending: str) -> int:
    return sum(r.method == "POST" and r.path.endswith(ending) for r in sandbox.requests)


def created(sandbox: Sandbox) -> int:
    return len(sandbox.jobs)


def test_there_is_a_class_for_every_process_on_offer(session: up42.Session) -> None:
    offered = {process.id for process in up42.Process.all(session=session)}
    offered.remove("sandbox-copy")  # the sandbox's own
    assert {kind.process_id for kind in KINDS} == offered


@pytest.mark.parametrize("kind", SINGLE)
def test_single_item(
    sandbox: Sandbox, session: up42.Session, items: list[pystac.Item], kind: Any
) -> None:
    if kind is templates.DetectionWindTurbinesAirbus:
        sandbox.accept_eula(kind.process_id)
    outcomes = [kind("A title", item, session=session) for item in items]
    template = next(template for template in outcomes if template.is_valid)
    # Templates with inputs of their own may add them; the server refuses any other.
    assert template.inputs["title"] == "A title"
    assert template.inputs["item"] == template.item.get_self_href()
    assert template.errors == set()
    assert template.cost >= 0
    job = template.execute()
    assert job.process_id == kind.process_id
    assert job.inputs == template.inputs


@pytest.mark.parametrize("kind", PAIRS)
def test_pair_of_items(session: up42.Session, items: list[pystac.Item], kind: Any) -> None:
    candidates = (
        kind(title="A title", source_item=one, reference_item=two, session=session)
        for one in items
        for two in items
        if one is not two
    )
    template = next(template for template in candidates if template.is_valid)
    assert template.inputs["sourceItem"] == template.source_item.get_self_href()
    assert template.inputs["referenceItem"] == template.reference_item.get_self_href()
    assert template.execute().process_id == kind.process_id


def test_sensitivity(session: up42.Session, items: list[pystac.Item]) -> None:
    pair = {"title": "t", "source_item": items[0], "reference_item": items[1]}
    default = templates.DetectionChangeSimularity(**pair, session=session)
    assert default.inputs["sensitivity"] == 2
    five = templates.DetectionChangeSimularity(**pair, sensitivity=5, session=session)
    assert five.inputs["sensitivity"] == 5


def test_grey_weights(session: up42.Session, items: list[pystac.Item]) -> None:
    weights = [templates.GreyWeight("red", 0.2), templates.GreyWeight(band="green", weight=0.34)]
    template = templates.Pansharpening("t", items[0], grey_weights=weights, session=session)
    assert template.inputs["greyWeights"] == [
        {"band": "red", "weight": 0.2},
        {"band": "green", "weight": 0.34},
    ]
    assert "greyWeights" not in templates.Pansharpening("t", items[0], session=session).inputs


def test_a_band_twice(session: up42.Session, items: list[pystac.Item]) -> None:
    twice = [templates.GreyWeight("red", 0.2), templates.GreyWeight("red", 0.3)]
    template = templates.Pansharpening("t", items[0], grey_weights=twice, session=session)
    assert "GreyWeightBandsNotUnique" in {error.name for error in template.errors}


def test_making_one_costs_no_request(sandbox: Sandbox, trees: templates.JobTemplate) -> None:
    sandbox.clear_requests()
    assert repr(trees)
    assert trees.inputs
    assert trees._repr_html_()
    assert sandbox.requests == []


def test_asked_once_and_remembered(
    sandbox: Sandbox, session: up42.Session, items: list[pystac.Item]
) -> None:
    sandbox.clear_requests()
    for number in range(3):
        template = templates.DetectionTreesSpacept(f"{number}", items[0], session=session)
        for _ in range(2):
            assert template.is_valid
            assert not template.errors
            assert template.cost > 0
    paths = [request.path for request in sandbox.requests]
    assert posts(sandbox, "/validation") == posts(sandbox, "/cost") == 3
    assert sum(path == "/v2/processing/processes/detection-trees-spacept" for path in paths) == 1
    assert sum(path.startswith("/v2/eulas/") for path in paths) == 1


def test_asked_once_by_many_threads(sandbox: Sandbox, trees: templates.JobTemplate) -> None:
    sandbox.clear_requests()
    start = threading.Barrier(8)

    def ask(_: int) -> up42.Cost:
        start.wait()
        return trees.cost

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert posts(sandbox, "/cost") == 1


def test_a_failure_is_not_remembered(sandbox: Sandbox, trees: templates.JobTemplate) -> None:
    sandbox.inject(Fault(path="*/validation", status=503, times=6))
    with pytest.raises(up42.ServerError):
        _ = trees.is_valid
    assert trees.is_valid


def test_immutable(trees: templates.DetectionTreesSpacept) -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        trees.title = "other"  # type: ignore[misc]


def test_cost_is_that_of_the_area(sandbox: Sandbox, trees: templates.JobTemplate) -> None:
    cost = trees.cost
    assert cost.strategy == "area"
    assert cost.unit == "SQ_KM"
    assert isinstance(cost.size, float)
    assert isinstance(cost.credits, int)


@pytest.mark.parametrize("title", ["", "x" * 251])
def test_bad_titles(
    sandbox: Sandbox, session: up42.Session, items: list[pystac.Item], title: str
) -> None:
    template = templates.DetectionTreesSpacept(title=title, item=items[0], session=session)
    assert not template.is_valid
    [error] = template.errors
    assert error.name in {"InvalidSchema", "InvalidTitle"}
    assert "title" in error.message
    with pytest.raises(up42.InvalidTemplateError, match="title") as caught:
        template.execute()
    assert caught.value.errors == {error}
    with pytest.raises(up42.InvalidTemplateError, match="title"):
        _ = template.cost
    assert created(sandbox) == 0


def test_titles_of_250_characters(session: up42.Session, items: list[pystac.Item]) -> None:
    title = "ü" * 250
    assert templates.DetectionTreesSpacept(title, items[0], session=session).is_valid


def test_a_title_that_is_no_text(session: up42.Session, items: list[pystac.Item]) -> None:
    with pytest.raises(up42.InvalidInputError, match="title=None"):
        templates.DetectionTreesSpacept(None, items[0], session=session)  # type: ignore[arg-type]


def test_an_item_without_self_link(session: up42.Session, items: list[pystac.Item]) -> None:
    items[0].remove_links("self")
    with pytest.raises(up42.InvalidInputError, match="no self link"):
        templates.DetectionTreesSpacept("t", items[0], session=session)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.sa.up42.com/v2/assets/stac/collections/c/items/i",
        "/v2/assets/stac/collections/c/items/i",
        "file:///etc/passwd",
        "item.json",
    ],
)
def test_an_item_of_a_foreign_host(
    session: up42.Session, items: list[pystac.Item], url: str
) -> None:
    items[0].set_self_href(url)
    with pytest.raises(up42.InvalidInputError, match="isn't in the storage"):
        templates.DetectionTreesSpacept("t", url, session=session)
    if url.startswith("http"):
        with pytest.raises(up42.InvalidInputError, match="isn't in the storage"):
            templates.DetectionTreesSpacept("t", items[0], session=session)


@pytest.mark.parametrize("item", [None, 5, {"id": "x"}])
def test_no_item(session: up42.Session, item: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match=r"item"):
        templates.DetectionTreesSpacept("t", item, session=session)


def test_an_unknown_item(sandbox: Sandbox, session: up42.Session) -> None:
    url = f"{sandbox.url}/v2/assets/stac/collections/{'0' * 8}/items/{'1' * 8}"
    template = templates.DetectionTreesSpacept("t", url, session=session)
    assert not template.is_valid
    assert template.errors


def test_many_items(session: up42.Session, items: list[pystac.Item]) -> None:
    class Mosaic(templates.MultiItemJobTemplate):
        process_id = "mosaic-of-tomorrow"

    template = Mosaic(title="t", items=items[:2], session=session)
    assert template.inputs == {
        "title": "t",
        "items": [item.get_self_href() for item in items[:2]],
    }
    [error] = template.errors
    assert error.name == "ProcessNotFound"
    with pytest.raises(up42.InvalidInputError):
        Mosaic(title="t", items=[], session=session)


def test_a_mistyped_process_is_told_the_closest_one(
    session: up42.Session, items: list[pystac.Item]
) -> None:
    class Slip(templates.SingleItemJobTemplate):
        process_id = "detection-tree-spacept"

    [error] = Slip(title="t", item=items[0], session=session).errors
    assert "Did you mean 'detection-trees-spacept'" in error.message


def test_a_eula_that_is_not_accepted(
    sandbox: Sandbox, session: up42.Session, items: list[pystac.Item]
) -> None:
    sandbox.inject(Fault(path="/v2/eulas/*", patch={"isAccepted": False}, times=1))
    refused = templates.DetectionTreesSpacept("t", items[0], session=session)
    assert "EulaNotAccepted" in {error.name for error in refused.errors}
    with pytest.raises(up42.InvalidTemplateError, match="EULA"):
        refused.execute()
    accepted = templates.DetectionTreesSpacept("t", items[0], session=session)
    assert accepted.is_valid
    assert created(sandbox) == 0


def test_execute(sandbox: Sandbox, trees: templates.JobTemplate) -> None:
    job = trees.execute()
    assert list(sandbox.jobs) == [job.id]
    assert job.status is up42.JobStatus.CREATED
    assert job.workspace_id == sandbox.workspace_id
    request = next(r for r in sandbox.requests if r.path.endswith("/execution"))
    assert request.query == {"workspaceId": [sandbox.workspace_id]}


def test_budget_and_workspace(
    sandbox: Sandbox, session: up42.Session, items: list[pystac.Item]
) -> None:
    budget = "5b3a0a4e-0000-4000-8000-000000000001"
    template = templates.DetectionTreesSpacept(
        "t", items[0], workspace_id=sandbox.workspace_id, session=session
    )
    sandbox.clear_requests()
    template.execute(budget_id=budget)
    request = next(r for r in sandbox.requests if r.path.endswith("/execution"))
    assert request.query == {"workspaceId": [sandbox.workspace_id], "budgetId": [budget]}
    assert not any(r.path.endswith("/userinfo") for r in sandbox.requests)


@pytest.mark.parametrize("slack", [0, 1, 0.5, Decimal("0.1")])
def test_within_the_limit(sandbox: Sandbox, trees: templates.JobTemplate, slack: Any) -> None:
    assert trees.execute(max_credits=trees.cost.credits + slack).id in sandbox.jobs


def test_above_the_limit(sandbox: Sandbox, trees: templates.JobTemplate) -> None:
    limit = trees.cost.credits - 1
    with pytest.raises(up42.CostLimitError, match=f"max_credits={limit}") as caught:
        trees.execute(max_credits=limit)
    assert caught.value.cost == trees.cost
    assert created(sandbox) == posts(sandbox, "/execution") == 0


@pytest.mark.parametrize("limit", [-1, float("nan"), "100", True, Decimal("NaN")])
def test_bad_limits(sandbox: Sandbox, trees: templates.JobTemplate, limit: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="max_credits"):
        trees.execute(max_credits=limit)
    assert created(sandbox) == 0


def test_a_class_of_a_users_own(session: up42.Session, items: list[pystac.Item]) -> None:
    @attrs.frozen
    class Fusion(templates.SingleItemJobTemplate):
        process_id = "data-fusion"

        other_items: list[pystac.Item]
        band_weights: templates.GreyWeight | None = None
        max_cloud_cover: float = 0

    template = Fusion("t", items[0], other_items=items[1:3], session=session)
    urls = [item.get_self_href() for item in items[:3]]
    sent = {"title": "t", "item": urls[0], "otherItems": urls[1:], "maxCloudCover": 0}
    assert template.inputs == sent
    weighted = attrs.evolve(template, band_weights=templates.GreyWeight("red", 1))
    assert weighted.inputs == {**sent, "bandWeights": {"band": "red", "weight": 1}}


def test_an_old_price_does_not_hold_a_limit(
    sandbox: Sandbox,
    session: up42.Session,
    items: list[pystac.Item],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    template = templates.DetectionTreesSpacept(title="Old", item=items[0], session=session)
    limit = template.cost.credits
    sandbox.inject(Fault(path="*/cost", patch={"totalCredits": limit + 1}, times=None))
    inside.outdated_estimates(monkeypatch)
    with pytest.raises(up42.CostLimitError):
        template.execute(max_credits=limit)
    assert created(sandbox) == 0


def test_inputs_that_are_changed_are_estimated_again(
    sandbox: Sandbox, session: up42.Session, items: list[pystac.Item]
) -> None:
    weights = [templates.GreyWeight("red", 0.5)]
    template = templates.Pansharpening(
        title="Changed", item=items[0], grey_weights=weights, session=session
    )
    limit = template.cost.credits
    weights.append(templates.GreyWeight("blue", 0.5))
    sandbox.inject(Fault(path="*/cost", patch={"totalCredits": limit + 1}, times=None))
    with pytest.raises(up42.CostLimitError):
        template.execute(max_credits=limit)
    assert created(sandbox) == 0
