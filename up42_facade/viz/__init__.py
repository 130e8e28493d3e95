"""Plots and maps of results and quicklooks. Needs the extra `viz`.

Nothing of it is loaded before a function is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from up42_facade.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    import folium
    from matplotlib.figure import Figure

__all__ = ["FilePaths", "Viz", "map_results", "plot_quicklooks", "plot_results"]

# A path, several paths, or several by any name, for instance by job id.
FilePaths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Mapping[str, Any]
OWN_PACKAGE = "up42_facade"


@contextmanager
def extra_for(feature: str) -> Iterator[None]:
    """Turn the import error of a package of the extra into one that names the extra."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] == OWN_PACKAGE:
            raise
        raise MissingExtraError(feature, "viz") from error


def plot_results(
    filepaths: FilePaths,
    figsize: tuple[float, float] = (14, 8),
    bands: Sequence[int] | None = None,
    titles: Sequence[str] | str | None = None,
    plot_file_format: Sequence[str] | str | None = None,
    **kwargs: Any,
) -> Figure:
    """Plot images, and features over the image that they came from.

    Only what the figure can show is read, from the file's overviews if it has any. Each band is
    stretched between its 2nd and 98th percentile; pixels without data are clear. A band with
    probabilities gets a colour ramp and a bar: one whose description says so (probability,
    likelihood, confidence, score), or one without a description that lies between 0 and 1, or
    is of 8 bits, and is nearly 0 in more than a half of its pixels.

    Args:
        filepaths: Images and vector files: a path, a list of paths, or a dict of them. GeoJSON
            and GeoPackage files are drawn over the images among them that they overlap with,
            those in the same folder first, or alone where there is none.
        figsize: Width and height in inches, in this order, as matplotlib takes them. (UP42's
            documents call the first one height.)
        bands: Numbers of the bands, from 1: one is drawn grey, three are red, green and blue.
            Default: red, green and blue if the file names its bands so, else the first three;
            the first one of files with fewer.
        titles: One for each plot; default: the names of the files.
        plot_file_format: Formats of the images by their usual suffixes (`.tif`, `.png`, `.jpg`,
            `.jp2`). What a file contains counts, not its name. Defaults to `[".tif"]`.
        kwargs: For `rasterio.plot.show`, for instance `cmap`, `vmin`, `vmax` or `contour`.

    Returns:
        The matplotlib figure. A notebook shows it where the call is the last line of a cell; in
        a script `figure.savefig(…)` writes it. pyplot's state isn't touched.

    Raises:
        InvalidInputError: No file of the format, a missing or damaged file, bands that a file
            doesn't have, or another number of titles than plots.
        MissingExtraError: rasterio or matplotlib isn't installed.

    Example:
        >>> figure = plot_results([scene, "trees.tif"], titles=["Scene", "Trees"])
        >>> figure.savefig("trees.png")
    """
    with extra_for("plot_results()"):
        from up42_facade.viz import _plots as plots
    return plots.plot_results(filepaths, figsize, bands, titles, plot_file_format, kwargs)


def plot_quicklooks(
    filepaths: FilePaths,
    figsize: tuple[float, float] = (8, 8),
    titles: Sequence[str] | str | None = None,
) -> Figure:
    """Plot quicklooks or thumbnails: 8-bit pictures as they are, others stretched.

    Args:
        filepaths: JPEG, PNG or GeoTIFF files: a path, a list of paths, or a dict of them.
        figsize: Width and height in inches, in this order, as matplotlib takes them.
        titles: One for each picture; default: the names of the files.

    Returns:
        The matplotlib figure; see `plot_results`.

    Raises:
        InvalidInputError: No pictures, a missing or damaged file, or another number of titles.
        MissingExtraError: rasterio or matplotlib isn't installed.

    Example:
        >>> figure = plot_quicklooks(["thumbnail.png"], titles=["Berlin"])
    """
    with extra_for("plot_quicklooks()"):
        from up42_facade.viz import _plots as plots
    return plots.plot_quicklooks(filepaths, figsize, titles)


