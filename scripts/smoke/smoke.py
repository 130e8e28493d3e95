"""Try an installation of the package, with all extras (`smoke.py all`) or without any.

Runs where only the package is installed, against a sandbox elsewhere.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import up42_facade as up42

HEAVY = {
    "dask", "folium", "fsspec", "geopandas", "httpx", "matplotlib", "numpy", "pandas", "pystac",
    "rasterio", "rich", "tqdm", "up42_client", "up42_sandbox", "xarray",
}  # fmt: skip
LOADED_BY_IMPORT = sorted(HEAVY & sys.modules.keys())
PNEO = {"op": "=", "args": [{"property": "collection_name"}, "PNEO"]}
MAX_CREDITS = 10


def expect(condition: object, message: str) -> None:
    """End the program with a message unless the condition holds."""
    if not condition:
        raise SystemExit(message)


def check_imports() -> None:
    origin = Path(up42.__file__ or "").resolve()
    expect(Path(sys.prefix).resolve() in origin.parents, f"imported from {origin}")
    expect(not LOADED_BY_IMPORT, f"`import up42_facade` loads {LOADED_BY_IMPORT}")
    missing = [name for name in up42.__all__ if not hasattr(up42, name)]
    expect(not missing, f"names of __all__ that don't resolve: {missing}")
    import up42_client

    for module in pkgutil.walk_packages(up42_client.__path__, "up42_client."):
        importlib.import_module(module.name)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell finds it."""
    program = Path(sysconfig.get_path("scripts")) / "up42"
    return subprocess.run([program, *arguments], capture_output=True, text=True)


async def listed(session: up42.Session) -> list[str]:
    """Return the IDs of the jobs, as the generated client and asyncio list them."""
    from up42_client.api.processing import list_processing_jobs

    page = await list_processing_jobs.asyncio(client=session.client)
    return [str(job.job_id) for job in getattr(page, "jobs", None) or []]


def check_job(session: up42.Session) -> up42.Job:
    """Find, estimate, execute, track, and download, alone and as a batch."""
    item = next(up42.search_items(PNEO))
    template = up42.processing_templates.DetectionTreesSpacept(
        title=f"Smoke {sys.prefix}", item=item
    )
    expect(template.is_valid, f"the template is refused: {template.errors}")
    job = template.execute(max_credits=MAX_CREDITS).track(wait=0.1)
    expect(job.is_succeeded, f"the job ended {job.status}: {job.errors}")
    paths = [Path(path) for path in job.download_results("results", progress=False)]
    expect(paths and all(path.is_file() for path in paths), f"downloaded: {paths}")
    expect(job.id in asyncio.run(listed(session)), "the job isn't in the list of jobs")
    shown = json.loads(command("jobs", "list", "--json").stdout)
    expect(job.id in {entry["id"] for entry in shown}, f"up42 jobs list prints {shown}")
    with up42.Batch([template], path="batch.db") as batch:
        batch.execute(max_credits=MAX_CREDITS, progress=False)
        made = [job.id for job in batch.jobs]
    with up42.Batch.resume("batch.db") as again:
        again.execute(max_credits=MAX_CREDITS, progress=False)
        expect([job.id for job in again.jobs] == made, f"a batch made {made}, then others")
    return job


def check_extras(job: up42.Job) -> None:
    job.plot_results(figsize=(4, 4)).savefig("plot.png")
    job.map_results(save_html="map.html")
    for name in ("plot.png", "map.html"):
        expect(Path(name).stat().st_size, f"{name} is empty")
    expect(float(job.to_xarray(assets="data", chunks=512).max()) > 0, "the raster is empty")
    import fsspec

    paths = job.download_results("memory://results", assets="data", progress=False)
    expect(paths and all(map(fsspec.filesystem("memory").exists, paths)), f"stored: {paths}")


def expect_hint(extra: str, call: Callable[[], object]) -> None:
    """End the program unless a call fails with the error that names the extra."""
    try:
        call()
    except up42.MissingExtraError as error:
        expect(f"pip install 'up42-facade[{extra}]'" in str(error), f"no hint at {extra}: {error}")
        return
    raise SystemExit(f"the extra {extra!r} isn't needed?")


def check_hints(job: up42.Job) -> None:
    import up42_sandbox
    from up42_facade import viz

    Path("image.tif").write_bytes(b"")
    expect_hint("viz", lambda: viz.plot_results(["image.tif"]))
    expect_hint("viz", lambda: viz.plot_quicklooks(["image.tif"]))
    expect_hint("viz", lambda: viz.map_results(["image.tif"]))
    expect_hint("xarray", job.to_xarray)
    expect_hint("cloud", lambda: job.download_results("memory://results", progress=False))
    old = up42.initialize_job(os.environ["SMOKE_JOB_ID"], project_id=os.environ["SMOKE_PROJECT_ID"])
    expect_hint("gcs", lambda: old.upload_results_to_bucket(None, "bucket", "folder"))
    expect_hint("sandbox", lambda: up42_sandbox.Sandbox)
    expect("up42-facade[sandbox]" in command("sandbox").stderr, "up42 sandbox gives no hint")


if __name__ == "__main__":
    installed = distribution("up42-facade")
    check_imports()
    for point in installed.entry_points:
        # The plugin of pytest is for those who have pytest; test_fixture.py tries it.
        if point.group != "pytest11":
            point.load()
    printed = command("--version").stdout
    expect(up42.__version__ == installed.version, f"version {up42.__version__}")
    expect(up42.__version__ in printed, f"up42 --version prints {printed!r}")
    with up42.authenticate() as session:
        job = check_job(session)
        check = check_extras if sys.argv[1:] == ["all"] else check_hints
        check(job)
