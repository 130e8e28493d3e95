"""Draw the pictures of the documentation, with jobs on a sandbox: `make pictures`.

They are the plot and the map of the demo, and those of each process, which docs/pictures.md lists.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import demo
import map_browser
import matplotlib.pyplot as plt
from PIL import Image
from record_cli import DURATIONS

import up42_facade as up42
from up42_facade import viz
from up42_sandbox import Sandbox

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "pictures.md"
LIST = re.compile(r"(?<=<!-- processes -->\n).*?(?=<!-- end of processes -->)", re.DOTALL)
DPI = 80
# In inches, of a plot with several images, and of one image.
WIDE, HIGH = (8, 4.3), (5, 5.6)
WINDOW = {"width": 480, "height": 400}
# Scenes with more to see than the first one that a process accepts.
SCENES = dict.fromkeys(("detection-trees-spacept", "detection-shadows-spacept"), "pneo-berlin")


def main() -> None:
    os.environ["UP42_PROGRESS"] = "0"
    with tempfile.TemporaryDirectory() as name, Sandbox(durations=DURATIONS) as sandbox:
        os.environ.update(sandbox.environment)
        folder = Path(name)
        with up42.authenticate():
            demo.process_trees(folder)
            processes = up42.Process.all()
            maps = dict(draw(sandbox, process, folder / process.id) for process in processes)
        map_browser.take_pictures(maps, WINDOW)
        for picture in sorted(folder.glob("*.png")):
            # A third of the bytes of a PNG with a palette, and all colors.
            target = DOCS / "pictures" / f"{picture.stem}.webp"
            Image.open(picture).convert("RGB").save(target, quality=60, method=6)
    text = "".join(map(section, processes))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(LIST.sub(lambda _: f"{text}\n", page), encoding="utf-8")


def draw(sandbox: Sandbox, process: up42.Process, folder: Path) -> tuple[Path, Path]:
    """Run a process, and plot its results; return the path of their map and of its picture."""
    inputs = sandbox.inputs_for(process.id, str(process.title))
    if process.id in SCENES:
        inputs["item"] = sandbox.item_url(SCENES[process.id])
    if process.eula_ids:
        sandbox.accept_eula(process.id)
    job = process.template(**inputs).execute().track(wait=0.1)
    scenes = job.download_inputs(folder / "inputs", assets="multispectral.tif")
    results = job.download_results(folder / "results", assets="data")
    # Plots and maps show the names of files.
    names = ("source", "reference") if len(scenes) > 1 else ("scene",)
    renamed = [
        Path(scene).rename(folder / f"{name}.tif")
        for scene, name in zip(scenes, names, strict=True)
    ]
    files = [*renamed, *map(Path, results)]
    is_wide = sum(file.suffix == ".tif" for file in files) > 1
    figure = job.plot_results(WIDE if is_wide else HIGH, filepaths=files)
    figure.savefig(folder.with_name(f"{process.id}-plot.png"), dpi=DPI)
    plt.close(figure)
    page = folder / "map.html"
    viz.map_results(files, save_html=page)
    return page, folder.with_name(f"{process.id}-map.png")


def section(process: up42.Process) -> str:
    """Return the part of the page that shows a process, as Markdown."""
    return f"""
### {process.title}

`{process.id}`: {process.description}

![{process.title}: plot](pictures/{process.id}-plot.webp)

![{process.title}: map](pictures/{process.id}-map.webp)
"""


if __name__ == "__main__":
    main()
