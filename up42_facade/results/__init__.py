"""Results of jobs: files, features, and rasters."""

from up42_facade.results._asset import Asset, initialize_asset
from up42_facade.results._item_files import download_items

__all__ = ["Asset", "download_items", "initialize_asset"]