def map_results(
    filepaths: FilePaths,
    bands: Sequence[int] | None = None,
    aoi: Any = None,
    show_images: bool = True,
    show_features: bool = True,
    name_column: str = "uid",
    save_html: str | os.PathLike[str] | None = None,
    *,
    tiles: bool = True,
) -> folium.Map:
    """Put images and features on a map that moves and zooms.

    The page contains all of it, Leaflet included, so it opens anywhere. Only street and satellite
    tiles come from the network; without one, the ground stays gray. Images are reduced and
    stretched as in `plot_results`, and the page stays below 5 MB unless the features alone take
    more. Probabilities get a colour ramp, clear where there
    are none, and a legend.

    Args:
        filepaths: GeoTIFF, GeoJSON and GeoPackage files and the `data.json` of analytics jobs:
            a path, a list of paths, or a dict of them. A GeoTIFF without a CRS takes the bounds
            of the feature whose property `up42.data_path` names it.
        bands: Numbers of the bands, from 1: one is drawn grey, three are red, green and blue.
            Default: see `plot_results`.
        aoi: A GeoDataFrame, the path of a vector file, or anything with `__geo_interface__`, in
            a style of its own. Without a CRS its coordinates are taken for longitude and
            latitude if they can be that, else it is refused.
        show_images: Show the images.
        show_features: Show the features; a click shows their properties. Up to 100 that have
            names get a layer each, others are one layer per file.
        name_column: Property that holds a feature's name.
        save_html: Folder to save the map in as `final_map.html`, or a file name with `.html`.
        tiles: Show streets (OpenStreetMap) or satellite images (Esri) below. Viewers of the map
            load them from these hosts, which learn the area. If False, the page sends no request.

    Returns:
        The folium map. An element that you add might load its scripts from the web.

    Raises:
        InvalidInputError: Nothing to show, a missing or damaged file, bands that a file doesn't
            have, an image without a place, or an unusable `aoi`.
        MissingExtraError: rasterio or folium isn't installed.

    Example:
        >>> shown = map_results(["scene.tif", "ships.geojson"], save_html="ships.html")
    """
    with extra_for("map_results()"):
        from up42_facade.viz import _maps as maps
    return maps.map_results(
        filepaths, bands, aoi, show_images, show_features, name_column, save_html, tiles
    )


