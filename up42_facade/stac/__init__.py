"""STAC items, collections, and assets of UP42 storage, and how to search them."""

from up42_facade.stac._items import (
    StorageCollection,
    StorageItem,
    get_item,
    list_items,
    read_collection,
    read_item,
    search_items,
)

__all__ = [
    "StorageCollection",
    "StorageItem",
    "get_item",
    "list_items",
    "read_collection",
    "read_item",
    "search_items",
]
