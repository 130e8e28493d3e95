"""Whatever a server sends: the check ends with a report, which quotes nothing of it."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import up42_facade as up42
from tests.checking.conftest import ExampleServer, as_json
from tests.contract.document import DOCUMENT, OPERATIONS

MARK = "Qzx"
FIELDS = sorted(
    {
        name
        for schema in DOCUMENT["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
)
NAMES = st.sampled_from(FIELDS) | st.text(max_size=20).map(lambda text: f"{MARK} {text}")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20).map(lambda text: f"{MARK} {text}")
    | st.sampled_from(["next", "self", "eula-id", "captured", "2024-01-01T00:00:00Z", "/v2/x"])
)
CONTENT = st.recursive(
    SCALARS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=6),
    max_leaves=30,
)
CHECKED = [name for name in OPERATIONS if not name.endswith("Token")]


def changed(content: Any, spoiled: Any, depth: int) -> Any:
    """Return an example in which a part at some depth is something else."""
    if depth == 0 or not isinstance(content, dict | list) or not content:
        return spoiled
    if isinstance(content, list):
        return [changed(content[0], spoiled, depth - 1), *content[1:]]
    name = sorted(content)[depth % len(content)]
    return {**content, name: changed(content[name], spoiled, depth - 1)}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    contents=st.dictionaries(
        st.sampled_from(CHECKED), st.tuples(CONTENT, st.integers(0, 5)), min_size=3, max_size=10
    ),
    status=st.sampled_from([200, 200, 201, 404, 500]),
)
def test_any_content(
    server: ExampleServer,
    account: up42.Session,
    contents: dict[str, tuple[Any, int]],
    status: int,
) -> None:
    server.replies.clear()
    server.requests.clear()
    for number, (name, (spoiled, depth)) in enumerate(contents.items()):
        if number % 3:
            server.replies[name] = lambda content, s=spoiled, d=depth: changed(content, s, d)
        else:
            server.replies[name] = as_json(spoiled, status)
    report = up42.check_api(account, analytics=True)
    assert MARK not in report.to_markdown()
    assert {o for _, _, o in server.requests if o and OPERATIONS[o].method != "GET"} <= {
        "getAccountToken",
        "searchStac",
        "createAssetDownloadUrl",
        "validateProcess",
        "estimateProcessCost",
    }
