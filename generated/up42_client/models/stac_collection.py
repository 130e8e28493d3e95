from typing import Any

# A STAC collection. Fields that begin with `up42-` and those of other STAC extensions stand beside the ones named here. Times stay text, so that nothing is lost on the way.
StacCollection = dict[str, Any]
