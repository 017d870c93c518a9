"""Exchange rates as people read them; pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from babel.numbers import format_decimal

FIGURES = 6
"""So many figures of a rate are shown; reckoned is with all of them."""


def shown_rate(value: Fraction, language: str) -> str:
    """Write what one unit costs with six figures, grouped: `1,450.00`, `9.63692`, `0.000687758`."""
    with localcontext() as context:
        context.prec = 40
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        places = min(12, max(0, FIGURES - 1 - exact.adjusted()))
        rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return str(format_decimal(rounded, format=pattern, locale=language, decimal_quantization=False))
