"""Descriptions judged by blinded experts: who gets what in which order, and what came of it. Pure.

As MouseGPT was evaluated (arXiv 2503.10212): each answer is correct or not by three criteria; of
two models' answers the better one is chosen by three aspects; some items come twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from mousegpt_core.stats.agreement import (
    bradley_terry,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    mean_interval,
    wilson_interval,
)

Kind = Literal["judge", "choose"]
#: What is asked of an item, and what may be answered.
QUESTIONS: dict[Kind, tuple[str, ...]] = {
    "judge": ("factual", "format", "repetition"),
    "choose": ("facts_and_format", "terminology", "detail"),
}
ANSWERS: dict[Kind, tuple[str, ...]] = {
    "judge": ("correct", "incorrect"),
    "choose": ("left", "right", "equal"),
}
#: Correct by all three criteria.
ALL = "all"
EVERYONE = "everyone"
_CODES = {"correct": 1.0, "incorrect": 0.0, "first": 1.0, "second": 0.0, "equal": 2.0}


def plan_forms(items: int, experts: Sequence[str], *, repeats: float, seed: int) -> pd.DataFrame:
    """Each expert's form: all items in an order of its own, some of them twice.

    What comes twice is drawn from the first third of the order and comes again in the second half.

    Parameters
    ----------
    items : int
        How many there are.
    experts : sequence of str
        Their names.
    repeats : float
        Share of the items that come twice; at most a third.
    seed : int
        Of orders and sides.

    Returns
    -------
    DataFrame
        expert*, number* (from 1, place on the form), item (from 0), again (bool), swapped (bool:
        the first answer stands on the right).
    """
    rows = []
    for place, expert in enumerate(experts):
        chance = np.random.default_rng([seed, place])
        order = chance.permutation(items)
        third = order[: items // 3]
        wanted = max(1, round(repeats * items)) if repeats else 0
        count = min(wanted, len(third))
        twice = chance.choice(third, count, replace=False)
        half = items // 2
        late = chance.permutation(np.concatenate([order[half:], twice])).astype(int)
        sequence = np.concatenate([order[:half], late])
        seen: set[int] = set()
        for number, item in enumerate(sequence.tolist(), start=1):
            rows.append((expert, number, item, item in seen, bool(chance.integers(2))))
            seen.add(item)
    return pd.DataFrame(rows, columns=["expert", "number", "item", "again", "swapped"])


def score(kind: Kind, key: pd.DataFrame, answers: pd.DataFrame, *, seed: int = 0) -> Scores:
    """What the experts' answers come to.

    Parameters
    ----------
    kind : {"judge", "choose"}
        What was asked.
    key : DataFrame
        As `plan_forms` gives it, with first and second: whose answers an item shows.
    answers : DataFrame
        expert, number and a column for each of `QUESTIONS`; ``""`` = not answered.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict of str to DataFrame
        ``shares`` (judge) or ``wins`` and ``strengths`` (choose), ``agreement`` between experts,
        ``consistency`` of each with itself and, where there are sides, ``sides``.
    """
    joined = key.merge(answers, on=["expert", "number"], how="inner", validate="one_to_one")
    sides = _sides(joined) if kind == "choose" else None
    if kind == "choose":
        joined = _by_source(joined)
    once = joined[~joined["again"]].reset_index(drop=True)
    tables = {
        "agreement": _table(_agreement(once, name) for name in QUESTIONS[kind]),
        "consistency": _table(_consistency(joined, QUESTIONS[kind])),
    }
    if sides is None:
        return {"shares": _table(_shares(once, seed)), **tables}
    wins = _table(_wins(once, seed))
    return {"wins": wins, "strengths": _table(_strengths(wins)), **tables, "sides": sides}


Scores = dict[str, pd.DataFrame]
_Row = dict[str, object]


def _shares(once: pd.DataFrame, seed: int) -> Iterator[_Row]:
    """How often each source is correct: intervals by drawing items, and as if all were apart."""
    names = QUESTIONS["judge"]
    for source, of_one in once.groupby("first", sort=True):
        right = {name: _codes(of_one[name]) for name in names}
        stacked = np.stack(list(right.values()))
        whole = np.isfinite(stacked).all(axis=0)
        right[ALL] = np.where(whole, (stacked == 1).all(axis=0), np.nan)
        for name, values in right.items():
            known = np.isfinite(values)
            correct = values[known]
            low, high = mean_interval(correct, of_one["item"].to_numpy()[known], seed=seed)
            wilson = wilson_interval(int(correct.sum()), len(correct))
            yield {
                "source": source, "criterion": name, "items": of_one["item"][known].nunique(),
                "ratings": len(correct), "correct": int(correct.sum()),
                "share": float(correct.mean()) if len(correct) else np.nan,
                "low": low, "high": high, "wilson_low": wilson[0], "wilson_high": wilson[1],
            }  # fmt: skip


def _wins(once: pd.DataFrame, seed: int) -> Iterator[_Row]:
    """How often each source is chosen over each other; a tie is half a win."""
    for (first, second), of_pair in once.groupby(["first", "second"], sort=True):
        for name in QUESTIONS["choose"]:
            chosen = of_pair[of_pair[name] != ""]
            for source, against, code in ((first, second, "first"), (second, first, "second")):
                points = np.where(
                    chosen[name] == "equal", 0.5, (chosen[name] == code).astype(float)
                )
                low, high = mean_interval(points, chosen["item"].to_numpy(), seed=seed)
                wins, ties = int((points == 1).sum()), int((points == 0.5).sum())
                wilson = wilson_interval(wins, len(points) - ties)
                yield {
                    "aspect": name, "source": source, "against": against,
                    "items": chosen["item"].nunique(), "ratings": len(points), "wins": wins,
                    "ties": ties, "rate": float(points.mean()) if len(points) else np.nan,
                    "low": low, "high": high,
                    "wilson_low": wilson[0], "wilson_high": wilson[1],
                }  # fmt: skip


def _strengths(wins: pd.DataFrame) -> Iterator[_Row]:
    """Bradley-Terry strengths by aspect: of two, one wins with s1 / (s1 + s2)."""
    sources = sorted(set(wins["source"])) if len(wins) else []
    for name in QUESTIONS["choose"]:
        matrix = np.zeros((len(sources), len(sources)))
        for row in wins[wins["aspect"] == name].to_dict("records") if len(wins) else ():
            place = sources.index(row["source"]), sources.index(row["against"])
            matrix[place] += row["wins"] + 0.5 * row["ties"]
        for source, strength in zip(sources, bradley_terry(matrix), strict=True):
            yield {"aspect": name, "source": source, "strength": float(strength)}


def _agreement(once: pd.DataFrame, name: str) -> _Row:
    """Between experts, of the items' first showing."""
    table = once.assign(code=_codes(once[name])).pivot(
        index="item", columns="expert", values="code"
    )
    values = table.to_numpy(dtype=np.float64)
    whole = values[np.isfinite(values).all(axis=1)]
    counts = np.stack(
        [(whole == code).sum(axis=1) for code in sorted(set(_CODES.values()))], axis=1
    )
    pairs = [
        (values[:, a] == values[:, b])[np.isfinite(values[:, a]) & np.isfinite(values[:, b])]
        for a, b in combinations(range(values.shape[1]), 2)
    ]
    same = np.concatenate(pairs) if pairs else np.empty(0)
    return {
        "question": name, "experts": values.shape[1], "items": len(values),
        "items_rated_by_all": len(whole), "fleiss_kappa": fleiss_kappa(counts),
        "krippendorff_alpha": krippendorff_alpha(values.T),
        "pairs_equal": float(same.mean()) if len(same) else np.nan,
    }  # fmt: skip


