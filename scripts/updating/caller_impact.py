"""Which change of the document lies behind which change of the generated package."""

from __future__ import annotations

from collections.abc import Iterable

from updating.callers import Finding
from updating.changes import Change, Kind, Way
from updating.facade_impact import class_name, python_name
from updating.pointers import Json, operations
from updating.selection import label
from updating.verdicts import FINE, Judged, Verdict

FUNCTION_WIDE = {
    Kind.OPERATION_ADDED,
    Kind.OPERATION_REMOVED,
    Kind.OPERATION_RENAMED,
    Kind.TAG_MOVED,
    Kind.BODY_ADDED,
    Kind.BODY_REMOVED,
}
# The generated code is the same with and without.
UNSEEN = {Kind.TEXT, Kind.CONSTRAINED, Kind.RELEASED}
# What is received may be missing or null in the generated code anyway.
UNSEEN_RECEIVED = {Kind.NULLABLE, Kind.NOT_NULLABLE, Kind.NOW_REQUIRED, Kind.NOW_OPTIONAL}
ANSWERS = {Kind.STATUS_ADDED, Kind.STATUS_REMOVED, Kind.CONTENT_ADDED, Kind.CONTENT_REMOVED}


class CallerImpact:
    """Findings about the package, to be matched with changes of the document.

    Args:
        old, new: The documents.
        findings: What changed in the generated package.
    """

    def __init__(self, old: Json, new: Json, findings: Iterable[Finding]) -> None:
        self._findings = list(findings)
        self._modules: dict[str, set[str]] = {}
        for document in (old, new):
            for method, path, _, operation in operations(document):
                tag = python_name(str((operation.get("tags") or ["default"])[0]))
                function = python_name(str(operation.get("operationId", "")))
                known = self._modules.setdefault(label(method, path), set())
                known.add(f"api.{tag}.{function}")

    def judge(self, change: Change) -> Verdict:
        """Tell whether a change breaks who calls the generated functions."""
        is_received = change.way is Way.RECEIVED
        if change.kind in UNSEEN or (is_received and change.kind in UNSEEN_RECEIVED):
            return FINE
        found = [finding for finding in self._findings if self._is_behind(change, finding)]
        breaking = [finding for finding in found if finding.breaking]
        if not found:
            return FINE
        first = (breaking or found)[0]
        why = f"{first.path}{f'({first.part})' if first.part else ''}: {first.text}"
        return Verdict(bool(breaking), why)

    def rest(self, changes: Iterable[Change]) -> list[Judged]:
        """Return the findings that no change of the document explains by itself.

        A removed model, for instance, also changes the functions that returned it.
        """
        changes = list(changes)
        left = [f for f in self._findings if not any(self._is_behind(c, f) for c in changes)]
        places: dict[str, list[Finding]] = {}
        for finding in left:
            place = ".".join(finding.path.split(".")[:3])
            places.setdefault(place, []).append(finding)
        return [
            Judged(
                Change(Kind.GENERATED, place, "; ".join(dict.fromkeys(f.text for f in found))),
                callers=Verdict(any(f.breaking for f in found)),
            )
            for place, found in places.items()
        ]

    def _is_behind(self, change: Change, finding: Finding) -> bool:
        owner = change.owner
        if owner.model is not None:
            return self._is_behind_model(change, finding, owner.model)
        modules = self._modules.get(owner.operation or "", set())
        inside = any(finding.path == m or finding.path.startswith(f"{m}.") for m in modules)
        if not inside:
            # A tag's package comes and goes with its first and last operation.
            is_tag = change.kind in FUNCTION_WIDE and change.kind is not Kind.BODY_ADDED
            return is_tag and any(m.startswith(f"{finding.path}.") for m in modules)
        if change.kind in FUNCTION_WIDE:
            return True
        if owner.parameter is not None:
            return finding.part == python_name(owner.parameter)
        if owner.answer is not None or change.kind in ANSWERS:
            return finding.part == "return"
        return finding.part == "body"

    @staticmethod
    def _is_behind_model(change: Change, finding: Finding, model: str) -> bool:
        keys = finding.path.split(".")
        if keys[:2] != ["models", class_name(model)]:
            return False
        if change.kind in {Kind.MODEL_ADDED, Kind.MODEL_REMOVED} or not change.name:
            return True
        field = keys[2] if len(keys) > 2 else ""
        if change.kind in {Kind.ENUM_ADDED, Kind.ENUM_REMOVED}:
            return field.lower() == python_name(change.name).lower() or field == python_name(
                change.steps[-1] if change.steps else ""
            )
        return field == python_name(change.name)
