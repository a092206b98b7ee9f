"""How the documentation is built; ``make docs`` builds it."""

import doctest
import os
import sys
from pathlib import Path
from typing import Any

# The fits of examples and doctests are tiny: more threads only get into each other's way. Set before numpy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import multisearch

project = "multisearch"
author = "The multisearch developers"
project_copyright = author
version = release = multisearch.__version__

# -- Sphinx -----------------------------------------------------------------------------------------------------------

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "benchmark_results.md",  # included by benchmarks.md; python -m benchmarks --docs writes it
    "conformance_exceptions.md",  # included by user_guide/differences.md
    "examples",  # the gallery writes its pages to auto_examples
]
default_role = "autolink"
nitpicky = True
nitpick_ignore_regex = [
    # Other projects' objects: their inventories are not downloaded, so that the build needs no network.
    (r"py:.*", r"(sklearn|numpy|pandas|scipy|distributed)\..*"),
]

# -- Markdown ---------------------------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# -- doctests ---------------------------------------------------------------------------------------------------------

doctest_default_flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
doctest_global_setup = """
import pandas
pandas.set_option("display.width", 120, "display.max_columns", 20, "display.max_colwidth", 80)
"""

# -- docstrings -------------------------------------------------------------------------------------------------------

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # the docstrings say it, in words
numpydoc_class_members_toctree = False
numpydoc_show_inherited_class_members = False

# -- examples ---------------------------------------------------------------------------------------------------------

sys.path.append(str(Path(__file__).parent))  # for gallery_order
sphinx_gallery_conf: dict[str, Any] = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",  # the others are shown, not run
    "within_subsection_order": "gallery_order.GalleryOrder",
    "doc_module": ("multisearch",),
    "backreferences_dir": "api/generated/backreferences",
    "inspect_global_variables": False,
    "capture_repr": ("_repr_html_",),
    "image_srcset": ["2x"],
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}
tournament = Path(__file__).parent / "images" / "all-scores.png"
if tournament.exists():
    sphinx_gallery_conf["default_thumb_file"] = str(tournament)  # of the example that is not run

# -- HTML -------------------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "multisearch"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "multisearch"},
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "show_nav_level": 2,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages that are no part of a section have nothing to show beside them.
html_sidebars: dict[str, list[str]] = {"index": [], "getting_started": []}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
