"""Run the cells of the matrix and print what came of them.

`python -m tests.matrix [operation …]` runs all of them, which takes about ten minutes of CPU time;
with `--some`, those that every test run tries. With `--write`, the counts go into docs/trust.md.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from tests.matrix.cells import Cell, Matrix, rows
from tests.matrix.report import PAGE, counted, with_counts


def main(arguments: list[str]) -> int:
    everything = "--some" not in arguments
    chosen = [name for name in arguments if not name.startswith("-")] or rows()
    os.environ["UP42_PROGRESS"] = "0"
    warnings.simplefilter("ignore")
    cells: list[Cell] = []
    folder = Path(tempfile.mkdtemp())
    with Matrix.running() as matrix:
        for number, operation in enumerate(chosen):
            found = list(matrix.row(operation, folder / str(number), everything=everything))
            cells += found
            wrong = [cell for cell in found if cell.faults]
            print(f"{operation}: {len(found)} cells, {len(wrong)} with faults", flush=True)
            for cell in wrong:
                print(f"  {cell.describe()}", flush=True)
    shutil.rmtree(folder)
    counts = counted(cells, sum(matrix.sizes.values()))
    print(counts)
    if "--write" in arguments:
        PAGE.write_text(with_counts(PAGE.read_text(encoding="utf-8"), counts), encoding="utf-8")
    return 1 if any(cell.faults for cell in cells) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
