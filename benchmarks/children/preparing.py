"""Executes many templates as fast as the sandbox can and keeps their journal: `preparing.py ours`.

Nothing is measured here: the journal is for others to begin with.
"""

from __future__ import annotations

from clients import reply, settings, stac_items


def main() -> None:
    import up42_facade as up42
    from up42_facade.processing_templates import DetectionTreesSpacept

    given = settings()
    with up42.Session(
        username=given["username"],
        password=given["password"],
        base_url=given["url"],
        options=up42.TransportOptions(rate=1e6, burst=10**6),
    ) as session:
        items = stac_items(given["items"])
        templates = [
            DetectionTreesSpacept(
                title=f"Trees {number}", item=items[number % len(items)], session=session
            )
            for number in range(given["templates"])
        ]
        with up42.Batch(templates, path=given["path"], session=session) as batch:
            batch.execute(progress=False)
            reply({"jobs": len(batch.jobs)})


if __name__ == "__main__":
    main()
