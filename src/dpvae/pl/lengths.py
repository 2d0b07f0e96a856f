"""Lengths in titles."""


def length_text(length: float, unit: str | None) -> str:
    """Write a length with three digits, or all before the point, and its unit if there is one."""
    number = f"{length:,.0f}" if length >= 100 else f"{length:.3g}"
    return f"{number} {unit}" if unit else number
