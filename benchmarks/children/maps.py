"""Makes a map of an image: `maps.py ours`."""

from __future__ import annotations

import time
from pathlib import Path

from clients import reply, settings
from memory import peak


def main() -> None:
    from up42_facade import viz

    given = settings()
    started = time.perf_counter()
    viz.map_results(given["image"], save_html=given["page"])
    seconds = time.perf_counter() - started
    reply({"seconds": seconds, "memory": peak(), "page": Path(given["page"]).stat().st_size})


if __name__ == "__main__":
    main()
