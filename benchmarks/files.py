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

DOWNLOADS, PLOTS = "Downloads", "Plots and maps"
SHELL, ONE_CONNECTION = "curl | tar xz", "one connection"
# Four scenes make 470 MB, 308 MB packed; ten times as much makes 3.2 GB packed.
SCENES, SCENE_BYTES, LONG_FACTOR = 4, 117_500_000, 10
CONTENT = SCENES * SCENE_BYTES
# Of the scenes in the zip, which has 160 MB.
ZIP_SCENES = 2
# One file over throttled connections.
THROTTLED_BYTES, BYTES_PER_SECOND, CONNECTIONS = 1000 * MB, 50 * MB, 4
QUICKLOOK_RUNS = 7
# Bands of 16 bit; their noise makes gzip reach about 0.65.
NOISE, WIDTH = 17.5, 4096
# Images: pixels of each side; four bands of 16 bits make 470 MB.
SIDE, SMALL_SIDE, ROWS = 7665, 700, 256
BANDS = ("blue", "green", "red", "nir")
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


def write_tgz(target: io.BufferedIOBase | gzip.GzipFile, scenes: list[bytes]) -> None:
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


def unpacked(bench: Bench, archive: Path, content: int, *others: str, warm_up: bool) -> Readings:
    """Download and unpack an archive with the facade and others."""
    target = archive.with_name("target")
    with file_server(archive.parent) as base:
        settings = {"url": f"{base}/{archive.name}", "target": str(target), "content": content}
        candidates: dict[str, Callable[[], Reading]] = {
            side: partial(bench.run, side, "unpack", **settings)
            for side in ("ours", *others)
            if side != SHELL
        }
        if SHELL in others:
            candidates[SHELL] = partial(in_shell, str(settings["url"]), target)
        clean = {name: cleaned(run, target) for name, run in candidates.items()}
        return bench.in_turns(clean, warm_up=warm_up)


def measure_unpacking(bench: Bench) -> Readings:
    size = bench.size(SCENE_BYTES, 2 * MB)
    with bench.working_folder() as folder:
        archive = folder / "short.tgz"
        with gzip.open(archive, "wb", compresslevel=6) as packed:
            write_tgz(packed, [scene(seed, size) for seed in range(SCENES)])
        return unpacked(bench, archive, SCENES * size, SHELL, OLD_SDK, warm_up=True)


def measure_long_unpacking(bench: Bench) -> Readings:
    from isal import igzip_threaded

    size = bench.size(SCENE_BYTES, 2 * MB)
    with bench.working_folder() as folder:
        archive = folder / "long.tgz"
        # In a tenth of the time of gzip.
        with igzip_threaded.open(archive, "wb", compresslevel=3, threads=2) as packed:  # type: ignore[no-untyped-call]  # has no types
            write_tgz(packed, [scene(seed, size) for seed in range(SCENES)] * LONG_FACTOR)
        return unpacked(bench, archive, SCENES * size * LONG_FACTOR, warm_up=False)


def measure_zip(bench: Bench) -> Readings:
    size = bench.size(SCENE_BYTES, 2 * MB)
    with bench.working_folder() as folder:
        archive = folder / "short.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for seed in range(ZIP_SCENES):
                packed.writestr(f"output/scene_{seed}/scene_{seed}.tif", scene(seed, size))
        return unpacked(bench, archive, ZIP_SCENES * size, OLD_SDK, warm_up=True)


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
            file.truncate(bench.size(THROTTLED_BYTES, 50 * MB))
        target = folder / "target"
        with file_server(folder) as base:
            url = f"{base}/large.bin?bytes_per_second={BYTES_PER_SECOND}"
            run = partial(bench.run, "ours", "download", url=url, target=str(target))
            candidates = {
                "ours": cleaned(partial(run, connections=CONNECTIONS), target),
                ONE_CONNECTION: cleaned(partial(run, connections=1), target),
            }
            return bench.in_turns(candidates, warm_up=False)


def measure_quicklooks(bench: Bench) -> Readings:
    with running_sandbox(LATENCY) as sandbox:
        job_id = sandbox.state["analytics_jobs"]["many-quicklooks"]
        return bench.compare(
            "quicklooks", OLD_SDK, runs=QUICKLOOK_RUNS, **sandbox.access, job_id=job_id
        )


def write_image(path: Path, layout: str, side: int) -> None:
    """Write an image with streets, fields, and noise, a strip of rows at a time."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.transform import Affine
    from rasterio.windows import Window

    random = np.random.default_rng(42)
    place = {"crs": "EPSG:32633", "transform": Affine(0.5, 0, 389_600, 0, -0.5, 5_820_500)}
    profile = {"driver": "GTiff", "count": len(BANDS), "dtype": "uint16", "nodata": 0, **place}
    options = {**profile, "interleave": "pixel", **LAYOUTS[layout][1]}
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
        write_image(image, layout, bench.size(SIDE, SMALL_SIDE))
        write_image(small, "striped", 64)
        found = bench.compare("plot", OLD_SDK, image=str(image), small=str(small))
        maps = bench.compare("make_map", image=str(image), page=str(folder / "map.html"))
    for reading, made in zip(found["ours"], maps["ours"], strict=True):
        reading |= {"map-page": made["page"], "map-memory": made["memory"]}
    return found


MEASUREMENTS = (
    Measurement.of(
        DOWNLOADS,
        measure_unpacking,
        *("unpack", "unpack-shell", "unpack-disk", "unpack-memory", "unpack-memory-total"),
        # The archive, the SDK's copy of it, and the content.
        disk=2 * 310 * MB + CONTENT,
    ),
    Measurement.of(
        DOWNLOADS,
        measure_long_unpacking,
        "unpack-long-memory",
        disk=LONG_FACTOR * (CONTENT + 320 * MB),
    ),
    Measurement.of(DOWNLOADS, measure_zip, "unpack-zip", disk=2 * 160 * MB + CONTENT),
    # The file that is served is a hole: it takes no room.
    Measurement.of(DOWNLOADS, measure_throttled, "throttled", disk=THROTTLED_BYTES),
    Measurement.of(DOWNLOADS, measure_quicklooks, "quicklooks"),
    *(
        Measurement.of(
            PLOTS,
            partial(measure_plot, layout),
            *("plot-{layout}", "plot-{layout}-drawn", "plot-{layout}-memory"),
            *("map-{layout}-page", "map-{layout}-memory"),
            disk=700 * MB,
            layout=layout,
            words=words,
        )
        for layout, (words, _) in LAYOUTS.items()
    ),
)
