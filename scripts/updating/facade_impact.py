"""Which methods of the facade stop working with a change."""

from __future__ import annotations

from collections.abc import Iterable

from openapi_python_client.strings import ClassName, PythonIdentifier

from updating.changes import Change, Kind, Way
from updating.comparing import models_below
from updating.facade_source import Function
from updating.facade_use import FacadeUse
from updating.pointers import Json, operations
from updating.selection import label
from updating.verdicts import FINE, Verdict

GONE = {Kind.OPERATION_REMOVED, Kind.OPERATION_RENAMED, Kind.TAG_MOVED, Kind.SECURITY_CHANGED}
NEEDED = {Kind.PARAMETER_REQUIRED_ADDED, Kind.FIELD_REQUIRED_ADDED, Kind.NOW_REQUIRED}
# What is sent today may not be taken any more.
REFUSED = {
    Kind.PARAMETER_REMOVED,
    Kind.PARAMETER_CHANGED,
    Kind.FIELD_REMOVED,
    Kind.RETYPED,
    Kind.NARROWED,
    Kind.NOT_NULLABLE,
    Kind.CONSTRAINED,
}
# What comes tomorrow may not be understood today. Null, and a field left out, always are.
UNREADABLE = {Kind.FIELD_REMOVED, Kind.RETYPED, Kind.WIDENED}


def python_name(name: str) -> str:
    """Return what the generator calls a function, parameter or field."""
    return str(PythonIdentifier(name, "field_"))


def class_name(name: str) -> str:
    """Return what the generator calls a model."""
    return str(ClassName(name, ""))


class FacadeImpact:
    """The facade and the document that it was written for.

    Args:
        use: What the facade uses.
        document: The document of today's client.
    """

    def __init__(self, use: FacadeUse, document: Json) -> None:
        self._use = use
        self._functions: dict[str, str] = {}
        self._sent: dict[str, set[str]] = {}
        self._received: dict[str, set[str]] = {}
        for method, path, item, operation in operations(document):
            name = label(method, path)
            self._functions[name] = python_name(str(operation.get("operationId", "")))
            asked = [item.get("parameters"), operation.get("parameters")]
            self._sent[name] = models_below(document, [*asked, operation.get("requestBody")])
            self._received[name] = models_below(document, [operation.get("responses")])

    def methods_of(self, operation: str) -> list[str]:
        """Return the public methods that need an operation, given as `GET /path`."""
        return self._use.public_methods(self._use.users(self._functions.get(operation, "")))

    def judge(self, change: Change) -> Verdict:
        """Tell which methods a change breaks."""
        if change.kind is Kind.SERVER_CHANGED:
            return self._servers(change)
        if change.owner.model is not None:
            return self._model(change, change.owner.model)
        function = self._functions.get(change.owner.operation or "")
        users = self._use.users(function) if function else []
        if not function or not users:
            return FINE
        if change.kind in GONE:
            return self._broken(users, f"calls {function}")
        if change.owner.parameter is not None:
            return self._parameter(change, function, users)
        return self._body(change, function, users)

    def _servers(self, change: Change) -> Verdict:
        urls = [url for url in change.old or () if self._use.holders(url)]
        modules = {module for url in urls for module in self._use.holders(url)}
        found = [f for f in self._use.functions if f.module in modules]
        return self._broken(found, f"goes to {', '.join(urls)}") if urls else FINE

    def _parameter(self, change: Change, function: str, users: list[Function]) -> Verdict:
        name = python_name(change.owner.parameter or "")
        is_path = "path parameter" in change.subject
        passing = [f for f in users if is_path or self._passes(f, function, name)]
        if change.kind in NEEDED:
            lacking = [f for f in users if f not in passing]
            return self._broken(lacking, f"does not pass {name}")
        if change.kind in REFUSED or change.kind is Kind.ENUM_REMOVED:
            return self._broken(passing, f"passes {name}")
        return FINE

    def _passes(self, function: Function, operation: str, name: str) -> bool:
        spelled = {text for f in self._use.reach([function]) for text in f.constants}
        return any(
            name in call.keywords or (call.is_open and name in spelled)
            for call in function.calls
            if call.operation == operation
        )

    def _body(self, change: Change, function: str, users: list[Function]) -> Verdict:
        if change.way is Way.RECEIVED:
            if change.kind in {Kind.STATUS_REMOVED, Kind.CONTENT_REMOVED}:
                is_success = (change.owner.answer or ("",))[0].startswith("2")
                return self._broken(users, f"reads {change.detail or 'it'}") if is_success else FINE
            return self._reading(change, {function}) if change.kind in UNREADABLE else FINE
        is_gone = change.kind in {Kind.BODY_REMOVED, Kind.CONTENT_REMOVED}
        is_needed = change.kind is Kind.BODY_ADDED and change.detail == "required"
        if is_gone or is_needed or change.kind in NEEDED | REFUSED:
            return self._broken(users, f"calls {function}")
        return FINE

    def _model(self, change: Change, model: str) -> Verdict:
        verdict = FINE
        if change.kind is Kind.MODEL_REMOVED:
            named = [f for f in self._use.functions if class_name(model) in f.models]
            return self._broken(named, f"uses {class_name(model)}")
        if change.way in {Way.RECEIVED, Way.BOTH} and change.kind in UNREADABLE:
            verdict = self._reading(change, self._functions_with(self._received, model))
        if not verdict.breaking and change.way in {Way.SENT, Way.BOTH}:
            verdict = self._sending(change, model)
        return verdict

    def _functions_with(self, models: dict[str, set[str]], model: str) -> set[str]:
        return {self._functions[name] for name, found in models.items() if model in found}

    def _reading(self, change: Change, functions: set[str]) -> Verdict:
        readers = self._use.readers(functions)
        name = change.name
        if not name:
            return self._broken(readers, "reads it")
        attribute = python_name(name)
        found = [
            f
            for f in readers
            if attribute in f.attributes
            or name in f.constants
            or attribute in f.constants
            or f.passes_whole
        ]
        return self._broken(found, f"reads {name}")

    def _sending(self, change: Change, model: str) -> Verdict:
        functions = self._functions_with(self._sent, model)
        users = [f for name in sorted(functions) for f in self._use.users(name)]
        name = python_name(change.name)
        spelled = {t for f in self._use.reach(users) for t in f.constants} | {
            keyword for f in users for call in f.calls for keyword in call.keywords
        }
        is_spelled = bool({change.name, name} & spelled)
        if change.kind is Kind.ENUM_REMOVED:
            is_known = is_spelled or bool(self._use.holders(change.name))
            return self._broken(users, f"may send {change.name}") if is_known else FINE
        if change.kind in NEEDED and not is_spelled:
            return self._broken(users, f"does not send {change.name}")
        if change.kind in REFUSED and (is_spelled or not change.name):
            return self._broken(users, f"sends {change.name or model}")
        return FINE

    def _broken(self, functions: Iterable[Function], why: str) -> Verdict:
        functions = list(functions)
        if not functions:
            return FINE
        return Verdict(True, why, tuple(self._use.public_methods(functions)))
