"""Run the generator on a copy of the document that is prepared for our templates."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_python_client.strings import snake_case

from updating.errors import GenerationError
from updating.pointers import Json, references, resolve, walk
from updating.sources import read

GENERATOR = Path(__file__).resolve().parent.parent / "generator"
REFERENCE = "#/components/schemas/"
# STAC and GeoJSON objects, which pystac and geopandas read: dicts rather than models.
READ_BY_LIBRARIES = ("StacItem", "StacCollection", "ResultFeatureCollection")
FREE_OBJECT = {"type": "object", "additionalProperties": True}


def generate(spec: Path, folder: Path) -> Path:
    """Generate the client of a document into a folder; return the package's path."""
    document = read(str(spec)).value
    check_list_parameters(document)
    # The generator reads JSON several times as fast as YAML.
    prepared = folder / "prepared.json"
    prepared.write_text(json.dumps(prepare(document)), encoding="utf-8")
    package = folder / "up42_client"
    run_generator(prepared, package)
    # The generator marks a package as typed only when it writes its packaging files too.
    (package / "py.typed").touch()
    return package


def run_generator(spec: Path, package: Path) -> None:
    scripts = Path(sys.executable).parent
    # The post hooks call ruff by name: it must be the pinned one, next to this Python.
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
        reason = f"{done.stdout}{done.stderr}"
        if "Traceback" in reason:
            reason = reason.rstrip().rpartition("\n")[2]
        raise GenerationError(f"the generator failed:\n{reason}")


def check_list_parameters(document: Json) -> None:
    """Refuse list parameters that our endpoint template would send differently."""
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


def prepare(document: Json) -> Json:
    """Return a copy of a document, with what our templates need to know besides.

    `x-sent` marks the schemas of requests. Objects that other libraries read lose their fields.
    Parameters and their schemas share a description, as the generator prints that of the schema.
    """
    document = copy.deepcopy(document)
    schemas: Json = document["components"]["schemas"]
    for name in READ_BY_LIBRARIES:
        if name in schemas:
            schemas[name] = {**FREE_OBJECT, "description": schemas[name].get("description", name)}
    for schema in schemas.values():
        merge_variants(document, schema)
    for _, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("enum"), list):
            name_values(node)
    drop_unused(document)
    received = reachable(document, "responses")
    for name in sorted(reachable(document, "requestBody")):
        if name in received and schemas[name].get("properties"):
            raise GenerationError(
                f"Schema {name!r} is both sent and received: use two, as any field can be missing "
                "from what is received."
            )
        if name not in received:
            mark_sent(schemas[name])
    for content in bodies(document):
        mark_sent(content.get("schema"))
    for parameter in parameters(document):
        if "description" in parameter and "$ref" not in parameter["schema"]:
            parameter["schema"].setdefault("description", parameter["description"])
    return document


def merge_variants(document: Json, schema: Json) -> None:
    """Make one object of a schema that is one of several, as the models are lenient anyway."""
    key = next((key for key in ("oneOf", "anyOf") if key in schema), None)
    if key is None:
        return
    variants = [resolve(document, variant) for variant in schema[key]]
    if not all("properties" in variant for variant in variants):
        return
    del schema[key]
    schema.pop("discriminator", None)
    fields: dict[str, list[Json]] = {}
    for part in (schema, *variants):
        for name, field in part.get("properties", {}).items():
            known = fields.setdefault(name, [])
            if field not in known:
                known.append(field)
    schema["type"] = "object"
    schema["properties"] = {
        name: found[0] if len(found) == 1 else {"anyOf": found} for name, found in fields.items()
    }
    always = set.intersection(*(set(variant.get("required", ())) for variant in variants))
    schema["required"] = [n for n in fields if n in always or n in schema.get("required", ())]


def name_values(schema: Json) -> None:
    """Name the values of an enum if the names that the generator makes aren't unique."""
    values = [value for value in schema["enum"] if value is not None]
    names = [snake_case(str(value).upper()).upper() for value in values]
    if len(set(names)) < len(names) and "x-enum-varnames" not in schema:
        schema["x-enum-varnames"] = [
            f"{name}_{names[:index].count(name) + 1}" if name in names[:index] else name
            for index, name in enumerate(names)
        ]


def drop_unused(document: Json) -> None:
    """Remove the schemas that no operation refers to."""
    schemas = document["components"]["schemas"]
    used = reachable(document, "responses", "requestBody", "parameters")
    for name in set(schemas) - used:
        del schemas[name]


def mark_sent(schema: Json | None) -> None:
    for found in object_schemas(schema):
        found["x-sent"] = True


def bodies(document: Json) -> Iterator[Json]:
    """Yield the contents of all request bodies, where they are defined."""
    found = list(document["components"].get("requestBodies", {}).values())
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                found.append(operation["requestBody"])
    for body in found:
        yield from body.get("content", {}).values()


def parameters(document: Json) -> Iterator[Json]:
    """Yield all parameters, where they are defined."""
    yield from document["components"].get("parameters", {}).values()
    for operations in document["paths"].values():
        for part in (operations, *operations.values()):
            found = part.get("parameters", []) if isinstance(part, dict) else []
            yield from (parameter for parameter in found if "$ref" not in parameter)


def reachable(document: Json, *parts: str) -> set[str]:
    """Return the names of all schemas below these parts of any operation or path."""
    todo = [
        node[part]
        for path in document["paths"].values()
        for node in (path, *path.values())
        for part in parts
        if isinstance(node, dict) and part in node
    ]
    return below(document, todo)


def below(document: Json, parts: list[Any]) -> set[str]:
    """Return the names of all schemas that parts of a document refer to, directly or not."""
    found: set[str] = set()
    todo = list(parts)
    while todo:
        for _, node in references(todo.pop()):
            name = node["$ref"].removeprefix(REFERENCE)
            if not node["$ref"].startswith(REFERENCE):
                todo.append(resolve(document, node))
            elif name not in found:
                found.add(name)
                todo.append(document["components"]["schemas"][name])
    return found


def read_by_libraries(document: Json) -> set[str]:
    """Return the names of the schemas that only other libraries read."""
    roots = [{"$ref": f"{REFERENCE}{name}"} for name in READ_BY_LIBRARIES]
    present = [
        root
        for root in roots
        if root["$ref"].removeprefix(REFERENCE) in document["components"]["schemas"]
    ]
    modeled = set(prepare(document)["components"]["schemas"]) - set(READ_BY_LIBRARIES)
    return below(document, present) - modeled


def object_schemas(schema: Any) -> Iterator[Json]:
    """Yield the schemas of objects in a schema, including itself."""
    if isinstance(schema, list):
        for part in schema:
            yield from object_schemas(part)
    if not isinstance(schema, dict):
        return
    for key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf"):
        yield from object_schemas(schema.get(key))
    for value in schema.get("properties", {}).values():
        yield from object_schemas(value)
    if "$ref" not in schema and (
        schema.get("type") == "object" or {*schema} & {"properties", "allOf"}
    ):
        yield schema
