"""The OpenAPI document is valid, complete in itself, and its examples keep what it promises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

SPEC = Path(__file__).resolve().parent.parent / "openapi" / "up42.yaml"
README = SPEC.with_name("README.md")
DOCUMENT_URI = "urn:up42"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Bytes can't stand in a text file as they are, so images need no example.
BYTES = re.compile(r"image/")

Json = dict[str, Any]


class UniqueKeyLoader(yaml.SafeLoader):
    """YAML lets a later key silently replace an earlier one of the same name; this doesn't."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        doubles = [key for key, count in Counter(keys).items() if count > 1]
        if doubles:
            raise yaml.constructor.ConstructorError(
                None, None, f"the same key twice: {doubles}", node.start_mark
            )
        return super().construct_mapping(node, deep)


class Node(NamedTuple):
    """A part of the document and where it stands, as a JSON pointer."""

    pointer: str
    value: Any

    def child(self, *keys: str) -> Node:
        node = self
        for key in keys:
            node = follow(Node(f"{node.pointer}/{escape(key)}", node.value[key]))
        return node

    def children(self) -> Iterator[tuple[str, Node]]:
        for key in self.value:
            yield key, self.child(key)


class Operation(NamedTuple):
    name: str
    path: Node
    node: Node

    def parameters(self) -> Iterator[Json]:
        for owner in (self.path, self.node):
            for parameter in owner.value.get("parameters", []):
                yield follow(Node("", parameter)).value

    def responses(self) -> dict[str, Node]:
        return dict(self.node.child("responses").children())


class Example(NamedTuple):
    """A value and the pointer to the schema that it must fit."""

    name: str
    schema: str
    value: Any


def follow(node: Node) -> Node:
    """Return what a reference refers to; anything else is returned as it is."""
    while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
        pointer = node.value["$ref"].removeprefix("#")
        node = Node(pointer, look_up(pointer))
    return node


def look_up(pointer: str) -> Any:
    value: Any = DOCUMENT
    for key in pointer.split("/")[1:]:
        value = value[key.replace("~1", "/").replace("~0", "~")]
    return value


def pointers(pointer: str, node: Any) -> Iterator[tuple[str, Any]]:
    """Yield every part of a part of the document with its pointer."""
    yield pointer, node
    entries: Iterable[tuple[str, Any]] = ()
    if isinstance(node, dict):
        entries = node.items()
    elif isinstance(node, list):
        entries = ((str(index), value) for index, value in enumerate(node))
    for key, value in entries:
        yield from pointers(f"{pointer}/{escape(key)}", value)


def escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def mappings() -> Iterator[tuple[str, Json]]:
    """Yield every mapping in the document with its pointer."""
    for pointer, node in pointers("", DOCUMENT):
        if isinstance(node, dict):
            yield pointer, node


def references() -> set[str]:
    return {node["$ref"] for _, node in mappings() if isinstance(node.get("$ref"), str)}


def operations() -> Iterator[Operation]:
    for path, item in Node("", DOCUMENT).child("paths").children():
        for method in METHODS:
            if method in item.value:
                node = item.child(method)
                yield Operation(node.value.get("operationId", f"{method} {path}"), item, node)


def bodies(operation: Operation) -> Iterator[tuple[str, Node]]:
    """Yield the media types of a request and its responses, with a name to show."""
    owners = operation.responses()
    if "requestBody" in operation.node.value:
        owners["request"] = operation.node.child("requestBody")
    for name, owner in owners.items():
        if "content" in owner.value:
            for media_type, node in owner.child("content").children():
                yield f"{operation.name}-{name}-{media_type}", node


def body_examples(name: str, body: Node) -> Iterator[Example]:
    if "examples" in body.value:
        for key, example in body.child("examples").children():
            yield Example(f"{name}-{key}", f"{body.pointer}/schema", example.value["value"])


def parameter_examples() -> Iterator[Example]:
    for pointer, node in mappings():
        if {"in", "name", "schema", "example"} <= node.keys():
            yield Example(f"{pointer}-{node['name']}", f"{pointer}/schema", node["example"])


def schema_examples() -> Iterator[Example]:
    """Yield the examples that stand inside of schemas."""
    for pointer, node in mappings():
        if isinstance(node.get("examples"), list):
            yield from (Example(pointer, pointer, value) for value in node["examples"])


def problems(example: Example) -> list[str]:
    validator = Draft202012Validator(
        {"$ref": f"{DOCUMENT_URI}#{example.schema}"},
        registry=REGISTRY,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(example.value)]


