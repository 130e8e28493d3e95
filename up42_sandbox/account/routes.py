"""Endpoints of the account: tokens, user, balance, EULAs."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

from starlette.responses import Response

from up42_sandbox.account.credentials import CLIENT_IDS
from up42_sandbox.account.tokens import REFRESH_LIFETIME_SECONDS
from up42_sandbox.core.problems import ApiError, BodyError, UnauthorizedError
from up42_sandbox.core.routing import Access, Call, Route, problem, reply
from up42_sandbox.core.values import make_id

REALM = "/realms/public/protocol/openid-connect"
FORM_TYPE = "application/x-www-form-urlencoded"


def _oauth_error(status: int, error: str, description: str) -> BodyError:
    return BodyError(status, {"error": error, "error_description": description})


def _form(call: Call) -> dict[str, str]:
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM_TYPE:
        raise _oauth_error(400, "invalid_request", f"The body must be {FORM_TYPE}.")
    fields = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    for name, values in fields.items():
        if len(values) > 1:
            raise _oauth_error(400, "invalid_request", f"duplicated parameter: {name}")
    return {name: values[0] for name, values in fields.items()}


def _field(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise _oauth_error(400, "invalid_request", f"Missing form parameter: {name}")
    return form[name]


def _oauth_problem(error: ApiError) -> Response:
    if isinstance(error, UnauthorizedError):
        description = error.detail or ""
        error = BodyError(
            401, {"error": "invalid_token", "error_description": description}, headers=error.headers
        )
    elif not isinstance(error, BodyError):
        document = {"error": "invalid_request", "error_description": error.detail or str(error)}
        error = BodyError(error.status, document, headers=error.headers)
    return problem(error)


def openid_token(call: Call) -> Response:
    """Exchange a password or a refresh token for an access token."""
    form = _form(call)
    grant = _field(form, "grant_type")
    if grant not in ("password", "refresh_token"):
        raise _oauth_error(400, "unsupported_grant_type", "Unsupported grant_type")
    if _field(form, "client_id") not in CLIENT_IDS:
        description = "Invalid client or Invalid client credentials"
        raise _oauth_error(401, "invalid_client", description)
    scopes = _password_grant(call, form) if grant == "password" else _refresh_grant(call, form)
    tokens = call.world.tokens
    return reply(
        {
            "access_token": tokens.issue(scopes),
            "expires_in": int(tokens.lifetime),
            "refresh_expires_in": REFRESH_LIFETIME_SECONDS,
            "refresh_token": tokens.issue_refresh(scopes),
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": make_id(call.world.seed, "session"),
            "scope": " ".join(["ACCOUNT_ADMIN", "USER", *sorted(scopes)]),
        }
    )


def _password_grant(call: Call, form: dict[str, str]) -> frozenset[str]:
    username, password = _field(form, "username"), _field(form, "password")
    if not call.world.credentials.is_user(username, password):
        raise _oauth_error(401, "invalid_grant", "Invalid user credentials")
    return frozenset(form.get("scope", "").split())


def _refresh_grant(call: Call, form: dict[str, str]) -> frozenset[str]:
    scopes = call.world.tokens.redeem(_field(form, "refresh_token"))
    if scopes is None:
        raise _oauth_error(400, "invalid_grant", "Token is not active")
    return scopes


def userinfo(call: Call) -> Response:
    """Return the user of the token; `sub` is also the ID of the default workspace."""
    if call.identity is None or "openid" not in call.identity.scopes:
        raise _oauth_error(403, "insufficient_scope", "Missing openid scope")
    credentials = call.world.credentials
    return reply(
        {
            "sub": credentials.user_id,
            "email": credentials.username,
            "email_verified": True,
            "preferred_username": credentials.username,
        }
    )


def project_token(call: Call) -> Response:
    """Exchange a project's API key, or email and password, for a token of the legacy API.

    Every invalid request gets status 401 and the JSON value `null`.
    """
    try:
        form = _form(call)
    except BodyError as error:
        raise BodyError(401, None) from error
    grant = form.get("grant_type")
    credentials = call.world.credentials
    project_id: str | None = None
    if grant == "client_credentials":
        project_id, key = _basic(call.headers.get("authorization"))
        accepted = credentials.is_project(project_id, key)
    else:
        user = form.get("username", ""), form.get("password", "")
        accepted = grant == "password" and credentials.is_user(*user)
    if not accepted:
        raise BodyError(401, None)
    token = call.world.tokens.issue(project_id=project_id)
    return reply(
        {
            "data": {"accessToken": token},
            "error": None,
            "access_token": token,
            "refresh_token": None,
            "token_type": "bearer",
        }
    )


def _basic(authorization: str | None) -> tuple[str, str]:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        raise BodyError(401, None)
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BodyError(401, None) from error
    user, _, password = text.partition(":")
    return user, password


def balances(call: Call) -> Response:
    """Return the available credits."""
    available = call.world.jobs.balance().available
    return reply({"available": {"amount": available, "unit": "CREDIT"}})


def list_eulas(call: Call) -> Response:
    """List the EULAs in pages counted from 0."""
    user_id = call.world.credentials.user_id
    eulas = [eula.document(user_id) for eula in call.world.eulas.values()]
    page = {"totalPages": 1, "totalElements": len(eulas), "number": 0, "size": len(eulas)}
    return reply({"content": eulas, **page})


def get_eula(call: Call) -> Response:
    """Return one EULA."""
    for eula in call.world.eulas.values():
        if eula.id == call.params["eula_id"]:
            return reply(eula.document(call.world.credentials.user_id))
    raise ApiError(404, f"There is no EULA {call.params['eula_id']}.")


ROUTES = (
    Route("POST", f"{REALM}/token", openid_token, Access.OPEN, _oauth_problem),
    Route("GET", f"{REALM}/userinfo", userinfo, Access.ACCOUNT, _oauth_problem),
    Route("POST", "/oauth/token", project_token, Access.OPEN, _oauth_problem),
    Route("GET", "/v2/payments/balances", balances),
    Route("GET", "/v2/eulas", list_eulas),
    Route("GET", "/v2/eulas/{eula_id}", get_eula),
)
