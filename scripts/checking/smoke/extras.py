"""What an installation with all extras must do: sandbox, pictures, arrays, stores, one process."""

from __future__ import annotations

from pathlib import Path

import up42_facade as up42
from up42_sandbox import Sandbox

# Clock seconds per second: a job is done at once.
SPEED = 2_000
PNEO = {"op": "=", "args": [{"property": "collection_name"}, "PNEO"]}


def expect(condition: object, message: str) -> None:
    """End the program with a message unless the condition holds."""
    if not condition:
        raise SystemExit(f"extras.py: {message}")


def finished_job(session: up42.Session) -> up42.Job:
    item = next(up42.search_items(PNEO, session=session))
    template = up42.processing_templates.DetectionTreesSpacept(
        title="Trees", item=item, session=session
    )
    return template.execute(max_credits=10).track(wait=0.1)


def check_pictures(job: up42.Job) -> None:
    job.download_results("results", assets="data", progress=False)
    job.plot_results(figsize=(4, 4)).savefig("plot.png")
    job.map_results(save_html="map.html")
    for name in ("plot.png", "map.html"):
        expect(Path(name).stat().st_size, f"{name} is empty")


def check_arrays(job: up42.Job) -> None:
    trees = job.to_xarray(assets="data", chunks=512)
    expect(float(trees.max()) > 0, f"nothing in {trees!r}")


def check_stores(job: up42.Job) -> None:
    import fsspec

    paths = job.download_results("memory://results", assets="data", progress=False)
    store = fsspec.filesystem("memory")
    expect(paths and all(store.exists(path) for path in paths), f"stored: {paths}")


def main() -> None:
    with (
        Sandbox(speed=SPEED) as sandbox,
        up42.authenticate(
            username=sandbox.username, password=sandbox.password, base_url=sandbox.url
        ) as session,
    ):
        job = finished_job(session)
        check_pictures(job)
        check_arrays(job)
        check_stores(job)


if __name__ == "__main__":
    main()
