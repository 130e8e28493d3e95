"""Values to colours: percentile stretch of imagery, colour ramp of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.ma as ma
from attrs import frozen

from up42_facade.viz._reading import Scene

# Percent of the valid pixels. What lies outside becomes black and white: a few glints and
# shadows would otherwise take most of the range.
PERCENTILES = (2.0, 98.0)
# Pixels that the percentiles are taken from: more change them by less than a shade.
SAMPLED_PIXELS = 1_000_000
# What a band's description says that holds probabilities.
PROBABILITY_WORDS = ("probab", "likelihood", "confidence", "score")
# Without a description: a half of all pixels below a twentieth of the range is what detections
# look like, and no picture.
EMPTY_SHARE = 0.5
EMPTY_LEVEL = 0.05
# Full marks of probabilities in fractional numbers, by their highest value.
FULL_MARKS = (1.0, 100.0, 255.0)
# From unlikely to certain, in even steps; readable in grey and with colour-blind eyes.
RAMP = ("#0d0887", "#7e03a8", "#cc4778", "#f89540", "#f0f921")
# On a map, what is less probable than the first is clear and than the second see-through.
CLEAR_BELOW = 0.05
SOLID_ABOVE = 0.6
# Shades in the table of the ramp.
SHADES = 256


@frozen
class Limits:
    """The values of a band that become black and white."""

    low: float
    high: float

    def share(self, values: Any) -> Any:
        """Return values between 0 and 1; a band of one value only is medium grey."""
        if self.high <= self.low:
            return np.full(values.shape, 0.5, dtype="float32")
        return ((values - self.low) / (self.high - self.low)).clip(0, 1)


def stretch_limits(values: Any, dtype: str, as_is: bool = False) -> list[Limits]:
    """Return the limits of each band, from its valid pixels.

    Args:
        values: Masked array: band, row, column.
        dtype: Type of the values in the file.
        as_is: Leave 8-bit pictures as they are.
    """
    if as_is and dtype == "uint8":
        return [Limits(0.0, 255.0) for _ in values]
    return [band_limits(band) for band in values]


def band_limits(band: Any) -> Limits:
    valid = band.compressed()
    if not valid.size:
        return Limits(0.0, 1.0)
    sample = valid[:: max(1, valid.size // SAMPLED_PIXELS)]
    low, high = (float(value) for value in np.percentile(sample, PERCENTILES))
    if low == high:
        # Few pixels differ from the rest, and they are what there is to see.
        low, high = float(valid.min()), float(valid.max())
    return Limits(low, high)


def probability_scale(scene: Scene) -> float | None:
    """Return the value that means certain; None if a scene shows no probability.

    A band shows one if its description says so (probability, likelihood, confidence, score).
    A single band without a description does if its values lie between 0 and 1 (fractions) or
    reach into the upper half of 0 to 255 (8 bits), and most of it is nearly 0. Whole numbers are
    certain at the highest value of their type, or at 100 where the unit is percent.
    """
    valid = scene.values.compressed()
    if len(scene.names) != 1 or not valid.size:
        return None
    scale = full_marks(scene, float(valid.max()))
    if float(valid.min()) < 0 or scale is None:
        return None
    if scene.names[0]:
        said = scene.names[0].lower()
        return scale if any(word in said for word in PROBABILITY_WORDS) else None
    guessed = valid.max() > scale / 2 and scale in (1.0, 255.0)
    return scale if guessed and np.mean(valid < EMPTY_LEVEL * scale) >= EMPTY_SHARE else None


def full_marks(scene: Scene, highest: float) -> float | None:
    kind = np.dtype(scene.dtype)
    if kind.kind not in "iu":
        return next((mark for mark in FULL_MARKS if highest <= mark), None)
    if scene.unit.strip().lower() in ("%", "percent"):
        return 100.0
    return float(np.iinfo(kind).max)


def rgba(values: Any, limits: list[Limits]) -> Any:
    """Return stretched pixels as uint8: row, column, and red, green, blue, alpha.

    A pixel is clear where none of its bands has a value.
    """
    shown = [
        as_byte(limit.share(ma.getdata(band))) for band, limit in zip(values, limits, strict=True)
    ]
    shown = shown * 3 if len(shown) == 1 else shown
    return np.dstack([*shown, as_byte(has_value(values))])


def ramp_rgba(values: Any, scale: float) -> Any:
    """Return probabilities in colours, clear where there is little of them."""
    share = (ma.getdata(values[0]) / scale).clip(0, 1)
    colours = ramp_table()[as_byte(share)]
    alpha = ((share - CLEAR_BELOW) / (SOLID_ABOVE - CLEAR_BELOW)).clip(0, 1) * has_value(values)
    return np.dstack([colours, as_byte(alpha)])


def has_value(values: Any) -> Any:
    return ~ma.getmaskarray(values).all(axis=0)


def as_byte(share: Any) -> Any:
    return np.rint(np.nan_to_num(share.astype("float32")) * 255).astype("uint8")


def ramp_table() -> Any:
    """Return the ramp as a table of shades: red, green, blue as uint8."""
    stops = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in RAMP])
    places = np.linspace(0, len(RAMP) - 1, SHADES)
    bands = [np.interp(places, range(len(RAMP)), band) for band in stops.T]
    return np.rint(np.stack(bands, axis=1)).astype("uint8")
