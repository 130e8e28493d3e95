"""Random and systematically wrong requests: every answer is one that the document promises."""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.contract.document import DOCUMENT, OPERATIONS, Operation
from tests.contract.world import Api

# Random requests per operation, beside the systematic ones and the document's examples.
EXAMPLES = int(os.environ.get("UP42_RANDOM_REQUESTS", "8"))

# Where the server knows better than the document which requests are good: these statuses may
# answer requests that the document allows, besides 2xx and those that depend on the token or on
# what exists. No check is switched off.
KNOWS_BETTER: dict[str, tuple[int, ...]] = {
    # Names and passwords are texts for the document, also empty ones; grants are an open set.
    "getAccountToken": (400,),
    # Every process has a schema of its own for its inputs; the document has a free object.
    "validateProcess": (400, 422),
    "estimateProcessCost": (400, 422),
    # The same, and ids of workspaces and budgets are UUIDs, which the document tells in words.
    "executeProcess": (400, 422),
    # Fields to sort by are an open set, and lists of texts may hold empty ones.
    "listProcessingJobs": (400,),
    "listJobs": (400,),
    # Page tokens are opaque texts.
    "listCollections": (400,),
    "listItems": (400,),
    # The same, and filters and geometries are free objects for the document.
    "searchStac": (400,),
    # The tasks are those of the workflow.
    "createJob": (400,),
}
# What schemathesis takes for an acceptable answer to a good request by default.
ACCEPTABLE = ["2xx", "3xx", 401, 403, 404, 409, 429, "5xx"]

# Answers would lead to further requests: these would depend on which tests ran before.
ALONE = {"responses": False}

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 42,
        "generation": {
            "deterministic": True,
            "max-examples": EXAMPLES,
            "database": "none",
            # Every request gets a good token below, so none may count as wrong for its token.
            # What happens without one is checked all the same, by requests of the check's own.
            "with-security-parameters": False,
        },
        "phases": {
            "examples": {"extra-data-sources": ALONE},
            "coverage": {"extra-data-sources": ALONE},
            "fuzzing": {"extra-data-sources": ALONE, "error-feedback": {"enabled": False}},
        },
        "operations": [
            {
                "include-operation-id": name,
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": [*ACCEPTABLE, *statuses]}
                },
            }
            for name, statuses in KNOWS_BETTER.items()
        ],
    }
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)


@SCHEMA.parametrize()
def test_every_answer_is_documented(case: Case[Any], api: Api) -> None:
    operation = OPERATIONS[case.operation.definition.raw["operationId"]]
    options: dict[str, Any] = {"base_url": api.sandbox.url}
    if not operation.is_open:
        options["headers"] = {"Authorization": f"Bearer {api.token}"}
    case.call_and_validate(**options, excluded_checks=beyond_invented_ids(operation))
    if operation.path_names and has_good_path(case):
        # Invented ids mostly end at 404: the same request again to something that exists.
        case.path_parameters.update(api.ids_for(operation))
        case.call_and_validate(**options)


def beyond_invented_ids(operation: Operation) -> list[CheckFunction]:
    """Return the checks that make sense only for ids of things that exist."""
    # The document says in words only that the ids of the older API are UUIDs. Others are
    # answered with 400 there, which it documents for every operation.
    invented = operation.tag == "analytics" and operation.path_names
    return [positive_data_acceptance] if invented else []


def has_good_path(case: Case[Any]) -> bool:
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    return path is None or path.mode.is_positive


def test_no_operation_is_left_out() -> None:
    tested = {
        found.ok().definition.raw["operationId"]
        for found in SCHEMA.get_all_operations()
        if isinstance(found, Ok)
    }
    assert tested == set(OPERATIONS)
    assert set(KNOWS_BETTER) <= tested
