"""Execute the notebooks of the documentation and store their outputs.

`make notebook` does it. A notebook runs in an empty folder, against a sandbox that it starts
itself. Where it saves a map, a picture of the map is stored next to the notebook.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from map_browser import BrowserMissingError, take_pictures
from nbclient import NotebookClient
from PIL import Image
from traitlets.config import Config

NOTEBOOKS = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
CELL_SECONDS = 120
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path: Path, folder: Path) -> Any:
    """Run a notebook in a folder, and return it with its outputs.

    Raises:
        CellExecutionError: If a cell raises.
    """
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # no types
    with tempfile.TemporaryDirectory() as scratch:
        # Another process might take a free TCP port before the kernel binds it.
        kernel = {"transport": "ipc", "ip": f"{scratch}/kernel"}
        NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
            config=Config({"KernelManager": kernel}),
        ).execute()
    # When, where, and with which versions it ran would differ each time.
    notebook.metadata = nbformat.from_dict(KERNEL)  # type: ignore[no-untyped-call]  # no types
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata.clear()
    return notebook


def picture_maps(folder: Path, notebook: Path) -> None:
    """Store a picture of each map in a folder next to a notebook."""
    pages = sorted(folder.glob("*.html"))
    targets = [notebook.with_name(f"{notebook.stem}-{page.stem}.png") for page in pages]
    take_pictures(dict(zip(pages, targets, strict=True)))
    for target in targets:
        # With a palette, a picture takes a quarter of the bytes; this method keeps rare colors.
        image = Image.open(target).convert("RGB").quantize(method=Image.Quantize.FASTOCTREE)
        image.save(target, optimize=True)


def main() -> None:
    # A notebook gets no settings of the user, and stores no progress bars.
    for name in [name for name in os.environ if name.startswith("UP42_")]:
        del os.environ[name]
    os.environ["UP42_PROGRESS"] = "0"
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as name:
            notebook = execute(path, Path(name))
            nbformat.write(notebook, path)  # type: ignore[no-untyped-call]  # no types
            try:
                picture_maps(Path(name), path)
            except BrowserMissingError as reason:
                print(f"The pictures of maps stay as they are: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
