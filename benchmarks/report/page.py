"""The page of the documentation, made from the results alone."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.catalogue import Topic
from benchmarks.report.comparisons import Comparison, Spread
from benchmarks.report.environment import Environment
from benchmarks.report.results import Results, environments

HEADINGS = ("What", "up42_facade", "Compared with", "Ratio", "Target", "Measured")
HEADER = """\
<!-- Written by benchmarks/run.py from benchmarks/results.json. Don't edit: run `make bench`. -->

# Benchmarks

`make bench` measures `up42_facade` against the official SDK, `up42-py`, and writes this page.
Both sides do the same work on the same machine, in turns and each in a process of its own; a
local sandbox or file server stands for UP42. Read the ratios rather than the seconds.

- **up42_facade** and **Compared with** show the median, and the lowest and highest run in brackets.
- **Ratio** is how many times less ours takes: seconds, bytes or requests, by the medians. In
  brackets are the lowest and the highest ratio of a run of ours and the run of the other side
  that followed it. Below 1 the other side is better.
- **Target** is what was promised, and whether it is reached: a ratio of the medians (≥), or a limit
  that the highest of our runs has to keep (≤).
- **Measured** tells when, and how often each side ran.

![The ratio of each figure on a logarithmic scale](pictures/benchmarks.svg)
"""


def render(results: Results, topics: Sequence[Topic]) -> str:
    """Return the page as Markdown.

    Args:
        results: What was measured so far.
        topics: The sections; figures that weren't measured are named at the end.
    """
    kinds = environments(results)
    parts = [HEADER, summary(results.comparisons.values()), machines(kinds)]
    parts.append(duration(topics, results.took))
    parts += [section(topic, results.comparisons, kinds) for topic in topics]
    parts.append(missing(topics, results.comparisons))
    return "\n".join(part for part in parts if part)


def summary(comparisons: Iterable[Comparison]) -> str:
    """Say what was reached, what wasn't, and what is lost."""
    found = list(comparisons)
    promised = [each for each in found if each.reached is not None]
    reached = [each for each in promised if each.reached]
    lines = [f"{len(reached)} of {len(promised)} targets are reached."]
    for words, some in (
        ("These targets are missed:", [each for each in promised if not each.reached]),
        ("Here the other side is better:", [each for each in found if each.lost]),
    ):
        if some:
            lines += ["", words, "", *map(item, some)]
    return "\n".join([*lines, ""])


def item(comparison: Comparison) -> str:
    """Return the line of a figure in a list."""
    figure = comparison.figure
    value = ratio(comparison) or Spread.of(comparison.ours).text(figure.unit)
    return f"- `{figure.name}`, {figure.what}: {value}"


def machines(kinds: Sequence[Environment]) -> str:
    """List machine and versions; with letters if there are several."""
    lines = []
    for number, kind in enumerate(kinds):
        name = f" {letter(number)}" if len(kinds) > 1 else ""
        lines += [f"Measured on{name}:", ""]
        lines += [f"- {name}: {value}" for name, value in kind.items()] + [""]
    return "\n".join(lines)


def duration(topics: Sequence[Topic], took: Mapping[str, float]) -> str:
    """Say what `make bench` needs, once everything was measured."""
    measurements = [each for topic in topics for each in topic.measurements]
    if any(each.name not in took for each in measurements):
        return ""
    minutes = sum(took[each.name] for each in measurements) / 60
    disk = max(each.disk for each in measurements) / 1e9
    return f"All of it takes {minutes:.0f} minutes and {disk:.1f} GB of disk.\n"


def letter(number: int) -> str:
    return string.ascii_uppercase[number]


def section(
    topic: Topic, comparisons: Mapping[str, Comparison], kinds: Sequence[Environment]
) -> str:
    """Return the table of a topic, and the rule of each figure."""
    found = [comparisons[figure.name] for figure in topic.figures if figure.name in comparisons]
    if not found:
        return ""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(cells(each, kinds) for each in found)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    rules = "\n".join(f"- {names}: {rule}" for rule, names in grouped(found).items())
    command = f"`python benchmarks/run.py --only {topic.name}` measures these anew."
    return f"## {topic.title}\n\n{table}\n\n{rules}\n\n{command}\n"


def cells(comparison: Comparison, kinds: Sequence[Environment]) -> tuple[str, ...]:
    """Return the row of a figure."""
    figure = comparison.figure
    where = f" ({letter(kinds.index(comparison.environment))})" if len(kinds) > 1 else ""
    other = ""
    if comparison.rival:
        other = f"{figure.against}: {Spread.of(comparison.rival).text(figure.unit)}"
    row = (
        f"{figure.what} (`{figure.name}`)",
        Spread.of(comparison.ours).text(figure.unit),
        other,
        ratio(comparison),
        target(comparison),
        f"{comparison.date}{where}, {runs(len(comparison.ours))}",
    )
    return tuple(cell.replace("|", "\\|") for cell in row)


def target(comparison: Comparison) -> str:
    """Write the target and whether it was reached; what is missed stands out."""
    if comparison.reached is None:
        return ""
    return f"{comparison.figure.target}: {'yes' if comparison.reached else '**no**'}"


def runs(count: int) -> str:
    return f"{count} run" if count == 1 else f"{count} runs"


def ratio(comparison: Comparison) -> str:
    """Write how many times less ours takes; what is lost stands out."""
    found = comparison.ratio
    if found is None:
        return ""
    middle = f"{times(found.median)} ×"
    middle = f"**{middle}**" if comparison.lost else middle
    extremes = f" ({times(found.lowest)} to {times(found.highest)})"
    return middle + (extremes if found.lowest != found.highest else "")


def times(value: float) -> str:
    """Write a ratio with three digits, never in powers of ten."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:#.3g}"


def grouped(comparisons: Iterable[Comparison]) -> dict[str, str]:
    """Return the rules with the names of the figures that they hold for."""
    rules: dict[str, list[str]] = {}
    for each in comparisons:
        rules.setdefault(each.figure.rule, []).append(f"`{each.figure.name}`")
    return {rule: ", ".join(names) for rule, names in rules.items()}


def missing(topics: Sequence[Topic], comparisons: Mapping[str, Comparison]) -> str:
    """Name the figures that were not measured yet."""
    absent = [
        f"- `{figure.name}`: {figure.what}"
        for topic in topics
        for figure in topic.figures
        if figure.name not in comparisons
    ]
    return "\n".join(["## Not measured yet", "", *absent, ""]) if absent else ""
