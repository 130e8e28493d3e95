"""Endpoints of the balance and of EULAs."""

from __future__ import annotations

from starlette.responses import Response

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call, Route, reply


def balances(call: Call) -> Response:
    """Return the available credits."""
    available = call.world.jobs.balance().available
    return reply({"available": {"amount": available, "unit": "CREDIT"}})


def list_eulas(call: Call) -> Response:
    """List the EULAs in pages counted from 0."""
    user_id = call.world.credentials.user_id
    eulas = [eula.document(user_id) for eula in call.world.eulas.all()]
    page = {"totalPages": 1, "totalElements": len(eulas), "number": 0, "size": len(eulas)}
    return reply({"content": eulas, **page})


def get_eula(call: Call) -> Response:
    """Return one EULA."""
    for eula in call.world.eulas.all():
        if eula.id == call.params["eula_id"]:
            return reply(eula.document(call.world.credentials.user_id))
    raise ApiError(404, f"There is no EULA {call.params['eula_id']}.")


ROUTES = (
    Route("GET", "/v2/payments/balances", balances),
    Route("GET", "/v2/eulas", list_eulas),
    Route("GET", "/v2/eulas/{eula_id}", get_eula),
)
