"""Run the generator on a copy of the document that is prepared for our templates."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_python_client.strings import snake_case

from updating.pointers import (
    Json,
    UpdateError,
    is_value,
    look_up,
    operations,
    reachable,
    resolve,
    split,
    walk,
)
from updating.reading import Source
from updating.selecting import pruned

CLIENT = "generated/up42_client"
# Left behind by Python and ruff, never part of the package.
CACHES = ("__pycache__", ".ruff_cache")
GENERATOR = Path(__file__).resolve().parent.parent / "generator"
SCHEMAS = "/components/schemas"
# STAC and GeoJSON objects, which pystac and geopandas read: dicts rather than models.
READ_BY_LIBRARIES = ("StacItem", "StacCollection", "ResultFeatureCollection")
FREE_OBJECT = {"type": "object", "additionalProperties": True}
UNTRUSTED = re.compile("<openapi_python_client[^>]*> ?")
# What only people read. The document in the package is for checking responses.
FOR_PEOPLE = frozenset({"description", "summary", "example", "examples"})


def generate(spec: Path, folder: Path) -> Path:
    """Generate the client of a document into a folder; return the package's path.

    Raises:
        UpdateError: If the generator or our templates can't express the document.
    """
    # The generator reads JSON several times as fast as YAML.
    prepared = folder / "prepared.json"
    document = Source(str(spec)).value
    prepared.write_text(json.dumps(prepare(document)), encoding="utf-8")
    package = folder / "up42_client"
    run_generator(prepared, package)
    # The generator marks a package as typed only when it writes its packaging files too.
    (package / "py.typed").touch()
    stored = json.dumps(without_texts(document), separators=(",", ":"))
    (package / "openapi.json").write_text(f"{stored}\n", encoding="utf-8")
    return package


def without_texts(node: Any, *, has_names: bool = False) -> Any:
    """Return a part of a document without what only people read.

    Args:
        node: The part.
        has_names: Whether its keys are names of fields, which can be `description`, too.
    """
    if isinstance(node, list):
        return [without_texts(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: without_texts(value, has_names=key == "properties" and not has_names)
        for key, value in node.items()
        if has_names or key not in FOR_PEOPLE
    }


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
        reason = UNTRUSTED.sub("", f"{done.stdout}{done.stderr}")
        if "Traceback" in reason:
            reason = reason.rstrip().rpartition("\n")[2]
        raise UpdateError(f"the generator failed:\n{reason}")


def files(folder: Path) -> dict[str, bytes]:
    """Return the relative paths and contents of all files in a folder, without caches."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not set(CACHES) & set(path.parts)
    }


def differences(fresh: Path, present: Path) -> list[str]:
    """Return how a client differs from a fresh one, for people."""
    wanted, found = files(fresh), files(present)
    return sorted(
        [f"missing: {name}" for name in wanted.keys() - found]
        + [f"not generated: {name}" for name in found.keys() - wanted]
        + [f"changed: {name}" for name in wanted.keys() & found if wanted[name] != found[name]]
    )


def prepare(document: Json) -> Json:
    """Return a copy of a document, with what our templates need to know besides.

    `x-sent` marks the schemas of requests. Objects that other libraries read lose their fields.
    Parameters and their schemas share a description, as the generator prints that of the schema.

    Raises:
        UpdateError: If our templates or the generator can't express something.
    """
    document = copy.deepcopy(document)
    schemas: Json = document.setdefault("components", {}).setdefault("schemas", {})
    for name in READ_BY_LIBRARIES:
        if name in schemas:
            schemas[name] = {**FREE_OBJECT, "description": schemas[name].get("description", name)}
    for schema in schemas.values():
        if isinstance(schema, dict):
            merge_variants(document, schema)
    document = pruned(document)
    for pointer, node in walk(document):
        if not isinstance(node, dict):
            continue
        if is_value(pointer, "default"):
            # The server knows its defaults: the client needn't send them.
            node.pop("default", None)
        if isinstance(node.get("enum"), list):
            name_values(node)
        if "in" in node and isinstance(node.get("name"), str):
            prepare_parameter(document, pointer, node)
    mark_sent(document)
    return document


def prepare_parameter(document: Json, pointer: str, parameter: Json) -> None:
    schema = parameter.get("schema")
    if schema is None:
        return
    is_list = "array" in resolve(document, schema).get("type", "")
    if parameter["in"] == "query" and is_list and parameter.get("explode", True):
        raise UpdateError(
            f"{pointer}: list parameter '{parameter['name']}' has no 'explode: false', but the "
            "template joins lists with commas."
        )
    if "description" in parameter and "$ref" not in schema:
        schema.setdefault("description", parameter["description"])


def merge_variants(document: Json, schema: Json) -> None:
    """Turn a schema that is one of several into one object, as the models are lenient."""
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
    """Name the values of an enum if the generator can't, as they differ only in case or signs."""
    found = schema["enum"]
    values = [value for index, value in enumerate(found) if value not in (None, *found[:index])]
    if not any(all(type(value) is kind for value in values) for kind in (str, int, bool)):
        # The generator has no classes for other values: their type alone.
        del schema["enum"]
        return
    schema["enum"] = [*values, *([None] if None in found else [])]
    names: list[str] = []
    for value in values:
        name = snake_case(str(value)).upper()
        name = name if name.isidentifier() else f"VALUE_{name}".rstrip("_")
        number, free = 2, name
        while free in names:
            free, number = f"{name}_{number}", number + 1
        names.append(free)
    usual = [snake_case(str(value).upper()).upper() for value in values]
    if names != usual and "x-enum-varnames" not in schema:
        schema["x-enum-varnames"] = names


def mark_sent(document: Json) -> None:
    """Mark the schemas of objects in requests.

    Raises:
        UpdateError: If a schema with fields is in responses too.
    """
    nodes = [node for *_, item, operation in operations(document) for node in (item, operation)]
    sent = reachable(document, *(node.get("requestBody") for node in nodes))
    received = reachable(document, *(node.get("responses") for node in nodes))
    for pointer in sorted(sent & received):
        if pointer.startswith(SCHEMAS) and look_up(document, pointer).get("properties"):
            raise UpdateError(
                f"{pointer}: schema '{split(pointer)[-1]}' is both sent and received: use two, as "
                "any field can be missing from what is received."
            )
    parts = [look_up(document, pointer) for pointer in sorted(sent - received)]
    for part in [*parts, *(node.get("requestBody") for node in nodes)]:
        for schema in object_schemas(part):
            schema["x-sent"] = True


def object_schemas(schema: Any) -> Iterator[Json]:
    """Yield the schemas of objects in a schema, including itself."""
    for _, node in walk(schema):
        if isinstance(node, dict) and "$ref" not in node:
            is_object = node.get("type") == "object" or isinstance(node.get("properties"), dict)
            if is_object or isinstance(node.get("allOf"), list):
                yield node


def read_by_libraries(document: Json) -> set[str]:
    """Return the names of the schemas that only other libraries read."""
    schemas = document["components"]["schemas"]
    present = [{"$ref": f"#{SCHEMAS}/{name}"} for name in READ_BY_LIBRARIES if name in schemas]
    modeled = set(prepare(document)["components"]["schemas"]) - set(READ_BY_LIBRARIES)
    return {split(pointer)[-1] for pointer in reachable(document, *present)} - modeled
