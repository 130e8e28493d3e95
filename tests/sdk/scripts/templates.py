"""Make templates, good and bad ones, and tell what the SDK thinks of them."""

from __future__ import annotations

from typing import Any

import _rival
import pystac
from up42 import processing_templates, stac_client
from up42.processing_templates import GreyWeight, SingleItemJobTemplate


class NoSuchProcess(SingleItemJobTemplate):
    """A template of a process that nobody offers."""

    process_id = "no-such-process"
    workspace_id = ""


class SandboxCopy(SingleItemJobTemplate):
    """A template of the sandbox's own process, which has no EULA."""

    process_id = "sandbox-copy"
    workspace_id = ""


def argument(value: Any, items: dict[str, pystac.Item]) -> Any:
    """Turn what travels as JSON into what the SDK takes."""
    if isinstance(value, dict):
        return items[value["item"]]
    if isinstance(value, list):
        return [GreyWeight(band, weight) for band, weight in value]
    return value


def facts(case: dict[str, Any], items: dict[str, pystac.Item]) -> dict[str, Any]:
    kind = getattr(processing_templates, case["template"], None) or globals()[case["template"]]
    arguments = {name: argument(value, items) for name, value in case["arguments"].items()}
    try:
        template = kind(**arguments)
    except StopIteration as error:
        return _rival.failure(error)
    cost = template.cost if template.is_valid else None
    return {
        "is_valid": template.is_valid,
        "errors": sorted([error.name, error.message] for error in template.errors),
        "inputs": template.inputs,
        "cost": cost and [cost.strategy, cost.credits, cost.size, cost.unit],
    }


given = _rival.authenticated()
found = {item.id: item for item in stac_client().search(ids=given["item_ids"]).items()}
_rival.reply(
    {
        "items": sorted(found),
        "templates": {name: facts(case, found) for name, case in given["cases"].items()},
    }
)
