"""How Sphinx builds the documentation."""

import os
import re
import shutil
import tomllib
from importlib import import_module
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.ext import napoleon
from sphinx.ext.napoleon import NumpyDocstring

DOCS = Path(__file__).parent
TUTORIALS = DOCS.parent / "tutorials"

# -- Project ---------------------------------------------------------------------------------------

PYPROJECT = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))

project = "dpvae"
author = "The dpvae developers"
copyright = f"2026, {author}"  # noqa: A001
version = release = installed_version(project).split("+")[0]

# -- Sources ---------------------------------------------------------------------------------------

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_autodoc_typehints",  # after napoleon
    "sphinx_copybutton",
    "sphinxcontrib.bibtex",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "**.ipynb_checkpoints", ".DS_Store"]
templates_path = ["_templates"]
root_doc = "index"
default_role = "literal"

# Notebooks live in the top-level folder; Sphinx reads only what is below docs/.
for copy in (DOCS / "tutorials").glob("*.ipynb"):
    if not (TUTORIALS / copy.name).exists():
        copy.unlink()
for notebook in TUTORIALS.glob("*.ipynb"):
    shutil.copy2(notebook, DOCS / "tutorials" / notebook.name)

nb_execution_mode = "off"  # shown with their stored outputs; a test runs them
nb_merge_streams = True
nb_output_stderr = "show"  # a test sees to it that there are only warnings of ours

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3
figure = DOCS / "_static" / "reconstruction.png"
figure_text = (
    "Left, the true places of hidden spots of a mouse brain section; right, where dpvae put them "
    "from their expression alone"
)
myst_substitutions = {
    "figure": f"![{figure_text}](/_static/{figure.name})" if figure.exists() else "<!-- -->"
}

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# -- API -------------------------------------------------------------------------------------------

autosummary_generate = True
# Which page of the guide explains a function or class; generated pages link to it.
GUIDES = {
    "model.DPVAE": "dpvae",
    "model.DPSCVI": "dpscvi",
    "model.DPHVAE": "hierarchical",
    "model.DPVGAE": "never_imaged",
    "model.SPAVAE": "spavae",
    "model.SPALDVAE": "spavae",
    "model.Surfaces": "posterior",
    "model.load": "dpvae",
    "pp.spatially_variable_genes": "variable_genes",
    "tl.autocorrelation": "metrics",
    "tl.distance_preservation": "metrics",
    "tl.fold": "symmetric_tissue",
    "tl.impute": "missing_places",
    "tl.isometry": "metrics",
    "tl.join": "never_imaged",
    "tl.mapping": "posterior",
    "tl.match_genes": "dissociated_cells",
    "tl.mirror_symmetry": "symmetric_tissue",
    "tl.neighborhood_enrichment": "labels",
    "tl.neighborhood_mean": "domains",
    "tl.niche_composition": "labels",
    "tl.paint": "dissociated_cells",
    "tl.pair_mask": "pair_masks",
    "tl.posterior": "posterior",
    "tl.procrustes": "dpvae",
    "tl.reconstruct": "placement",
    "tl.score": "metrics",
    "tl.snap": "dissociated_cells",
    "tl.spatial_domains": "domains",
    "tl.spatially_variable_genes": "variable_genes",
    "tl.transfer_labels": "labels",
    "tl.transfer_matrix": "several_sections",
    "tl.unfold": "symmetric_tissue",
    "io.add_micrometers": "spatialdata",
    "io.read_instrument": "spatialdata",
    "io.table_of": "spatialdata",
    "io.write_places": "spatialdata",
}
pictures = sorted(path.stem for path in (DOCS / "_static" / "gallery").glob("*.png"))
autosummary_context = {"guides": GUIDES, "pictures": pictures}
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # sphinx_autodoc_typehints writes them
always_use_bars_union = True
typehints_defaults = "comma"
typehints_document_rtype = True
typehints_document_rtype_none = False
typehints_use_rtype = False
napoleon_google_docstring = False
napoleon_numpy_docstring = True
napoleon_include_init_with_doc = False
napoleon_use_ivar = True
napoleon_use_param = True
napoleon_use_rtype = False

