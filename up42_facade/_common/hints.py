"""Hints in error messages."""

from __future__ import annotations

from collections.abc import Iterable

# Names that are nearly as close as the closest one are named, too.
MARGIN = 0.1


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known names that are closest to one, or an empty string."""
    from difflib import SequenceMatcher, get_close_matches

    names = list(known)
    near = get_close_matches(name, names) or [other for other in names if name and name in other]
    scores = {other: SequenceMatcher(None, name, other).ratio() for other in near[:3]}
    closest = [other for other in scores if scores[other] >= max(scores.values()) - MARGIN]
    return f" Did you mean {' or '.join(map(repr, closest))}?" if closest else ""
