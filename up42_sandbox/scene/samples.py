"""The sample scenes: which satellite, which part of the landscape, which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from up42_sandbox.scene.window import Window


@dataclass(frozen=True)
class SampleScene:
    """A sample scene.

    Attributes:
        key: Name that tests use.
        product: UP42 product collection.
        west: Easting of the upper left corner in EPSG:32633, meters.
        north: Northing of the upper left corner, meters.
        size: Length of each side in meters.
        pan_gsd: Resolution of the panchromatic band in meters, if there is one.
        ms_gsd: Resolution of the multispectral bands in meters.
        epoch: State of the landscape: 0 is the first, 1 has some changes.
        cloud_cover: Percent.
        off_nadir: Degrees.
    """

    key: str
    title: str
    product: str
    constellation: str
    platform: str
    west: float
    north: float
    size: float
    pan_gsd: float | None
    ms_gsd: float
    acquired: datetime
    epoch: int = 0
    cloud_cover: float = 0.0
    off_nadir: float = 5.0

    @property
    def gsd(self) -> float:
        """Best resolution in meters."""
        return self.pan_gsd or self.ms_gsd

    def window(self, gsd: float | None = None) -> Window:
        """Return its pixel grid at a resolution in meters, its best one by default."""
        return Window(self.west, self.north, self.size, self.size, gsd or self.gsd)


_WEST, _NORTH = 388_500.0, 5_821_500.0

SAMPLES = (
    SampleScene(
        "spot-berlin", "SPOT 6, Berlin", "SPOT", "spot", "spot-6",
        _WEST, _NORTH, 3000.0, 1.5, 6.0,
        datetime(2023, 5, 12, 10, 3, 18, 867537, tzinfo=UTC), off_nadir=12.4,
    ),
    SampleScene(
        "spot-berlin-later", "SPOT 7, Berlin, one year later", "SPOT", "spot", "spot-7",
        _WEST + 450.0, _NORTH - 300.0, 3000.0, 1.5, 6.0,
        datetime(2024, 5, 28, 9, 58, 41, tzinfo=UTC),
        epoch=1, cloud_cover=1.5, off_nadir=9.1,
    ),
    SampleScene(
        "spot-berlin-cloudy", "SPOT 6, Berlin, cloudy", "SPOT", "spot", "spot-6",
        _WEST, _NORTH, 3000.0, 1.5, 6.0,
        datetime(2023, 11, 3, 10, 11, 2, 250000, tzinfo=UTC),
        cloud_cover=62.0, off_nadir=18.0,
    ),
    SampleScene(
        "pleiades-berlin", "Pléiades 1A, Berlin", "PHR", "phr", "phr-1a",
        _WEST + 900.0, _NORTH - 800.0, 1000.0, 0.5, 2.0,
        datetime(2024, 4, 17, 10, 22, 5, 118000, tzinfo=UTC), cloud_cover=0.4, off_nadir=7.7,
    ),
    SampleScene(
        "pneo-berlin", "Pléiades Neo 4, Berlin", "PNEO", "pneo", "pneo-4",
        _WEST + 1100.0, _NORTH - 1000.0, 600.0, 0.3, 1.2,
        datetime(2024, 6, 2, 10, 31, 44, 900000, tzinfo=UTC), off_nadir=14.2,
    ),
    SampleScene(
        "pleiades-potsdam", "Pléiades 1B, Potsdam, multispectral only", "PHR", "phr", "phr-1b",
        368_000.0, 5_807_000.0, 1600.0, None, 2.0,
        datetime(2024, 4, 19, 10, 14, 37, tzinfo=UTC), cloud_cover=3.0, off_nadir=21.0,
    ),
    SampleScene(
        "sentinel-2-berlin", "Sentinel-2A, Berlin", "SENTINEL-2", "sentinel-2", "sentinel-2a",
        384_000.0, 5_826_000.0, 10_240.0, None, 10.0,
        datetime(2024, 5, 14, 10, 16, 1, 24000, tzinfo=UTC), cloud_cover=7.8, off_nadir=0.0,
    ),
)  # fmt: skip
"""All sample scenes. The first one suits most processes; the first two suit those that compare."""
