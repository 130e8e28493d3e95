"""The update: every step in its order; nothing is written before all have passed."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from updating import checking, judges
from updating.changes import Change, compare
from updating.generating import CACHES, CLIENT, differences, generate
from updating.judges import Finding, explains
from updating.pointers import Json, UpdateError
from updating.reading import Document
from updating.selecting import normalize, select

SPEC = "openapi/up42.yaml"
PATCHES = "openapi/patches.yaml"
HEADER = """\
# Written by `make update` from a newer document: bundled, in OpenAPI 3.1, with our operations alone
# and with the corrections of patches.yaml. Comments of its source are lost.
"""
NOTHING = "Nothing to report: the document says what the stored one says."
# Operations that aren't ours are only counted beyond these.
MOST_LISTED = 10


def run(
    root: Path,
    location: str,
    *,
    take: Sequence[str] = (),
    dry_run: bool = False,
    accept_breaking: bool = False,
    markdown: Path | None = None,
) -> None:
    """Update a repository.

    Args:
        root: Its folder.
        location: Path or URL of the new document.
        take: New operations to add, for example `GET /v2/orders`.
        dry_run: Whether to do everything but the last step.
        accept_breaking: Whether to accept a document that the facade or the sandbox don't fit.
        markdown: Where to write the report as Markdown; None for nowhere.

    Raises:
        UpdateError: If the new document is refused. Document and client are unchanged.
    """
    if not dry_run:
        refuse_uncommitted(root)
    path, client = root / SPEC, root / CLIENT
    stored = load(str(path)).value
    is_stored = Path(location).resolve() == path.resolve()
    document = load(location, None if is_stored else root / PATCHES)
    value, left_out = select(document.value, stored, take)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = path.read_bytes() if value == stored else text_of(document, value)
        spec = folder / "openapi.yaml"
        spec.write_bytes(text)
        fresh = generate(spec, folder)
        changes = compare(stored, value)
        is_same = not changes and not differences(fresh, client)
        findings: list[Finding] = []
        callers: list[str] = []
        if not is_same:
            served, _ = select(value, stored)
            findings = judges.judge(root, stored, served, fresh, changes, folder)
            callers = judges.broken_calls(client, fresh)
        reasons = [
            (change, [f.text for f in findings if explains(change, f)]) for change in changes
        ]
        shown = {text for _, texts in reasons for text in texts}
        rest = [finding.text for finding in findings if finding.text not in shown]
        head = f"{counted(len(changes), 'change')}: "
        head += f"{counted(len(findings), 'reason')} not to accept it." if findings else "accepted."
        head = head if changes else NOTHING
        print(f"Compared {location} with the stored document. {head}")
        for change, texts in reasons:
            print("\n".join([f"- {change}", *(f"    BREAKING: {text}" for text in texts)]))
        print(*appendix(rest, callers, left_out), sep="\n", end="")
        if markdown is not None:
            lines = [*table(head, reasons), *appendix(rest, callers, left_out)]
            markdown.write_text("\n".join(lines), encoding="utf-8")
        if findings and not accept_breaking:
            raise UpdateError(
                f"the document is refused: {findings[0].text} (one of {len(findings)} reasons). "
                "Adapt facade and sandbox, then update again, or pass --accept-breaking."
            )
        if dry_run:
            print("Dry run: the document would be accepted. Nothing was written.")
        elif text != path.read_bytes() or not is_same:
            install(fresh, client)
            path.write_bytes(text)
            print(f"Wrote {path.name} and the client. Run `make test`; Git can undo it.")


def refuse_uncommitted(root: Path) -> None:
    """Refuse to overwrite what Git couldn't restore.

    Raises:
        UpdateError: If `openapi/` or `generated/` has uncommitted changes.
    """
    if not (root / ".git").exists():
        return
    done = subprocess.run(
        ["git", "status", "--porcelain", "--", "openapi", "generated"],  # noqa: S607 - any Git
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout:
        raise UpdateError(
            f"uncommitted changes in openapi/ or generated/:\n{done.stdout}Commit or stash them: "
            "Git is the only way to undo an update."
        )


def load(location: str, patches: Path | None = None) -> Document:
    """Return a document with our corrections, bundled, checked, and in OpenAPI 3.1.

    Raises:
        UpdateError: If a file can't be read, a patch doesn't apply, or the document isn't valid.
    """
    document = Document(location)
    if patches is not None:
        checking.patch(document, patches)
    # Lines are those of the document before the patches: close enough to find the place.
    checking.validate(document)
    document.value = normalize(document.value)
    return document


def text_of(document: Document, value: Json) -> bytes:
    """Return the bytes by which a document is stored: its own if it needed no change."""
    source, *others = document.sources.values()
    if not others and source.value == value:
        return source.text.encode()
    # A copy through JSON shares nothing, so that YAML needs no anchors.
    plain = json.loads(json.dumps(value))
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return f"{HEADER}{text}".encode()


def install(fresh: Path, client: Path) -> None:
    """Replace the client."""
    shutil.rmtree(client, ignore_errors=True)
    shutil.copytree(fresh, client, ignore=shutil.ignore_patterns(*CACHES))


def table(head: str, reasons: list[tuple[Change, list[str]]]) -> Iterator[str]:
    """Yield the report in Markdown, for a pull request."""
    yield from ("## Changes of the OpenAPI document", "", head, "")
    if reasons:
        yield from ("| Change | Facade and sandbox |", "|---|---|")
    for change, texts in reasons:
        verdict = f"**breaking**: {'; '.join(texts)}" if texts else "fit"
        row = (text.replace("|", "\\|").replace("\n", " ") for text in (str(change), verdict))
        yield f"| {' | '.join(row)} |"


def appendix(rest: list[str], callers: list[str], left_out: list[str]) -> Iterator[str]:
    """Yield what isn't about a single change."""
    more = len(left_out) - MOST_LISTED
    listed = [*left_out[:MOST_LISTED], *([f"and {more} more"] if more > 0 else [])]
    for title, entries in (
        ("Breaking, by several changes together:", rest),
        ("Breaking for direct users of the generated client:", callers),
        ("Operations that aren't ours (--take adds one):", listed),
    ):
        if entries:
            yield from ("", title, "", *(f"- {entry}" for entry in entries))
    yield ""


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
