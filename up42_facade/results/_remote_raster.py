"""GeoTIFFs in UP42 storage that are read window by window."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import rasterio
from attrs import define, field
from rasterio.abc import MultiByteRangeResourceContainer
from rasterio.errors import RasterioError

from up42_facade.downloads import ByteRanges, RemoteFile, safe_name
from up42_facade.errors import DownloadError
from up42_facade.results._formats import named_overview
from up42_facade.results._item_files import ItemFile, signed_url
from up42_facade.session import Session

T = TypeVar("T")
GDAL_OPTIONS = {
    # There are no other files in the folder.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    # Bytes of compressed tiles that GDAL requests at once. With its default of 10 MB, it would
    # fetch the rest of a larger window tile by tile.
    "GDAL_MAX_RAW_BLOCK_CACHE_SIZE": str(256 * 1024 * 1024),
}


@define(eq=False)
class RemoteRaster:
    """A GeoTIFF behind an API link, opened for each reading.

    GDAL gets its bytes from the download engine, which requests a new signed URL whenever the
    last one has expired, tolerates outages, and keeps signatures out of messages and logs; GDAL's
    own /vsicurl/ does none of that. A reading opens, reads, and closes in one thread: rasterio
    knows an opener only in the thread that registered it (its issues 3438 and 3636), so no
    dataset is kept or shared. Several threads can read concurrently without a lock.

    It can be pickled if its session can; the pickle contains no connections and signed URLs.

    Args:
        key: The asset's key.
        href: The asset's link.
        session: Requests signed URLs.
        size: Length in bytes, if known.
    """

    key: str
    href: str
    session: Session = field(repr=False)
    size: int | None = None
    _opened: dict[int, ByteRanges] = field(factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, file: ItemFile) -> RemoteRaster:
        return cls(file.key, file.asset.href, file.session, file.size)

    def reading(self, read: Callable[[Any], T]) -> T:
        """Open the raster, and return the result of a function of the rasterio dataset.

        Raises:
            ConnectionFailedError: If the connection fails, after retries, too.
            DownloadError: If the file can't be read, or isn't a GeoTIFF.
        """
        folder = OneFile(safe_name(self.key), self._ranges())
        try:
            with (
                rasterio.Env(**GDAL_OPTIONS),
                rasterio.open(folder.name, opener=folder, driver="GTiff", sharing=False) as dataset,
            ):
                elsewhere = named_overview(dataset)
                if elsewhere is not None:
                    raise DownloadError(
                        f"{self.key!r} names another file as its overview, {elsewhere!r}, and "
                        "isn't read."
                    )
                found = read(dataset)
        except RasterioError as error:
            folder.raise_failure()
            raise DownloadError(
                f"{self.key!r} can't be read as a GeoTIFF ({error}). download_results() "
                "downloads it unchanged."
            ) from error
        # GDAL might have continued without the bytes that it didn't get.
        folder.raise_failure()
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteRaster, (self.key, self.href, self.session, self.size)

    def __dask_tokenize__(self) -> tuple[str, ...]:
        # Results never change; without this, dask would pickle the session to identify them.
        return type(self).__name__, self.href

    def _ranges(self) -> ByteRanges:
        # By client: after a fork the session has another one, and so must this.
        http = self.session.storage
        known = self._opened.get(id(http))
        if known is not None:
            return known
        source = RemoteFile(partial(signed_url, self.href, self.session), http=http, size=self.size)
        return self._opened.setdefault(id(http), ByteRanges(source, lambda: self.session.executor))


@define(eq=False)
class OneFile:
    """The folder that GDAL sees, with one file whose bytes come from elsewhere."""

    name: str
    ranges: ByteRanges
    failure: BaseException | None = None

    def open(self, path: str, mode: str = "r", **_: Any) -> RangeFile:
        self._check(path)
        return RangeFile(self)

    def isfile(self, path: str) -> bool:
        return path == self.name

    def isdir(self, path: str) -> bool:
        return False

    def ls(self, path: str) -> list[str]:
        return [self.name]

    def mtime(self, path: str) -> int:
        return 0

    def size(self, path: str) -> int:
        self._check(path)
        return self.attempt(lambda: self.ranges.size, lambda: 0)

    def rm(self, path: str) -> None:
        raise FileNotFoundError(path)

    def attempt(self, act: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Call a function for GDAL, which drops exceptions: the first one is kept for later."""
        if self.failure is None:
            try:
                return act()
            except BaseException as error:
                self.failure = error
        return otherwise()

    def raise_failure(self) -> None:
        """Raise the first exception below GDAL, if there was one."""
        if self.failure is not None:
            raise self.failure

    def _check(self, path: str) -> None:
        if path != self.name:
            raise FileNotFoundError(path)


# Makes rasterio pass GDAL's requests for many ranges at once.
MultiByteRangeResourceContainer.register(OneFile)


class RangeFile(io.RawIOBase):
    """The open file; its reads never raise."""

    def __init__(self, folder: OneFile) -> None:
        super().__init__()
        self._folder = folder
        self._position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        size = self._folder.size(self._folder.name) if whence == os.SEEK_END else 0
        bases = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: size}
        self._position = bases[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, count: int = -1, /) -> bytes:
        stop = self._position + count if count >= 0 else self._folder.size(self._folder.name)
        ranges = self._folder.ranges
        data = self._folder.attempt(lambda: ranges.read(self._position, stop), bytes)
        self._position += len(data)
        return data

    def get_byte_ranges(self, offsets: list[int], sizes: list[int]) -> list[bytes]:
        spans = [(start, start + size) for start, size in zip(offsets, sizes, strict=True)]
        return self._folder.attempt(
            lambda: self._folder.ranges.read_many(spans), lambda: [bytes(size) for size in sizes]
        )
