from typing import Any

# A STAC item, which is a GeoJSON feature.
StacItem = dict[str, Any]
