"""Names in single backticks: code, and a link where the name is documented on this site.

Docstrings write names as Markdown does, of our own things as of any other. So a name that is
not found is no mistake here; one in a signature or after `Raises:` is.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

# `Job`, `Job.get`, `track()` and `download_results(…)`, but no expressions.
NAME = re.compile(r"([A-Za-z_][\w.]*)(\(.*\))?")
# Modules whose names docstrings use without saying where they come from.
HOMES = ("", "up42_facade.", "up42_sandbox.")


class code_name(nodes.Inline, nodes.TextElement):  # noqa: N801 - docutils names nodes so
    """Code that may turn out to be a name that the site documents."""


def code_name_role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Inliner,
    options: dict[str, Any] | None = None,
    content: list[str] | None = None,
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    context = inliner.document.settings.env.ref_context
    node = code_name(
        rawtext,
        text,
        module=context.get("py:module"),
        classname=context.get("py:class"),
        # It is code: its quotation marks stay as they are.
        support_smartquotes=False,
    )
    return [node], []


def link_names(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Replace every such name by code, within a link where one is known."""
    for node in list(doctree.findall(code_name)):
        literal = nodes.literal(node.rawsource, node.astext(), classes=["py"])
        node.replace_self(link(app, node, literal, page) or literal)


def link(app: Sphinx, node: code_name, literal: nodes.literal, page: str) -> nodes.reference | None:
    match = NAME.fullmatch(node.astext())
    if match is None:
        return None
    domain = app.env.domains.python_domain
    module, classname = node["module"] or "", node["classname"] or ""
    for home in HOMES:
        found = domain.find_obj(app.env, module, classname, home + match[1], "obj", 0)
        if found:
            name, entry = found[0]
            return make_refnode(app.builder, page, entry.docname, entry.node_id, literal, name)
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(code_name)
    app.add_role("code_name", code_name_role)
    app.connect("doctree-resolved", link_names)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
