"""Plots and maps of results and quicklooks. Needs the extra `viz`, loaded when it is needed."""

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

# A path, several paths, or several by any name, such as job IDs.
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
    figsize: tuple[float, float] | None = None,
    bands: Sequence[int] | None = None,
    titles: Sequence[str] | str | None = None,
    plot_file_format: Sequence[str] | str | None = None,
    *,
    title: str | None = None,
    coordinates: bool = False,
    **kwargs: Any,
) -> Figure:
    """Plot images, and features over the image that they came from.

    Files are read at the resolution of the figure, from overviews if there are any. Bands are
    stretched between the 2nd and 98th percentiles; images of one kind (same bands, type, and unit,
    similar values) share the stretch. Pixels without data are transparent. Below each image are a
    scale bar and the CRS.

    Probability bands get a color ramp, transparent if low, and a color bar. A band counts as one
    if its description says so (probability, likelihood, confidence, score), or if it has no
    description, is between 0 and 1 or 8-bit, and is close to 0 in more than half of its pixels. An
    index between -1 and 1, recognized by a name such as NDVI or by negative values, gets a
    diverging color map and a color bar.

    Args:
        filepaths: Images and vector files: a path, a list of paths, or a dict of them. Features
            (GeoJSON, GeoPackage) are drawn over the images that they overlap, preferably those in
            the same folder, or alone if there are none.
        figsize: Width and height in inches, in this order, as in matplotlib. (UP42's documents
            call the first one height.) If None, the size follows the shapes of the images, up to
            14 × 8 for one row.
        bands: Band numbers, starting from 1: one is drawn in gray, three as red, green, and blue.
            If None, red, green, and blue if the file names them, or else the first three bands,
            or the first one.
        titles: One for each plot. If None, the names of the files.
        plot_file_format: Formats of the images by their usual suffixes (`.tif`, `.png`, `.jpg`,
            `.jp2`). The content of a file counts, not its name. Defaults to `[".tif"]`.
        title: Title of the figure.
        coordinates: Show the coordinates of the images at their sides.
        kwargs: Passed to `rasterio.plot.show`, for example `cmap`, `vmin`, `vmax`, or `contour`.

    Returns:
        The matplotlib figure. A notebook shows it if the call is the last line of a cell; in a
        script, write it with `figure.savefig(…)`. The state of pyplot isn't changed.

    Raises:
        InvalidInputError: If there is no file of the format, a file is missing or damaged or lacks
            one of the bands, or the number of titles doesn't match.
        MissingExtraError: If rasterio or matplotlib isn't installed.

    Example:
        >>> figure = plot_results([scene, "trees.tif"], titles=["Scene", "Trees"])
        >>> figure.savefig("trees.png")
    """
    with extra_for("plot_results()"):
        from up42_facade.viz import _plots as plots
    return plots.plot_results(
        filepaths, figsize, bands, titles, plot_file_format, title, coordinates, kwargs
    )


def plot_quicklooks(
    filepaths: FilePaths,
    figsize: tuple[float, float] | None = None,
    titles: Sequence[str] | str | None = None,
    *,
    title: str | None = None,
) -> Figure:
    """Plot quicklooks or thumbnails: 8-bit images unchanged, others stretched.

    Args:
        filepaths: JPEG, PNG, or GeoTIFF files: a path, a list of paths, or a dict of them.
        figsize: Width and height in inches, in this order, as in matplotlib. If None, the size
            follows the shapes of the images.
        titles: One for each image. If None, the names of the files.
        title: Title of the figure.

    Returns:
        The matplotlib figure; see `plot_results`.

    Raises:
        InvalidInputError: If there are no images, a file is missing or damaged, or the number of
            titles doesn't match.
        MissingExtraError: If rasterio or matplotlib isn't installed.

    Example:
        >>> figure = plot_quicklooks(["thumbnail.png"], titles=["Berlin"])
    """
    with extra_for("plot_quicklooks()"):
        from up42_facade.viz import _plots as plots
    return plots.plot_quicklooks(filepaths, figsize, titles, title)


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
    """Show images and features on an interactive map.

    The page contains everything, including Leaflet, so it opens anywhere. Only the tiles below are
    loaded from the network; without one, the ground stays gray. Images are reduced and stretched
    as in `plot_results`, and the page stays below 5 MB unless the features alone take more.
    Probabilities and indices have color ramps as in `plot_results`, and a legend.

    Args:
        filepaths: GeoTIFF, GeoJSON, and GeoPackage files and the `data.json` of legacy analytics
            jobs: a path, a list of paths, or a dict of them. A GeoTIFF without a CRS gets the
            bounds of the feature whose property `up42.data_path` names it.
        bands: Band numbers, starting from 1: one is drawn in gray, three as red, green, and blue.
            If None, as in `plot_results`.
        aoi: An area of interest with its own style: a GeoDataFrame, the path of a vector file, or
            an object with `__geo_interface__`. If it has no CRS, its coordinates are read as
            longitude and latitude if they are in range; otherwise the area is rejected.
        show_images: Show the images.
        show_features: Show the features; a click shows their properties. Up to 100 features with
            names have a layer each, others have one layer per file. Areas over images are
            unfilled.
        name_column: Property with the name of a feature.
        save_html: Folder to save the map in as `final_map.html`, or a file name with `.html`.
        tiles: Show streets (OpenStreetMap) or satellite images (Esri) below. The viewer's browser
            loads them from these servers, which reveals the area to them. If False, the page sends
            no request.

    Returns:
        The folium map. An element that you add to it might load scripts from the web.

    Raises:
        InvalidInputError: If there is nothing to show, a file is missing or damaged or lacks one of
            the bands, an image isn't georeferenced, or `aoi` can't be used.
        MissingExtraError: If rasterio or folium isn't installed.

    Example:
        >>> shown = map_results(["scene.tif", "ships.geojson"], save_html="ships.html")
    """
    with extra_for("map_results()"):
        from up42_facade.viz import _maps as maps
    return maps.map_results(
        filepaths, bands, aoi, show_images, show_features, name_column, save_html, tiles
    )


