"""The update: every step in its order, and nothing is written before all have passed."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from updating import trees
from updating.bundling import Document, bundle
from updating.caller_impact import CallerImpact
from updating.callers import compare_packages
from updating.changes import Change
from updating.comparing import compare_documents
from updating.errors import UpdateError
from updating.facade_impact import FacadeImpact
from updating.facade_use import FacadeUse
from updating.generating import generate
from updating.normalising import normalise
from updating.patching import Patches
from updating.pointers import Json
from updating.report import Report
from updating.repository import Repository
from updating.sandbox_answers import record
from updating.selection import MissingOperationError, Selection
from updating.sources import is_url
from updating.swap import Swap
from updating.typecheck import new_type_errors
from updating.validation import validate
from updating.verdicts import Judged
from updating.wire_impact import WireImpact

HEADER = """\
# Written by `make update` from a newer document: bundled, in OpenAPI 3.1, with the operations of
# selection.yaml and the corrections of patches.yaml. Comments of its source are lost.
"""


@dataclass(frozen=True)
class Options:
    """What the caller asked for.

    Attributes:
        location: Path or URL of the new document.
        check: Only tell whether document and client are up to date with it.
        dry_run: Do everything but the swap.
        accept_breaking: Go on although methods of the facade are found to stop working.
        markdown: Where the report goes as Markdown; None for nowhere.
    """

    location: str
    check: bool = False
    dry_run: bool = False
    accept_breaking: bool = False
    markdown: Path | None = None


@dataclass(frozen=True)
class Prepared:
    """A new document that is ready to be generated from.

    Attributes:
        value: The document.
        text: How it is stored.
        left_out: Operations that are not selected.
        patches: How many patches were applied.
    """

    value: Json
    text: bytes
    left_out: tuple[str, ...] = ()
    patches: int = 0


def run(repository: Repository, options: Options) -> int:
    """Update the repository, or tell what an update would do.

    Returns:
        0; with `check` 1 if document or client differ.

    Raises:
        UpdateError: A step failed. Document and client are as they were.
    """
    if Swap(repository.client, repository.spec).recover():
        print("update: an interrupted update was undone first", file=sys.stderr)
    stored = load(str(repository.spec))
    prepared = prepare(repository, options.location, stored)
    with tempfile.TemporaryDirectory() as name:
        fresh = generated(prepared.text, Path(name))
        files = tuple(sorted(trees.compare(fresh, repository.client)))
        report = Report(options.location, [], prepared.left_out, prepared.patches, files)
        is_same = prepared.value == stored and not files
        if not is_same:
            report.judged = classify(repository, stored, prepared.value, fresh)
            if files and not options.check:
                report.type_errors = tuple(new_type_errors(repository, fresh))
        publish(report, options)
        if is_same or options.check:
            return int(not is_same)
        refuse_breakage(report, options)
        if options.dry_run:
            print("Dry run: everything would pass, nothing was written.")
            return 0
        Swap(repository.client, repository.spec).run(fresh, prepared.text)
    print(f"Wrote {repository.spec.name} and the client, {len(files)} of its files anew: make test")
    return 0


def load(location: str) -> Json:
    """Return a document, bundled, checked and in OpenAPI 3.1."""
    document = bundle(location)
    validate(document)
    return normalise(document.value)


def prepare(repository: Repository, location: str, stored: Json) -> Prepared:
    """Read the new document and bring it into the form that is stored.

    Args:
        repository: Where selection and patches are.
        location: Path or URL of the new document.
        stored: The document of today's client.

    Raises:
        UpdateError: It is invalid, a patch is stale, or operations are missing.
    """
    document = bundle(location)
    validate(document)
    value = normalise(document.value)
    if not is_url(location) and Path(location).resolve() == repository.spec.resolve():
        # The stored document itself: it is patched already.
        return Prepared(value, repository.spec.read_bytes())
    patches = Patches(repository.patches)
    value = patches.apply(value)
    try:
        selected = Selection(repository.selection).apply(value)
    except MissingOperationError as error:
        raise UpdateError(f"{error}{consequences(repository, error.missing, stored)}") from error
    if patches.entries:
        # The lines are those of the document before the patches: near enough to find the place.
        validate(Document(selected.value, document.sources))
    text = stored_text(repository, document, selected.value, stored)
    return Prepared(selected.value, text, selected.left_out, len(patches.entries))


def consequences(repository: Repository, missing: list[str], stored: Json) -> str:
    """Say which methods of the facade need the operations that are missing."""
    impact = FacadeImpact(FacadeUse(repository.facade), stored)
    lines = []
    for operation in missing:
        methods = impact.methods_of(operation)
        lines.append(f"\n'{operation}' is needed by {', '.join(methods) or 'no method'}.")
    return "".join(lines)


def stored_text(repository: Repository, document: Document, value: Json, stored: Json) -> bytes:
    """Return the bytes under which a document is stored.

    A document that says the same as the stored one leaves that as it is; one that needed no
    change is stored as it came; any other is written anew.
    """
    if value == stored and flat(value) == flat(stored):
        return repository.spec.read_bytes()
    (source, *others) = document.sources
    if not others and source.value == value:
        return source.text.encode("utf-8")
    return f"{HEADER}{dump(value)}".encode()


def flat(node: object) -> list[object]:
    """Return all keys and values in their order: equal mappings may differ in that."""
    if isinstance(node, dict):
        return [part for key, value in node.items() for part in (key, *flat(value))]
    if isinstance(node, list):
        return [part for value in node for part in flat(value)]
    return [node]


class Dumper(yaml.SafeDumper):
    """Writes everything out, without anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dump(value: Json) -> str:
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)


def generated(text: bytes, folder: Path) -> Path:
    """Generate the client of a document into a folder; return the package's path."""
    spec = folder / "openapi.yaml"
    spec.write_bytes(text)
    return generate(spec, folder)


def classify(repository: Repository, old: Json, new: Json, fresh: Path) -> list[Judged]:
    """Return all changes, each with whom it breaks."""
    changes = compare_documents(old, new)
    callers = CallerImpact(old, new, compare_packages(repository.client, fresh))
    facade = FacadeImpact(FacadeUse(repository.facade), old)
    wire = WireImpact(old, new, record(old))
    return judge(changes, callers, facade, wire)


def judge(
    changes: list[Change], callers: CallerImpact, facade: FacadeImpact, wire: WireImpact
) -> list[Judged]:
    judged = [
        Judged(change, callers.judge(change), facade.judge(change), wire.judge(change))
        for change in changes
    ]
    return sorted([*judged, *callers.rest(changes)], key=lambda each: not any(each.classes))


def publish(report: Report, options: Options) -> None:
    print(report.text())
    if options.markdown is not None:
        options.markdown.write_text(report.markdown(), encoding="utf-8")


def refuse_breakage(report: Report, options: Options) -> None:
    """Stop where facade or tests would not work with the new client.

    Raises:
        UpdateError: They wouldn't.
    """
    if report.type_errors:
        raise UpdateError(
            f"type errors in facade and tests with the new client: {len(report.type_errors)}, "
            f"the first: {report.type_errors[0]}. Adapt them, then update again."
        )
    if report.breaks_facade and not options.accept_breaking:
        broken = ", ".join(report.broken_methods) or "see the report"
        raise UpdateError(
            f"the facade would stop working: {broken}. Adapt it, then update again; "
            "--accept-breaking goes on all the same."
        )
