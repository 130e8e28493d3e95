"""Downloads, plots, and maps."""

from __future__ import annotations

import gzip
import io
import os
import shlex
import shutil
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import Affine

from benchmarks.bench import (
    LATENCY,
    MB,
    OLD_SDK,
    Bench,
    Measurement,
    Reading,
    Readings,
    environment,
    file_server,
    running_sandbox,
)

SHELL, ONE_CONNECTION = "curl | tar xz", "one connection"
# Four scenes make 470 MB, 308 MB packed; ten times as much makes 3.2 GB packed.
SCENES, SCENE_BYTES, LONG_FACTOR = 4, 117_500_000, 10
# Of the scenes in the zip, which has 160 MB.
ZIP_SCENES = 2
# One file over throttled connections.
THROTTLED_BYTES, BYTES_PER_SECOND, CONNECTIONS = 1000 * MB, 50 * MB, 4
QUICKLOOK_RUNS = 7
# Small results of a job; an image of 2 GB, and a part of it.
ASSETS, WINDOW_IMAGE, WINDOW = 200, 15_872, 1_000
ONE_BY_ONE, VSICURL = "one after another", "/vsicurl/"
# Bands of 16 bit; their noise makes gzip reach about 0.65.
NOISE, WIDTH = 17.5, 4096
# Images: pixels of each side; four bands of 16 bits make 470 MB.
SIDE, ROWS = 7665, 256
BANDS = ("blue", "green", "red", "nir")
PROFILE: Mapping[str, Any] = {
    **{"driver": "GTiff", "count": len(BANDS), "dtype": "uint16", "nodata": 0},
    **{"crs": "EPSG:32633", "transform": Affine(0.5, 0, 389_600, 0, -0.5, 5_820_500)},
    "interleave": "pixel",
}
TILED: Mapping[str, Any] = {"tiled": True, "blockxsize": 256, "blockysize": 256}
# What the satellite's owner sends, and what cloud storage holds.
LAYOUTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "striped": ("rows, not compressed", {}),
    "tiled": ("tiles, not compressed", TILED),
    "deflated": (
        "tiles, deflated",
        {**TILED, "compress": "deflate", "predictor": 2, "num_threads": "all_cpus"},
    ),
    "overviews": ("tiles with overviews", TILED),
}


def scene(seed: int, size: int) -> bytes:
    """Return a band of imagery of some bytes: structures of all sizes, and the sensor's noise."""
    generator = np.random.default_rng(seed)
    height = size // 2 // WIDTH + 1
    y = np.linspace(0, 9, height, dtype=np.float32)[:, None]
    x = np.linspace(0, 7, WIDTH, dtype=np.float32)[None]
    land = 900 + 400 * np.sin(x + seed) * np.cos(y) + 300 * np.sin(3.1 * x * y / 9)
    noise = generator.normal(0, NOISE, (height, WIDTH)).astype(np.float32)
    return bytes((land + noise).astype("<u2").tobytes()[:size])


def write_tar(target: io.BufferedIOBase | gzip.GzipFile, scenes: list[bytes]) -> None:
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for number, data in enumerate(scenes):
            entry = tarfile.TarInfo(f"output/scene_{number}/scene_{number}.tif")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def cleaned(run: Callable[[], Reading], target: Path) -> Callable[[], Reading]:
    """Return a run that starts without its target and with nothing left to flush to disk."""

    def cleanly() -> Reading:
        os.sync()
        try:
            return run()
        finally:
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)

    return cleanly


