"""Job templates: what to execute, checked and priced before it costs anything.

A template asks the server when it must: `is_valid`, `errors` and `cost` once, together; making
one costs no request. There is a class for each process that is on offer; `Process.template`
makes templates of all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import asdict, field, frozen

from up42_facade.processing._stac_links import item_url
from up42_facade.processing._templates import (
    JobTemplate,
    MultiItemJobTemplate,
    ProcessTemplate,
    SingleItemJobTemplate,
    checked_items,
    checked_title,
)

if TYPE_CHECKING:
    from up42_facade.processing._templates import Item

__all__ = [
    "CoregistrationSimularity",
    "DetectionAircraftOI",
    "DetectionBuildingsSpacept",
    "DetectionCarsOI",
    "DetectionChangeSimularity",
    "DetectionShadowsSpacept",
    "DetectionShipsAirbus",
    "DetectionStorageTanksAirbus",
    "DetectionTreesSpacept",
    "DetectionTrucksOI",
    "DetectionWindTurbinesAirbus",
    "GreyWeight",
    "JobTemplate",
    "MultiItemJobTemplate",
    "OrthorectificationIntermap",
    "Pansharpening",
    "ProcessTemplate",
    "SimularityJobTemplate",
    "SingleItemJobTemplate",
    "TrueColorConversion",
    "UpsamplingNS",
    "UpsamplingNSSentinel",
]


class DetectionBuildingsSpacept(SingleItemJobTemplate):
    """Building detection; gives a raster of probabilities."""

    process_id = "detection-buildings-spacept"


class DetectionTreesSpacept(SingleItemJobTemplate):
    """Tree detection; gives a raster of probabilities."""

    process_id = "detection-trees-spacept"


class DetectionShadowsSpacept(SingleItemJobTemplate):
    """Shadow detection; gives a raster of probabilities."""

    process_id = "detection-shadows-spacept"


class DetectionShipsAirbus(SingleItemJobTemplate):
    """Ship detection; gives GeoJSON."""

    process_id = "detection-ships-airbus"


class DetectionWindTurbinesAirbus(SingleItemJobTemplate):
    """Wind turbine detection; gives GeoJSON."""

    process_id = "detection-wind-turbines-airbus"


class DetectionStorageTanksAirbus(SingleItemJobTemplate):
    """Storage tank detection; gives GeoJSON."""

    process_id = "detection-storage-tanks-airbus"


class DetectionCarsOI(SingleItemJobTemplate):
    """Car detection; gives GeoJSON points."""

    process_id = "detection-cars-oi"


class DetectionTrucksOI(SingleItemJobTemplate):
    """Truck detection; gives GeoJSON points."""

    process_id = "detection-trucks-oi"


class DetectionAircraftOI(SingleItemJobTemplate):
    """Aircraft detection; gives GeoJSON points."""

    process_id = "detection-aircraft-oi"


class UpsamplingNS(SingleItemJobTemplate):
    """Super-resolution of very high resolution imagery."""

    process_id = "upsampling-ns"


class UpsamplingNSSentinel(SingleItemJobTemplate):
    """Super-resolution of Sentinel-2 imagery."""

    process_id = "upsampling-ns-sentinel"


class TrueColorConversion(SingleItemJobTemplate):
    """True-colour picture of a multispectral image."""

    process_id = "true-color-conversion"


class OrthorectificationIntermap(SingleItemJobTemplate):
    """Orthorectification of imagery at primary level."""

    process_id = "orthorectification-intermap"


@frozen
class SimularityJobTemplate(JobTemplate):
    """Base of the templates that compare two STAC items of one place.

    Attributes:
        title: Title of the resulting STAC item and collection, 1 to 250 characters.
        source_item: The STAC item to process, or its URL.
        reference_item: The STAC item that it is compared with, or its URL.
    """

    title: str = field(validator=checked_title)
    source_item: Item = field(validator=checked_items)
    reference_item: Item = field(validator=checked_items)

    @property
    def inputs(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "sourceItem": item_url(self.source_item, self._session),
            "referenceItem": item_url(self.reference_item, self._session),
        }


class CoregistrationSimularity(SimularityJobTemplate):
    """Shifts the source image so that it lies on the reference image."""

    process_id = "coregistration-simularity"


@frozen
class DetectionChangeSimularity(SimularityJobTemplate):
    """Change detection between two images.

    Attributes:
        sensitivity: How small a change counts; the server knows the range.
    """

    process_id = "detection-change-simularity"

    sensitivity: int = 2

    @property
    def inputs(self) -> dict[str, Any]:
        return {**super().inputs, "sensitivity": self.sensitivity}


@frozen
class GreyWeight:
    """How much one band counts for the panchromatic band: `GreyWeight("red", 0.2)`."""

    band: str
    weight: float


@frozen
class Pansharpening(SingleItemJobTemplate):
    """Pansharpening: the colour bands in the resolution of the panchromatic band.

    Attributes:
        grey_weights: Weights of the bands, each band once; default: the server's.
    """

    process_id = "pansharpening"

    grey_weights: Sequence[GreyWeight] | None = None

    @property
    def inputs(self) -> dict[str, Any]:
        if not self.grey_weights:
            return super().inputs
        return {**super().inputs, "greyWeights": [asdict(weight) for weight in self.grey_weights]}
