"""Compare two documents: operations and models that were added, removed or changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from updating.changes import Change, Kind, Owner, Way
from updating.pointers import Json, join, operations, references, resolve
from updating.schema_changes import TEXT_KEYS, Place, compare, shown
from updating.selection import label

SCHEMAS = "/components/schemas"
ParameterKey = tuple[str, str]


def compare_documents(old: Json, new: Json) -> list[Change]:
    """Return the changes between two documents in OpenAPI 3.1, each once."""
    return list(dict.fromkeys(Comparison(old, new).run()))


class Comparison:
    """Two documents side by side."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new
        self._ways = ways(old)
        for name, way in ways(new).items():
            known = self._ways.get(name, way)
            self._ways[name] = way if known == way else Way.BOTH

    def run(self) -> Iterator[Change]:
        yield from servers(self._old, self._new, "the API")
        yield from self._operations()
        yield from self._models()
        for key in ("info", "tags", "externalDocs"):
            if self._old.get(key) != self._new.get(key):
                yield Change(Kind.TEXT, key)

    def _operations(self) -> Iterator[Change]:
        before = {label(m, p): (item, op) for m, p, item, op in operations(self._old)}
        after = {label(m, p): (item, op) for m, p, item, op in operations(self._new)}
        for name in [*before, *(name for name in after if name not in before)]:
            owner = Owner("", operation=name)
            if name not in after:
                old_id = str(before[name][1].get("operationId", ""))
                yield Change(Kind.OPERATION_REMOVED, name, old_id, owner=owner, name=old_id)
            elif name not in before:
                new_id = str(after[name][1].get("operationId", ""))
                yield Change(Kind.OPERATION_ADDED, name, new_id, owner=owner, name=new_id)
            else:
                yield from self._operation(name, before[name], after[name])

    def _operation(
        self, name: str, before: tuple[Json, Json], after: tuple[Json, Json]
    ) -> Iterator[Change]:
        (old_item, old), (new_item, new) = before, after
        owner = Owner("", operation=name)
        for key, kind in (
            ("operationId", Kind.OPERATION_RENAMED),
            ("tags", Kind.TAG_MOVED),
            ("security", Kind.SECURITY_CHANGED),
        ):
            if old.get(key) != new.get(key):
                detail = f"{plain(old.get(key))} → {plain(new.get(key))}"
                yield Change(kind, name, detail, owner=owner, name=plain(old.get(key)))
        texts = [key for key in ("summary", *sorted(TEXT_KEYS)) if old.get(key) != new.get(key)]
        if texts:
            yield Change(Kind.TEXT, name, ", ".join(texts), owner=owner)
        yield from servers({**old_item, **old}, {**new_item, **new}, name)
        yield from self._parameters(
            name, parameters(self._old, old_item, old), parameters(self._new, new_item, new)
        )
        yield from self._request(name, old, new)
        yield from self._responses(name, old, new)

    def _parameters(
        self, name: str, before: dict[ParameterKey, Json], after: dict[ParameterKey, Json]
    ) -> Iterator[Change]:
        for key in [*before, *(key for key in after if key not in before)]:
            where, parameter = key
            subject = f"{name}: {where} parameter {parameter}"
            owner = Owner("", operation=name, parameter=parameter)
            place = Place(owner, subject, Way.SENT)
            if key not in after:
                yield place.change(Kind.PARAMETER_REMOVED, name=parameter)
            elif key not in before:
                required = after[key].get("required", False)
                kind = Kind.PARAMETER_REQUIRED_ADDED if required else Kind.PARAMETER_ADDED
                yield place.change(kind, name=parameter)
            else:
                yield from self._parameter(before[key], after[key], place, parameter)

    def _parameter(self, old: Json, new: Json, place: Place, name: str) -> Iterator[Change]:
        if old.get("required", False) != new.get("required", False):
            kind = Kind.NOW_REQUIRED if new.get("required") else Kind.NOW_OPTIONAL
            yield place.change(kind, name=name)
        for key in sorted((old.keys() | new.keys()) - {"required", "schema", "name", "in"}):
            if old.get(key) != new.get(key):
                kind = Kind.TEXT if key in TEXT_KEYS else Kind.PARAMETER_CHANGED
                yield place.change(kind, key, name)
        yield from compare(old.get("schema"), new.get("schema"), place)

    def _request(self, name: str, old: Json, new: Json) -> Iterator[Change]:
        before = resolve(self._old, old.get("requestBody") or {})
        after = resolve(self._new, new.get("requestBody") or {})
        place = Place(Owner("", operation=name), f"{name}: request body", Way.SENT)
        if bool(before) != bool(after):
            kind = Kind.BODY_ADDED if after else Kind.BODY_REMOVED
            yield place.change(kind, "required" if after.get("required") else "")
            return
        if before.get("required", False) != after.get("required", False):
            yield place.change(Kind.NOW_REQUIRED if after.get("required") else Kind.NOW_OPTIONAL)
        if before.get("description") != after.get("description"):
            yield place.change(Kind.TEXT, "description")
        yield from self._contents(before, after, place, None)

    def _responses(self, name: str, old: Json, new: Json) -> Iterator[Change]:
        before, after = old.get("responses") or {}, new.get("responses") or {}
        for status in [*before, *(status for status in after if status not in before)]:
            owner = Owner("", operation=name, answer=(status, ""))
            place = Place(owner, f"{name}: {status}", Way.RECEIVED)
            if status not in after:
                yield place.change(Kind.STATUS_REMOVED, name=status)
            elif status not in before:
                yield place.change(Kind.STATUS_ADDED, name=status)
            else:
                was = resolve(self._old, before[status])
                now = resolve(self._new, after[status])
                if was.get("description") != now.get("description"):
                    yield place.change(Kind.TEXT, "description")
                if was.get("headers") != now.get("headers"):
                    yield place.change(Kind.CONSTRAINED, "headers")
                yield from self._contents(was, now, place, status)

    def _contents(self, old: Json, new: Json, place: Place, status: str | None) -> Iterator[Change]:
        before, after = old.get("content") or {}, new.get("content") or {}
        for media_type in [*before, *(one for one in after if one not in before)]:
            if media_type not in after:
                yield place.change(Kind.CONTENT_REMOVED, media_type, media_type)
            elif media_type not in before:
                yield place.change(Kind.CONTENT_ADDED, media_type, media_type)
            else:
                was, now = before[media_type], after[media_type]
                if {**was, "schema": 0} != {**now, "schema": 0}:
                    yield place.change(Kind.TEXT, "examples")
                answer = (status, media_type) if status else None
                owner = Owner("", operation=place.owner.operation, answer=answer)
                inner = Place(owner, place.subject, place.way)
                yield from compare(was.get("schema"), now.get("schema"), inner)

    def _models(self) -> Iterator[Change]:
        before, after = schemas(self._old), schemas(self._new)
        for name in [*before, *(name for name in after if name not in before)]:
            owner = Owner(join(SCHEMAS, name), model=name)
            place = Place(owner, name, self._ways.get(name, Way.NEITHER))
            if name not in after:
                yield place.change(Kind.MODEL_REMOVED, name=name)
            elif name not in before:
                yield place.change(Kind.MODEL_ADDED, name=name)
            else:
                yield from compare(before[name], after[name], place)


