"""What an installation without extras says when one is needed. Run against a sandbox elsewhere."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import up42_facade as up42
from up42_facade import viz


def expect_hint(extra: str, call: Callable[[], object]) -> None:
    """End the program unless a call fails with the error that names the extra."""
    try:
        call()
    except up42.MissingExtraError as error:
        if error.extra != extra or hint(extra) not in str(error):
            raise SystemExit(f"without_extras.py: {error} doesn't say {hint(extra)}") from error
        return
    raise SystemExit(f"without_extras.py: the extra {extra!r} is not needed?")


def hint(extra: str) -> str:
    return f"pip install 'up42-facade[{extra}]'"


def finished_job() -> up42.Job:
    item = next(up42.search_items())
    template = up42.processing_templates.TrueColorConversion(title="No extras", item=item)
    return template.execute(max_credits=100).track(wait=0.1)


def check_calls() -> None:
    Path("image.tif").write_bytes(b"")
    expect_hint("viz", lambda: viz.plot_results(["image.tif"]))
    expect_hint("viz", lambda: viz.plot_quicklooks(["image.tif"]))
    expect_hint("viz", lambda: viz.map_results(["image.tif"]))
    with up42.authenticate():
        job = finished_job()
        expect_hint("xarray", job.to_xarray)
        expect_hint("cloud", lambda: job.download_results("memory://results", progress=False))
        project_id = os.environ["SMOKE_PROJECT_ID"]
        old = up42.initialize_job(os.environ["SMOKE_JOB_ID"], project_id=project_id)
        expect_hint("gcs", lambda: old.upload_results_to_bucket(None, "bucket", "folder"))


def check_command() -> None:
    program = Path(sysconfig.get_path("scripts")) / "up42"
    done = subprocess.run([program, "sandbox"], capture_output=True, text=True)
    if done.returncode == 0 or hint("sandbox") not in done.stderr:
        raise SystemExit(f"without_extras.py: up42 sandbox says {done.stderr}")


if __name__ == "__main__":
    check_calls()
    check_command()
