"""Where the sandbox speaks otherwise than the new document says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from updating.changes import Change, Kind, Way
from updating.pointers import Json, join, look_up, operations, resolve
from updating.sandbox_answers import Answer
from updating.schema_changes import shown
from updating.selection import label
from updating.verdicts import FINE, Verdict

URI = "urn:document"
SCHEMAS = "#/components/schemas/"
# The server asks for, or refuses, what the sandbox takes as it is today.
REQUESTS = {
    Kind.OPERATION_REMOVED: "the sandbox still serves it",
    Kind.PARAMETER_REQUIRED_ADDED: "the sandbox takes requests without it",
    Kind.PARAMETER_REMOVED: "the sandbox still takes it",
    Kind.PARAMETER_CHANGED: "the sandbox takes it in the old form",
    Kind.FIELD_REQUIRED_ADDED: "the sandbox takes bodies without it",
    Kind.NOW_REQUIRED: "the sandbox takes requests without it",
    Kind.FIELD_REMOVED: "the sandbox still takes it",
    Kind.RETYPED: "the sandbox takes it in the old form",
    Kind.NARROWED: "the sandbox takes more",
    Kind.NOT_NULLABLE: "the sandbox takes null",
    Kind.ENUM_REMOVED: "the sandbox still takes it",
    Kind.CONSTRAINED: "the sandbox follows the old rule",
    Kind.BODY_REMOVED: "the sandbox still takes it",
    Kind.CONTENT_REMOVED: "the sandbox still takes it",
    Kind.SECURITY_CHANGED: "the sandbox asks for the old one",
}
ANSWERS = {
    Kind.FIELD_REMOVED,
    Kind.FIELD_REQUIRED_ADDED,
    Kind.NOW_REQUIRED,
    Kind.RETYPED,
    Kind.NARROWED,
    Kind.WIDENED,
    Kind.NOT_NULLABLE,
    Kind.ENUM_REMOVED,
    Kind.CONSTRAINED,
}


class WireImpact:
    """The sandbox's answers, taken apart by the old document, held against the new one.

    Args:
        old, new: The documents.
        answers: What the sandbox answers today.
    """

    def __init__(self, old: Json, new: Json, answers: Iterable[Answer]) -> None:
        self._old, self._new = old, new
        self._registry: Registry[Any] = Registry().with_resource(
            URI, DRAFT202012.create_resource(new)
        )
        self._before: Registry[Any] = Registry().with_resource(
            URI, DRAFT202012.create_resource(old)
        )
        self._seen: dict[str, list[Any]] = defaultdict(list)
        self._statuses: dict[str, set[tuple[int, str]]] = defaultdict(set)
        known = {label(m, p): op for m, p, _, op in operations(old)}
        for answer in answers:
            self._statuses[answer.operation].add((answer.status, answer.media_type))
            if answer.operation in known and answer.body is not None:
                self._take_apart(answer, known[answer.operation])

    def judge(self, change: Change) -> Verdict:
        """Tell whether the sandbox speaks otherwise after a change."""
        if change.way is not Way.RECEIVED and (why := REQUESTS.get(change.kind)):
            return self._request(change, why)
        if change.kind is Kind.BODY_ADDED and change.detail == "required":
            return Verdict(True, "the sandbox takes requests without it")
        if change.way in {Way.RECEIVED, Way.BOTH}:
            return self._answer(change)
        return FINE

    def _request(self, change: Change, why: str) -> Verdict:
        operation = change.owner.operation
        if operation is not None and operation not in self._statuses:
            return Verdict(False, "the sandbox does not serve it")
        if change.way is Way.BOTH:
            answer = self._answer(change)
            return answer if answer.breaking else Verdict(True, why)
        return Verdict(True, why)

    def _answer(self, change: Change) -> Verdict:
        if change.kind in {Kind.STATUS_REMOVED, Kind.CONTENT_REMOVED}:
            return self._gone(change)
        if change.kind not in ANSWERS:
            return FINE
        found = self._instances(change)
        if change.kind is Kind.FIELD_REMOVED:
            if found:
                return Verdict(True, f"the sandbox still sends it: {shown(found[0], 40)}")
            return Verdict(False, "the sandbox does not send it")
        if change.kind in {Kind.FIELD_REQUIRED_ADDED, Kind.NOW_REQUIRED}:
            owners = self._below(change, change.steps[:-2])
            lacking = [
                each for each in owners if isinstance(each, dict) and change.name not in each
            ]
            return Verdict(True, "the sandbox does not send it") if lacking else FINE
        return self._invalid(change, found)

    def _gone(self, change: Change) -> Verdict:
        wanted = (change.owner.answer or ("",))[0]
        for status, media_type in sorted(self._statuses[change.owner.operation or ""]):
            fits = wanted == str(status) or wanted == f"{status // 100}XX"
            if fits and (change.kind is Kind.STATUS_REMOVED or media_type == change.name):
                return Verdict(True, f"the sandbox still answers {status} {media_type}".rstrip())
        return Verdict(False, "the sandbox does not answer so")

    def _invalid(self, change: Change, found: list[Any]) -> Verdict:
        pointer = join(change.owner.pointer or self._pointer(change), *change.steps)
        now = self._validator(self._registry, pointer)
        was = self._validator(self._before, pointer)
        if now is None:
            return FINE
        for value in found:
            error = next(iter(now.iter_errors(value)), None)
            if error is not None and (was is None or was.is_valid(value)):
                return Verdict(True, f"the sandbox still sends {shown(value, 40)}")
        return FINE if found else Verdict(False, "the sandbox does not send it")

    def _validator(self, registry: Registry[Any], pointer: str) -> Draft202012Validator | None:
        document = self._new if registry is self._registry else self._old
        try:
            look_up(document, pointer)
        except KeyError:
            return None
        reference = f"{URI}#{pointer}".replace("{", "%7B").replace("}", "%7D")
        return Draft202012Validator({"$ref": reference}, registry=registry)

    def _pointer(self, change: Change) -> str:
        """Return where the schema of an answer stands."""
        operation, (status, media_type) = (
            change.owner.operation or "",
            change.owner.answer or ("", ""),
        )
        method, _, path = operation.partition(" ")
        pointer = join("/paths", path, method.lower(), "responses", status)
        node = look_up(self._new, pointer)
        if "$ref" in node:
            pointer = str(node["$ref"]).removeprefix("#")
        return join(pointer, "content", media_type, "schema")

    def _instances(self, change: Change) -> list[Any]:
        return self._below(change, change.steps)

    def _below(self, change: Change, steps: tuple[str, ...]) -> list[Any]:
        """Return the values that the sandbox sends at a place below the change's owner."""
        owner = change.owner
        key = owner.model or f"{owner.operation} {(owner.answer or ('',))[0]}"
        found = list(self._seen[key])
        for step, following in zip(steps, [*steps, ""][1:], strict=True):
            if step == "properties":
                found = [
                    each[following]
                    for each in found
                    if isinstance(each, dict) and following in each
                ]
            elif step == "items":
                found = [entry for each in found if isinstance(each, list) for entry in each]
            elif step == "additionalProperties":
                found = [v for each in found if isinstance(each, dict) for v in each.values()]
        return found

    def _take_apart(self, answer: Answer, operation: Json) -> None:
        responses = operation.get("responses") or {}
        status = str(answer.status)
        key = next((k for k in (status, f"{status[0]}XX", "default") if k in responses), None)
        if key is None:
            return
        content = resolve(self._old, responses[key]).get("content") or {}
        schema = (content.get(answer.media_type) or {}).get("schema")
        if schema is not None:
            self._seen[f"{answer.operation} {key}"].append(answer.body)
            for name, value in self._models(schema, answer.body):
                self._seen[name].append(value)

    def _models(self, schema: Any, value: Any) -> Iterator[tuple[str, Any]]:
        """Yield every part of a value that is described by a model, with the model's name."""
        if not isinstance(schema, dict):
            return
        if str(schema.get("$ref", "")).startswith(SCHEMAS):
            yield schema["$ref"].removeprefix(SCHEMAS), value
            schema = resolve(self._old, schema)
        for part in schema.get("allOf") or ():
            yield from self._models(part, value)
        for union in ("anyOf", "oneOf"):
            for part in schema.get(union) or ():
                if self.validator(part).is_valid(value):
                    yield from self._models(part, value)
        if isinstance(value, list):
            for entry in value:
                yield from self._models(schema.get("items"), entry)
        if isinstance(value, dict):
            fields = schema.get("properties") or {}
            for key, entry in value.items():
                inner = fields.get(key, schema.get("additionalProperties"))
                yield from self._models(inner, entry)

    def validator(self, schema: Any) -> Draft202012Validator:
        """Return what checks values against a schema of the old document."""
        return Draft202012Validator(absolute(schema), registry=self._before)


