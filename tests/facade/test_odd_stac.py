"""Collections and items that are copied, or have holes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystac
import pytest

import up42_facade as up42
from tests.facade.small_server import (
    ITEMS,
    JOBS,
    SEARCH,
    Reply,
    SmallServer,
    as_json,
    feature,
    item_page,
    job_with_collection,
    small_world,
)
from up42_sandbox import Sandbox

COPIES: dict[str, Callable[[Any], Any]] = {
    "clone": lambda collection: collection.clone(),
    "full_copy": lambda collection: collection.full_copy(),
    "clone of a clone": lambda collection: collection.clone().full_copy().clone(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda collection: pickle.loads(pickle.dumps(collection)),
    "pickled clone": lambda collection: pickle.loads(pickle.dumps(collection.clone())),
}


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_copies_of_a_collection(make: Callable[[Any], Any]) -> None:
    with small_world() as (server, session):
        server.routes[ITEMS] = item_page(feature("one"), feature("two"))
        made = make(job_with_collection(server, session).collection)
        assert [item.id for item in made.get_items()] == ["one", "two"]
        assert [item.id for item in made.get_items("two")] == ["two"]
        assert all(item.get_collection() is made for item in made.get_items())


def test_a_collection_of_pystac_alone_uses_the_default_session() -> None:
    from up42_facade.stac import StorageCollection

    with small_world() as (server, session):
        collection = job_with_collection(server, session).collection
        assert collection is not None
        read = StorageCollection.from_dict(collection.to_dict(include_self_link=False))
        with pytest.raises(up42.NotAuthenticatedError):
            list(read.get_items())


FOLLOW: dict[str, Callable[[Any], Any]] = {
    "root": lambda item: item.get_root(),
    "parent": lambda item: item.get_parent(),
    "collection": lambda item: item.get_collection(),
}
ITEM_COPIES: dict[str, Callable[[Any], Any]] = {
    "itself": lambda item: item,
    "clone": lambda item: item.clone(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda item: pickle.loads(pickle.dumps(item)),
}


@pytest.mark.parametrize("make", ITEM_COPIES.values(), ids=ITEM_COPIES)
@pytest.mark.parametrize("rel", FOLLOW)
def test_links_of_items_and_copies_are_followed_with_the_session(
    make: Callable[[Any], Any], rel: str, sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    item = make(next(up42.search_items(session=session)))
    assert isinstance(FOLLOW[rel](item), pystac.Catalog)
    assert up42.download_items([item], tmp_path, session=session, progress=False)
    other = make(next(up42.search_items(session=session)))
    session.close()
    with pytest.raises(up42.NotAuthenticatedError, match="closed"):
        FOLLOW[rel](other)


@pytest.mark.parametrize("make", ITEM_COPIES.values(), ids=ITEM_COPIES)
@pytest.mark.parametrize("rel", FOLLOW)
@pytest.mark.parametrize(
    ("href", "error"),
    [
        ("/missing", up42.NotFoundError),
        (JOBS, up42.UnexpectedResponseError),
        ("http://127.0.0.1:9/?signature=SECRET-7", up42.ConnectionFailedError),
        ("http://[::1?signature=SECRET-7", up42.UnexpectedResponseError),
        ("file:///etc/passwd", up42.UntrustedHostError),
    ],
)
def test_links_that_lead_nowhere_raise_errors_of_ours(
    make: Callable[[Any], Any], rel: str, href: str, error: type[Exception]
) -> None:
    with small_world(retries=0) as (server, session):
        server.routes[JOBS] = as_json({"jobs": []})
        full = f"{server.url}{href}" if href.startswith("/") else href
        server.routes[SEARCH] = item_page(feature("one", links=[{"rel": rel, "href": full}]))
        item = make(next(up42.search_items(session=session)))
        with pytest.raises(error) as caught:
            FOLLOW[rel](item)
        assert isinstance(caught.value, up42.Up42Error)
        assert "SECRET-7" not in str(caught.value)


ITEM_HOLES: list[dict[str, Any]] = [
    {"links": [None, {"rel": "self", "href": "https://h.example/i"}]},
    {"links": [{"rel": "self"}, {"href": "x"}, {"rel": None, "href": None}, 5, "x", []]},
    {"links": None},
    {"links": {}},
    {"assets": {"a": None, "b": {"href": "https://h.example/b"}}},
    {"assets": {"a": {}, "b": {"href": None}, "c": 5}},
    {"assets": None},
    {"stac_extensions": None},
    {"bbox": None},
    {"collection": None},
    {"new": [None]},
]


@pytest.mark.parametrize("holes", ITEM_HOLES, ids=str)
@pytest.mark.parametrize("path", [SEARCH, ITEMS])
def test_items_with_holes(holes: dict[str, Any], path: str) -> None:
    with small_world() as (server, session):
        server.routes[path] = item_page(None, feature("one", **holes), None, feature("two"))
        collection = job_with_collection(server, session).collection
        assert collection is not None
        listing = up42.search_items(session=session) if path == SEARCH else collection.get_items()
        items = list(listing)
        assert [item.id for item in items] == ["one", "two"]
        assert set(items[0].assets) <= {"b"}


@pytest.mark.parametrize(
    "holes",
    [
        {"properties": None},
        {"properties": []},
        {"properties": {"datetime": 5}},
        {"properties": {"datetime": "Monday"}},
        {"id": None},
        {"type": None},
        {"type": "Collection"},
        {"stac_version": None},
        {"stac_extensions": [None]},
        {"geometry": 5},
        {"bbox": "x"},
    ],
    ids=str,
)
def test_items_that_are_none_are_read_or_named(holes: dict[str, Any]) -> None:
    with small_world() as (server, session):
        server.routes[SEARCH] = item_page(feature("the-id", **holes))
        told = "the-id"
        try:
            items = list(up42.search_items(session=session))
        except up42.UnexpectedResponseError as error:
            told = str(error)
        else:
            assert isinstance(items[0], pystac.Item)
        assert "the-id" in told or "id" in holes


@pytest.mark.parametrize(
    "holes", [{"links": [None]}, {"links": None}, {"keywords": None}, {"providers": None}], ids=str
)
def test_collections_with_holes(holes: dict[str, Any]) -> None:
    with small_world() as (server, session):
        job = job_with_collection(server, session)
        path = "/v2/assets/stac/collections/c"
        route = server.routes[path]
        assert isinstance(route, Reply)
        assert isinstance(route.body, bytes)
        import json

        server.routes[path] = as_json({**json.loads(route.body), **holes})
        assert job.collection is not None
        assert job.collection.id == "c"


@pytest.mark.parametrize(
    "body", [None, [], 5, "x", {"features": None}, {"features": {}}, {}], ids=str
)
def test_pages_that_are_none(body: Any) -> None:
    with small_world() as (server, session):
        server.routes[SEARCH] = as_json(body)
        if isinstance(body, dict):
            assert list(up42.search_items(session=session)) == []
            return
        with pytest.raises(up42.UnexpectedResponseError):
            list(up42.search_items(session=session))


@pytest.mark.parametrize(
    "href", ["/etc/passwd", "file:///etc/passwd", "ftp://h/x", "s3://b/x", "http://[", "http://\0"]
)
def test_links_are_never_local_files(href: str) -> None:
    with small_world() as (server, session):
        collection = job_with_collection(server, session).collection
        assert collection is not None
        assert collection._stac_io is not None
        with pytest.raises(up42.Up42Error):
            collection._stac_io.read_text_from_href(href)


def test_public_links_are_read_without_the_token() -> None:
    sent = []
    with small_world() as (server, session), SmallServer() as other:

        def respond(handler: Any) -> Reply:
            sent.append(dict(handler.headers))
            return as_json(feature("elsewhere"))

        other.routes["/item"] = respond
        other.routes["/gone"] = as_json({"title": "gone"}, 404)
        collection = job_with_collection(server, session).collection
        assert collection is not None
        assert collection._stac_io is not None
        found = pystac.Item.from_file(f"{other.url}/item?sig=abc", stac_io=collection._stac_io)
        assert found.id == "elsewhere"
        assert "Authorization" not in sent[0]
        with pytest.raises(up42.NotFoundError) as caught:
            collection._stac_io.read_text_from_href(f"{other.url}/gone?sig=SIGNED")
        assert "SIGNED" not in str(caught.value)
