"""What docs/trust.md shows of the matrix."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.matrix.cells import ALLOWED, Cell
from tests.matrix.recipes import ELSEWHERE, LOCAL, RECIPES
from tests.matrix.samples import Kind, samples

PAGE = Path(__file__).resolve().parents[2] / "docs" / "trust.md"


def declared() -> str:
    """Return the numbers of operations and samples, with the outcomes that each kind may have."""
    kinds = Counter(sample.kind for sample in samples())
    lines = [
        f"{len(RECIPES)} public operations send requests, {len(LOCAL)} send none (which is "
        f"checked), and {len(ELSEWHERE)} are tested elsewhere. They meet {len(samples())} samples "
        "of faults:",
        "",
        "| Faults | Samples | What must come of them |",
        "|---|---|---|",
    ]
    lines += [f"| {kind.value} | {kinds[kind]} | {ALLOWED[kind]} |" for kind in Kind]
    return "\n".join(lines)


def counted(cells: list[Cell], total: int) -> str:
    """Return the numbers of cells by outcome."""
    found = Counter(cell.outcome for cell in cells)
    wrong = sum(bool(cell.faults) for cell in cells)
    lines = [
        f"{len(cells):,} of {total:,} cells were run, and {wrong or 'none'} broke a rule:",
        "",
        "| Outcome | Cells |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {count:,} |" for name, count in found.most_common()]
    return "\n".join(lines)


def with_counts(page: str, counts: str | None = None) -> str:
    """Return the page with what is declared, and with new counts if there are any."""
    page = replaced(page, "declared", declared())
    return page if counts is None else replaced(page, "counted", counts)


def replaced(page: str, name: str, text: str) -> str:
    pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page, flags=re.DOTALL)
