"""Say what changed and whom it breaks: for the terminal, and in Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from updating.verdicts import Judged, Verdict

NOTHING = "Nothing to report: the document says what the stored one says."
# More operations that aren't ours are only counted on the terminal.
MOST_LISTED = 10
AUDIENCES = ("callers", "facade", "wire")


@dataclass
class Report:
    """What an update found.

    Attributes:
        source: The document's location.
        judged: The changes, each with its classes.
        left_out: Operations that the document offers and the selection leaves out.
        patches: How many patches were applied.
        files: Generated files that differ, for people.
        type_errors: What mypy says of facade and tests with the new client.
    """

    source: str
    judged: list[Judged] = field(default_factory=list)
    left_out: tuple[str, ...] = ()
    patches: int = 0
    files: tuple[str, ...] = ()
    type_errors: tuple[str, ...] = ()

    @property
    def broken_methods(self) -> list[str]:
        """The facade's methods that stop working."""
        return sorted({name for each in self.judged for name in each.facade.methods})

    @property
    def breaks_facade(self) -> bool:
        return any(each.facade.breaking for each in self.judged)

    def count(self, audience: str) -> int:
        """Return how many changes break one of the audiences."""
        return sum(getattr(each, audience).breaking for each in self.judged)

    def text(self) -> str:
        """Return the report for the terminal."""
        return "\n".join(self._lines())

    def markdown(self) -> str:
        """Return the report for a pull request."""
        return "\n".join(self._markdown()) + "\n"

    def _summary(self) -> str:
        if not self.judged:
            return NOTHING
        plain = sum(not any(each.classes) for each in self.judged)
        breaks = ", ".join(f"breaking for {name(each)}: {self.count(each)}" for each in AUDIENCES)
        return f"{counted(len(self.judged), 'change')}: {breaks}; {plain} without breakage."

    def _lines(self) -> Iterator[str]:
        yield f"Compared {self.source} with the stored document."
        yield self._summary()
        for each in self.judged:
            change = each.change
            detail = f" ({change.detail})" if change.detail else ""
            yield f"- {change.kind}: {change.subject}{detail}"
            for audience in AUDIENCES:
                verdict: Verdict = getattr(each, audience)
                if verdict.breaking or verdict.why:
                    yield f"    {audience + ':':9}{shown(verdict)}"
        yield from self._rest()

    def _rest(self) -> Iterator[str]:
        if self.broken_methods:
            yield f"Methods of the facade that stop working: {', '.join(self.broken_methods)}."
        if self.type_errors:
            yield "Type errors with the new client:"
            yield from (f"  {line}" for line in self.type_errors)
        if self.files:
            yield f"{counted(len(self.files), 'file')} of the generated client not as before."
        elif self.judged:
            yield "No file of the generated client differs."
        if self.patches:
            yield f"Applied: {counted(self.patches, 'patch', 'patches')} of openapi/patches.yaml."
        if self.left_out:
            listed = ", ".join(self.left_out[:MOST_LISTED])
            more = len(self.left_out) - MOST_LISTED
            rest = f" and {more} more" if more > 0 else ""
            yield f"Offered and not in openapi/selection.yaml: {listed}{rest}."

    def _markdown(self) -> Iterator[str]:
        yield "## Changes of the API document"
        yield ""
        yield self._summary()
        yield ""
        if self.judged:
            yield "| Change | Generated functions | Facade | Wire |"
            yield "|---|---|---|---|"
        for each in self.judged:
            change = each.change
            detail = f": {cell(change.detail)}" if change.detail else ""
            cells = [f"**{change.kind}** {code(change.subject)}{detail}"]
            cells += [cell(shown(getattr(each, audience), bold=True)) for audience in AUDIENCES]
            yield f"| {' | '.join(cells)} |"
        if self.broken_methods:
            yield ""
            yield "Methods of the facade that stop working:"
            yield from (f"- `{method}`" for method in self.broken_methods)
        if self.type_errors:
            yield ""
            yield "Type errors with the new client:"
            yield from ("", "```", *self.type_errors, "```")
        if self.files:
            yield ""
            yield f"{counted(len(self.files), 'file')} of the generated client not as before."
        if self.left_out:
            yield ""
            yield f"<details><summary>{len(self.left_out)} operations are not selected</summary>"
            yield ""
            yield from (f"- {code(one)}" for one in self.left_out)
            yield ""
            yield "</details>"


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def name(audience: str) -> str:
    return {
        "callers": "callers of generated functions",
        "facade": "the facade",
        "wire": "the wire",
    }[audience]


def shown(verdict: Verdict, *, bold: bool = False) -> str:
    """Return a verdict as words."""
    if not verdict.breaking:
        return f"not breaking: {verdict.why}" if verdict.why else "not breaking"
    word = "**breaking**" if bold else "BREAKING"
    methods = f" [{', '.join(verdict.methods)}]" if verdict.methods else ""
    return f"{word}: {verdict.why}{methods}" if verdict.why or methods else word


def code(text: str) -> str:
    return f"`{text}`"


def cell(text: str) -> str:
    """Return a text that can't end the cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
