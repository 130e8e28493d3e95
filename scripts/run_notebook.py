"""Execute the notebooks of the documentation anew and store their outputs.

`make notebook` does it. A notebook runs in an empty folder, against a sandbox that it starts
itself. Outputs that show the same as before stay as they are, so that a run without news changes
no file. Where a notebook saves a map, a picture of it is stored beside the notebook.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from map_browser import BrowserMissingError, take_picture
from notebook_outputs import keep_same, keep_same_picture, problems, tidy

NOTEBOOKS = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
CELL_SECONDS = 120
NOTEBOOK_VERSION = 4


class NotebookError(Exception):
    """A notebook doesn't run, or shows what no reader should see."""


def read(path: Path) -> Any:
    """Read a notebook.

    Raises:
        NotebookError: There is none, or it can't be read.
    """
    import nbformat

    try:
        # nbformat says that it has types, and has none for this.
        return nbformat.read(path, as_version=NOTEBOOK_VERSION)  # type: ignore[no-untyped-call]  # no types
    except (OSError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise NotebookError(f"{path} is no notebook that can be read: {error}") from error


def execute(path: Path, folder: Path) -> Any:
    """Run a notebook in a folder and return it with its outputs, tidied.

    Raises:
        NotebookError: A cell raises, or its output holds what no reader should see.
    """
    notebook = read(path)
    with tempfile.TemporaryDirectory() as settings:
        run(notebook, folder, Path(settings))
    tidy(notebook)
    found = problems(notebook)
    if found:
        raise NotebookError(f"{path.name}: " + "\n".join(found))
    return notebook


def run(notebook: Any, folder: Path, settings: Path) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config

    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        # Between choosing a free TCP port and binding it, any other process may take it.
        config=Config(KernelManager={"transport": "ipc", "ip": str(settings / "kernel")}),
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with own_settings(settings):
        try:
            client.execute()
        except CellExecutionError as error:
            raise NotebookError(str(error)) from error


@contextmanager
def own_settings(folder: Path) -> Iterator[None]:
    """Let a kernel find no settings of ours, write no history, and show no bars."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("UP42_", "JUPYTER_"))]:
        del os.environ[name]
    os.environ.update(
        IPYTHONDIR=str(folder / "ipython"),
        JUPYTER_CONFIG_DIR=str(folder / "config"),
        JUPYTER_RUNTIME_DIR=str(folder / "runtime"),
        MPLCONFIGDIR=str(folder / "matplotlib"),
        UP42_PROGRESS="0",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def pictures(pages: Sequence[Path]) -> dict[str, bytes]:
    """Return pictures of saved maps, by the name of the map.

    Raises:
        BrowserMissingError: If Chromium or Playwright is missing.
    """
    if not pages:
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        return {page.stem: picture(page, Path(scratch)) for page in pages}


def picture(page: Path, scratch: Path) -> bytes:
    from PIL import Image

    target = scratch / f"{page.stem}.png"
    take_picture(page, target)
    # With a palette a picture takes a quarter of the bytes; this method keeps rare colours.
    image = Image.open(target).convert("RGB").quantize(method=Image.Quantize.FASTOCTREE)
    image.save(target, optimize=True)
    return target.read_bytes()


def update(path: Path) -> list[str]:
    """Run a notebook and store what is new in it; return the names of what has changed.

    Raises:
        NotebookError: It doesn't run as it should. Nothing was written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        notebook = execute(path, folder)
        changed = keep_same(read(path), notebook)
        write(notebook, path)
        try:
            taken = pictures(sorted(folder.glob("*.html")))
        except BrowserMissingError as reason:
            print(f"The pictures of maps stay as they are: {reason}", file=sys.stderr)
            taken = {}
        for name, content in taken.items():
            target = path.with_name(f"{path.stem}-{name}.png")
            if keep_same_picture(target, content):
                changed.append(target.name)
    return changed


def write(notebook: Any, path: Path) -> None:
    """Write a notebook whole or not at all."""
    import nbformat

    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]  # as above
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(f"{text}\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in docs/notebooks")
    options = parser.parse_args(arguments)
    for path in options.notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        try:
            changed = update(path)
        except NotebookError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{path.name}: {', '.join(changed) if changed else 'shows the same as before'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