def _consistency(joined: pd.DataFrame, names: Sequence[str]) -> Iterator[_Row]:
    """Of each expert with itself, over the items that came twice."""
    first, again = (joined[joined["again"] == late] for late in (False, True))
    pairs = first.merge(again, on=["expert", "item"], suffixes=("", "_again"))
    for expert in (*sorted(set(joined["expert"])), EVERYONE):
        of_one = pairs if expert == EVERYONE else pairs[pairs["expert"] == expert]
        for name in names:
            one, two = _codes(of_one[name]), _codes(of_one[f"{name}_again"])
            known = np.isfinite(one) & np.isfinite(two)
            one, two = one[known].astype(int), two[known].astype(int)
            equal = int((one == two).sum())
            low, high = wilson_interval(equal, len(one))
            yield {
                "expert": expert, "question": name, "repeated": len(one), "equal": equal,
                "share": equal / len(one) if len(one) else np.nan, "wilson_low": low,
                "wilson_high": high, "cohen_kappa": cohen_kappa(one, two),
            }  # fmt: skip


def _sides(joined: pd.DataFrame) -> pd.DataFrame:
    """How often each expert chose the left one, of those where a side was chosen."""
    rows = []
    for expert in (*sorted(set(joined["expert"])), EVERYONE):
        of_one = joined if expert == EVERYONE else joined[joined["expert"] == expert]
        chosen = of_one[list(QUESTIONS["choose"])].to_numpy().ravel()
        left, right = int((chosen == "left").sum()), int((chosen == "right").sum())
        low, high = wilson_interval(left, left + right)
        share = left / (left + right) if left + right else np.nan
        rows.append((expert, left, right, share, low, high))
    names = ["expert", "left", "right", "share_left", "wilson_low", "wilson_high"]
    return pd.DataFrame(rows, columns=names)


def _by_source(joined: pd.DataFrame) -> pd.DataFrame:
    """Sides as whose answer was chosen: ``first`` or ``second``."""
    swapped = joined["swapped"].to_numpy(dtype=bool)
    found = joined.copy()
    for name in QUESTIONS["choose"]:
        side = joined[name].to_numpy()
        is_first = (side == "left") ^ swapped
        found[name] = np.where(
            np.isin(side, ["left", "right"]), np.where(is_first, "first", "second"), side
        )
    return found


def _codes(answers: pd.Series[str]) -> np.ndarray:
    return answers.map(_CODES).to_numpy(dtype=np.float64)


def _table(rows: Iterator[_Row]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))
