"""Corrections of a published document: each with its reason, and only as long as it's needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonpatch  # type: ignore[import-untyped]  # no types are published

from updating.errors import UpdateError
from updating.pointers import Json
from updating.sources import Source, read


class Patches:
    """The patches in a file: `patches`, each with `reason` and `steps` (JSON Patch, RFC 6902).

    Raises:
        UpdateError: If the file can't be read or has other contents.
    """

    def __init__(self, path: Path) -> None:
        self._source: Source = read(str(path))
        entries = self._source.value.get("patches")
        if not isinstance(entries, list):
            raise UpdateError(f"{self._source.place('/patches')}: expected a list.")
        self.entries = [self._checked(entry, index) for index, entry in enumerate(entries)]

    def _checked(self, entry: Any, index: int) -> Json:
        reason = entry.get("reason") if isinstance(entry, dict) else None
        steps = entry.get("steps") if isinstance(entry, dict) else None
        if not isinstance(reason, str) or not reason.strip() or not isinstance(steps, list):
            raise UpdateError(
                f"{self._source.place(f'/patches/{index}')}: expected a 'reason' and a list of "
                "'steps' as in RFC 6902."
            )
        return {"reason": reason, "steps": steps}

    def apply(self, document: Json) -> Json:
        """Return the document with all patches.

        Raises:
            UpdateError: If a patch no longer applies, or changes nothing.
        """
        for index, entry in enumerate(self.entries):
            document = self._patched(document, entry, f"/patches/{index}")
        return document

    def _patched(self, document: Json, entry: Json, pointer: str) -> Json:
        try:
            changed: Json = jsonpatch.JsonPatch(entry["steps"]).apply(document)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
            raise self._stale(pointer, entry, str(error)) from error
        if changed == document:
            raise self._stale(pointer, entry, "it changes nothing")
        return changed

    def _stale(self, pointer: str, entry: Json, why: str) -> UpdateError:
        return UpdateError(
            f"{self._source.place(pointer)}: the patch no longer applies: {why}. Its reason was: "
            f"{entry['reason'].strip()} If the document is correct now, remove the patch; "
            "otherwise, adapt it."
        )
