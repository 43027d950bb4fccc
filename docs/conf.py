"""How Sphinx builds the documentation: ``sphinx-build -W --keep-going -n docs build/docs``."""

import sys
from pathlib import Path

import pyexample

sys.path.insert(0, str(Path(__file__).parent))

project = "pyexample"
project_copyright = "2026, The pyexample authors"
version = release = pyexample.__version__

extensions = ["c_reference", "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["*.py"]

html_theme = "furo"
html_title = f"pyexample {version}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["narrow.css"]

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# Sphinx does not know the C standard's types, nor Python's own documentation: no network.
nitpick_ignore = [("c:identifier", name) for name in ("int32_t", "size_t", "uint64_t")]
nitpick_ignore_regex = [("py:.*", r"(collections|ctypes|typing)\..*")]

# The pages are notebooks: what they show was computed when they were built.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words