def complaints(document: Json, answers: Iterable[Answer]) -> Iterator[str]:
    """Yield in which ways answers differ from what a document promises."""
    impact = WireImpact(document, document, ())
    known = {label(m, p): op for m, p, _, op in operations(document)}
    for answer in answers:
        responses = (known.get(answer.operation) or {}).get("responses") or {}
        status = str(answer.status)
        key = next((k for k in (status, f"{status[0]}XX", "default") if k in responses), None)
        where = f"{answer.operation}: {status} {answer.media_type}".rstrip()
        if key is None:
            yield f"{where}: the status is not documented"
            continue
        content = resolve(document, responses[key]).get("content") or {}
        if answer.media_type and answer.media_type not in content:
            yield f"{where}: the content type is not documented"
        schema = (content.get(answer.media_type) or {}).get("schema")
        if schema is not None and answer.body is not None:
            for error in impact.validator(schema).iter_errors(answer.body):
                yield f"{where}: {error.json_path}: {error.message[:200]}"


def absolute(node: Any) -> Any:
    """Return a schema whose references lead into the registry's document."""
    if isinstance(node, dict):
        return {
            key: f"{URI}{value}" if key == "$ref" and isinstance(value, str) else absolute(value)
            for key, value in node.items()
        }
    return [absolute(entry) for entry in node] if isinstance(node, list) else node
