"""Tables for notebooks: plain HTML without scripts or network, readable in any theme."""

from __future__ import annotations

import html
from collections.abc import Mapping

# Inherited colours and a translucent line read well on light and on dark ground.
CELL = "text-align:left;padding:2px 12px 2px 0;border-bottom:1px solid rgba(128,128,128,.35)"


def table(caption: str, rows: Mapping[str, object]) -> str:
    """Return a two-column HTML table; rows whose value is None are left out."""
    body = "".join(
        f'<tr><th style="{CELL}">{html.escape(name)}</th>'
        f'<td style="{CELL}">{html.escape(str(value))}</td></tr>'
        for name, value in rows.items()
        if value is not None
    )
    style = "border-collapse:collapse;color:inherit;background:transparent"
    title = f'<caption style="text-align:left;font-weight:bold">{html.escape(caption)}</caption>'
    return f'<table style="{style}">{title}<tbody>{body}</tbody></table>'