class Viz:
    """Plots and maps of what was downloaded last: a mixin for jobs and job tasks.

    It reads `self.results` and `self.quicklooks`: the paths of the last download, or None. A
    class that knows better overrides `_result_paths`, `_quicklook_paths` or `_backdrop_paths`.
    """

    __slots__ = ()

    def plot_results(
        self,
        figsize: tuple[float, float] = (14, 8),
        bands: Sequence[int] | None = None,
        titles: Sequence[str] | str | None = None,
        filepaths: FilePaths | None = None,
        plot_file_format: Sequence[str] | str | None = None,
        **kwargs: Any,
    ) -> Figure:
        """Plot the downloaded results; features over the image that they came from.

        Args:
            figsize: Width and height in inches, in this order, as matplotlib takes them.
                (UP42's documents call the first one height.)
            bands: Numbers of the bands, from 1: one is drawn grey, three are red, green and
                blue. Default: the file's red, green and blue, else its first three or first.
            titles: One for each plot; default: the names of the files.
            filepaths: A path, a list of paths or a dict of them; default: the last download.
            plot_file_format: Formats of the images by their usual suffixes; what a file contains
                counts, not its name. Defaults to `[".tif"]`.
            kwargs: For `rasterio.plot.show`, for instance `cmap`, `vmin` or `vmax`.

        Returns:
            The matplotlib figure; a notebook shows it, `figure.savefig(…)` writes it.

        Raises:
            InvalidInputError: Nothing was downloaded, or a file or argument is unusable.
            MissingExtraError: The extra `viz` isn't installed.

        Example:
            >>> paths = job.download_results(folder)
            >>> figure = job.plot_results(bands=[3, 2, 1])
        """
        paths = self._results_or(filepaths)
        return plot_results(paths, figsize, bands, titles, plot_file_format, **kwargs)

    def plot_quicklooks(
        self,
        figsize: tuple[float, float] = (8, 8),
        filepaths: FilePaths | None = None,
        titles: Sequence[str] | str | None = None,
    ) -> Figure:
        """Plot the downloaded quicklooks.

        Args:
            figsize: Width and height in inches, in this order, as matplotlib takes them.
                (UP42's documents call the first one height.)
            filepaths: A path, a list of paths or a dict of them; default: the last download.
            titles: One for each picture; default: the names of the files.

        Returns:
            The matplotlib figure; a notebook shows it, `figure.savefig(…)` writes it.

        Raises:
            InvalidInputError: Nothing was downloaded, or a file or argument is unusable.
            MissingExtraError: The extra `viz` isn't installed.

        Example:
            >>> figure = job.plot_quicklooks(titles=["Berlin"])
        """
        paths = self._quicklook_paths() if filepaths is None else filepaths
        if paths is None:
            raise InvalidInputError(
                "No quicklooks were downloaded yet: call download_quicklooks() first, or pass "
                "filepaths."
            )
        return plot_quicklooks(paths, figsize, titles)

    def map_results(
        self,
        bands: Sequence[int] | None = None,
        aoi: Any = None,
        show_images: bool = True,
        show_features: bool = True,
        name_column: str = "uid",
        save_html: str | os.PathLike[str] | None = None,
        *,
        tiles: bool = True,
    ) -> folium.Map:
        """Put the downloaded results on a map that moves and zooms; see `viz.map_results`.

        Args:
            bands: Numbers of the bands, from 1: one is drawn grey, three are red, green and
                blue. Default: the file's red, green and blue, else its first three or first.
            aoi: A GeoDataFrame, the path of a vector file, or anything with
                `__geo_interface__`. Without a CRS its coordinates are taken for longitude and
                latitude if they can be that, else it is refused.
            show_images: Show the images.
            show_features: Show the features; a click shows their properties.
            name_column: Property that holds a feature's name.
            save_html: Folder to save the map in as `final_map.html`, or a file name with
                `.html`.
            tiles: Show streets or satellite images below, which viewers load from the network.

        Returns:
            The folium map, below 5 MB unless the features alone take more.

        Raises:
            InvalidInputError: Nothing was downloaded, or a file or argument is unusable.
            MissingExtraError: The extra `viz` isn't installed.

        Example:
            >>> paths = job.download_results(folder)
            >>> shown = job.map_results(save_html=folder)
        """
        paths = self._results_or(None)
        return map_results(
            paths, bands, aoi, show_images, show_features, name_column, save_html, tiles=tiles
        )

    def _result_paths(self) -> Sequence[str | os.PathLike[str]] | Mapping[str, Any] | None:
        """Return the paths of the last download of results, None before the first."""
        return getattr(self, "results", None)

    def _quicklook_paths(self) -> Sequence[str | os.PathLike[str]] | Mapping[str, Any] | None:
        """Return the paths of pictures to look at, None where a download must come first."""
        return getattr(self, "quicklooks", None)

    def _backdrop_paths(self) -> Sequence[str | os.PathLike[str]]:
        """Return paths of the images that vector results came from.

        They are asked for only where results hold features and no GeoTIFF.
        """
        return ()

    def _results_or(self, filepaths: FilePaths | None) -> FilePaths:
        """Return the paths that were passed, or else those of the last download."""
        if filepaths is not None:
            return filepaths
        paths = self._result_paths()
        if paths is None:
            raise InvalidInputError(
                "No results were downloaded yet: call download_results() first, or pass filepaths."
            )
        return [*self._backdrops(paths), *flat(paths)]

    def _backdrops(self, paths: FilePaths) -> Sequence[str | os.PathLike[str]]:
        from up42_facade.viz._inputs import RASTER_FORMATS, VECTOR_FORMATS, known_format

        formats = {known_format(Path(path)) for path in flat(paths)}
        lacks_image = formats.isdisjoint(RASTER_FORMATS)
        has_features = not formats.isdisjoint(VECTOR_FORMATS)
        return self._backdrop_paths() if lacks_image and has_features else ()


def flat(paths: FilePaths) -> list[str | os.PathLike[str]]:
    """Return the paths of a list or of a dict of lists."""
    if isinstance(paths, str | os.PathLike):
        return [paths]
    parts = paths.values() if isinstance(paths, Mapping) else paths
    return [path for part in parts for path in flat(part)]
