from typing import Any

# GeoJSON in degrees, EPSG:4326.
ResultFeatureCollection = dict[str, Any]
