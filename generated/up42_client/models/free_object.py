from typing import Any

# A JSON object of any content.
FreeObject = dict[str, Any]
