"""Values to colors: stretched imagery, and color ramps of probabilities and indices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.ma as ma
from attrs import evolve, frozen

from up42_facade.viz._reading import Scene

# Percent of the valid pixels. Values outside become black and white: a few glints and shadows
# would otherwise take most of the range.
PERCENTILES = (2.0, 98.0)
# Pixels that the percentiles are computed from: more change them by less than a shade.
SAMPLED_PIXELS = 1_000_000
# Share of a common range that each image must use, or else the images aren't of one kind.
LEAST_SHARE = 0.25
# Words in the description of a band of probabilities.
PROBABILITY_WORDS = ("probab", "likelihood", "confidence", "score")
# Words in the description or the file name of an index between -1 and 1.
INDEX_WORDS = {
    *("evi", "gndvi", "msavi", "nbr", "ndbi", "ndmi", "ndre"),
    *("ndsi", "ndvi", "ndwi", "savi", "index"),
}
# Without a description: detections leave half of all pixels below a twentieth of the range, which
# imagery doesn't.
EMPTY_SHARE = 0.5
EMPTY_LEVEL = 0.05
# Values that mean certain in fractional numbers, by the highest value.
FULL_MARKS = (1.0, 100.0, 255.0)
# From unlikely to certain, and from low to high, in even steps; readable in gray and by
# color-blind people.
RAMP = ("#0d0887", "#7e03a8", "#cc4778", "#f89540", "#f0f921")
DIVERGING = ("#8c510a", "#d8b365", "#f5f5f5", "#5ab4ac", "#01665e")
# Probabilities below the first are transparent, and below the second translucent.
CLEAR_BELOW = 0.05
SOLID_ABOVE = 0.6
# Classes are numbers up to this one. The lowest, 0, is what was searched without a find.
LARGEST_CLASS = 10
# Shades in the table of a ramp.
SHADES = 256


@frozen
class Limits:
    """The values of a band that become black and white."""

    low: float
    high: float

    def share(self, values: Any) -> Any:
        """Return values between 0 and 1; a band with a single value is medium gray."""
        if self.high <= self.low:
            return np.full(values.shape, 0.5, dtype="float32")
        return ((values - self.low) / (self.high - self.low)).clip(0, 1)


@frozen
class Ramp:
    """The colors of a band of probabilities, of an index, or of classes.

    Attributes:
        label: The name of the values.
        stops: Colors in even steps from `low` to `high`.
        scale: The value in the file that counts as 1.
        low: The lowest value that has a color of its own.
        high: The highest one.
        is_percent: True for probabilities, which are shown in percent.
        solid_above: Share of the colors that are transparent or translucent.
    """

    label: str
    stops: tuple[str, ...]
    scale: float
    low: float
    high: float
    is_percent: bool = False
    solid_above: float = 0.0

    def table(self) -> Any:
        """Return the shades: red, green, blue, alpha as uint8."""
        stops = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in self.stops])
        places = np.linspace(0, len(self.stops) - 1, SHADES)
        bands = [np.interp(places, range(len(self.stops)), band) for band in stops.T]
        share = np.linspace(0, 1, SHADES)
        fading = ((share - CLEAR_BELOW) / (self.solid_above - CLEAR_BELOW)).clip(0, 1)
        alpha = fading if self.solid_above else np.ones(SHADES)
        return np.rint(np.stack([*bands, alpha * 255], axis=1)).astype("uint8")

    def rgba(self, values: Any) -> Any:
        """Return pixels as uint8: row, column, and red, green, blue, alpha."""
        limits = Limits(self.low, self.high)
        pixels = self.table()[as_byte(limits.share(ma.getdata(values[0]) / self.scale))]
        pixels[..., 3] *= has_value(values)
        return pixels

    @property
    def marks(self) -> list[float]:
        """The values that a legend names: each class, or the ends and the middle."""
        if self.are_classes:
            return [float(number) for number in range(int(self.high) + 1)]
        return [self.low, (self.low + self.high) / 2, self.high]

    @property
    def are_classes(self) -> bool:
        return not self.is_percent and self.low == 0

    def text(self, value: float) -> str:
        return f"{value:.0%}" if self.is_percent else f"{value:.2g}"


def stretch_limits(scenes: Sequence[Scene], as_is: bool = False) -> list[Limits]:
    """Return the limits of each band of images of one kind, from their valid pixels.

    Args:
        scenes: The images.
        as_is: Leave 8-bit images unchanged.
    """
    if (as_is or scenes[0].is_palette) and scenes[0].dtype == "uint8":
        return [Limits(0.0, 255.0) for _ in scenes[0].values]
    return [band_limits(bands) for bands in zip(*(s.values for s in scenes), strict=True)]


def band_limits(bands: Sequence[Any]) -> Limits:
    parts = [band.compressed() for band in bands]
    count = sum(part.size for part in parts)
    if not count:
        return Limits(0.0, 1.0)
    sample = np.concatenate([part[:: max(1, count // SAMPLED_PIXELS)] for part in parts])
    low, high = (float(value) for value in np.percentile(sample, PERCENTILES))
    if low == high:
        # Few pixels differ from the rest, and these are the interesting ones.
        low, high = (
            float(min(part.min() for part in parts if part.size)),
            float(max(part.max() for part in parts if part.size)),
        )
    return Limits(low, high)


@frozen
class Kind:
    """Images of one kind, which share stretch, color ramp, and color bar.

    Attributes:
        numbers: The places of its images in a list.
        limits: Of each band.
        ramp: None for imagery.
    """

    numbers: list[int]
    limits: list[Limits]
    ramp: Ramp | None

    def pixels(self, values: Any) -> Any:
        """Return pixels as uint8: row, column, and red, green, blue, alpha."""
        return rgba(values, self.limits) if self.ramp is None else self.ramp.rgba(values)


def kinds_of(scenes: Sequence[Scene], as_is: bool = False) -> list[Kind]:
    """Return the kinds of images: same bands, type, and unit, and similar values.

    Probabilities are of one kind, whatever they are of: their colors mean the same.

    Args:
        scenes: The images.
        as_is: Leave 8-bit images unchanged.
    """
    ramps = [None if as_is else ramp_of(scene) for scene in scenes]
    own = [stretch_limits([scene], as_is) for scene in scenes]
    groups: dict[Any, list[list[int]]] = {}
    for number, (scene, ramp) in enumerate(zip(scenes, ramps, strict=True)):
        key: Any = (scene.names, scene.dtype, scene.unit, ramp and ramp.label)
        is_percent = ramp is not None and ramp.is_percent
        if is_percent or as_is or scene.is_palette:
            key = ramp or number
        alike = groups.setdefault(key, [])
        for group in alike:
            if is_percent or are_similar([own[other] for other in (*group, number)]):
                group.append(number)
                break
        else:
            alike.append([number])
    return [
        Kind(
            group,
            own[group[0]]
            if len(group) == 1
            else stretch_limits([scenes[number] for number in group], as_is),
            common_ramp([ramps[number] for number in group]),
        )
        for alike in groups.values()
        for group in alike
    ]


def are_similar(images: Sequence[list[Limits]]) -> bool:
    """Return whether each image uses a good part of the range of all, in every band."""
    return all(
        min(band.high - band.low for band in bands)
        >= LEAST_SHARE * (max(band.high for band in bands) - min(band.low for band in bands))
        for bands in zip(*images, strict=True)
    )


def common_ramp(ramps: Sequence[Ramp | None]) -> Ramp | None:
    """Return the color ramp of images of one kind, whose range contains all of theirs."""
    found = [ramp for ramp in ramps if ramp is not None]
    if not found:
        return None
    low, high = min(ramp.low for ramp in found), max(ramp.high for ramp in found)
    return evolve(found[0], low=low, high=high)


def ramp_of(scene: Scene) -> Ramp | None:
    """Return the color ramp of a band of probabilities, an index, or classes, or else None."""
    valid = scene.values.compressed()
    if len(scene.names) != 1 or not valid.size:
        return None
    name = index_name(scene)
    scale = None if name else probability_scale(scene, valid)
    if scale is not None:
        return Ramp("Probability", RAMP, scale, 0.0, 1.0, is_percent=True, solid_above=SOLID_ABOVE)
    low, high = float(valid.min()), float(valid.max())
    if np.dtype(scene.dtype).kind in "iu":
        are_classes = low == 0 < high <= LARGEST_CLASS and np.mean(valid == 0) >= EMPTY_SHARE
        label = scene.names[0] or "Class"
        return Ramp(label, RAMP, 1.0, 0.0, high, solid_above=0.1) if are_classes else None
    if low < -1 or high > 1 or not (name or (low < 0 and not any(scene.names))):
        return None
    limits = band_limits([scene.values[0]])
    most = max(abs(limits.low), abs(limits.high)) or 1.0
    return Ramp(name or "Index", DIVERGING, 1.0, -most, most)


def index_name(scene: Scene) -> str | None:
    """Return the name of an index from the band's description or the file name."""
    for text in (*scene.names, scene.path.stem):
        word = next((w for w in re.findall("[a-z]+", text.lower()) if w in INDEX_WORDS), None)
        if word is not None:
            return text if text in scene.names else word.upper()
    return None


