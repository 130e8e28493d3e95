"""Does a call that a page shows exist? Needs nothing but the standard library.

It also runs as a script in the environment of the official SDK, where nothing of ours is
installed: it reads `{"roots": {"job": "up42.processing:Job"}, "calls": ["job.track(wait=1)"]}`
from standard input, and prints what is wrong with the calls as a JSON list.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import FunctionType
from typing import Any

# What is behind a property or field can't be told without an instance.
UNKNOWN = object()


def faults(call: str, roots: Mapping[str, Any]) -> list[str]:
    """Return what an expression names or passes that isn't there.

    Args:
        call: Python, such as `job.track(wait=1)`.
        roots: What its first names stand for: modules, or the classes of instances.
    """
    tree = ast.parse(call.replace("…", "x"), mode="eval")
    faulty: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            try:
                found(node, roots)
            except LookupError as error:
                faulty[f"{call}: there is no {error.args[0]}"] = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            faulty |= dict.fromkeys(misfits(call, node, roots))
    return list(faulty)


def found(node: ast.expr, roots: Mapping[str, Any]) -> Any:
    """Return what an expression stands for.

    Raises:
        LookupError: It names something that its owner doesn't have.
    """
    if isinstance(node, ast.Name):
        return roots.get(node.id, UNKNOWN)
    if isinstance(node, ast.Call):
        called = found(node.func, roots)
        # A class that is called stands for its instances from there on.
        return called if inspect.isclass(called) else UNKNOWN
    if not isinstance(node, ast.Attribute):
        return UNKNOWN
    owner = found(node.value, roots)
    if owner is UNKNOWN:
        return UNKNOWN
    if inspect.ismodule(owner):
        if not hasattr(owner, node.attr):
            raise LookupError(f"{owner.__name__}.{node.attr}")
        return getattr(owner, node.attr)
    return member(owner, node.attr)


def member(owner: Any, name: str) -> Any:
    static = inspect.getattr_static(owner, name, UNKNOWN)
    if static is UNKNOWN:
        kind = owner if inspect.isclass(owner) else type(owner)
        if not any(name in vars(base).get("__annotations__", {}) for base in kind.__mro__):
            raise LookupError(f"{kind.__name__}.{name}")
        return UNKNOWN
    is_method = isinstance(static, FunctionType | classmethod | staticmethod)
    is_plain = is_method or not hasattr(type(static), "__get__")
    return getattr(owner, name) if is_plain else UNKNOWN


def misfits(call: str, node: ast.Call, roots: Mapping[str, Any]) -> Iterator[str]:
    """Yield why the arguments don't fit, if they don't."""
    assert isinstance(node.func, ast.Attribute)
    try:
        owner, function = found(node.func.value, roots), found(node.func, roots)
    except LookupError:
        return
    if function is UNKNOWN or not callable(function):
        return
    signature = inspect.signature(function)
    # A method that was found in a class lacks its instance.
    static = inspect.getattr_static(owner, node.func.attr)
    is_unbound = inspect.isclass(owner) and isinstance(static, FunctionType)
    arguments = [None] * (len(node.args) + is_unbound)
    try:
        signature.bind(*arguments, **{word.arg: None for word in node.keywords if word.arg})
    except TypeError as error:
        yield f"{call}: {error}"


def roots_of(names: Mapping[str, str]) -> dict[str, Any]:
    """Import what the roots stand for, written as `package.module:Class` or `package`."""
    imported = {}
    for root, name in names.items():
        module, _, attribute = name.partition(":")
        loaded = import_module(module)
        imported[root] = getattr(loaded, attribute) if attribute else loaded
    return imported


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    known = roots_of(asked["roots"])
    json.dump([fault for call in asked["calls"] for fault in faults(call, known)], sys.stdout)
