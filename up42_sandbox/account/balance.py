"""The credit balance: available, held for running jobs, captured for finished ones."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from up42_sandbox.core.routing import Call, Route, reply


@dataclass
class Balance:
    """Credits of the account.

    Attributes:
        available: Can be spent.
        held: Set aside for jobs that run.
        captured: Spent.
    """

    available: int
    held: int = 0
    captured: int = 0

    def hold(self, credits: int) -> bool:
        """Set credits aside; return whether there were enough."""
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
        """Give credits that were held back."""
        self.held -= credits
        self.available += credits


def balances(call: Call) -> Response:
    """Tell how many credits are left."""
    available = call.world.jobs.balance().available
    return reply({"available": {"amount": available, "unit": "CREDIT"}})


ROUTES = (Route("GET", "/v2/payments/balances", balances),)
