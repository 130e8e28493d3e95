"""Sample scenes around Berlin that are in the storage from the start."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from up42_sandbox.core.values import make_id
from up42_sandbox.scene.files import to_degrees
from up42_sandbox.scene.products import BAND_NAMES, MULTISPECTRAL, PANCHROMATIC, THUMBNAIL
from up42_sandbox.scene.samples import SAMPLES, SampleScene
from up42_sandbox.scene.window import EPSG, Window
from up42_sandbox.stac.records import StoredFile, StoredItem

EXTENSION_SCHEMA = "https://api.up42.com/stac-extensions/up42-{}/v1.0.0/schema.json"
STAC_EXTENSIONS = (
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
    *(EXTENSION_SCHEMA.format(name) for name in ("system", "product", "order", "user")),
)


def footprint(window: Window) -> dict[str, Any]:
    """Return a window's outline as a GeoJSON polygon in EPSG:4326."""
    corners = window.corners()
    ring = [[round(x, 7), round(y, 7)] for x, y in to_degrees().itransform(corners)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@cache
def _footprints() -> dict[str, dict[str, Any]]:
    return {scene.key: footprint(scene.window()) for scene in SAMPLES}


def sample_items(seed: int, account_id: str, workspace_id: str) -> list[StoredItem]:
    """Return an item for each sample scene, with the IDs of a seed and an owner."""
    items = []
    for number, scene in enumerate(SAMPLES):
        extension = {
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
        properties = scene_properties(scene, scene.window())
        if number % 2:
            # The real storage uses both notations of UTC.
            properties["datetime"] = properties["datetime"].replace("+00:00", "Z")
        view = {
            "title": scene.title,
            "view:off_nadir": scene.off_nadir,
            "view:sun_elevation": 54.3,
            "view:sun_azimuth": 162.0,
        }
        items.append(
            StoredItem(
                id=make_id(seed, "item", scene.key),
                collection_id=make_id(seed, "collection", scene.key),
                geometry=_footprints()[scene.key],
                extension=extension,
                properties={**properties, **view, **extension},
                files=list(_files(seed, scene)),
                scene=scene,
                key=scene.key,
            )
        )
    return items


def scene_properties(scene: SampleScene, window: Window) -> dict[str, Any]:
    """Return the STAC properties of an image of a scene."""
    return {
        "datetime": scene.acquired.isoformat(),
        "constellation": scene.constellation,
        "platform": scene.platform,
        "gsd": scene.gsd,
        "eo:cloud_cover": scene.cloud_cover,
        "proj:epsg": EPSG,
        "proj:shape": list(window.shape),
        "proj:transform": list(window.transform),
    }


def _files(seed: int, scene: SampleScene) -> Iterator[StoredFile]:
    for product, gsd, names in (
        (MULTISPECTRAL, scene.ms_gsd, BAND_NAMES),
        (PANCHROMATIC, scene.pan_gsd, ("pan",)),
        (THUMBNAIL, None, ()),
    ):
        bands = [{"name": name, "common_name": name} for name in names]
        if gsd is not None or not names:
            yield StoredFile(
                id=make_id(seed, "file", scene.key, product.name),
                product=product,
                build=partial(product.write, [scene], {}),
                content=f"{scene.key}/{product.name}",
                extra={"gsd": gsd, "eo:bands": bands} if names else {},
            )
