"""References from signatures and docstrings: ours are found, those of others are known to exist.

Annotations name things as the module that holds them does, so a short name is looked for where
that module has it from. The inventories of other projects can't be reached without a network,
and the site has to build without one: there are no links to them. A name that is not ours must
exist in the package that it names, or stand in the list below; any other that is not on this
site fails the build.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

# Where a short name may be documented, by the package that uses it.
HOMES = {
    "up42_facade": (
        "up42_facade",
        "up42_facade.errors",
        "up42_client.types",
        "up42_facade.processing_templates",
        "up42_facade.processing",
        "up42_facade.session",
        "up42_facade._common.times",
        "up42_facade.viz",
        "up42_facade.analytics",
        "up42_facade.checking",
    ),
    "up42_sandbox": ("up42_sandbox", "up42_sandbox.analytics.records"),
    "up42_client": ("up42_client.models", "up42_client.types", "up42_client"),
}
# Modules that our sources import under another name.
MODULES = {"dt": "datetime", "gpd": "geopandas", "pd": "pandas"}
# Names of other packages without the package in front, as our signatures spell them.
ELSEWHERE = frozenset(
    {
        "GeoDataFrame",  # geopandas
        "DataFrame",  # pandas
        "Figure",  # matplotlib
        "Item",  # pystac; an item or its URL
        "Decimal",  # decimal
        "Path",  # pathlib
        "PathLike",  # os
        "datetime",  # datetime
        "Drop",  # up42_sandbox, the kinds of values of two arguments of `Fault`
        "Patch",
        "up42_sandbox.core.recording.Request",  # the base of `RecordedRequest`
        "T",  # type variables
        "T_co",
        "up42_client.types.T",
        "up42_facade.session._session.T",
    }
)


class FindShortNames(SphinxPostTransform):
    """Makes short names unmistakable, before Sphinx looks for anything of that name anywhere."""

    # ReferencesResolver has 10.
    default_priority = 7

    def run(self, **kwargs: Any) -> None:
        known = self.env.domains.python_domain.objects
        for node in self.document.findall(pending_xref):
            target = node["reftarget"]
            if node.get("refdomain") != "py" or "." in target:
                continue
            module = node.get("py:module") or "up42_facade"
            homes = (module, *HOMES.get(module.partition(".")[0], ()))
            found = next((h for h in homes if f"{h}.{target}" in known), None)
            if found is not None:
                node["reftarget"] = f"{found}.{target}"


def accept_others(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Leave a name of another package as it is, without a link."""
    target = node["reftarget"]
    if node.get("refdomain") != "py":
        return None
    return content if target in ELSEWHERE or is_of_another_package(target) else None


def is_of_another_package(target: str) -> bool:
    """Tell whether a dotted name is really there, in a package that isn't ours."""
    module, _, attribute = target.rpartition(".")
    module = MODULES.get(module, module)
    if not module or module.partition(".")[0] in HOMES:
        return False
    try:
        return hasattr(import_module(module), attribute)
    except ImportError:
        return False


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_post_transform(FindShortNames)
    app.connect("missing-reference", accept_others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