class Viz:
    """Plots and maps of the last download: a mixin for jobs and job tasks.

    It reads `self.results` and `self.quicklooks`: the paths of the last download, or None. Classes
    that know more override `_backdrop_paths` or `_title`.
    """

    __slots__ = ()

    def plot_results(
        self,
        figsize: tuple[float, float] | None = None,
        bands: Sequence[int] | None = None,
        titles: Sequence[str] | str | None = None,
        filepaths: FilePaths | None = None,
        plot_file_format: Sequence[str] | str | None = None,
        *,
        title: str | None = None,
        coordinates: bool = False,
        **kwargs: Any,
    ) -> Figure:
        """Plot the downloaded results, with features over the image that they came from.

        Args:
            figsize: Width and height in inches. If None, the size follows the images.
            bands: Numbers of one or three bands, from 1. If None, red, green, and blue, or else
                the first three bands or the first.
            titles: One for each plot. If None, the names of the files.
            filepaths: A path, a list of paths, or a dict of them. If None, the last download.
            plot_file_format: Formats of the images by their usual suffixes, such as `.tif`.
            title: Title of the figure. If None, title, date, and process of the job.
            coordinates: Show the coordinates of the images at their sides.
            kwargs: Passed to `rasterio.plot.show`, for example `cmap`, `vmin`, or `vmax`.

        Returns:
            The matplotlib figure; see `up42_facade.viz.plot_results`.

        Raises:
            InvalidInputError: If there was no download, or a file or argument can't be used.
            MissingExtraError: If the extra `viz` isn't installed.

        Example:
            >>> paths = job.download_results(folder)
            >>> figure = job.plot_results(bands=[3, 2, 1])
        """
        return plot_results(
            self._results_or(filepaths),
            figsize,
            bands,
            titles,
            plot_file_format,
            title=self._title() if title is None else title,
            coordinates=coordinates,
            **kwargs,
        )

    def plot_quicklooks(
        self,
        figsize: tuple[float, float] | None = None,
        filepaths: FilePaths | None = None,
        titles: Sequence[str] | str | None = None,
        *,
        title: str | None = None,
    ) -> Figure:
        """Plot the downloaded quicklooks.

        Args:
            figsize: Width and height in inches. If None, the size follows the images.
            filepaths: A path, a list of paths, or a dict of them. If None, the last download.
            titles: One for each image. If None, the names of the files.
            title: Title of the figure. If None, title, date, and process of the job.

        Returns:
            The matplotlib figure; see `up42_facade.viz.plot_results`.

        Raises:
            InvalidInputError: If there was no download, or a file or argument can't be used.
            MissingExtraError: If the extra `viz` isn't installed.

        Example:
            >>> figure = job.plot_quicklooks(titles=["Berlin"])
        """
        paths = getattr(self, "quicklooks", None) if filepaths is None else filepaths
        if paths is None:
            raise InvalidInputError(
                "No quicklooks were downloaded yet: call download_quicklooks() first, or pass "
                "filepaths."
            )
        title = self._title() if title is None else title
        return plot_quicklooks(paths, figsize, titles, title=title)

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
        """Show the downloaded results on an interactive map, which opens without a network.

        Args:
            bands: Numbers of one or three bands, from 1. If None, red, green, and blue, or else
                the first three bands or the first.
            aoi: A GeoDataFrame, the path of a vector file, or an object with `__geo_interface__`.
            show_images: Show the images.
            show_features: Show the features; a click shows their properties.
            name_column: Property with the name of a feature.
            save_html: Folder to save the map in as `final_map.html`, or a file name with `.html`.
            tiles: Show streets or satellite images below, which viewers load from the network.

        Returns:
            The folium map, below 5 MB unless the features alone take more.

        Raises:
            InvalidInputError: If there was no download, or a file or argument can't be used.
            MissingExtraError: If the extra `viz` isn't installed.

        Example:
            >>> paths = job.download_results(folder)
            >>> shown = job.map_results(save_html=folder)
        """
        paths = self._results_or(None)
        return map_results(
            paths, bands, aoi, show_images, show_features, name_column, save_html, tiles=tiles
        )

    def _title(self) -> str | None:
        """Return the title of the plots."""
        return None

    def _backdrop_paths(self) -> Sequence[str | os.PathLike[str]]:
        """Return paths of the images that vector results came from.

        Called only if the results have features and no GeoTIFF.
        """
        return ()

    def _results_or(self, filepaths: FilePaths | None) -> FilePaths:
        """Return the given paths, or else those of the last download."""
        if filepaths is not None:
            return filepaths
        paths = getattr(self, "results", None)
        if paths is None:
            raise InvalidInputError(
                "No results were downloaded yet: call download_results() first, or pass filepaths."
            )
        from up42_facade.viz._inputs import RASTER_FORMATS, VECTOR_FORMATS, known_format

        formats = {known_format(Path(path)) for path in flat(paths)}
        needs_image = formats & set(VECTOR_FORMATS) and not formats & set(RASTER_FORMATS)
        return [*(self._backdrop_paths() if needs_image else ()), *flat(paths)]


def flat(paths: FilePaths) -> list[str | os.PathLike[str]]:
    """Return the paths of a list or of a dict of lists."""
    if isinstance(paths, str | os.PathLike):
        return [paths]
    parts = paths.values() if isinstance(paths, Mapping) else paths
    return [path for part in parts for path in flat(part)]
