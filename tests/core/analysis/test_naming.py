"""Names of behaviours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mousegpt_core.analysis.naming import (
    characteristic_keywords,
    count_wordings,
    name_groups,
    split_keywords,
)


def _names(*groups: tuple[str, list[tuple[str, int]]]) -> list[str]:
    """Names of groups given as (keywords, activities with their counts)."""
    rows = [
        (number, activity, keywords)
        for number, (keywords, activities) in enumerate(groups)
        for activity, count in activities
        for _ in range(count)
    ]
    group, labels, keywords = zip(*rows, strict=True)
    wordings = count_wordings(
        np.array(group), len(groups), pd.Series(list(labels)), pd.Series(list(keywords))
    )
    return name_groups(wordings)


def test_the_activity_where_it_is_alone() -> None:
    assert _names(("walking, near wall", [("walking", 5)]), ("rearing", [("rearing", 5)])) == [
        "walking",
        "rearing",
    ]


def test_siblings_are_told_apart() -> None:
    names = _names(
        ("walking, turning left, paws moving", [("walking", 5)]),
        ("walking, turning right, paws moving", [("walking", 5)]),
    )
    assert names == ["walking, turning left", "walking, turning right"]


def test_keywords_that_restate_are_not_used() -> None:
    names = _names(("slow walking, near wall", [("walking", 4)]), ("fast", [("walking", 4)]))
    assert names == ["walking, near wall", "walking, fast"]


def test_mixed_unknown_and_repeated() -> None:
    assert _names(("x", [("walking", 4), ("turning", 4), ("rearing", 3)])) == ["turning or walking"]
    assert _names(("", [("standing_still", 2)]))[0] == "standing still"
    same = ("walking", [("walking", 3)])
    assert _names(same, same) == ["walking", "walking (2)"]
    assert _names(("hunched, licking", [("", 3)]), ("upright", [("", 9)])) == [
        "hunched, licking",
        "upright",
    ]
    assert _names(("", [("", 2)])) == ["unremarkable"]


def test_characteristic_is_frequent_here_and_rare_elsewhere() -> None:
    keywords = ["mouse, upright, sniffing"] * 8 + ["mouse, sniffing"] * 8
    wordings = count_wordings(np.repeat([0, 1], 8), 2, pd.Series([""] * 16), pd.Series(keywords))
    assert characteristic_keywords(wordings, 0)[0] == "upright"
    assert "upright" not in characteristic_keywords(wordings, 1)


def test_splitting() -> None:
    assert split_keywords(" Rearing, near  wall,,rearing,") == ["rearing", "near wall"]
    assert split_keywords("") == []
