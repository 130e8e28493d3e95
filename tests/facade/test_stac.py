"""STAC storage: collections, items, assets."""

from __future__ import annotations

import json
from typing import Any

import pystac
import pytest

import up42_facade as up42
from tests import inside
from up42_sandbox import Fault, Sandbox

SEARCH = "/v2/assets/stac/search"


@pytest.fixture
def finished(sandbox: Sandbox, session: up42.Session) -> up42.Job:
    """A job of the sandbox that has gone through its whole life."""
    item = next(iter(up42.search_items(session=session)))
    template = up42.processing_templates.DetectionTreesSpacept("Trees", item, session=session)
    job = template.execute()
    sandbox.clock.advance(100_000)
    return job.track(progress=False)


def test_collection(sandbox: Sandbox, finished: up42.Job) -> None:
    collection = finished.collection
    assert isinstance(collection, pystac.Collection)
    assert collection.id in str(finished.collection_url)
    items = list(collection.get_items())
    assert items
    for item in items:
        assert item.properties["up42-system:job_id"] == finished.id
        assert item.assets
        assert item.get_collection() is collection
    assert [item.id for item in collection.get_items(items[0].id)] == [items[0].id]
    assert list(collection.get_items("unknown")) == []


def test_links_resolve_with_the_credentials(sandbox: Sandbox, finished: up42.Job) -> None:
    collection = finished.collection
    assert collection is not None
    root = collection.get_root()
    assert root is not None
    assert root.id == "up42-storage"
    item = next(collection.get_items())
    read = pystac.Item.from_file(item.get_self_href() or "", stac_io=collection._stac_io)
    assert read.id == item.id
    fresh = item.get_single_link("self")
    assert fresh is not None
    assert item.get_root() is not None


def test_no_collection_yet(sandbox: Sandbox, session: up42.Session) -> None:
    job = up42.Job.get(sandbox.add_job(status="running").id, session=session)
    assert job.collection is None


def test_a_deleted_collection(finished: up42.Job, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path="/v2/assets/stac/collections/*", status=404))
    with pytest.raises(up42.NotFoundError):
        _ = finished.collection


def test_a_trailing_slash_and_a_foreign_host_in_the_collection_url(
    finished: up42.Job,
) -> None:
    collection_id = str(finished.collection_url).rstrip("/").rpartition("/")[2]
    finished.collection_url = f"https://api.up42.dev/v2/assets/stac/collections/{collection_id}/"
    assert finished.collection is not None
    assert finished.collection.id == collection_id


def test_search_all(sandbox: Sandbox, session: up42.Session) -> None:
    found = list(up42.search_items(session=session))
    assert {item.id for item in found} == {item["id"] for item in sandbox.items}


def test_search_pages(
    sandbox: Sandbox, session: up42.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.small_pages(monkeypatch, 1)
    found = [item.id for item in up42.search_items(session=session)]
    assert sorted(found) == sorted(item["id"] for item in sandbox.items)
    bodies = [json.loads(r.body) for r in sandbox.requests if r.path == SEARCH]
    assert len(bodies) >= len(found)
    assert all("token" in body for body in bodies[1:])


def test_search_with_everything(sandbox: Sandbox, session: up42.Session) -> None:
    wanted = sandbox.items[0]
    by_id = {"op": "=", "args": [{"property": "id"}, wanted["id"]]}
    found = up42.search_items(
        by_id,
        intersects=wanted["geometry"],
        sortby=[{"field": "properties.datetime", "direction": "desc"}],
        session=session,
    )
    assert [item.id for item in found] == [wanted["id"]]
    elsewhere = {"type": "Point", "coordinates": [-150.0, -40.0]}
    assert list(up42.search_items(intersects=elsewhere, session=session)) == []


@pytest.mark.parametrize("merge", [True, False])
def test_next_link_with_and_without_merge(
    sandbox: Sandbox, session: up42.Session, merge: bool
) -> None:
    link = {
        "rel": "next",
        "method": "POST",
        "href": f"{sandbox.url}{SEARCH}",
        "body": {"limit": 3},
        "merge": merge,
    }
    sandbox.inject(Fault(path=SEARCH, patch={"links": [link]}))
    wanted = {"op": "=", "args": [{"property": "id"}, sandbox.items[0]["id"]]}
    list(up42.search_items(wanted, session=session))
    second = json.loads([r for r in sandbox.requests if r.path == SEARCH][1].body)
    assert second["limit"] == 3
    assert ("filter" in second) is merge


def test_next_link_to_another_host(sandbox: Sandbox, session: up42.Session) -> None:
    for method in ("POST", "GET"):
        link = {"rel": "next", "method": method, "href": f"{sandbox.storage_url}/x", "body": {}}
        sandbox.inject(Fault(path=SEARCH, patch={"links": [link]}))
        with pytest.raises(up42.UntrustedHostError):
            list(up42.search_items(session=session))
    assert all(request.origin == "api" for request in sandbox.requests)


def test_unreadable_stac(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.inject(Fault(path=SEARCH, patch={"features": [{"id": "x", "type": "Nonsense"}]}))
    with pytest.raises(up42.UnexpectedResponseError, match="'x'"):
        list(up42.search_items(session=session))


def test_asset(sandbox: Sandbox, session: up42.Session) -> None:
    asset = up42.initialize_asset(asset_id=sandbox.asset_id(), session=session)
    assert sandbox.requests == []
    assert repr(asset) == f"Asset(asset_id='{sandbox.asset_id()}')"
    items = asset.stac_items
    assert all(item.properties["up42-system:asset_id"] == asset.asset_id for item in items)
    assert asset.stac_items[0].get_self_href() == items[0].get_self_href()
    assert sum(request.path == SEARCH for request in sandbox.requests) == 1


def test_unknown_asset(session: up42.Session) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(up42.NotFoundError, match=unknown):
        _ = up42.initialize_asset(unknown, session=session).stac_items


@pytest.mark.parametrize("asset_id", ["", None, 5])
def test_bad_asset_ids(session: up42.Session, asset_id: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="asset_id"):
        up42.initialize_asset(asset_id, session=session)
