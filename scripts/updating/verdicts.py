"""Whether a change breaks somebody, and why."""

from __future__ import annotations

from dataclasses import dataclass

from updating.changes import Change


@dataclass(frozen=True)
class Verdict:
    """What a change does to one kind of user.

    Attributes:
        breaking: Whether something that works today stops working.
        why: The reason; empty where there is nothing to say.
        methods: The methods that stop working.
    """

    breaking: bool
    why: str = ""
    methods: tuple[str, ...] = ()


FINE = Verdict(False)


@dataclass(frozen=True)
class Judged:
    """A change and what it does to whom.

    Attributes:
        change: The change.
        callers: For who calls the generated functions.
        facade: For the facade.
        wire: For what goes over the wire, as the sandbox speaks it today.
    """

    change: Change
    callers: Verdict = FINE
    facade: Verdict = FINE
    wire: Verdict = FINE

    @property
    def classes(self) -> tuple[bool, bool, bool]:
        """Whether it breaks callers, facade and wire."""
        return self.callers.breaking, self.facade.breaking, self.wire.breaking
