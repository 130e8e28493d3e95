"""Compare two schemas and name what changed for those who send or read the data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from updating.changes import Change, Kind, Owner, Way
from updating.pointers import Json

TEXT_KEYS = frozenset({"description", "title", "examples", "example", "deprecated", "$comment"})
# Compared by name below; every other key is a constraint.
KNOWN_KEYS = frozenset(
    {"type", "format", "$ref", "enum", "const", "properties", "required", "items"}
    | {"additionalProperties", "allOf", "anyOf", "oneOf"}
)
UNIONS = ("anyOf", "oneOf")
NULL: Json = {"type": "null"}


@dataclass(frozen=True)
class Place:
    """Where the compared schemas stand."""

    owner: Owner
    subject: str
    way: Way
    steps: tuple[str, ...] = ()

    def below(self, *keys: str) -> Place:
        shown = ".".join(part for part in [self.subject, shown_key(keys)] if part)
        return replace(self, steps=(*self.steps, *keys), subject=shown.replace(".[", "["))

    def change(self, kind: Kind, detail: str = "", name: str = "", **parts: Any) -> Change:
        return Change(
            kind, self.subject, detail, self.way, self.owner, self.steps, name=name, **parts
        )


def shown_key(keys: tuple[str, ...]) -> str:
    if keys[0] == "properties":
        return keys[1]
    return {"items": "[…]", "additionalProperties": "{…}"}.get(keys[0], "")


def compare(old: Any, new: Any, place: Place) -> Iterator[Change]:
    """Yield the changes from one schema to another.

    Args:
        old, new: Schemas in OpenAPI 3.1; references are compared by name and not followed.
        place: Where they stand.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield place.change(Kind.RETYPED, f"{shown(old)} → {shown(new)}", old=old, new=new)
        return
    had_null, old = without_null(old)
    has_null, new = without_null(new)
    if had_null != has_null:
        yield place.change(Kind.NULLABLE if has_null else Kind.NOT_NULLABLE)
    before, after = alternatives(old), alternatives(new)
    if before != after:
        kind = Kind.WIDENED if before < after else Kind.NARROWED if after < before else Kind.RETYPED
        words = f"{' or '.join(sorted(before))} → {' or '.join(sorted(after))}"
        yield place.change(kind, words, old=old, new=new)
    yield from enum_changes(old, new, place)
    yield from field_changes(old, new, place)
    yield from inner_changes(old, new, place)
    yield from other_changes(old, new, place)


def without_null(schema: Json) -> tuple[bool, Json]:
    """Tell whether null is allowed, and return the schema that is left without it."""
    types = schema.get("type")
    if isinstance(types, list) and "null" in types:
        left = [each for each in types if each != "null"]
        plain = {**schema, "type": left[0] if len(left) == 1 else left}
        if "enum" in schema:
            plain["enum"] = [value for value in schema["enum"] if value is not None]
        return True, plain
    for union in UNIONS:
        members = schema.get(union)
        if isinstance(members, list) and NULL in members:
            rest = [member for member in members if member != NULL]
            others = {key: value for key, value in schema.items() if key != union}
            if len(rest) == 1 and isinstance(rest[0], dict):
                return True, {**rest[0], **others}
            return True, {**others, union: rest}
    return False, schema


def alternatives(schema: Json) -> frozenset[str]:
    """Return what a value may be, each as a word: a model's name, or a type with its format."""
    if "$ref" in schema:
        return frozenset({str(schema["$ref"]).rpartition("/")[2]})
    for union in UNIONS:
        if union in schema:
            return frozenset().union(*(alternatives(member) for member in schema[union]))
    if "allOf" in schema:
        return frozenset(
            {" and ".join(sorted(w for m in schema["allOf"] for w in alternatives(m)))}
        )
    types = schema.get("type")
    if types is None:
        fixed = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        return frozenset({type(value).__name__ for value in fixed} or {"anything"})
    words = types if isinstance(types, list) else [types]
    form = f" ({schema['format']})" if "format" in schema else ""
    return frozenset(f"{word}{form}" for word in words)


def values(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def enum_changes(old: Json, new: Json, place: Place) -> Iterator[Change]:
    before, after = values(old), values(new)
    if before is None or after is None:
        if before != after:
            kind = Kind.WIDENED if after is None else Kind.NARROWED
            detail = f"{shown(before) or 'any'} → {shown(after) or 'any'}"
            yield place.change(kind, detail, old=old, new=new)
        return
    for value in after:
        if value not in before:
            yield place.change(Kind.ENUM_ADDED, shown(value), name=str(value), new=value)
    for value in before:
        if value not in after:
            yield place.change(Kind.ENUM_REMOVED, shown(value), name=str(value), old=value)


def field_changes(old: Json, new: Json, place: Place) -> Iterator[Change]:
    before, after = old.get("properties") or {}, new.get("properties") or {}
    was, now = set(old.get("required") or ()), set(new.get("required") or ())
    for name in before.keys() | after.keys():
        at = place.below("properties", name)
        if name not in before:
            kind = Kind.FIELD_REQUIRED_ADDED if name in now else Kind.FIELD_ADDED
            yield at.change(kind, type_of(after[name]), name, new=after[name])
        elif name not in after:
            yield at.change(Kind.FIELD_REMOVED, type_of(before[name]), name, old=before[name])
        else:
            if (name in was) != (name in now):
                kind = Kind.NOW_REQUIRED if name in now else Kind.NOW_OPTIONAL
                yield at.change(kind, name=name)
            yield from named(compare(before[name], after[name], at), name)


def named(changes: Iterator[Change], name: str) -> Iterator[Change]:
    """Give changes of a field its name, unless they have one of their own."""
    for change in changes:
        yield change if change.name else replace(change, name=name)


def type_of(schema: Any) -> str:
    has_null, plain = without_null(schema if isinstance(schema, dict) else {})
    return " or ".join([*sorted(alternatives(plain)), *(["null"] if has_null else [])])


def inner_changes(old: Json, new: Json, place: Place) -> Iterator[Change]:
    """Yield the changes of what stands inside of lists, mappings and unions."""
    for key in ("items", "additionalProperties"):
        before, after = old.get(key, True), new.get(key, True)
        if isinstance(before, dict) or isinstance(after, dict):
            yield from compare(
                before if isinstance(before, dict) else {},
                after if isinstance(after, dict) else {},
                place.below(key),
            )
        elif before != after:
            yield place.below(key).change(Kind.CONSTRAINED, f"{shown(before)} → {shown(after)}")
    for key in ("allOf", *UNIONS):
        members, others = old.get(key) or [], new.get(key) or []
        if len(members) == len(others):
            for index, (before, after) in enumerate(zip(members, others, strict=True)):
                if alternatives(before) == alternatives(after):
                    yield from compare(before, after, place.below(key, str(index)))


def other_changes(old: Json, new: Json, place: Place) -> Iterator[Change]:
    """Yield changed constraints, and one change for all texts together."""
    texts = [key for key in sorted(TEXT_KEYS) if old.get(key) != new.get(key)]
    if texts:
        yield place.change(Kind.TEXT, ", ".join(texts))
    for key in sorted((old.keys() | new.keys()) - TEXT_KEYS - KNOWN_KEYS):
        if old.get(key) != new.get(key):
            detail = f"{key}: {shown(old.get(key))} → {shown(new.get(key))}"
            kind = Kind.CONSTRAINED if key in new else Kind.RELEASED
            yield place.change(kind, detail, old=old, new=new)


def shown(value: Any, longest: int = 60) -> str:
    """Return a value as JSON, cut where it gets long; nothing for None."""
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}…"
