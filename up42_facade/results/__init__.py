"""Results of jobs: files, features, and rasters.

The names in `__all__` are public; the packages above this one use the others as well.
"""

from up42_facade.results._asset import Asset, initialize_asset
from up42_facade.results._item_files import download_items
from up42_facade.results._item_files import wanted_assets as wanted_assets

__all__ = ["Asset", "download_items", "initialize_asset"]
