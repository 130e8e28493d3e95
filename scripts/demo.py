"""The main job on a local UP42: find a scene, estimate, execute, track, collect, plot.

What `process_trees` does works unchanged against the real UP42, with the credentials of an account.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import up42_facade as up42
from up42_facade import processing_templates, viz
from up42_sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).resolve().parent))

from map_browser import BrowserMissingError, take_pictures

FOLDER = Path("demo-output")
MAX_CREDITS = 500
# The sandbox's clock runs this many times faster than ours: minutes become seconds.
SPEED = 60.0


def process_trees(folder: Path) -> Path:
    """Detect trees in a scene of the storage and return the path of a picture of them."""
    step("Available processes")
    for process in up42.Process.all():
        print(f"  {process.id:32} {process.title}")

    step("A scene in storage")
    item = next(up42.search_items(collection="PNEO"))
    print(f"  {item.properties['title']}, {item.datetime:%d %B %Y}, {item.properties['gsd']} m")

    step("A template: checked and estimated before anything is spent")
    template = processing_templates.DetectionTreesSpacept(title="Trees of Berlin", item=item)
    if not template.is_valid:
        raise SystemExit(f"  not valid: {template.errors}")
    cost = template.cost
    verdict = "within" if cost <= MAX_CREDITS else "above"
    print(f"  {cost.credits} credits for {cost.size} {cost.unit}: {verdict} {MAX_CREDITS}")

    step("Execute and track")
    job = template.execute(max_credits=MAX_CREDITS)
    print(f"  {job!r}")
    job.track(wait=0.2, on_update=lambda now: print(f"  {now.status.value}"))
    if not job.is_succeeded:
        raise SystemExit(f"  ended {job.status.value}: {job.errors}")

    step("Collect")
    print(f"  {job.collection!r}: {', '.join(job.items[0].assets)}")
    results = job.download_results(folder / "results", assets="data")
    scene = job.download_inputs(folder / "scene", assets="multispectral.tif")
    for path in (*scene, *results):
        print(f"  {path}")

    step("Plot")
    return draw(job, [*scene, *results], folder)


def draw(job: up42.Job, images: list[str], folder: Path) -> Path:
    """Draw a plot and a map of the result; return the path of the plot."""
    titles = ["The scene", "Where the trees are"]
    picture = folder / "plot.png"
    job.plot_results(figsize=(12, 5.6), titles=titles, filepaths=images).savefig(picture, dpi=80)
    page = folder / "map.html"
    viz.map_results(images, save_html=page)
    print(f"  a map to open in a browser: {page}")
    try:
        take_pictures({page: folder / "map.png"})
        print(f"  a picture of the map: {folder / 'map.png'}")
    except BrowserMissingError as reason:
        print(f"  no picture of the map: {reason}")
    return picture


def step(title: str) -> None:
    print(f"\n{title}", flush=True)


def main() -> None:
    with Sandbox(speed=SPEED) as sandbox:
        print(f"A local UP42 runs at {sandbox.url}; nothing leaves this machine.")
        os.environ.update(sandbox.environment)
        with up42.authenticate():
            picture = process_trees(FOLDER)
    print(f"\nA picture of the result: {picture}")


if __name__ == "__main__":
    main()
