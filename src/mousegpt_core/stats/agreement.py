"""How far raters agree, with each other and with themselves, and who of several wins."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]

_MOST_STEPS, _STILL = 10_000, 1e-10


def fleiss_kappa(counts: NDArray[np.int64]) -> float:
    """Agreement of several raters beyond chance.

    Fleiss, Measuring nominal scale agreement among many raters, Psychological Bulletin 76 (1971).

    Parameters
    ----------
    counts : array of shape (item, category)
        How many raters put each item into each category; as many raters for every item.

    Returns
    -------
    float
        1 = all agree, 0 = as by chance; nan where there is nothing to agree on: fewer than two
        raters, or all in one category.

    Raises
    ------
    ValueError
        If items have different numbers of raters.
    """
    counts = np.asarray(counts, dtype=np.float64)
    raters = counts.sum(axis=1)
    if len(raters) and not (raters == raters[0]).all():
        raise ValueError("items have different numbers of raters")
    if not len(raters) or raters[0] < 2:
        return float("nan")
    n = raters[0]
    agreeing = (np.square(counts).sum(axis=1) - n) / (n * (n - 1))
    by_chance = float(np.square(counts.sum(axis=0) / counts.sum()).sum())
    if by_chance >= 1:
        return float("nan")
    return float((agreeing.mean() - by_chance) / (1 - by_chance))


def krippendorff_alpha(ratings: Floats, level: Level = "nominal") -> float:
    """Agreement of several raters beyond chance; some may have left items out.

    Krippendorff, Computing Krippendorff's alpha-reliability (2011), sections C to E: one minus
    observed over expected disagreement, by the matrix of coincidences.

    Parameters
    ----------
    ratings : array of shape (rater, item)
        Numbers of categories, ranks or values; nan = not rated.
    level : {"nominal", "ordinal", "interval"}
        What differences between them mean.

    Returns
    -------
    float
        1 = all agree, 0 = as by chance; nan where there is nothing to agree on.
    """
    ratings = np.asarray(ratings, dtype=np.float64)
    values = np.unique(ratings[np.isfinite(ratings)])
    coincide = np.zeros((len(values), len(values)))
    for item in ratings.T:
        rated = item[np.isfinite(item)]
        if len(rated) < 2:
            continue
        counts = (rated[:, None] == values).sum(axis=0).astype(np.float64)
        coincide += (np.outer(counts, counts) - np.diag(counts)) / (len(rated) - 1)
    each = coincide.sum(axis=1)
    total = each.sum()
    difference = _differences(values, each, level)
    expected = float((np.outer(each, each) * difference).sum())
    if expected == 0:
        return float("nan")
    return float(1.0 - (total - 1) * (coincide * difference).sum() / expected)


def cohen_kappa(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Agreement of two ratings of the same items beyond chance, e.g. of one rater at two times.

    Cohen, A coefficient of agreement for nominal scales, Educational and Psychological
    Measurement 20 (1960).

    Parameters
    ----------
    first, second : arrays of shape (item,)
        Categories.

    Returns
    -------
    float
        nan where there is nothing to agree on.
    """
    first, second = np.asarray(first), np.asarray(second)
    if not len(first):
        return float("nan")
    categories = np.unique(np.concatenate([first, second]))
    shares = [(ratings[:, None] == categories).mean(axis=0) for ratings in (first, second)]
    by_chance = float(shares[0] @ shares[1])
    if by_chance >= 1:
        return float("nan")
    return float(((first == second).mean() - by_chance) / (1 - by_chance))


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share whose trials are independent (Wilson 1927, by scipy); nan without any."""
    if not trials:
        return float("nan"), float("nan")
    from scipy.stats import binomtest

    found = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def mean_interval(
    values: Floats,
    groups: NDArray[np.int64],
    *,
    draws: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of a mean by the bootstrap, drawing whole groups with replacement.

    Ratings of one item are not independent, so items are drawn, with all their ratings.

    Parameters
    ----------
    values : array of shape (rating,)
        Numbers.
    groups : array of shape (rating,)
        The item of each.
    draws, seed : int
        How many, and of the chance.
    confidence : float
        Of the interval.

    Returns
    -------
    low, high : float
        nan where there are fewer than two items.
    """
    names, inverse = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return float("nan"), float("nan")
    total = np.bincount(inverse, weights=values)
    count = np.bincount(inverse)
    chance = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):
        drawn = chance.integers(0, len(names), len(names))
        means[draw] = total[drawn].sum() / count[drawn].sum()
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def bradley_terry(wins: Floats) -> Floats:
    """Strengths of players of whom two meet at a time: i beats j with p_i / (p_i + p_j).

    By Hunter's minorisation (MM algorithms for generalized Bradley-Terry models, Annals of
    Statistics 32, 2004).

    Parameters
    ----------
    wins : array of shape (player, player)
        How often the one of the row beat the one of the column; a tie is half a win for both.

    Returns
    -------
    array of shape (player,)
        With the geometric mean 1; nan where there is no finite answer: somebody, or some group,
        never won or never lost against the rest.
    """
    wins = np.asarray(wins, dtype=np.float64)
    count = len(wins)
    if count < 2 or not _each_reaches_all(wins > 0):
        return np.full(count, np.nan)
    met = wins + wins.T
    strength = np.ones(count)
    for _ in range(_MOST_STEPS):
        new = wins.sum(axis=1) / (met / (strength[:, None] + strength)).sum(axis=1)
        new /= np.exp(np.log(new).mean())
        moved = float(np.abs(new - strength).max())
        strength = np.asarray(new)
        if moved < _STILL:
            break
    return strength


def _each_reaches_all(beats: NDArray[np.bool_]) -> bool:
    """Whether from each a chain of wins leads to every other."""
    reach = beats | np.eye(len(beats), dtype=bool)
    for _ in range(len(beats)):
        reach = reach | (reach.astype(int) @ reach.astype(int) > 0)
    return bool(reach.all())


def _differences(values: Floats, each: Floats, level: Level) -> Floats:
    """Squared differences between values, as their level defines them."""
    if level == "nominal":
        return np.asarray(1.0 - np.eye(len(values)))
    if level == "interval":
        return np.asarray(np.square(values[:, None] - values), dtype=np.float64)
    upto = np.cumsum(each) - each / 2
    return np.asarray(np.square(upto[:, None] - upto), dtype=np.float64)
