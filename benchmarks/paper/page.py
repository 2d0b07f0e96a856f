"""The page of the documentation that shows the figures."""

PAGE = "benchmarks/paper.md"
FIGURES = "_static/paper"
INTRODUCTION = r"""# The paper's figures, again

Written by `python -m benchmarks.paper FOLDER --docs docs`. The experiments of {{cite:t}}`Zhou24` on
other sections than the paper's, which were 27 Visium samples: arrays, Visium and in situ data of
brain, embryo, prostate and breast tumours. Numbers and pictures therefore cannot match the paper's
one by one. What is asked is whether its statements hold.

What to keep in mind:

- **Two configurations.** "The paper's" is one hidden layer of 128 units, as many latent dimensions
  as the tissue has, no regularisation, {paper.n_genes} highly variable genes. "The package's" is
  the default of {{class}}`~dpvae.model.DPVAE`, gene weights and regression on genes included, with
  {package.n_genes} spatially variable genes. Trainings of the paper's configuration are short here,
  {paper.n_steps} steps of {batch} cells, and some figures use few of the sections. What the paper
  leaves open, such as the size of its batches, was chosen here.
- **The weight $\alpha$** of the distance term is in the package's unit (nats per gene for an error
  of one tissue radius). The paper's has another one, so the two scales cannot be laid on each
  other. Unless said otherwise, dp-VAE has $\alpha$ = {weight:g}.
- **Held out** means a random fifth of the cells. On a lattice nearly every held-out spot then has
  neighbours that were trained on. This flatters every method, also the simple ones that are shown
  next to the models ([Honest evaluation](../user_guide/honest_evaluation)).
- **A plain VAE ($\alpha$ = 0) never saw coordinates.** That its latent space is a poorer map is
  hardly a surprise. The fairer questions are what it does once its latents, too, are *placed*, that
  is, brought into the tissue by the coordinates of the reference, and what nearest neighbours (kNN,
  on principal components) and ridge regression (on the genes) do with the same genes.
- **Procrustes error**: 0 is the same shape, 1 is chance.
- **Within one standard deviation** means that a mean difference is smaller than the standard
  deviation of the differences between sections or seeds.
"""


def entry(module, table):
    """Title, claim, finding and picture of one figure."""
    name = module.__name__.split(".")[-1]
    lines = [
        f"## {module.TITLE}",
        "",
        f"**The paper.** {module.CLAIM}",
        "",
        f"**Here.** {module.findings(table)}",
        "",
        f"```{{image}} ../{FIGURES}/{name}.png",
        f":alt: {module.TITLE}",
        "```",
        "",
    ]
    return "\n".join(lines)


def write_page(docs, entries, **numbers):
    """Write the page of those figures that there are results of."""
    text = INTRODUCTION.format(**numbers)
    (docs / PAGE).write_text("\n".join([text, *entries]), encoding="utf-8")
