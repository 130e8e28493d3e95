"""Models are truthful for any JSON, in our document and in one with rare kinds of schemas."""

from __future__ import annotations

import copy
import datetime as dt
import importlib
import inspect
import sys
import types
import typing
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import up42_client

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from updating import generating  # noqa: E402 - the scripts aren't a package

EXAMPLES = 12
SPELLINGS = [
    "2024-06-01T12:00:00Z",
    "2024-06-01T12:00:00.123Z",
    "2024-06-01T12:00:00.123456789Z",
    "2024-06-01T12:00:00+02:00",
    "2024-06-01 12:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:00:00-14:00",
    "2024-06-01",
    "20240601",
    "2024-W22-6",
    "3B5F7D91-0E2A-4C68-B4F3-6A9D8C1E7052",
    "captured",
    "CAPTURED",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(SPELLINGS),
)


class Package:
    """The models of one generated package, and random objects for them."""

    def __init__(self, package: ModuleType) -> None:
        self.models = importlib.import_module(f"{package.__name__}.models")
        self.types = importlib.import_module(f"{package.__name__}.types")
        everything = {name: getattr(self.models, name) for name in self.models.__all__}
        self.classes = [
            value
            for value in everything.values()
            if inspect.isclass(value) and issubclass(value, self.types.Model)
        ]
        scope = {**everything, "Any": Any, "V": Any, "datetime": dt, "uuid": uuid}
        scope |= {**vars(typing), "UUID": uuid.UUID, "Unset": self.types.Unset}
        self.hints = {cls: typing.get_type_hints(cls, scope, scope) for cls in self.classes}
        fields = sorted({field for cls in self.classes for field in cls._fields})
        self.names = st.one_of(st.sampled_from(fields), st.text(max_size=3))
        self.json = st.recursive(
            LEAVES,
            lambda inner: st.one_of(
                st.lists(inner, max_size=2), st.dictionaries(self.names, inner, max_size=4)
            ),
            max_leaves=8,
        )
        self._objects: dict[type, st.SearchStrategy[Any]] = {}

    def objects(self, cls: Any) -> st.SearchStrategy[dict[str, Any]]:
        """Objects whose fields mostly have the declared types."""
        hints = self.hints[cls]
        likely = {
            field: self.values(hints[name]) | self.json for field, name in cls._fields.items()
        }
        return st.builds(
            lambda known, unknown: {**unknown, **known},
            st.fixed_dictionaries({}, optional=likely),
            st.dictionaries(self.names, self.json, max_size=2),
        )

    def values(self, hint: Any) -> st.SearchStrategy[Any]:
        """JSON values for a declared type."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return st.one_of(*map(self.values, arguments))
        if origin is list:
            return st.lists(self.values(arguments[0]) | self.json, max_size=3)
        if hint is int or hint is float:
            return st.integers() | st.integers().map(float)
        if hint is dt.datetime or hint is dt.date or hint is uuid.UUID:
            return st.sampled_from(SPELLINGS) | st.uuids().map(str)
        if inspect.isclass(hint) and issubclass(hint, self.types.Model):
            return st.deferred(lambda: self._objects.setdefault(hint, self.objects(hint)))
        if inspect.isclass(hint) and issubclass(hint, str):
            return st.text(max_size=5)
        return self.json

    def holds(self, value: Any, hint: Any) -> bool:
        """Return whether a value has the declared type."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint is Any:
            return True
        if origin in (typing.Union, types.UnionType):
            return any(self.holds(value, argument) for argument in arguments)
        if origin is list:
            return isinstance(value, list) and all(self.holds(v, arguments[0]) for v in value)
        if origin is dict:
            return isinstance(value, dict) and all(
                self.holds(v, arguments[1]) for v in value.values()
            )
        if origin is typing.Literal:
            return value in arguments
        if hint is int or hint is float:
            return type(value) in (int, hint)
        if hint is dt.datetime:
            return isinstance(value, hint) and value.tzinfo is dt.UTC
        if inspect.isclass(hint) and issubclass(hint, self.types.Model):
            return isinstance(value, hint) and self.is_truthful(value)
        return isinstance(value, hint)

    def is_truthful(self, model: Any) -> bool:
        hints = self.hints[type(model)]
        names = [*model._fields.values(), "additional_properties"]
        return all(self.holds(getattr(model, name), hints[name]) for name in names)

    def check(self, cls: Any) -> None:
        is_sent = cls._absent is not None

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(self.objects(cls))
        def read(content: dict[str, Any]) -> None:
            note(cls.__name__)
            before = copy.deepcopy(content)
            try:
                model = cls.from_dict(content)
            except ValueError:
                # A model that is sent has required fields; one that is received never raises.
                assert is_sent
                return
            assert content == before
            assert self.is_truthful(model)
            assert model.to_dict() == content
            assert cls.from_dict(model.to_dict()) == model

        read()


