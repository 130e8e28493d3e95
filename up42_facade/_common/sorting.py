"""A field to sort a listing by, with a direction."""

from __future__ import annotations

from attrs import evolve, frozen


@frozen
class SortingField:
    """A field to sort by, with a direction: `JobSorting.created.asc`."""

    name: str
    ascending: bool = True

    @property
    def asc(self) -> SortingField:
        """The same field, from the smallest to the largest."""
        return evolve(self, ascending=True)

    @property
    def desc(self) -> SortingField:
        """The same field, from the largest to the smallest."""
        return evolve(self, ascending=False)

    def __str__(self) -> str:
        return f"{self.name},{'asc' if self.ascending else 'desc'}"
