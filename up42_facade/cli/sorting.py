"""Fields to sort by, as people type them: `created`, `credits.asc`."""

from __future__ import annotations

import click

import up42_facade as up42

DIRECTIONS = ("asc", "desc")


def sorting_field(text: str, fields: type) -> up42.SortingField:
    """Return the field of a class such as `JobSorting` that a text names.

    Raises:
        BadParameter: There is none.
    """
    name, _, direction = text.partition(".")
    field = vars(fields).get(name)
    if not isinstance(field, up42.SortingField) or direction not in ("", *DIRECTIONS):
        known = [key for key, value in vars(fields).items() if isinstance(value, up42.SortingField)]
        raise click.BadParameter(
            f"{text!r} is none of {', '.join(known)}, with .asc or .desc where wanted.",
            param_hint="--sort",
        )
    if not direction:
        return field
    return field.asc if direction == "asc" else field.desc