def write_zip(target: Path, scenes: list[bytes]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(scenes):
            archive.writestr(f"output/scene_{number}/scene_{number}.tif", data)


def write_tgz(target: Path, scenes: list[bytes]) -> None:
    with gzip.open(target, "wb", compresslevel=6) as packed:
        write_tar(packed, scenes)


def write_long_tgz(target: Path, scenes: list[bytes]) -> None:
    from isal import igzip_threaded

    # In a tenth of the time of gzip.
    with igzip_threaded.open(target, "wb", compresslevel=3, threads=2) as packed:  # type: ignore[no-untyped-call]  # has no types
        write_tar(packed, scenes * LONG_FACTOR)


def measure_archive(
    name: str,
    write: Callable[[Path, list[bytes]], None],
    scenes: int,
    others: tuple[str, ...],
    bench: Bench,
) -> Readings:
    """Download and unpack an archive with the facade and others."""
    with bench.working_folder() as folder, file_server(folder) as base:
        target = folder / "target"
        write(folder / name, [scene(seed, SCENE_BYTES) for seed in range(scenes)])
        content = scenes * SCENE_BYTES * (LONG_FACTOR if write is write_long_tgz else 1)
        settings = {"url": f"{base}/{name}", "target": str(target), "content": content}
        candidates: dict[str, Callable[[], Reading]] = {
            side: partial(bench.run, side, "unpack", **settings)
            for side in ("ours", *others)
            if side != SHELL
        }
        if SHELL in others:
            candidates[SHELL] = partial(in_shell, f"{base}/{name}", target)
        clean = {name: cleaned(run, target) for name, run in candidates.items()}
        return bench.in_turns(clean, warm_up=bool(others))


def in_shell(url: str, target: Path) -> Reading:
    """Pipe curl into tar."""
    target.mkdir()
    command = f"curl -sf {shlex.quote(url)} | tar xz -C {shlex.quote(str(target))}"
    started = time.perf_counter()
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=True, env=environment(str(target.parent))
    )
    return {"seconds": time.perf_counter() - started}


def measure_throttled(bench: Bench) -> Readings:
    with bench.working_folder() as folder:
        with (folder / "large.bin").open("wb") as file:
            file.truncate(THROTTLED_BYTES)
        target = folder / "target"
        with file_server(folder) as base:
            url = f"{base}/large.bin?bytes_per_second={BYTES_PER_SECOND}"
            run = partial(bench.run, "ours", "download", url=url, target=str(target))
            candidates = {
                "ours": cleaned(partial(run, connections=CONNECTIONS), target),
                ONE_CONNECTION: cleaned(partial(run, connections=1), target),
            }
            return bench.in_turns(candidates, warm_up=False)


def measure_quicklooks(latency: float, bench: Bench) -> Readings:
    with running_sandbox(latency) as sandbox:
        job_id = sandbox.ask("/state")["analytics_jobs"]["many-quicklooks"]
        return bench.compare(
            "quicklooks", OLD_SDK, runs=QUICKLOOK_RUNS, **sandbox.access, job_id=job_id
        )


def measure_assets(bench: Bench) -> Readings:
    """Download the results of a job, which are many small files."""
    with running_sandbox(LATENCY) as sandbox:
        item = sandbox.items()[0]
        small = item["assets"]["thumbnail.png"]
        item["assets"] = {f"file-{number}.png": small for number in range(ASSETS)}
        run = partial(bench.run, "ours", "download_assets", **sandbox.access, item=item)
        candidates = {"ours": partial(run, at_once=True), ONE_BY_ONE: partial(run, at_once=False)}
        return bench.in_turns(candidates)


