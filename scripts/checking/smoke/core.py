"""What every installation must do. Run against a sandbox elsewhere, without the tree at hand."""

from __future__ import annotations

import asyncio
import importlib
import json
import pkgutil
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import up42_facade as up42

HEAVY = {
    "attrs", "dask", "filelock", "folium", "fsspec", "geopandas", "httpx", "matplotlib", "numpy",
    "pandas", "pystac", "rasterio", "rich", "tqdm", "up42_client", "up42_sandbox", "xarray",
}  # fmt: skip
LOADED_BY_IMPORT = sorted(HEAVY & sys.modules.keys())
PNEO = {"op": "=", "args": [{"property": "collection_name"}, "PNEO"]}
MAX_CREDITS = 10


def expect(condition: object, message: str) -> None:
    """End the program with a message unless the condition holds."""
    if not condition:
        raise SystemExit(f"{Path(__file__).name}: {message}")


def check_import() -> None:
    origin = Path(up42.__file__ or "").resolve()
    expect(Path(sys.prefix).resolve() in origin.parents, f"imported from {origin}")
    expect(not LOADED_BY_IMPORT, f"`import up42_facade` loads {LOADED_BY_IMPORT}")
    installed = distribution("up42-facade").version
    expect(up42.__version__ == installed, f"{up42.__version__} calls itself {installed}")


def check_names() -> None:
    missing = [name for name in up42.__all__ if not hasattr(up42, name)]
    expect(not missing, f"names of __all__ that don't resolve: {missing}")


def check_generated_client() -> None:
    import up42_client

    for module in pkgutil.walk_packages(up42_client.__path__, "up42_client."):
        importlib.import_module(module.name)


def check_entry_points() -> None:
    for point in distribution("up42-facade").entry_points:
        # The plugin of pytest is for those who have pytest; test_fixture.py tries it.
        if point.group != "pytest11":
            point.load()


def check_command() -> None:
    version, usage = command("--version"), command("--help")
    expect(up42.__version__ in version, f"up42 --version says {version!r}")
    expect("jobs" in usage, f"up42 --help says {usage!r}")


def command(*arguments: str) -> str:
    """Run the command as a shell finds it and return what it printed."""
    program = Path(sysconfig.get_path("scripts")) / "up42"
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    expect(done.returncode == 0, f"up42 {' '.join(arguments)} says {done.stderr}")
    return done.stdout


def check_job() -> None:
    """The main job: find, check, price, execute, track, collect."""
    with up42.authenticate() as session:
        item = next(up42.search_items(PNEO))
        template = up42.processing_templates.DetectionTreesSpacept(
            title=f"Smoke {sys.prefix}", item=item
        )
        expect(template.is_valid, f"the template is refused: {template.errors}")
        expect(template.cost <= MAX_CREDITS, f"it costs {template.cost}")
        job = template.execute(max_credits=MAX_CREDITS).track(wait=0.1)
        expect(job.is_succeeded, f"the job ended {job.status}: {job.errors}")
        paths = [Path(path) for path in job.download_results("results", progress=False)]
        expect(paths and all(path.is_file() for path in paths), f"downloaded: {paths}")
        expect(job.id in asyncio.run(listed(session)), "the job isn't in the list of jobs")
        shown = json.loads(command("jobs", "list", "--json"))
        expect(job.id in {entry["id"] for entry in shown}, f"up42 jobs list says {shown}")
        check_batch(template)


async def listed(session: up42.Session) -> list[str]:
    """Return the ids of the jobs, asked for with the generated client and asyncio."""
    from up42_client.api.processing import list_processing_jobs
    from up42_client.models import ProcessingJobList

    page = await list_processing_jobs.asyncio(client=session.client)
    if not isinstance(page, ProcessingJobList):
        raise SystemExit(f"core.py: the list of jobs is {page!r}")
    return [str(job.job_id) for job in page.jobs or []]


def check_batch(template: up42.processing_templates.JobTemplate) -> None:
    """A batch with its journal, taken up again."""
    with up42.Batch([template], path="batch.db") as batch:
        batch.execute(max_credits=MAX_CREDITS, progress=False)
        jobs = [job.id for job in batch.jobs]
    with up42.Batch.resume("batch.db") as again:
        again.execute(max_credits=MAX_CREDITS, progress=False)
        found = [job.id for job in again.jobs]
    expect(len(jobs) == 1 and found == jobs, f"a batch made {jobs}, then {found}")


if __name__ == "__main__":
    check_import()
    check_names()
    check_generated_client()
    check_entry_points()
    check_command()
    check_job()
