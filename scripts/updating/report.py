"""What an update found: for the terminal, and in Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from updating.facts import Change
from updating.judges import Finding, reasons

NOTHING = "Nothing to report: the document says what the stored one says."
# Operations that aren't ours are only counted beyond these.
MOST_LISTED = 10
WHO = "Facade and sandbox"


@dataclass(frozen=True)
class Report:
    """What an update found.

    Attributes:
        source: Path or URL of the new document.
        changes: Differences between the documents.
        findings: Why facade or sandbox don't fit the new document.
        callers: What breaks for direct users of the generated client.
        left_out: Operations of the new document that aren't ours.
    """

    source: str
    changes: list[Change]
    findings: list[Finding]
    callers: list[str]
    left_out: list[str]

    def text(self) -> str:
        return "\n".join(self._text())

    def write(self, file: Path) -> None:
        """Write the report in Markdown."""
        file.write_text("\n".join(self._markdown()) + "\n", encoding="utf-8")

    @property
    def _summary(self) -> str:
        if not self.changes:
            return NOTHING
        against = f"{counted(len(self.findings), 'reason')} not to accept it"
        return (
            f"{counted(len(self.changes), 'change')}: {against if self.findings else 'accepted'}."
        )

    def _text(self) -> Iterator[str]:
        yield f"Compared {self.source} with the stored document. {self._summary}"
        for change in self.changes:
            yield f"- {change}"
            yield from (f"    BREAKING: {found.text}" for found in self._reasons(change))
        yield from self._lists("  ")

    def _markdown(self) -> Iterator[str]:
        yield from ("## Changes of the OpenAPI document", "", self._summary, "")
        if self.changes:
            yield from (f"| Change | {WHO} |", "|---|---|")
        for change in self.changes:
            found = "; ".join(one.text for one in self._reasons(change))
            verdict = f"**breaking**: {found}" if found else "fit"
            yield f"| {cell(str(change))} | {cell(verdict)} |"
        yield from self._lists("- ")

    def _lists(self, bullet: str) -> Iterator[str]:
        shown = {found for change in self.changes for found in self._reasons(change)}
        rest = [found.text for found in self.findings if found not in shown]
        listed = self.left_out[:MOST_LISTED]
        if len(self.left_out) > MOST_LISTED:
            listed.append(f"and {len(self.left_out) - MOST_LISTED} more")
        for title, entries in (
            ("Breaking, by several changes together:", rest),
            ("Breaking for direct users of the generated client:", self.callers),
            ("Operations that aren't ours (--take adds one):", listed),
        ):
            if entries:
                yield from ("", title, *(f"{bullet}{entry}" for entry in entries))

    def _reasons(self, change: Change) -> list[Finding]:
        return reasons(change, self.findings)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def cell(text: str) -> str:
    """Return text that can't end the cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
