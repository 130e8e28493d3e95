"""Job templates: what to execute, validated and estimated before it costs anything.

Creating a template sends no request. `is_valid`, `errors`, and `cost` send their requests once,
together. There is a class for each available process; `Process.template` creates templates of all
others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from up42_facade._common.lazy import lazy_names
from up42_facade.errors import InvalidInputError
from up42_facade.processing import JobTemplate as JobTemplate
from up42_facade.processing import item_url

if TYPE_CHECKING:
    import pystac

    from up42_facade.processing import ProcessTemplate as ProcessTemplate

    Item = pystac.Item | str

__getattr__ = lazy_names("up42_facade.processing", {"_process": "ProcessTemplate"})


def checked_items(instance: JobTemplate, attribute: Any, value: Any) -> None:
    """Check that an item, or each of several, has a URL that the server can read."""
    if value is None or value == ():
        raise InvalidInputError(f"{attribute.name}={value!r}: expected STAC items.")
    for item in value if isinstance(value, tuple) else (value,):
        item_url(item, instance._session)


def checked_title(instance: JobTemplate, attribute: Any, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidInputError(f"title={value!r}: expected a string of 1 to 250 characters.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"title={value!r} can't be sent: it contains half of a surrogate pair, which isn't a "
            "character. Expected Unicode text."
        ) from error


@frozen
class SingleItemJobTemplate(JobTemplate):
    """Base of the templates that take one STAC item.

    Attributes:
        title: Title of the resulting STAC item and collection, 1 to 250 characters.
        item: The STAC item to process, or its URL.
    """

    title: str = field(validator=checked_title)
    item: Item = field(validator=checked_items)


@frozen
class MultiItemJobTemplate(JobTemplate):
    """Base of the templates that take several STAC items.

    Attributes:
        title: Title of the resulting STAC item and collection, 1 to 250 characters.
        items: The STAC items to process, or their URLs.
    """

    title: str = field(validator=checked_title)
    items: Sequence[Item] = field(converter=tuple, validator=checked_items)


class DetectionBuildingsSpacept(SingleItemJobTemplate):
    """Building detection; returns a raster of probabilities."""

    process_id = "detection-buildings-spacept"


class DetectionTreesSpacept(SingleItemJobTemplate):
    """Tree detection; returns a raster of probabilities."""

    process_id = "detection-trees-spacept"


class DetectionShadowsSpacept(SingleItemJobTemplate):
    """Shadow detection; returns a raster of probabilities."""

    process_id = "detection-shadows-spacept"


class DetectionShipsAirbus(SingleItemJobTemplate):
    """Ship detection; returns GeoJSON."""

    process_id = "detection-ships-airbus"


class DetectionWindTurbinesAirbus(SingleItemJobTemplate):
    """Wind turbine detection; returns GeoJSON."""

    process_id = "detection-wind-turbines-airbus"


class DetectionStorageTanksAirbus(SingleItemJobTemplate):
    """Storage tank detection; returns GeoJSON."""

    process_id = "detection-storage-tanks-airbus"


class DetectionCarsOI(SingleItemJobTemplate):
    """Car detection; returns GeoJSON points."""

    process_id = "detection-cars-oi"


class DetectionTrucksOI(SingleItemJobTemplate):
    """Truck detection; returns GeoJSON points."""

    process_id = "detection-trucks-oi"


class DetectionAircraftOI(SingleItemJobTemplate):
    """Aircraft detection; returns GeoJSON points."""

    process_id = "detection-aircraft-oi"


class UpsamplingNS(SingleItemJobTemplate):
    """Super-resolution of very high resolution imagery."""

    process_id = "upsampling-ns"


class UpsamplingNSSentinel(SingleItemJobTemplate):
    """Super-resolution of Sentinel-2 imagery."""

    process_id = "upsampling-ns-sentinel"


class TrueColorConversion(SingleItemJobTemplate):
    """True-color image of a multispectral image."""

    process_id = "true-color-conversion"


class OrthorectificationIntermap(SingleItemJobTemplate):
    """Orthorectification of primary imagery."""

    process_id = "orthorectification-intermap"


@frozen
class SimularityJobTemplate(JobTemplate):
    """Base of the templates that compare two STAC items of the same area.

    Attributes:
        title: Title of the resulting STAC item and collection, 1 to 250 characters.
        source_item: The STAC item to process, or its URL.
        reference_item: The STAC item to compare it with, or its URL.
    """

    title: str = field(validator=checked_title)
    source_item: Item = field(validator=checked_items)
    reference_item: Item = field(validator=checked_items)


class CoregistrationSimularity(SimularityJobTemplate):
    """Coregistration: shifts the source image onto the reference image."""

    process_id = "coregistration-simularity"


@frozen
class DetectionChangeSimularity(SimularityJobTemplate):
    """Change detection between two images.

    Attributes:
        sensitivity: Sensitivity to small changes; the server validates its range.
    """

    process_id = "detection-change-simularity"

    sensitivity: int = 2


@frozen
class GreyWeight:
    """Weight of a band in the panchromatic band: `GreyWeight("red", 0.2)`."""

    band: str
    weight: float


@frozen
class Pansharpening(SingleItemJobTemplate):
    """Pansharpening: the color bands in the resolution of the panchromatic band.

    Attributes:
        grey_weights: Weights of the bands, each band once. Defaults to the server's weights.
    """

    process_id = "pansharpening"

    grey_weights: Sequence[GreyWeight] | None = None


__all__ = ["ProcessTemplate"] + [
    name
    for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, JobTemplate | GreyWeight)
]


def __dir__() -> list[str]:
    return sorted(__all__)