OURS = Package(up42_client)


def test_models_hold_what_they_declare_and_return_what_was_received() -> None:
    assert len(OURS.classes) > 50
    for cls in OURS.classes:
        OURS.check(cls)


@pytest.fixture(scope="module")
def torture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The client of a document with all the kinds of schemas that ours doesn't have."""
    folder = tmp_path_factory.mktemp("torture")
    generating.generate(Path(__file__).with_name("torture.yaml"), folder)
    (folder / "up42_client").rename(folder / "torture_client")
    sys.path.insert(0, str(folder))
    importlib.import_module("torture_client.models")
    yield importlib.import_module("torture_client")
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith("torture_client")]:
        del sys.modules[name]


def test_models_of_rare_schemas_are_truthful_too(torture: ModuleType) -> None:
    package = Package(torture)
    assert len(package.classes) == 10
    for cls in package.classes:
        package.check(cls)


def test_rare_schemas_are_read(torture: ModuleType) -> None:
    thing = torture.models.Thing.from_dict(
        {
            "baseField": "b",
            "datetime": "2024-06-01T14:00:00+02:00",
            "days": ["2024-06-01", "soon"],
            "uuid": "3B5F7D91-0E2A-4C68-B4F3-6A9D8C1E7052",
            "level": 7,
            "pet": {"bark": "loud"},
            "size": 12.0,
            "whenOrWord": "2024-06-01T12:00:00Z",
        }
    )
    noon = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)
    assert (thing.base_field, thing.datetime_, thing.when_or_word) == ("b", noon, noon)
    assert thing.days == [dt.date(2024, 6, 1)]
    assert thing.uuid == uuid.UUID("3b5f7d91-0e2a-4c68-b4f3-6a9d8c1e7052")
    assert (thing.level, thing.size) == (7, 12)
    assert isinstance(thing.pet, torture.models.Dog)


@pytest.mark.parametrize("field", ["inputs", "unknown"])
def test_lists_are_returned_however_deep_they_are_nested(field: str) -> None:
    nested: list[Any] = []
    for _ in range(sys.getrecursionlimit() - 200):
        nested = [nested]
    content = OURS.models.Job.from_dict({field: nested}).to_dict()
    depth, value = 0, content[field]
    while value:
        depth, value = depth + 1, value[0]
    assert depth == sys.getrecursionlimit() - 200


def test_attributes_that_were_set_replace_what_was_received() -> None:
    job = OURS.models.ProcessingJob.from_dict({"created": "2024-06-01T12:00:00+00:00", "type": 5})
    job.created = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    job.type_ = "process"
    assert job.to_dict() == {"created": "2025-01-01T00:00:00Z", "type": "process"}


def test_a_request_without_a_required_field_is_refused() -> None:
    with pytest.raises(ValueError, match="ExecuteRequest: 'inputs' is required"):
        OURS.models.ExecuteRequest.from_dict({})
