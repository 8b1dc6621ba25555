"""Do groups of animals differ? The unit is the animal, never the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from mousegpt_core.settings import Settings
from mousegpt_core.stats.groups import order_groups
from mousegpt_core.stats.ranks import (
    adjust_p,
    cliffs_delta,
    delta_interval,
    dunn,
    kruskal_wallis,
    mann_whitney,
    smallest_p,
)

Array = npt.NDArray[Any]


class ComparisonSettings(Settings):
    """How groups are compared.

    Attributes
    ----------
    least_animals : int
        Groups with fewer animals are not tested.
    alpha : float
        A corrected p-value below it is called a difference.
    correction : str
        For the number of measures: ``"bh"`` (false discovery rate) or ``"holm"``.
    seed : int
        Of permutations and bootstrap.
    """

    least_animals: int = Field(default=3, ge=2)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    correction: Literal["bh", "holm"] = "bh"
    seed: int = 0


@dataclass(frozen=True)
class PairComparison:
    """Two groups beside each other.

    Attributes
    ----------
    a, b : str
        The groups.
    p : float
        Two groups: the same as the measure's. More: Dunn's test, corrected (Holm) for the number
        of pairs within the measure.
    delta : float
        Cliff's delta, above 0 if `a` has the larger values.
    low, high : float
        Its 95 % bootstrap interval; NaN if the groups do not overlap at all.
    """

    a: str
    b: str
    p: float
    delta: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Groups compared in one measure.

    Attributes
    ----------
    measure : str
        Name of the column compared.
    groups : tuple of str
        Groups tested, in order; all groups where there was no test.
    n : tuple of int
        Animals of each.
    medians : tuple of float
        Of each.
    test : str
        ``"Mann-Whitney"``, ``"Kruskal-Wallis"`` or ``""``: not tested.
    method : str
        ``"exact"``, ``"permutation"`` or ``"approximate"``.
    statistic, p, p_corrected : float
        NaN if not tested. `p_corrected`: for the number of measures.
    pairs : tuple of PairComparison
        Every two groups.
    reason : str
        Why it was not tested, or what the reader should know of the test.
    """

    measure: str
    groups: tuple[str, ...]
    n: tuple[int, ...]
    medians: tuple[float, ...]
    test: str = ""
    method: str = ""
    statistic: float = np.nan
    p: float = np.nan
    p_corrected: float = np.nan
    pairs: tuple[PairComparison, ...] = ()
    reason: str = ""


def compare_groups(
    values: pd.DataFrame,
    treatments: Mapping[str, str],
    settings: ComparisonSettings | None = None,
) -> list[Comparison]:
    """Compare groups in each measure.

    Two groups: Mann-Whitney; more: Kruskal-Wallis, and Dunn's test of all pairs. P-values are
    corrected for the number of measures, those of pairs for the number of pairs.

    Parameters
    ----------
    values : DataFrame
        One row an animal (index), one column a measure; NaN = not measured.
    treatments : mapping of str to str
        Treatment of each animal; those without one are left out.
    settings : ComparisonSettings, optional
        How.

    Returns
    -------
    list of Comparison
        In the order of the columns. Where fewer than two groups have enough animals, `test` is
        empty and `reason` says so.
    """
    chosen = settings or ComparisonSettings()
    group = [treatments.get(str(animal), "") for animal in values.index]
    tested = [
        _compare(str(name), values[name].to_numpy(dtype=np.float64), group, chosen)
        for name in values.columns
    ]
    corrected = adjust_p([one.p for one in tested], chosen.correction)
    return [replace(one, p_corrected=p) for one, p in zip(tested, corrected, strict=True)]


def comparison_table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """One row a measure and pair of groups, for a csv."""
    rows = []
    for one in comparisons:
        base = {
            "measure": one.measure,
            "test": one.test,
            "method": one.method,
            "statistic": one.statistic,
            "p": one.p,
            "p_corrected": one.p_corrected,
            "remark": one.reason,
        }
        count = dict(zip(one.groups, one.n, strict=True))
        median = dict(zip(one.groups, one.medians, strict=True))
        for pair in one.pairs:
            rows.append(
                {
                    **base,
                    "group_a": pair.a,
                    "group_b": pair.b,
                    "n_a": count[pair.a],
                    "n_b": count[pair.b],
                    "median_a": median[pair.a],
                    "median_b": median[pair.b],
                    "p_pair": pair.p,
                    "cliffs_delta": pair.delta,
                    "delta_low": pair.low,
                    "delta_high": pair.high,
                }
            )
        if not one.pairs:
            rows.append(base)
    return pd.DataFrame(rows)


def _compare(
    name: str, values: Array, group: Sequence[str], settings: ComparisonSettings
) -> Comparison:
    known = np.isfinite(values)
    label = np.asarray(group, dtype=object)
    split = {each: values[known & (label == each)] for each in order_groups(group)}
    enough = {each: v for each, v in split.items() if len(v) >= settings.least_animals}
    if len(enough) < 2:
        filled = {each: v for each, v in split.items() if len(v)}
        return Comparison(name, **_summary(filled), reason=_why_not(split, settings))
    reason = _left_out(split, enough)
    samples = list(enough.values())
    if len(enough) == 2:
        statistic, p, method = mann_whitney(*samples)
        test = "Mann-Whitney"
        least = smallest_p(len(samples[0]), len(samples[1]))
        if least > settings.alpha:
            reason = _join(
                reason,
                f"with {len(samples[0])} and {len(samples[1])} animals the smallest p this test "
                f"can give is {least:.2g}, however large the difference",
            )
    else:
        statistic, p, method = kruskal_wallis(samples, seed=settings.seed)
        test = "Kruskal-Wallis"
    return Comparison(
        name,
        **_summary(enough),
        test=test,
        method=method,
        statistic=statistic,
        p=p,
        pairs=_pairs(enough, settings),
        reason=reason,
    )


def _summary(split: Mapping[str, Array]) -> dict[str, Any]:
    return {
        "groups": tuple(split),
        "n": tuple(len(values) for values in split.values()),
        "medians": tuple(float(np.median(values)) for values in split.values()),
    }


def _pairs(split: Mapping[str, Array], settings: ComparisonSettings) -> tuple[PairComparison, ...]:
    pairs = list(combinations(split, 2))
    p = adjust_p(_pair_p(list(split.values())), "holm")
    result = []
    for (a, b), each in zip(pairs, p, strict=True):
        low, high = delta_interval(split[a], split[b], seed=settings.seed)
        result.append(PairComparison(a, b, each, cliffs_delta(split[a], split[b]), low, high))
    return tuple(result)


def _pair_p(samples: list[Array]) -> list[float]:
    return [mann_whitney(*samples)[1]] if len(samples) == 2 else dunn(samples)


def _why_not(split: Mapping[str, Array], settings: ComparisonSettings) -> str:
    if not split:
        return "no treatments are given"
    if len(split) == 1:
        return f"all animals have the same treatment ({next(iter(split))})"
    counts = ", ".join(f"{name} {len(values)}" for name, values in split.items())
    return (
        f"too few animals to test: at least {settings.least_animals} in each of two groups are "
        f"needed, and there are {counts}"
    )


def _left_out(split: Mapping[str, Array], enough: Mapping[str, Array]) -> str:
    small = [f"{name} ({len(values)})" for name, values in split.items() if name not in enough]
    return f"left out for too few animals: {', '.join(small)}" if small else ""


def _join(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second
