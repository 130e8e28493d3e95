"""The available processes: one entry each, with inputs, price, EULA, and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from up42_sandbox.core.values import make_id
from up42_sandbox.scene import products
from up42_sandbox.scene.products import Product

MAX_TITLE_LENGTH = 250
"""Characters; the limit of the real service."""

SENSITIVITY_RANGE = (1, 5)
"""Lowest and highest sensitivity of change detection."""

GREY_WEIGHT_BANDS = ("blue", "green", "red", "nir")
"""Bands that every multispectral sample scene has."""

HIGH_RESOLUTION = frozenset({"SPOT", "PHR", "PNEO"})
"""Collections whose pixels are small enough for trees, houses, and ships."""

AIRBUS_DETAIL = frozenset({"PHR", "PNEO"})
"""Collections whose pixels are small enough for cars."""

SENTINEL = frozenset({"SENTINEL-2"})


def _input(title: str, description: str, schema: Mapping[str, Any], least: int = 1) -> Any:
    return {
        "title": title,
        "description": description,
        "minOccurs": least,
        "maxOccurs": 1,
        "schema": dict(schema),
    }


_URI = {"type": "string", "format": "uri"}
_TITLE = _input(
    "Title",
    "Name of the resulting collection and item.",
    {"type": "string", "minLength": 1, "maxLength": MAX_TITLE_LENGTH},
)
_ITEM = _input("Item", "STAC item to process, as an absolute URL.", _URI)
_SOURCE = _input("Source item", "STAC item to compare or move, as an absolute URL.", _URI)
_REFERENCE = _input("Reference item", "STAC item to compare with, as an absolute URL.", _URI)
_SENSITIVITY = _input(
    "Sensitivity",
    "Smallest change to report: 1 finds the largest changes only, 5 also the smallest.",
    {
        "type": "integer",
        "minimum": SENSITIVITY_RANGE[0],
        "maximum": SENSITIVITY_RANGE[1],
        "default": 2,
    },
    least=0,
)
_GREY_WEIGHTS = _input(
    "Gray weights",
    "Share of each multispectral band in the simulated panchromatic band.",
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "band": {"type": "string", "minLength": 1},
                "weight": {"type": "number", "minimum": 0},
            },
            "required": ["band", "weight"],
            "additionalProperties": False,
        },
    },
    least=0,
)

_FORMAT = _input(
    "Format",
    "Form of the delivery: an archive named by its URL (tgz) or by its response (zip), or a file.",
    {"type": "string", "enum": ["tgz", "zip", "tif"], "default": "tgz"},
    least=0,
)

_COPY = products.image("copy", "Multispectral", products.multispectral)[0]

_SINGLE = {"title": _TITLE, "item": _ITEM}
_PAIR = {"title": _TITLE, "sourceItem": _SOURCE, "referenceItem": _REFERENCE}


@dataclass(frozen=True)
class Process:
    """An available process.

    Attributes:
        id: Process ID.
        title: Name for people.
        description: Description.
        inputs: OGC input descriptions by name.
        credits_per_km2: Price; None if the process is free (pricing strategy `none`).
        results: Products of a job.
        formats: Products by the value of the input `format`, if the process has one.
        collections: Product collections of the items that it accepts.
        eula: Whether it has a EULA, and whether the account has accepted it initially.
        needs_panchromatic: Whether items without a panchromatic band are rejected.
    """

    id: str
    title: str
    description: str
    inputs: Mapping[str, Any]
    credits_per_km2: int | None
    results: tuple[Product, ...]
    formats: Mapping[str, tuple[Product, ...]] = field(default_factory=dict)
    collections: frozenset[str] = HIGH_RESOLUTION
    eula: Literal["accepted", "open", "none"] = "accepted"
    needs_panchromatic: bool = False

    @property
    def takes_two_items(self) -> bool:
        """Whether it has a source and a reference item."""
        return "sourceItem" in self.inputs

    def products(self, inputs: Mapping[str, Any]) -> tuple[Product, ...]:
        """Return the products of a job with these inputs."""
        return self.formats.get(str(inputs.get("format")), self.results)

    def eula_id(self, seed: int) -> str:
        """Return the ID of its EULA."""
        return make_id(seed, "eula", self.id)

    def input_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the `inputs` object."""
        return {
            "type": "object",
            "properties": {name: entry["schema"] for name, entry in self.inputs.items()},
            "required": [name for name, entry in self.inputs.items() if entry["minOccurs"]],
            "additionalProperties": False,
        }

    def summary(self, seed: int) -> dict[str, Any]:
        """Return the entry in the list of processes."""
        price = [] if self.credits_per_km2 is None else [self._price()]
        parameters: list[dict[str, Any]] = [{"name": "price", "value": price}]
        if self.eula != "none":
            parameters.insert(0, {"name": "eula-id", "value": [self.eula_id(seed)]})
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "version": "1.0.0",
            "jobControlOptions": ["async-execute"],
            "additionalParameters": {"parameters": parameters},
        }

    def describe(self, seed: int) -> dict[str, Any]:
        """Return the full description, with inputs."""
        return {**self.summary(seed), "inputs": dict(self.inputs)}

    def _price(self) -> dict[str, Any]:
        return {"credits": self.credits_per_km2, "unit": "SQ_KM"}