def measure_window(bench: Bench) -> Readings:
    """Read a part of a job's result, which is a large image."""
    with (
        bench.working_folder() as folder,
        running_sandbox(LATENCY, folder=folder) as sandbox,
    ):
        image = folder / "large.tif"
        write_large(image)
        stored = {"name": image.name, "path": str(image), "checksums": False, "lifetime": 3600}
        url = sandbox.ask("/storage", stored)["url"]
        (job_id,) = sandbox.ask("/jobs", {"status": "captured"})["ids"]
        asset = {"href": url, "file:size": image.stat().st_size, "file:checksum": None}
        patch = {"features": {"assets": {"data.tif": asset}}}
        sandbox.ask("/faults", {"path": "*/items", "patch": patch, "times": None})
        settings = {**sandbox.access, "job_id": job_id, "file_url": url}
        # Not at the edge of a tile.
        settings |= {"start": WINDOW_IMAGE // 2 + 77, "size": WINDOW}
        run = partial(bench.run, "ours", "read_window", **settings)
        candidates = {"ours": partial(run, vsicurl=False), VSICURL: partial(run, vsicurl=True)}
        return bench.in_turns(candidates, warm_up=False)


def write_large(path: Path) -> None:
    """Write an image with its header first, as in a COG, and with something in its middle only."""
    import rasterio
    from rasterio.windows import Window

    side, start = WINDOW_IMAGE, WINDOW_IMAGE // 2
    with rasterio.open(path, "w", width=side, height=side, **PROFILE, **TILED) as dataset:
        middle = landscape(0, ROWS, ROWS, np.random.default_rng(42))
        dataset.write(middle, window=Window(start, start, ROWS, ROWS))


def write_image(path: Path, layout: str, side: int) -> None:
    """Write an image with streets, fields, and noise, a strip of rows at a time."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.windows import Window

    random = np.random.default_rng(42)
    options = {**PROFILE, **LAYOUTS[layout][1]}
    with rasterio.open(path, "w", width=side, height=side, **options) as dataset:
        for number, name in enumerate(BANDS, start=1):
            dataset.set_band_description(number, name)
        for top in range(0, side, ROWS):
            height = min(ROWS, side - top)
            window = Window(0, top, side, height)
            dataset.write(landscape(top, height, side, random), window=window)
    if layout == "overviews":
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews([2, 4, 8, 16, 32], Resampling.average)


def landscape(top: int, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[top : top + height, 0:width]
    fields = ((x // 400) * 7 + (y // 300) * 5) % 4
    street = (x % 400 < 12) | (y % 300 < 12)
    colors = np.array([[420, 780, 500, 3300], [900, 1350, 1800, 2600], [520, 480, 320, 160]] * 2)
    bands = np.where(street[..., None], 1250, colors[fields])
    noise = random.integers(0, 120, bands.shape, dtype="uint16")
    return (bands + noise).transpose(2, 0, 1).astype("uint16")


def measure_plot(layout: str, bench: Bench) -> Readings:
    """Plot one image with both clients, and make maps of it."""
    with bench.working_folder() as folder:
        image, small = folder / f"{layout}.tif", folder / "small.tif"
        write_image(image, layout, SIDE)
        write_image(small, "striped", 64)
        found = bench.compare("plot", OLD_SDK, image=str(image), small=str(small))
        maps = bench.compare("make_map", image=str(image), page=str(folder / "map.html"))
    for reading, made in zip(found["ours"], maps["ours"], strict=True):
        reading |= {"map-page": made["page"], "map-memory": made["memory"]}
    return found


MEASUREMENTS = (
    Measurement.of(
        partial(measure_archive, "short.tgz", write_tgz, SCENES, (SHELL, OLD_SDK)),
        *("unpack", "unpack-shell", "unpack-disk", "unpack-memory", "unpack-memory-total"),
    ),
    Measurement.of(
        partial(measure_archive, "long.tgz", write_long_tgz, SCENES, ()),
        "unpack-long-memory",
    ),
    Measurement.of(
        partial(measure_archive, "short.zip", write_zip, ZIP_SCENES, (OLD_SDK,)),
        "unpack-zip",
    ),
    Measurement.of(measure_throttled, "throttled"),
    Measurement.of(partial(measure_quicklooks, LATENCY), "quicklooks"),
    Measurement.of(partial(measure_quicklooks, 0), "quicklooks-local"),
    Measurement.of(measure_assets, "small-results"),
    Measurement.of(measure_window, "window", "window-requests", "window-bytes"),
    *(
        Measurement.of(
            partial(measure_plot, layout),
            *("plot-{layout}", "plot-{layout}-drawn", "plot-{layout}-memory"),
            *("map-{layout}-page", "map-{layout}-memory"),
            layout=layout,
            words=words,
        )
        for layout, (words, _) in LAYOUTS.items()
    ),
)