def probability_scale(scene: Scene, valid: Any) -> float | None:
    """Return the value that means certain; None if a scene shows no probability.

    A band shows one if its description says so (probability, likelihood, confidence, score).
    A single band without a description does if its values are between 0 and 1 (fractions) or
    reach into the upper half of 0 to 255 (8 bits), and most of them are close to 0. Whole numbers
    are certain at the highest value of their type, or at 100 if the unit is percent.
    """
    scale = full_marks(scene, float(valid.max()))
    if float(valid.min()) < 0 or scale is None:
        return None
    if scene.names[0]:
        description = scene.names[0].lower()
        return scale if any(word in description for word in PROBABILITY_WORDS) else None
    guessed = valid.max() > scale / 2 and scale in (1.0, 255.0)
    return scale if guessed and np.mean(valid < EMPTY_LEVEL * scale) >= EMPTY_SHARE else None


def full_marks(scene: Scene, highest: float) -> float | None:
    kind = np.dtype(scene.dtype)
    if kind.kind not in "iu":
        return next((mark for mark in FULL_MARKS if highest <= mark), None)
    if scene.unit.strip().lower() in ("%", "percent"):
        return 100.0
    return float(np.iinfo(kind).max)


def rgba(values: Any, limits: Sequence[Limits]) -> Any:
    """Return stretched pixels as uint8: row, column, and red, green, blue, alpha.

    A pixel is transparent if none of its bands has a value.
    """
    shown = [
        as_byte(limit.share(ma.getdata(band))) for band, limit in zip(values, limits, strict=True)
    ]
    shown = shown * 3 if len(shown) == 1 else shown
    return np.dstack([*shown, as_byte(has_value(values))])


def has_value(values: Any) -> Any:
    return ~ma.getmaskarray(values).all(axis=0)


def as_byte(share: Any) -> Any:
    return np.rint(np.nan_to_num(share.astype("float32")) * 255).astype("uint8")