DOCUMENT: Json = yaml.load(SPEC.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)
REGISTRY: Registry[Any] = Registry().with_resource(
    DOCUMENT_URI, DRAFT202012.create_resource(DOCUMENT)
)
OPERATIONS = list(operations())
BODIES = [body for operation in OPERATIONS for body in bodies(operation)]
EXAMPLES = [
    *(example for name, body in BODIES for example in body_examples(name, body)),
    *parameter_examples(),
    *schema_examples(),
]


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_a_key_that_stands_twice_is_noticed() -> None:
    with pytest.raises(yaml.constructor.ConstructorError, match="twice"):
        yaml.load("{a: 1, a: 2}", Loader=UniqueKeyLoader)


def test_operation_ids_are_unique_and_camel_case() -> None:
    names = [operation.node.value.get("operationId") for operation in OPERATIONS]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch("[a-z]+([A-Z][a-z]+)+", name or "")] == []


def test_the_readme_says_where_an_operation_is_known_from() -> None:
    readme = README.read_text(encoding="utf-8").replace("`, `", "` | `")
    assert [each.name for each in OPERATIONS if f"| `{each.name}`" not in readme] == []


def test_an_operation_has_one_tag_and_says_what_it_does() -> None:
    declared = {tag["name"] for tag in DOCUMENT["tags"]}
    for operation in OPERATIONS:
        (tag,) = operation.node.value["tags"]
        assert tag in declared, operation.name
        assert operation.node.value["summary"].strip(), operation.name
        assert operation.node.value["description"].strip(), operation.name


def test_every_tag_is_used_and_described() -> None:
    used = {tag for operation in OPERATIONS for tag in operation.node.value["tags"]}
    assert {tag["name"] for tag in DOCUMENT["tags"]} == used
    assert all(tag["description"] for tag in DOCUMENT["tags"])


def test_an_operation_documents_success_and_client_errors() -> None:
    for operation in OPERATIONS:
        assert {"2", "4"} <= {status[0] for status in operation.responses()}, operation.name


def test_a_body_has_a_schema_and_an_example() -> None:
    for name, body in BODIES:
        assert "schema" in body.value, name
        if not BYTES.match(name.rpartition("-")[2]):
            assert list(body_examples(name, body)), f"{name}: no example"


def test_an_example_fits_its_schema() -> None:
    found = {example.name: problems(example) for example in EXAMPLES}
    assert len(found) > 100
    assert {name: why for name, why in found.items() if why} == {}


def test_a_wrong_example_is_noticed() -> None:
    schema = "/components/schemas/Eula"
    eula = {"id": "x", "isAccepted": True}
    assert problems(Example("", schema, eula)) == []
    assert problems(Example("", schema, {**eula, "isAccepted": "yes"}))
    # Without the package rfc3339-validator times would not be checked at all.
    assert problems(Example("", schema, {**eula, "acceptedAt": "yesterday"}))


def test_times_with_0_6_and_9_digits_occur() -> None:
    text = yaml.safe_dump([example.value for example in EXAMPLES])
    digits = re.findall(r"T\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|\+00:00)", text)
    assert {0, 6, 9} <= {len(each) for each in digits}


def test_list_parameters_travel_as_one_comma_joined_value() -> None:
    for operation in OPERATIONS:
        for parameter in operation.parameters():
            if parameter["in"] == "query" and parameter["schema"].get("type") == "array":
                form = (parameter.get("style"), parameter.get("explode"))
                assert form == ("form", False), f"{operation.name}: {parameter['name']}"


def test_parameters_are_described_and_match_the_path() -> None:
    for operation in OPERATIONS:
        parameters = list(operation.parameters())
        assert all(parameter["description"] for parameter in parameters), operation.name
        assert all("example" in parameter for parameter in parameters), operation.name
        path = operation.path.pointer.removeprefix("/paths/")
        declared = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert set(re.findall(r"{(\w+)}", path)) == declared
        assert not path.endswith("~1"), f"{path}: trailing slash"


def test_references_lead_somewhere() -> None:
    for reference in references():
        assert reference.startswith("#/components/")
        look_up(reference.removeprefix("#"))


def test_every_component_is_used() -> None:
    requirements = [each for _, node in mappings() for each in node.get("security", [])]
    used = references() | {
        f"#/components/securitySchemes/{name}" for each in requirements for name in each
    }
    components = {
        f"#/components/{kind}/{name}"
        for kind, entries in DOCUMENT["components"].items()
        for name in entries
    }
    assert components - used == set()


def test_objects_have_a_name_of_their_own() -> None:
    """A generator has to invent a class name for an object schema without one."""
    named = {f"/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    unnamed = [
        pointer
        for pointer, node in mappings()
        if node.get("type") == "object" and not re.search("/(example|value)/", pointer)
    ]
    assert set(unnamed) - named == set()


def test_every_schema_is_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []
