"""Lengths in titles and labels."""


def length_text(length: float, unit: str | None) -> str:
    """Write a length with three digits, or all before the point, and its unit if there is one."""
    number = f"{length:,.0f}" if length >= 100 else f"{length:.3g}"
    return f"{number} {unit}" if unit else number


def with_unit(label: str, unit: str | None) -> str:
    """Add the unit of an axis to its label, if there is one."""
    return f"{label} ({unit})" if unit else label
