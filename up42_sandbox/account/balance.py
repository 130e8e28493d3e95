"""The credit balance: available, held for running jobs, captured for finished ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Balance:
    """Credits of the account.

    Attributes:
        available: Credits that can be spent.
        held: Credits set aside for running jobs.
        captured: Credits spent.
    """

    available: int
    held: int = 0
    captured: int = 0

    def hold(self, credits: int) -> bool:
        """Set credits aside, and return whether there were enough."""
        if credits > self.available:
            return False
        self.available -= credits
        self.held += credits
        return True

    def capture(self, credits: int) -> None:
        """Spend credits that were held."""
        self.held -= credits
        self.captured += credits

    def release(self, credits: int) -> None:
        """Return held credits to the balance."""
        self.held -= credits
        self.available += credits