# -- References ------------------------------------------------------------------------------------

nitpicky = True
# Our own names must resolve everywhere. Names of other projects need the network, so that they
# become links only where the documentation is published.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!dpvae(\.|$)).*"),
    (r"py:.*", r"dpvae(\.[a-z_]+){2,}\.[A-Z]\w*"),  # a private class or alias in a signature
    (r"(std:)?(doc|ref|term)", r"scvi.*"),
]
if os.environ.get("READTHEDOCS") or os.environ.get("DPVAE_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
intersphinx_mapping = {
    "anndata": ("https://anndata.readthedocs.io/en/stable/", None),
    "lightning": ("https://lightning.ai/docs/pytorch/stable/", None),
    "matplotlib": ("https://matplotlib.org/stable/", None),
    "numpy": ("https://numpy.org/doc/stable/", None),
    "pandas": ("https://pandas.pydata.org/docs/", None),
    "python": ("https://docs.python.org/3", None),
    "scanpy": ("https://scanpy.readthedocs.io/en/stable/", None),
    "scipy": ("https://docs.scipy.org/doc/scipy/", None),
    "scvi": ("https://docs.scvi-tools.org/en/stable/", None),
    "sklearn": ("https://scikit-learn.org/stable/", None),
    "squidpy": ("https://squidpy.readthedocs.io/en/stable/", None),
    "torch": ("https://docs.pytorch.org/docs/stable/", None),
}
suppress_warnings = [
    "sphinx_autodoc_typehints.forward_reference",  # in scvi-tools
    "sphinx_autodoc_typehints.guarded_import",
    "toc.empty_glob",
]

# -- Output ----------------------------------------------------------------------------------------

html_theme = "sphinx_book_theme"
html_title = f"dpvae {release}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sphinx = False
html_theme_options = {
    "home_page_in_toc": False,
    "navbar_persistent": [],  # the search button is in the side bar
    "navigation_with_keys": False,
    "path_to_docs": "docs",
    "repository_branch": "main",
    "repository_url": PYPROJECT["project"]["urls"]["Source"],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "use_issues_button": True,
    "use_repository_button": True,
}


class ProseDocstring(NumpyDocstring):
    """Our docstrings: annotations say the types, so that text may have colons in it."""

    def _parse_returns_section(self, section):
        if not str(getattr(self._obj, "__module__", "")).startswith("dpvae"):
            return super()._parse_returns_section(section)
        lines = self._strip_empty(self._dedent(self._consume_to_next_section()))
        lines = lines[lines[:1] == [":"] :]  # sphinx_autodoc_typehints' mark for "no type here"
        return [*self._format_block(":returns: ", lines), ""]

    def _parse_attribute_docstring(self):
        return self._consume_to_end()


napoleon.NumpyDocstring = ProseDocstring


def adopt_docstring(app, what, name, obj, options, lines):  # noqa: ARG001
    """Make what scvi-tools wrote for its own documentation fit into ours."""
    module = getattr(obj, "__module__", None) or getattr(
        getattr(obj, "fget", None), "__module__", ""
    )
    if str(module).startswith("dpvae"):
        return
    foreign = "\n".join(lines)
    foreign = re.sub(r"\s*:cite:\w*:?`[^`]*`", "", foreign)  # works that only they list
    foreign = re.sub(r":(?:doc|ref|term):`(?:([^<`]*?)\s*<[^>]*>|([^`]*))`", r"\1\2", foreign)
    lines[:] = foreign.split("\n")


def hide_private_bases(app, name, obj, options, bases):  # noqa: ARG001
    """Leave out base classes of ours that are not part of the API."""

    def is_public(base):
        package, _, _ = base.__module__.rpartition(".")
        return base.__name__ in getattr(import_module(package), "__all__", ())

    bases[:] = [
        base for base in bases if not base.__module__.startswith("dpvae.") or is_public(base)
    ]


def setup(app):
    app.connect("autodoc-process-bases", hide_private_bases)
    app.connect("autodoc-process-docstring", adopt_docstring, priority=100)
