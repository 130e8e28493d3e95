"""Sample scenes around Berlin that are in the storage from the start."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from up42_sandbox.core.identifiers import make_id
from up42_sandbox.scene.files import to_degrees
from up42_sandbox.scene.products import GEOTIFF, PNG
from up42_sandbox.scene.samples import SAMPLES, SampleScene
from up42_sandbox.scene.window import EPSG, Window
from up42_sandbox.stac.records import StoredCollection, StoredFile, StoredItem

EXTENSION_SCHEMA = "https://api.up42.com/stac-extensions/up42-{}/v1.0.0/schema.json"
STAC_EXTENSIONS = (
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
    *(EXTENSION_SCHEMA.format(name) for name in ("system", "product", "order", "user")),
)

BANDS = (
    {"name": "blue", "common_name": "blue"},
    {"name": "green", "common_name": "green"},
    {"name": "red", "common_name": "red"},
    {"name": "nir", "common_name": "nir"},
)

FileBuilder = Callable[[SampleScene, str, Path], None]


def footprint(window: Window) -> dict[str, Any]:
    """Return a window's outline as a GeoJSON polygon in EPSG:4326."""
    corners = window.corners()
    ring = [[round(x, 7), round(y, 7)] for x, y in to_degrees().itransform(corners)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@cache
def _footprints() -> dict[str, dict[str, Any]]:
    return {scene.key: footprint(scene.window()) for scene in SAMPLES}


def sample_collections(
    seed: int, account_id: str, workspace_id: str, build: FileBuilder
) -> list[StoredCollection]:
    """Return a collection with one item for every sample scene.

    Args:
        seed: Determines the IDs.
        account_id: Owner.
        workspace_id: Workspace of the owner.
        build: Writes the file of a scene with a given name to a path.
    """
    collections = []
    for number, scene in enumerate(SAMPLES):
        system = {
            "up42-system:asset_id": make_id(seed, "asset", scene.key),
            "up42-system:account_id": account_id,
            "up42-system:workspace_id": workspace_id,
            "up42-system:source": "ARCHIVE",
            "up42-system:metadata_version": "1.0.0",
            "up42-product:product_id": make_id(seed, "product", scene.product),
            "up42-product:collection_name": scene.product,
            "up42-product:modality": "multispectral",
            "up42-product:data_type": "raster",
            "up42-order:id": make_id(seed, "order", scene.key),
            "up42-order:status": "FULFILLED",
            "up42-order:host_id": "oneatlas",
            "up42-user:title": scene.title,
            "up42-user:tags": ["sample", scene.constellation],
        }
        item = StoredItem(
            id=make_id(seed, "item", scene.key),
            collection_id=make_id(seed, "collection", scene.key),
            geometry=_footprints()[scene.key],
            properties={**_properties(scene, number), **system},
            files=_files(seed, scene, build),
            scene=scene,
            key=scene.key,
        )
        collections.append(
            StoredCollection(item.collection_id, scene.title, scene.acquired, [item], dict(system))
        )
    return collections


def _properties(scene: SampleScene, number: int) -> dict[str, Any]:
    window = scene.window()
    # The real storage uses both notations of UTC.
    moment = scene.acquired.isoformat()
    return {
        "datetime": moment.replace("+00:00", "Z") if number % 2 else moment,
        "title": scene.title,
        "constellation": scene.constellation,
        "platform": scene.platform,
        "gsd": scene.gsd,
        "eo:cloud_cover": scene.cloud_cover,
        "proj:epsg": EPSG,
        "proj:shape": list(window.shape),
        "proj:transform": list(window.transform),
        "view:off_nadir": scene.off_nadir,
        "view:sun_elevation": 54.3,
        "view:sun_azimuth": 162.0,
    }


def _files(seed: int, scene: SampleScene, build: FileBuilder) -> list[StoredFile]:
    def stored(name: str, title: str, kind: str, role: str, **extra: Any) -> StoredFile:
        return StoredFile(
            id=make_id(seed, "file", scene.key, name),
            name=name,
            title=title,
            media_type=kind,
            role=role,
            build=lambda path: build(scene, name, path),
            extra=extra,
        )

    bands = {"eo:bands": [dict(band) for band in BANDS]}
    files = [
        stored("multispectral.tif", "Multispectral", GEOTIFF, "data", gsd=scene.ms_gsd, **bands)
    ]
    if scene.pan_gsd is not None:
        pan = {"eo:bands": [{"name": "pan", "common_name": "pan"}]}
        files.append(
            stored("panchromatic.tif", "Panchromatic", GEOTIFF, "data", gsd=scene.pan_gsd, **pan)
        )
    files.append(stored("thumbnail.png", "Quicklook", PNG, "thumbnail"))
    return files
