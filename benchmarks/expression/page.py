"""Tables of expression predicted where it was not measured."""

INTRODUCTION = """# Expression where nothing was measured

Written by `python -m benchmarks.expression FOLDER RESULTS --page PAGE`. A random tenth of the spots
or cells of a section is hidden; their expression is predicted from their places, with
{meth}`dpvae.model.SPAVAE.predict_expression` and simpler ways, and compared with what was counted.
The depth of each hidden cell is known to all. Means over genes, then over seeds ({n_seeds} here).

- *NLL*: negative log-likelihood of the counts of a gene, negative binomial, in nats. The dispersion
  of each gene is fitted to half of the hidden cells and used for the other half, for all methods
  alike. Less is better.
- *Pearson*: correlation over cells of predicted and measured share of a gene. *Pearson, log*: of
  log-normalised values, which depend on depth, so that a method gains by predicting depth.
- *Gaussian kernel*: of 2.5 times the distance of neighbours. *GP, 40 PCs*: Gaussian processes of
  principal components of log-normalised expression, shares of sum 1.
- *SPAVAE*: `SPAVAE(adata, n_spatial=10, spatial_share=None, kl_weight=1)`. Half of what it predicts
  comes from surfaces of components; *network alone* is the other half.
"""
SCORES = {"nll": ("NLL", 4), "pearson": ("Pearson", 3), "pearson_log": ("Pearson, log", 3)}


def page(results):
    """The page, as text."""
    parts = [INTRODUCTION.replace("{n_seeds}", str(results["seed"].nunique()))]
    for score, (title, digits) in SCORES.items():
        table = results.pivot_table(index="section", columns="method", values=score, sort=False)
        best = table.idxmin(axis=1) if score == "nll" else table.idxmax(axis=1)
        rows = [
            [name, *(_shown(row[method], digits, bold=method == best[name]) for method in table)]
            for name, row in table.iterrows()
        ]
        parts.append(f"## {title}\n\n{markdown(['section', *table.columns], rows)}\n")
    seconds = results.groupby("method", sort=False)["cpu_seconds"].median()
    rows = [[method, f"{value:.1f}"] for method, value in seconds.items()]
    parts.append(f"## CPU seconds, median\n\n{markdown(['method', 'seconds'], rows)}\n")
    return "\n".join(parts)


def _shown(value, digits, *, bold):
    text = f"{value:.{digits}f}"
    return f"**{text}**" if bold else text


def markdown(columns, rows):
    return "\n".join(" | ".join(row) for row in [columns, ["---"] * len(columns), *rows])
