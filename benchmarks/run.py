"""Measures the facade against the official SDK, side by side, and writes the table.

Usage:
    python benchmarks/run.py --rival-python PATH            # a Python with up42-py 4.3.0
    python benchmarks/run.py --rival-python PATH --quick    # does everything work?

Writes results.md and results.json beside this file, except with --quick. Downloads are measured
by bench_downloads.py, which needs an older rival and much disk, and is started by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from _table import Comparison, machine, markdown
from bench_processing import processing

HERE = Path(__file__).parent


def main() -> int:
    """Run everything.

    Returns:
        Exit code: 1 if a figure that is to be reached was not.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rival-python", required=True, help="a Python that has up42-py 4.3.0")
    parser.add_argument("--quick", action="store_true", help="few small runs, nothing is written")
    options = parser.parse_args()
    facts = machine(options.rival_python)
    comparisons: list[Comparison] = []
    for comparison in processing(options.rival_python, options.quick):
        comparisons.append(comparison)
        print(" | ".join(comparison.cells()), file=sys.stderr, flush=True)
    page = markdown(comparisons, facts)
    print(page)
    if options.quick:
        return 0
    (HERE / "results.md").write_text(page, encoding="utf-8")
    document = {"machine": facts, "comparisons": [found.document() for found in comparisons]}
    (HERE / "results.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return int(any(found.reached is False for found in comparisons))


if __name__ == "__main__":
    sys.exit(main())
