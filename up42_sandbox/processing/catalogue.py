"""The processes on offer, what they ask for and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from up42_sandbox.core.identifiers import make_id

MAX_TITLE_LENGTH = 250
"""Characters, the service's own limit."""

SENSITIVITY_RANGE = (1, 5)
"""Least and most sensitive change detection."""

GREY_WEIGHT_BANDS = ("blue", "green", "red", "nir")
"""Bands that every multispectral sample scene has."""

HIGH_RESOLUTION = frozenset({"SPOT", "PHR", "PNEO"})
"""Collections whose pixels are small enough to see trees, houses and ships."""

AIRBUS_DETAIL = frozenset({"PHR", "PNEO"})
"""Collections whose pixels are small enough to see cars."""

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
_SOURCE = _input("Source item", "STAC item that is compared or moved, as an absolute URL.", _URI)
_REFERENCE = _input("Reference item", "STAC item to compare with, as an absolute URL.", _URI)
_SENSITIVITY = _input(
    "Sensitivity",
    "How small a change counts: 1 finds the largest only, 5 the smallest too.",
    {
        "type": "integer",
        "minimum": SENSITIVITY_RANGE[0],
        "maximum": SENSITIVITY_RANGE[1],
        "default": 2,
    },
    least=0,
)
_GREY_WEIGHTS = _input(
    "Grey weights",
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

_SINGLE = {"title": _TITLE, "item": _ITEM}
_PAIR = {"title": _TITLE, "sourceItem": _SOURCE, "referenceItem": _REFERENCE}


@dataclass(frozen=True)
class Process:
    """A process on offer.

    Attributes:
        id: Process id.
        title: Name for people.
        description: What it does.
        inputs: OGC input descriptions by name.
        credits_per_km2: Price; None if the process is free (pricing strategy `none`).
        collections: Product collections whose items it takes.
        has_eula: Whether it has a licence agreement.
        eula_accepted: Whether the account has accepted that from the start.
        needs_panchromatic: Whether items without a panchromatic band are refused.
    """

    id: str
    title: str
    description: str
    inputs: Mapping[str, Any]
    credits_per_km2: int | None
    collections: frozenset[str] = HIGH_RESOLUTION
    has_eula: bool = True
    eula_accepted: bool = True
    needs_panchromatic: bool = False

    @property
    def takes_two_items(self) -> bool:
        """Whether it has a source and a reference item."""
        return "sourceItem" in self.inputs

    def input_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the whole `inputs` object."""
        return {
            "type": "object",
            "properties": {name: entry["schema"] for name, entry in self.inputs.items()},
            "required": [name for name, entry in self.inputs.items() if entry["minOccurs"]],
            "additionalProperties": False,
        }

    def summary(self, seed: int) -> dict[str, Any]:
        """Return the entry of the process list."""
        price = [] if self.credits_per_km2 is None else [self._price()]
        parameters: list[dict[str, Any]] = [{"name": "price", "value": price}]
        if self.has_eula:
            parameters.insert(0, {"name": "eula-id", "value": [make_id(seed, "eula", self.id)]})
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


def _detection(process_id: str, what: str, price: int, **changes: Any) -> Process:
    description = f"Finds {what} and delivers them with a confidence for each."
    return Process(process_id, f"Detection of {what}", description, _SINGLE, price, **changes)


_ALL = (
    Process(
        "pansharpening",
        "Pansharpening",
        "Gives the multispectral bands the resolution of the panchromatic one.",
        {**_SINGLE, "greyWeights": _GREY_WEIGHTS},
        4,
        needs_panchromatic=True,
    ),
    Process(
        "true-color-conversion",
        "True-colour conversion",
        "Turns reflectance into an 8-bit picture in natural colours.",
        _SINGLE,
        4,
        collections=HIGH_RESOLUTION | SENTINEL,
        has_eula=False,
    ),
    Process(
        "upsampling-ns",
        "Upsampling",
        "Doubles the resolution of optical imagery.",
        _SINGLE,
        6,
    ),
    Process(
        "upsampling-ns-sentinel",
        "Upsampling of Sentinel-2",
        "Doubles the resolution of Sentinel-2 imagery, free of charge.",
        _SINGLE,
        None,
        collections=SENTINEL,
        has_eula=False,
    ),
    Process(
        "orthorectification-intermap",
        "Orthorectification",
        "Corrects imagery for relief with a global elevation model.",
        _SINGLE,
        250,
    ),
    _detection("detection-buildings-spacept", "buildings", 5),
    _detection("detection-trees-spacept", "trees", 5),
    _detection("detection-shadows-spacept", "shadows", 3),
    _detection("detection-ships-airbus", "ships", 8),
    _detection("detection-wind-turbines-airbus", "wind turbines", 8, eula_accepted=False),
    _detection("detection-storage-tanks-airbus", "storage tanks", 8),
    _detection("detection-cars-oi", "cars", 12, collections=AIRBUS_DETAIL),
    _detection("detection-trucks-oi", "trucks", 12, collections=AIRBUS_DETAIL),
    _detection("detection-aircraft-oi", "aircraft", 12, collections=AIRBUS_DETAIL),
    Process(
        "coregistration-simularity",
        "Coregistration",
        "Moves a scene so that it lies exactly on another one.",
        _PAIR,
        50,
    ),
    Process(
        "detection-change-simularity",
        "Change detection",
        "Maps what differs between two scenes.",
        {**_PAIR, "sensitivity": _SENSITIVITY},
        200,
    ),
)

PROCESSES: Mapping[str, Process] = {process.id: process for process in _ALL}
"""All processes by id."""
