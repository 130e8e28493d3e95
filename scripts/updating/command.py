"""The update: every step in its order; nothing is written before all have passed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from updating import judges, trees
from updating.bundling import Document, bundle
from updating.errors import UpdateError
from updating.facts import compare
from updating.generating import generate
from updating.normalizing import normalize
from updating.patching import Patches
from updating.pointers import Json
from updating.report import Report
from updating.repository import Repository
from updating.selection import select
from updating.validation import validate

HEADER = """\
# Written by `make update` from a newer document: bundled, in OpenAPI 3.1, with our operations alone
# and with the corrections of patches.yaml. Comments of its source are lost.
"""


@dataclass(frozen=True)
class Options:
    """What the caller asked for.

    Attributes:
        location: Path or URL of the new document.
        take: New operations to add, for example `GET /v2/orders`.
        dry_run: Whether to do everything but the last step.
        accept_breaking: Whether to accept a document that the facade or the sandbox don't fit.
        markdown: Where to write the report as Markdown; None for nowhere.
    """

    location: str
    take: Sequence[str] = ()
    dry_run: bool = False
    accept_breaking: bool = False
    markdown: Path | None = None


def run(repository: Repository, options: Options) -> None:
    """Update the repository.

    Raises:
        UpdateError: If the new document is refused. Document and client are unchanged.
    """
    if not options.dry_run:
        refuse_uncommitted(repository)
    stored = normalize(bundle(str(repository.spec)).value)
    is_stored = Path(options.location).resolve() == repository.spec.resolve()
    document = load(options.location, None if is_stored else Patches(repository.patches))
    value, left_out = select(document.value, stored, options.take)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = folder / "openapi.yaml"
        text = stored_text(repository, document, value, stored)
        spec.write_bytes(text)
        fresh = generate(spec, folder)
        changes = compare(stored, value)
        is_same = not changes and not list(trees.compare(fresh, repository.client))
        findings: list[judges.Finding] = []
        callers: list[str] = []
        if not is_same:
            served, _ = select(value, stored)
            findings = judges.judge(repository, stored, served, fresh, changes, folder)
            callers = judges.broken_calls(repository.client, fresh)
        report = Report(options.location, changes, findings, callers, left_out)
        print(report.text())
        if options.markdown is not None:
            report.write(options.markdown)
        if findings and not options.accept_breaking:
            raise UpdateError(
                f"the document is refused: {findings[0].text} (one of {len(findings)} reasons). "
                "Adapt facade and sandbox, then update again, or pass --accept-breaking."
            )
        if options.dry_run:
            print("Dry run: the document would be accepted. Nothing was written.")
        elif text != repository.spec.read_bytes() or not is_same:
            install(fresh, repository.client)
            repository.spec.write_bytes(text)
            print(f"Wrote {repository.spec.name} and the client. Run `make test`; Git can undo it.")


def refuse_uncommitted(repository: Repository) -> None:
    """Refuse to overwrite what Git couldn't restore.

    Raises:
        UpdateError: If `openapi/` or `generated/` has uncommitted changes.
    """
    if not (repository.root / ".git").exists():
        return
    paths = [repository.spec.parent, repository.client.parent]
    done = subprocess.run(
        ["git", "status", "--porcelain", "--", *paths],  # noqa: S607 - any Git will do
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout:
        raise UpdateError(
            f"uncommitted changes in openapi/ or generated/:\n{done.stdout}Commit or stash them: "
            "Git is the only way to undo an update."
        )


def load(location: str, patches: Patches | None = None) -> Document:
    """Return a document with our corrections, bundled, checked, and in OpenAPI 3.1.

    Raises:
        UpdateError: If a file can't be read, a patch doesn't apply, or the document isn't valid.
    """
    document = bundle(location)
    value = patches.apply(document.value) if patches else document.value
    # Lines are those of the document before the patches: close enough to find the place.
    validate(Document(value, document.sources, document.origins))
    return Document(normalize(value), document.sources, document.origins)


def stored_text(repository: Repository, document: Document, value: Json, stored: Json) -> bytes:
    """Return the bytes by which a document is stored.

    A document that says the same as the stored one leaves it unchanged; one that needed no change
    is stored as it is; any other is written anew.
    """
    if value == stored:
        return repository.spec.read_bytes()
    source, *others = document.sources
    if not others and source.value == value:
        return source.text.encode()
    text = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"{HEADER}{text}".encode()


class Dumper(yaml.SafeDumper):
    """Writes everything out, without anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def install(fresh: Path, client: Path) -> None:
    """Replace the client."""
    shutil.rmtree(client, ignore_errors=True)
    trees.copy(fresh, client)