def _detection(
    process_id: str, price: int, results: tuple[Product, ...], **changes: Any
) -> Process:
    what = PurePosixPath(results[0].name).stem.replace("_", " ")
    description = f"Detects {what}, with a confidence for each."
    title = f"Detection of {what}"
    return Process(process_id, title, description, _SINGLE, price, results, **changes)


def _points(process_id: str, kind: str) -> Process:
    results = products.objects(kind, points=True)
    return _detection(process_id, 12, results, collections=AIRBUS_DETAIL)


_ALL = (
    Process(
        "pansharpening",
        "Pansharpening",
        "Gives the multispectral bands the resolution of the panchromatic one.",
        {**_SINGLE, "greyWeights": _GREY_WEIGHTS},
        4,
        products.image("pansharpened", "Pansharpened multispectral", products.pansharpened),
        needs_panchromatic=True,
    ),
    Process(
        "true-color-conversion",
        "True-color conversion",
        "Converts reflectance to an 8-bit image in natural colors.",
        _SINGLE,
        4,
        products.image("true_color", "True color", products.true_color),
        collections=HIGH_RESOLUTION | SENTINEL,
    ),
    Process(
        "upsampling-ns",
        "Upsampling",
        "Doubles the resolution of optical imagery.",
        _SINGLE,
        6,
        products.image("upsampled", "Upsampled multispectral", products.upsampled),
    ),
    Process(
        "upsampling-ns-sentinel",
        "Upsampling of Sentinel-2",
        "Doubles the resolution of Sentinel-2 imagery, free of charge.",
        _SINGLE,
        None,
        products.image("upsampled", "Upsampled multispectral", products.upsampled),
        collections=SENTINEL,
    ),
    Process(
        "orthorectification-intermap",
        "Orthorectification",
        "Corrects imagery for relief with a global elevation model.",
        _SINGLE,
        250,
        products.image("orthorectified", "Orthorectified multispectral", products.multispectral),
    ),
    _detection(
        "detection-buildings-spacept",
        5,
        products.probability("buildings", products.buildings, (250, 90, 50)),
    ),
    _detection(
        "detection-trees-spacept", 5, products.probability("trees", products.trees, (60, 220, 90))
    ),
    _detection(
        "detection-shadows-spacept",
        3,
        products.probability("shadows", products.shadows, (90, 130, 255)),
    ),
    _detection("detection-ships-airbus", 8, products.objects("ship")),
    _detection("detection-wind-turbines-airbus", 8, products.objects("wind_turbine"), eula="open"),
    _detection("detection-storage-tanks-airbus", 8, products.objects("storage_tank")),
    _points("detection-cars-oi", "car"),
    _points("detection-trucks-oi", "truck"),
    _points("detection-aircraft-oi", "aircraft"),
    Process(
        "coregistration-simularity",
        "Coregistration",
        "Moves a scene so that it matches another one exactly.",
        _PAIR,
        50,
        products.image("coregistered", "Coregistered multispectral", products.coregistered),
    ),
    Process(
        "detection-change-simularity",
        "Change detection",
        "Maps the differences between two scenes.",
        {**_PAIR, "sensitivity": _SENSITIVITY},
        200,
        products.CHANGE_PRODUCTS,
    ),
    Process(
        "sandbox-copy",
        "Copy",
        "Copies the multispectral bands. UP42 has no such process: it has no EULA, and its "
        "asset has the key `data` and no type.",
        {**_SINGLE, "format": _FORMAT},
        1,
        (products.archived(_COPY, "output.tgz", "path"),),
        {
            "zip": (products.archived(_COPY, "copy.zip", "disposition"),),
            "tif": (products.as_data(_COPY),),
        },
        collections=HIGH_RESOLUTION | SENTINEL,
        eula="none",
    ),
)

PROCESSES: Mapping[str, Process] = {process.id: process for process in _ALL}
"""All processes by ID."""
