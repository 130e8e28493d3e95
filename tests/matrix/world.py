"""A sandbox, a session, and small things to work on, for one row of the matrix."""

from __future__ import annotations

import gzip
import io
import itertools
import tarfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import up42_facade as up42
from tests.conftest import IMPATIENT
from up42_facade import processing_templates
from up42_sandbox import Sandbox

SPEED = 20_000.0
"""Clock seconds per second: a job runs for a few milliseconds."""

PROCESS = "true-color-conversion"
SCENE = "pneo-berlin"


class World:
    """What recipes work on."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.options = IMPATIENT
        self.intents = 0
        self.serial = itertools.count()
        self.session = self.new_session()
        self.opened: list[Any] = []

    def close(self) -> None:
        self.session.close()

    @property
    def target(self) -> Path:
        """The folder that files may be written into."""
        return self.folder / "target"

    def fresh_session(self) -> up42.Session:
        """Return a session that knows nothing yet, closed after the cell."""
        session = self.new_session()
        self.opened.append(session)
        return session

    def new_session(self) -> up42.Session:
        return up42.Session(
            username=self.sandbox.username,
            password=self.sandbox.password,
            project_id=self.sandbox.project_id,
            base_url=self.sandbox.url,
            options=self.options,
        )

    @cached_property
    def item(self) -> dict[str, Any]:
        return self.sandbox.sample_item(SCENE)

    @cached_property
    def item_url(self) -> str:
        return self.sandbox.item_url(SCENE)

    def job_id(self, process_id: str = PROCESS, status: str = "captured") -> str:
        return self.sandbox.add_job(process_id, status).id

    def job(self, process_id: str = PROCESS, status: str = "captured") -> up42.Job:
        return up42.Job.get(self.job_id(process_id, status), session=self.session)

    def process(self) -> up42.Process:
        return up42.Process.get(PROCESS, session=self.session)

    def template(self, session: up42.Session | None = None, title: str = "") -> Any:
        return processing_templates.TrueColorConversion(
            title=f"{title}{next(self.serial)}",
            item=self.item_url,
            session=session or self.session,
        )

    def batch(self, title: str = "") -> up42.Batch:
        templates = [self.template(title=title) for _ in range(2)]
        batch = up42.Batch(templates, path=self.folder / "journal" / f"{next(self.serial)}.db")
        self.opened.append(batch)
        return batch

    @cached_property
    def known_job(self) -> up42.Job:
        return self.job()

    @cached_property
    def known_process(self) -> up42.Process:
        return self.process()

    @cached_property
    def downloaded_job(self) -> up42.Job:
        self.known_job.download_results(self.folder / "known", progress=False)
        self.known_job.download_quicklooks(self.folder / "known", progress=False)
        return self.known_job

    @cached_property
    def results(self) -> list[str]:
        return list(self.downloaded_job.results or ())

    @cached_property
    def analytics_job(self) -> Any:
        return up42.initialize_job(self.sandbox.analytics.jobs["ndvi"], session=self.session)

    @property
    def jobtask(self) -> Any:
        # The first task has quicklooks, all have results.
        task_id = self.sandbox.analytics.task_ids("ndvi")[0]
        job_id = self.sandbox.analytics.jobs["ndvi"]
        return up42.initialize_jobtask(task_id, job_id, session=self.session)

    @cached_property
    def archive(self) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name in ("one.bin", "two.bin"):
                info = tarfile.TarInfo(f"output/{name}")
                info.size = 3000
                archive.addfile(info, io.BytesIO(bytes(range(250)) * 12))
        return gzip.compress(packed.getvalue(), mtime=0)


def with_small_files(sandbox: Sandbox) -> Sandbox:
    """Let the storage build files of some kilobytes, instead of true scenes."""
    storage = sandbox._world.storage
    offer = storage.offer

    def offer_small(
        name: str, build: Callable[[Path], None], *, content: str | None = None
    ) -> None:
        small = SMALL.get(Path(name).suffix)
        if small:
            offer(name, small)
        else:
            offer(name, build, content=content)

    storage.offer = offer_small  # type: ignore[method-assign]
    return sandbox


def tif(path: Path) -> None:
    import numpy as np
    import rasterio
    from rasterio import Affine

    values = np.arange(3 * 32 * 32, dtype="uint8").reshape(3, 32, 32)
    place = {"crs": "EPSG:32633", "transform": Affine(1, 0, 390_000, 0, -1, 5_820_000)}
    shape = {"height": 32, "width": 32, "count": 3, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", **shape, **place) as file:
        file.write(values)


def png(path: Path) -> None:
    import matplotlib.image
    import numpy as np

    matplotlib.image.imsave(path, np.zeros((8, 8, 3)))


def geojson(path: Path) -> None:
    path.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": 1}, '
        '"geometry": {"type": "Point", "coordinates": [13.4, 52.5]}}]}'
    )


SMALL: dict[str, Callable[[Path], None]] = {
    ".tif": tif,
    ".png": png,
    ".jpg": png,
    ".geojson": geojson,
}
