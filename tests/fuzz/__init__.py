"""Fuzz targets: one module each, with `check(data)` and the `SEEDS` to start from."""
