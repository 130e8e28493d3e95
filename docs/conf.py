"""How the documentation site is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "_extensions"), str(DOCS.parent / "generated"), str(DOCS.parent)]

from up42_facade import __version__  # noqa: E402 - found through the path above

project = "up42-facade"
author = "up42-facade contributors"
project_copyright = "up42-facade contributors, MIT license"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "myst_nb",
    "sphinx_copybutton",
    "docstrings",
    "code_names",
    "references",
    "client_reference",
    "site_check",
]
exclude_patterns = ["_extensions", "_static"]
root_doc = "index"

# Markdown. Notebooks are shown with the outputs that they hold; tests run them.
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True

# Docstrings.
default_role = "code_name"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
maximum_signature_line_length = 88
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

# Strictness: a name that leads nowhere is an error; `references` lists what is elsewhere.
nitpicky = True
show_warning_types = True

# Pages. Nothing is loaded from elsewhere; `site_check` fails the build if something is.
html_theme = "furo"
html_title = f"up42-facade {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_dark_style = "github-dark"
# Prompts and output aren't copied.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"
