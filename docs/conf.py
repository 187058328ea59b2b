"""How Sphinx builds these pages; `make docs` runs it. Nothing is loaded from elsewhere."""

project = "evalflow"
author = "the evalflow authors"
copyright = "2026, the evalflow authors"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
html_theme = "furo"
html_title = "evalflow"
myst_heading_anchors = 3
exclude_patterns = ["**/README.md"]