def schemas(document: Json) -> Json:
    return (document.get("components") or {}).get("schemas") or {}


def servers(old: Json, new: Json, subject: str) -> Iterator[Change]:
    before, after = (
        [str(server.get("url")) for server in each.get("servers") or []] for each in (old, new)
    )
    if before != after:
        gone = [url for url in before if url not in after]
        detail = f"{', '.join(before) or 'none'} → {', '.join(after) or 'none'}"
        yield Change(Kind.SERVER_CHANGED, subject, detail, old=gone, new=after)
    elif old.get("servers") != new.get("servers"):
        yield Change(Kind.TEXT, subject, "servers")


def parameters(document: Json, item: Json, operation: Json) -> dict[ParameterKey, Json]:
    """Return an operation's parameters by place and name, those of its path included."""
    found = {}
    for entry in [*(item.get("parameters") or []), *(operation.get("parameters") or [])]:
        parameter = resolve(document, entry)
        found[str(parameter["in"]), str(parameter["name"])] = parameter
    return found


def ways(document: Json) -> dict[str, Way]:
    """Tell of each model whether it is sent, received or both."""
    found: dict[str, Way] = {}
    for way, parts in ((Way.SENT, sent(document)), (Way.RECEIVED, received(document))):
        for name in models_below(document, parts):
            found[name] = Way.BOTH if name in found else way
    return found


def sent(document: Json) -> list[Any]:
    return [
        [item.get("parameters"), op.get("parameters"), op.get("requestBody")]
        for _, _, item, op in operations(document)
    ]


def received(document: Json) -> list[Any]:
    return [op.get("responses") for _, _, _, op in operations(document)]


def models_below(document: Json, parts: list[Any]) -> set[str]:
    """Return the names of all models that parts of a document lead to."""
    seen: set[str] = set()
    todo = list(parts)
    while todo:
        for _, node in references(todo.pop()):
            reference = node["$ref"].removeprefix("#")
            if reference not in seen:
                seen.add(reference)
                todo.append(resolve(document, node))
    prefix = f"{SCHEMAS}/"
    return {one.removeprefix(prefix) for one in seen if one.startswith(prefix)}


def plain(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return ", ".join(value)
    return value if isinstance(value, str) else shown(value)
