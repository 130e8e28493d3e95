"""A pixel grid on the ground."""

from __future__ import annotations

from dataclasses import dataclass, replace

EPSG = 32633
"""UTM zone 33 north, with Berlin; all coordinates here are meters in it."""


@dataclass(frozen=True)
class Window:
    """A rectangle of square pixels, north up.

    Attributes:
        west: Easting of the upper left corner.
        north: Northing of the upper left corner.
        width: Meters from west to east.
        height: Meters from north to south.
        gsd: Size of a pixel in meters.
    """

    west: float
    north: float
    width: float
    height: float
    gsd: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return max(1, round(self.height / self.gsd)), max(1, round(self.width / self.gsd))

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients from column and row to easting and northing."""
        return (self.gsd, 0.0, self.west, 0.0, -self.gsd, self.north)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in meters."""
        return (self.west, self.north - self.height, self.west + self.width, self.north)

    def corners(self) -> list[tuple[float, float]]:
        """Return the corners, counter-clockwise from the lower left."""
        west, south, east, north = self.bounds
        return [(west, south), (east, south), (east, north), (west, north)]

    def at(self, gsd: float) -> Window:
        """Return the same rectangle with pixels of another size in meters."""
        return replace(self, gsd=gsd)

    def intersection(self, other: Window) -> Window:
        """Return the common rectangle in this window's pixel size.

        Raises:
            ValueError: If there is none.
        """
        west, south, east, north = (
            pick(a, b)
            for pick, a, b in zip((max, max, min, min), self.bounds, other.bounds, strict=True)
        )
        if west >= east or south >= north:
            raise ValueError("the windows don't overlap")
        return Window(west, north, east - west, north - south, self.gsd)
