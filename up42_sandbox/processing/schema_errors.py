"""Checks inputs against the JSON schema of a process."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call
from up42_sandbox.processing.catalog import PROCESSES, Process

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not any(c.isspace() for c in value)


@cache
def _validator(process_id: str) -> Draft202012Validator:
    schema = {
        "type": "object",
        "properties": {"inputs": PROCESSES[process_id].input_schema()},
        "required": ["inputs"],
    }
    return Draft202012Validator(schema, format_checker=_FORMATS)


def check_schema(process: Process, call: Call) -> dict[str, Any]:
    """Return the inputs of a request.

    Raises:
        ApiError: 400 with `schema-error`, if they don't match the schema.
    """
    try:
        body = call.json()
    except ApiError as error:
        raise ApiError(400, error.detail, extras={"schema-error": "data must be JSON"}) from error
    errors = _validator(process.id).iter_errors(body)
    first = min(errors, key=lambda error: (len(error.path), error.json_path), default=None)
    if first is not None:
        raise ApiError(400, extras={"schema-error": _words(first)})
    inputs: dict[str, Any] = body["inputs"]
    return inputs


def _words(error: ValidationError) -> str:
    where = "data" + error.json_path[1:]
    limit: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            missing = [name for name in limit if name not in instance]
            return f"{where} must contain {missing} properties"
        case "additionalProperties":
            extra = sorted(name for name in instance if name not in schema["properties"])
            return f"{where} must not contain {extra} properties"
        case "type":
            return f"{where} must be {limit}"
        case "minLength":
            return f"{where} must be longer than or equal to {limit} characters"
        case "maxLength":
            return f"{where} must be shorter than or equal to {limit} characters"
        case "minimum":
            return f"{where} must be bigger than or equal to {limit}"
        case "maximum":
            return f"{where} must be smaller than or equal to {limit}"
        case "format":
            return f"{where} must be {limit}"
        case _:
            return f"{where}: {error.message}"
