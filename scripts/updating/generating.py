"""Run the generator on a copy of the document that promises less than the document does."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from updating.errors import GenerationError
from updating.pointers import Json
from updating.sources import read

GENERATOR = Path(__file__).resolve().parent.parent / "generator"
REFERENCE = "#/components/schemas/"


def generate(spec: Path, folder: Path) -> Path:
    """Generate the client of a document into a folder; return the package's path."""
    document = read(str(spec)).value
    check_list_parameters(document)
    relaxed = folder / "relaxed.yaml"
    relaxed.write_text(yaml.safe_dump(relax(document), sort_keys=False), encoding="utf-8")
    package = folder / "up42_client"
    run_generator(relaxed, package)
    # The generator marks a package as typed only when it writes its packaging files too.
    (package / "py.typed").touch()
    return package


def run_generator(spec: Path, package: Path) -> None:
    scripts = Path(sys.executable).parent
    # The post hooks call ruff by name: it must be the pinned one that stands beside this Python.
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [
        sys.executable, "-m", "openapi_python_client", "generate",
        "--path", spec, "--output-path", package, "--overwrite",
        "--meta", "none", "--fail-on-warning",
        "--config", GENERATOR / "config.yaml",
        "--custom-template-path", GENERATOR / "templates",
    ]  # fmt: skip
    done = subprocess.run(
        [str(part) for part in command], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise GenerationError(f"the generator failed:\n{done.stdout}{done.stderr}")


def check_list_parameters(document: Json) -> None:
    """Refuse list parameters that our endpoint template would send in another form."""
    for path, operations in document["paths"].items():
        for name, operation in operations.items():
            parameters = operation.get("parameters", []) if isinstance(operation, dict) else []
            for parameter in parameters:
                parameter = resolve(document, parameter)
                is_list = resolve(document, parameter["schema"]).get("type") == "array"
                if parameter["in"] == "query" and is_list and parameter.get("explode", True):
                    raise GenerationError(
                        f"{name.upper()} {path}: list parameter '{parameter['name']}' has no "
                        "'explode: false', but the template joins lists with commas"
                    )


def resolve(document: Json, node: Json) -> Json:
    while "$ref" in node:
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def relax(document: Json) -> Json:
    """Return a copy in which everything that the server sends may be missing or null.

    The document says what is promised; the client must survive a promise that isn't kept.
    """
    document = copy.deepcopy(document)
    schemas: Json = document["components"]["schemas"]
    received = reachable(document, "responses")
    sent = reachable(document, "requestBody")
    for name in sorted(received & sent):
        if schemas[name].get("properties"):
            raise GenerationError(
                f"schema '{name}' is both sent and received: use two, only one may be relaxed"
            )
    for name in received:
        for schema in object_schemas(schemas[name]):
            schema.pop("required", None)
            schema["properties"] = {k: nullable(v) for k, v in schema["properties"].items()}
    return document


def reachable(document: Json, part: str) -> set[str]:
    """Return the names of all schemas under this part of any operation."""
    found: set[str] = set()
    todo = [
        operation[part]
        for operations in document["paths"].values()
        for operation in operations.values()
        if isinstance(operation, dict) and part in operation
    ]
    while todo:
        for reference in references(todo.pop()):
            name = reference.removeprefix(REFERENCE)
            if not reference.startswith(REFERENCE):
                todo.append(resolve(document, {"$ref": reference}))
            elif name not in found:
                found.add(name)
                todo.append(document["components"]["schemas"][name])
    return found


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for key, value in node.items():
            if key not in {"example", "examples"}:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def object_schemas(schema: Any) -> Iterator[Json]:
    """Yield a schema and those nested in it, as far as they list properties."""
    if isinstance(schema, list):
        for part in schema:
            yield from object_schemas(part)
    if not isinstance(schema, dict):
        return
    for key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf"):
        yield from object_schemas(schema.get(key))
    if "properties" in schema:
        for value in schema["properties"].values():
            yield from object_schemas(value)
        yield schema


def nullable(schema: Json) -> Json:
    if "$ref" in schema:
        others = {k: v for k, v in schema.items() if k != "$ref"}
        return {**others, "anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return {**schema, union: [*schema[union], {"type": "null"}]}
    if "const" in schema or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    types = schema.get("type")
    if types is None:
        return schema
    known = types if isinstance(types, list) else [types]
    return {**schema, "type": known if "null" in known else [*known, "null"]}
