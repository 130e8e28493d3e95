"""Who calls the generated functions: what changed in the package's public API, found by griffe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import griffe

PACKAGE = "up42_client"
# The package's own machinery, the same for every document.
MACHINERY = frozenset({"client", "errors", "types"})
ADDED = {
    griffe.Kind.MODULE: "A module",
    griffe.Kind.CLASS: "A class",
    griffe.Kind.FUNCTION: "A function",
    griffe.Kind.ATTRIBUTE: "A field or value",
    griffe.Kind.TYPE_ALIAS: "A type",
}


@dataclass(frozen=True)
class Finding:
    """A change of the generated package's public API.

    Attributes:
        path: Where, without the package: `api.processing.get_processing_job.sync`, or
            `models.Job.status` for a class in whatever module.
        part: The parameter concerned, if it is about one.
        text: What happened.
        breaking: Whether code that works today may stop working or checking.
    """

    path: str
    part: str
    text: str
    breaking: bool


def compare_packages(old: Path, new: Path) -> list[Finding]:
    """Return what changed for callers from one generated package to another.

    Args:
        old, new: Folders of the packages.
    """
    before, after = load(old), load(new)
    found = [*breakages(before, after), *Annotations(before, after).run()]
    return list(dict.fromkeys(found))


def load(folder: Path) -> griffe.Module:
    """Read a package without importing it."""
    loaded = griffe.load(PACKAGE, search_paths=[folder.parent], allow_inspection=False)
    if not isinstance(loaded, griffe.Module):
        raise TypeError(f"{folder} is no package")
    return loaded


def breakages(before: griffe.Module, after: griffe.Module) -> Iterator[Finding]:
    for breakage in griffe.find_breaking_changes(before, after):
        path = short(breakage.obj)
        if path is None:
            continue
        part = ""
        for value in (breakage.old_value, breakage.new_value):
            if isinstance(value, griffe.Parameter):
                part = value.name
        yield Finding(path, part, breakage.kind.value, breaking=True)


def short(found: griffe.Object | griffe.Alias) -> str | None:
    """Return the path of an object as `Finding` has it; None for the package's machinery."""
    keys = found.path.split(".")[1:]
    if not keys or keys[0] in MACHINERY:
        return None
    if keys[0] == "models" and len(keys) > 1 and keys[1].islower() and not found.is_alias:
        # The module of a class; the class is offered by the package `models` itself.
        keys = ["models", *keys[2:]]
    return ".".join(keys)


class Annotations:
    """What griffe's own comparison leaves out: additions, and the types of things."""

    def __init__(self, before: griffe.Module, after: griffe.Module) -> None:
        self._before, self._after = dict(public(before)), dict(public(after))

    def run(self) -> Iterator[Finding]:
        for path, new in self._after.items():
            old = self._before.get(path)
            if old is None:
                yield from self._added(path, new)
            elif isinstance(old, griffe.Function) and isinstance(new, griffe.Function):
                yield from functions(path, old, new)
            elif isinstance(old, griffe.Attribute) and isinstance(new, griffe.Attribute):
                yield from attributes(path, old, new)

    def _added(self, path: str, new: griffe.Object) -> Iterator[Finding]:
        owner = path.rpartition(".")[0]
        known = owner in self._before or "." not in owner
        if isinstance(new, griffe.Attribute) and known and is_required(new):
            yield Finding(path, "", "A field was added that the constructor requires", True)
        elif known or isinstance(new, griffe.Class | griffe.Module):
            yield Finding(path, "", f"{ADDED[new.kind]} was added", breaking=False)


def public(module: griffe.Module) -> Iterator[tuple[str, griffe.Object]]:
    """Yield everything public in a package with its short path."""
    todo: list[griffe.Object] = [module]
    while todo:
        owner = todo.pop()
        for name, member in owner.members.items():
            if member.is_alias or name.startswith("_") or not isinstance(member, griffe.Object):
                continue
            path = short(member)
            if path is not None:
                yield path, member
                todo.append(member)


def is_required(field: griffe.Attribute) -> bool:
    """Tell whether the constructor of an attrs class asks for a field."""
    return field.value is None and field.annotation is not None


def functions(path: str, old: griffe.Function, new: griffe.Function) -> Iterator[Finding]:
    """Yield changes of parameters' and results' types, and parameters that may be left out."""
    names = {parameter.name for parameter in old.parameters}
    for parameter in new.parameters:
        if parameter.name not in names:
            if not parameter.required:
                yield Finding(path, parameter.name, "An optional parameter was added", False)
            continue
        before, after = (
            members(old.parameters[parameter.name].annotation),
            members(parameter.annotation),
        )
        if before != after:
            text = f"Parameter type: {words(before)} → {words(after)}"
            yield Finding(path, parameter.name, text, breaking=not before <= after)
    before, after = members(old.returns), members(new.returns)
    if before != after:
        # More classes of answers come only where None came before, for a status unknown so far.
        text = f"Result type: {words(before)} → {words(after)}"
        yield Finding(path, "return", text, breaking=not before <= after)


def attributes(path: str, old: griffe.Attribute, new: griffe.Attribute) -> Iterator[Finding]:
    """Yield changes of a field's type, and of whether the constructor asks for it."""
    before, after = members(old.annotation), members(new.annotation)
    if before != after:
        yield Finding(path, "", f"Field type: {words(before)} → {words(after)}", breaking=True)
    elif is_required(new) and not is_required(old):
        yield Finding(path, "", "The constructor requires the field now", breaking=True)
    elif is_required(old) and not is_required(new):
        yield Finding(path, "", "The constructor no longer requires the field", breaking=False)


def members(annotation: str | griffe.Expr | None) -> frozenset[str]:
    """Return the members of a union type, `Response[A | B]` split inside of the brackets."""
    text = str(annotation or "")
    if text.startswith("Response[") and text.endswith("]"):
        text = text.removeprefix("Response[")[:-1]
    parts, depth, start = [], 0, 0
    for index, sign in enumerate(text):
        depth += (sign == "[") - (sign == "]")
        if sign == "|" and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return frozenset(part.strip() for part in [*parts, text[start:]] if part.strip())


def words(parts: frozenset[str]) -> str:
    return " | ".join(sorted(parts)) or "nothing"
