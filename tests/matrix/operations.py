"""The public operations, found by introspection: functions, methods, and properties."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import up42_facade

MODULES = ("", ".errors", ".processing_templates", ".analytics", ".downloads", ".viz")
"""Public modules with an `__all__`, below `up42_facade`; a name counts where it comes first."""

PROPERTIES = (property, functools.cached_property)
CALLABLES = (classmethod, staticmethod)


def public_operations() -> list[str]:
    """Return the names of all public operations, such as `Job.get` and `search_items`.

    A member that several classes inherit from one public class is named once, by that class.
    """
    found: dict[str, None] = {}
    owners: dict[int, str] = {}
    for name, value in public_objects():
        if inspect.isfunction(value):
            found[name] = None
        elif inspect.isclass(value):
            for member, definition in members(value):
                owner = owners.setdefault(id(definition), name)
                if owner == name:
                    found[f"{name}.{member}"] = None
    return list(found)


def public_objects() -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    for suffix in MODULES:
        module = import_module(up42_facade.__name__ + suffix)
        names = getattr(module, "__all__", [name for name in vars(module) if "Error" in name])
        for name in names:
            value = getattr(module, name)
            # Base classes first, so that members are named by them.
            for one in reversed(getattr(value, "__mro__", (value,))):
                is_public = one is value or one.__name__ in names
                if is_public and id(one) not in seen and is_ours(one):
                    seen.add(id(one))
                    prefix = f"{suffix[1:]}." if suffix in (".analytics", ".viz") else ""
                    yield prefix + one.__name__, one


def is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith(up42_facade.__name__)


def members(kind: type) -> Iterator[tuple[str, Any]]:
    for name in dir(kind):
        if name.startswith("_"):
            continue
        owner = next(one for one in kind.__mro__ if name in vars(one))
        definition = vars(owner)[name]
        is_operation = isinstance(definition, PROPERTIES + CALLABLES)
        if is_ours(owner) and (is_operation or inspect.isfunction(definition)):
            yield name, definition
