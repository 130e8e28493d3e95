"""Any JSON object in place of a response: models never raise and return what was received."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz.source import Source
from up42_client import models
from up42_client.types import Model

CLASSES = [
    value
    for value in (getattr(models, name) for name in models.__all__)
    if isinstance(value, type) and issubclass(value, Model) and value._absent is None
]
KEYS = [*sorted({field for cls in CLASSES for field in cls._fields}), "", "unknown", "_fields"]
STRINGS = [
    *("2024-06-01T12:00:00Z", "2024-06-01T12:00:00.123456789+02:00", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:00:00-14:00", "2024-06-01", "20240601T12", "2024-W22-6T24:00", "captured"),
    *("3B5F7D91-0E2A-4C68-B4F3-6A9D8C1E7052", "{3b5f7d910e2a4c68b4f36a9d8c1e7052}", "urn:uuid:"),
    *("NOT STARTED", "\u0663", "\0", "\ud800", "-", "1", "T", ":", "+", "Z", "None", "true"),
]
NUMBERS = [0, -0.0, 1, 12.0, 0.1, -1, 1e16, 1e308, 1 << 63, 10**400, float("nan"), float("inf")]


def check(data: bytes) -> None:
    cls, content = received(data)
    _, before = received(data)
    model = cls.from_dict(content)
    assert is_same(content, before)
    assert is_same(model.to_dict(), before)
    assert is_same(cls.from_dict(model.to_dict()).to_dict(), before)


def received(data: bytes) -> tuple[type[Model], dict[str, Any]]:
    """Return a model and a JSON object for it, of fields that it knows or arbitrary."""
    source = Source(data)
    cls = source.choose(CLASSES)
    if not source.flag():
        return cls, made_object(source, [*cls._fields] or KEYS, 0)
    try:
        content = json.loads(source.rest())
    except (ValueError, RecursionError):
        content = {}
    return cls, content if isinstance(content, dict) else {"": content}


def made_object(source: Source, keys: list[str], depth: int) -> dict[str, Any]:
    return {
        source.choose(keys if source.number(8) != 7 else KEYS): made_value(source, depth + 1)
        for _ in range(source.number(12))
    }


def made_value(source: Source, depth: int) -> Any:
    kind = source.number(12) if depth < 12 else source.number(8)
    if kind < 2:
        return source.choose([None, True, False])
    if kind < 4:
        return source.choose(NUMBERS)
    if kind < 5:
        return source.number(1 << 64) - (1 << 63)
    if kind < 8:
        return source.text(STRINGS, 3)
    if kind < 10:
        return made_object(source, KEYS, depth)
    if kind < 11:
        return [made_value(source, depth + 1) for _ in range(source.number(5))]
    return nested(source.number(900), source.flag())


def nested(depth: int, is_list: bool) -> Any:
    """Return lists or objects within each other, about as deep as JSON can be read."""
    value: Any = 1
    for _ in range(depth):
        value = [value] if is_list else {"x": value}
    return value


def is_same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal; a number isn't a boolean, and NaN is itself."""
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += [(one[key], other[key]) for key in one]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif isinstance(one, bool) is not isinstance(other, bool) or not (
            one == other or (one != one and other != other)
        ):
            return False
    return True


# Each model with a few of its fields, and some objects as text.
SEEDS = [
    *(bytes([number, 0, 9, *range(number, number + 60)]) for number in range(len(CLASSES))),
    *(
        bytes([number, 1]) + json.dumps(dict.fromkeys(cls._fields, value)).encode()
        for number, cls in enumerate(CLASSES)
        for value in ("2024-06-01T12:00:00Z", [{}, None, 1], {"x": 1}, 1.5)
    ),
]
