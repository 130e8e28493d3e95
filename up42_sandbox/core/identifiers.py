"""UUIDs that are the same in every run with the same seed."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("8f0a3f2e-5d0e-4d0c-9f25-0a4b3a6f4c42")


def make_id(seed: int, *parts: object) -> str:
    """Derive a UUID from the seed and any number of parts.

    Args:
        seed: The sandbox's seed.
        parts: Meaning of the ID, for example `"job", 17`.

    Returns:
        A UUID string, marked as version 4 like the service's own.

    Example:
        >>> make_id(42, "job", 1) == make_id(42, "job", 1)
        True
    """
    name = "/".join(str(part) for part in (seed, *parts))
    return str(uuid.UUID(bytes=uuid.uuid5(_NAMESPACE, name).bytes, version=4))


def is_uuid(text: str) -> bool:
    """Return whether a string is a UUID in the usual form with hyphens."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
