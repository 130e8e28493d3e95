"""The balance: what the account can spend."""

from __future__ import annotations

from typing import Any

import pytest

import up42_facade as up42
from up42_sandbox import Fault, Sandbox

BALANCES = "/v2/payments/balances"


def test_get_balance(sandbox: Sandbox, session: up42.Session) -> None:
    assert up42.get_balance(session) == up42.Balance(credits=10_000)
    sandbox.top_up(-1)
    assert up42.get_balance(session).credits == 9_999
    assert "9,999" in up42.get_balance(session)._repr_html_()


@pytest.mark.parametrize(
    "sent",
    [
        {"available": None},
        {"available": {"amount": "1000"}},
        {"available": {"unit": "EUR"}},
        {"available": {"amount": float("nan")}},
        {"available": {"amount": float("-inf")}},
    ],
)
def test_a_balance_that_is_not_one(
    sandbox: Sandbox, session: up42.Session, sent: dict[str, Any]
) -> None:
    sandbox.inject(Fault(path=BALANCES, patch=sent))
    with pytest.raises(up42.UnexpectedResponseError, match="available"):
        up42.get_balance(session)


def test_fractions_and_new_fields_are_read(sandbox: Sandbox, session: up42.Session) -> None:
    sent = {"available": {"amount": 0.5, "currency": "x"}, "held": {"amount": 1}}
    sandbox.inject(Fault(path=BALANCES, patch=sent))
    assert up42.get_balance(session) == up42.Balance(0.5)
