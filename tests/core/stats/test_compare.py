from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.errors import SettingsError
from mousegpt_core.stats import (
    ComparisonSettings,
    compare_groups,
    comparison_table,
    say_comparison,
    say_p,
    say_share,
)

SALINE = [0.30, 0.31, 0.33, 0.35, 0.36]
DRUG = [0.10, 0.12, 0.13, 0.14, 0.15]


def table(**columns: list[float]) -> pd.DataFrame:
    names = [f"m{place}" for place in range(len(next(iter(columns.values()))))]
    return pd.DataFrame(columns, index=names)


def groups(*sizes: tuple[str, int]) -> dict[str, str]:
    names = [name for name, count in sizes for _ in range(count)]
    return {f"m{place}": name for place, name in enumerate(names)}


def test_two_groups() -> None:
    values = table(walking=SALINE + DRUG, grooming=[0.1] * 10)
    walking, grooming = compare_groups(values, groups(("saline", 5), ("LSD", 5)))
    assert walking.groups == ("saline", "LSD")
    assert walking.n == (5, 5)
    assert walking.medians == (0.33, 0.13)
    assert walking.test == "Mann-Whitney"
    assert walking.p == pytest.approx(2 / 252)
    assert walking.p_corrected == pytest.approx(4 / 252)
    assert walking.pairs[0].delta == 1.0
    assert grooming.p == 1.0
    assert say_comparison(walking, "walking", measures=2) == (
        "Walking: saline more than LSD (median 33 % vs 13 %; p = .02, corrected, n = 5 and 5)."
    )
    assert say_comparison(grooming, "grooming").startswith("Grooming: no clear difference (medians")


def test_three_groups_and_their_pairs() -> None:
    values = table(walking=SALINE + DRUG + [v + 0.001 for v in DRUG])
    (one,) = compare_groups(values, groups(("saline", 5), ("LSD", 5), ("MK-801", 5)))
    assert one.test == "Kruskal-Wallis"
    assert one.p_corrected < 0.01
    assert [(pair.a, pair.b) for pair in one.pairs] == [
        ("saline", "LSD"), ("saline", "MK-801"), ("LSD", "MK-801"),
    ]  # fmt: skip
    assert one.pairs[0].p < 0.05 < one.pairs[2].p
    said = say_comparison(one, "walking", brief=True)
    assert "saline more than LSD (median 33 % vs 13 %" in said
    assert "LSD more than MK-801" not in said


def test_too_few_animals_are_not_tested() -> None:
    values = table(walking=[0.1, 0.2, 0.3, 0.4, 0.5])
    (one,) = compare_groups(values, groups(("saline", 3), ("LSD", 2)))
    assert one.test == ""
    assert np.isnan(one.p_corrected)
    assert "saline 3, LSD 2" in one.reason
    assert "not tested" in say_comparison(one, "walking")
    (alone,) = compare_groups(values, groups(("LSD", 5)))
    assert "same treatment" in alone.reason
    (none,) = compare_groups(values, {})
    assert none.reason == "no treatments are given"


def test_small_groups_are_left_out_and_said() -> None:
    values = table(walking=[*SALINE, *DRUG, 0.2])
    (one,) = compare_groups(values, groups(("saline", 5), ("LSD", 5), ("MK-801", 1)))
    assert one.groups == ("saline", "LSD")
    assert "MK-801 (1)" in one.reason


def test_three_and_three_cannot_show_anything_and_say_so() -> None:
    values = table(walking=SALINE[:3] + DRUG[:3])
    (one,) = compare_groups(values, groups(("saline", 3), ("LSD", 3)))
    assert one.p == pytest.approx(0.1)
    assert "smallest p this test can give is 0.1" in one.reason


def test_missing_values_are_left_out_per_measure() -> None:
    values = table(walking=[np.nan, *SALINE[1:], *DRUG], rearing=[np.nan] * 10)
    walking, rearing = compare_groups(values, groups(("saline", 5), ("LSD", 5)))
    assert walking.n == (4, 5)
    assert rearing.test == ""
    assert walking.p_corrected == walking.p  # what was not tested does not count


def test_same_seed_same_result_and_settings_are_closed() -> None:
    rng = np.random.default_rng(0)
    values = table(a=list(rng.random(15)), b=list(rng.random(15)))
    treatment = groups(("x", 5), ("y", 5), ("z", 5))
    chosen = ComparisonSettings(seed=3, correction="holm")
    assert compare_groups(values, treatment, chosen) == compare_groups(values, treatment, chosen)
    with pytest.raises(SettingsError, match="least_animals"):
        ComparisonSettings.parse({"least_animals": 1})


def test_table_has_a_row_for_every_pair() -> None:
    values = table(a=SALINE + DRUG + DRUG, b=[np.nan] * 15)
    found = comparison_table(compare_groups(values, groups(("x", 5), ("y", 5), ("z", 5))))
    assert found["measure"].tolist() == ["a", "a", "a", "b"]
    assert found["n_a"].tolist()[:3] == [5, 5, 5]


@pytest.mark.parametrize(
    ("p", "said"),
    [(0.0004, "p < .001"), (0.0049, "p = .005"), (0.02, "p = .02"), (0.999, "p = 1.00"),
     (float("nan"), "not tested"), (0.5, "p = .50")],
)  # fmt: skip
def test_p_in_words(p: float, said: str) -> None:
    assert say_p(p) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.314, "31 %"), (0.0314, "3.1 %"), (0.0001, "< 0.1 %"), (0.0, "0 %"), (1.0, "100 %"),
     (float("nan"), "–"), (0.0996, "10 %")],
)  # fmt: skip
def test_shares_in_words(share: float, said: str) -> None:
    assert say_share(share) == said
