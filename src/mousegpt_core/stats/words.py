"""Results of tests in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable

from mousegpt_core.stats.compare import Comparison, PairComparison


def say_share(share: float) -> str:
    """A share of time: ``"31 %"``, ``"0.4 %"``, ``"-"`` if not known."""
    if not math.isfinite(share):
        return "–"
    percent = 100.0 * share
    if percent == 0 or percent >= 9.95:
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent >= 0.05 else "< 0.1 %"


def say_p(p: float) -> str:
    """A p-value as papers print it: ``"p = .02"``, ``"p < .001"``."""
    if not math.isfinite(p):
        return "not tested"
    if p < 0.001:
        return "p < .001"
    if p >= 0.995:
        return "p = 1.00"
    digits = 3 if p < 0.0095 else 2
    return f"p = {p:.{digits}f}".replace("0.", ".", 1)


def say_comparison(
    one: Comparison,
    subject: str,
    *,
    alpha: float = 0.05,
    value: Callable[[float], str] = say_share,
    measures: int = 1,
    brief: bool = False,
    more: str = "more",
) -> str:
    """One sentence: who had more, how much, how sure, how many animals.

    Parameters
    ----------
    one : Comparison
        The result.
    subject : str
        What is compared, as it stands in "had more ...": ``"walking"``.
    alpha : float
        Corrected p-values below it count as a difference.
    value : callable
        Writes a median.
    measures : int
        Number of measures the p-value is corrected for.
    brief : bool
        Leave out how many animals there are, where it has just been said.
    more : str
        ``"more"`` or ``"higher"``, as the measure needs it.
    """
    name = subject[:1].upper() + subject[1:]
    if not one.test:
        return f"{name}: not tested, {one.reason}."
    counts = _listed([str(count) for count in one.n])
    corrected = ", corrected" if measures > 1 else ""
    chance = say_p(one.p_corrected)
    chance += "" if brief else f"{corrected}, n = {counts}"
    levels = _listed(
        [f"{group} {value(median)}" for group, median in zip(one.groups, one.medians, strict=True)]
    )
    if not one.p_corrected < alpha:
        return f"{name}: no clear difference (medians: {levels}; {chance})."
    if len(one.groups) == 2:
        return f"{name}: {_pair_words(one, one.pairs[0], value, more)}; {chance})."
    clear = [pair for pair in one.pairs if pair.p < alpha]
    if not clear:
        return (
            f"{name}: the groups differ (medians: {levels}; {chance}), but no two of them clearly."
        )
    clear.sort(key=lambda pair: pair.p)
    told = "; ".join(
        f"{_pair_words(one, pair, value, more)}, {say_p(pair.p)})" for pair in clear[:3]
    )
    rest = f"; and {len(clear) - 3} more pairs" if len(clear) > 3 else ""
    return f"{name}: {told}{rest}" + ("." if brief else f" (all groups: {chance}).")


def _pair_words(
    one: Comparison, pair: PairComparison, value: Callable[[float], str], more: str
) -> str:
    """``"saline more than LSD (31 % vs 12 %"``, the bracket left open for what follows."""
    median = dict(zip(one.groups, one.medians, strict=True))
    top, low = (pair.a, pair.b) if pair.delta >= 0 else (pair.b, pair.a)
    return f"{top} {more} than {low} (median {value(median[top])} vs {value(median[low])}"


def _listed(parts: list[str]) -> str:
    if len(parts) < 3:
        return " and ".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]
