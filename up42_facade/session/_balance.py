"""The balance of an account."""

from __future__ import annotations

import math

from attrs import frozen

from up42_facade.errors import UnexpectedResponseError
from up42_facade.session._session import Session, resolve_session

UNIT = "CREDIT"


@frozen
class Balance:
    """The credits that an account can spend.

    Attributes:
        credits: Number of credits.
    """

    credits: float

    def _repr_html_(self) -> str:
        from up42_facade._common.html import table

        return table("Balance", {"Credits": self.credits})


def get_balance(session: Session | None = None) -> Balance:
    """Return the balance of the account.

    Args:
        session: Session to use. Defaults to the one set by `authenticate()`.

    Raises:
        UnexpectedResponseError: If the response has no amount of credits.

    Example:
        >>> up42.get_balance()
        Balance(credits=…)

    Endpoint: GET /v2/payments/balances.
    """
    from up42_client.api.payments import get_balance as endpoint

    available = resolve_session(session).call(endpoint.request()).available
    amount = available.amount if available and available.unit in (UNIT, None) else None
    if amount is None or not -math.inf < amount < math.inf:
        raise UnexpectedResponseError(
            "The server sent a balance without an amount of credits: expected `available` with "
            f"`amount` and the unit {UNIT}. Check region and base_url.",
            status_code=200,
        )
    return Balance(amount)
