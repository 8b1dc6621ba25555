"""The table of rules: built in, changed by a study, and refused where wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.describe.measures import MEASURES, UNITS
from mousegpt_core.describe.rules import Condition, load_rules, soft_score
from mousegpt_core.errors import SettingsError


def write(folder: Path, text: str) -> Path:
    path = folder / "ethogram.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_built_in_rules_are_complete() -> None:
    rules = load_rules()
    assert set(rules.postures) == {"walking", "rearing", "grooming", "standing"}
    wanted = (
        "walking running turning rearing rearing_supported rearing_unsupported grooming sniffing "
        "stretching crouching standing freezing sleeping jumping scratching head_twitch"
    )
    assert set(wanted.split()) <= set(rules.activities)
    for name, rule in rules.activities.items():
        assert rule.definition.endswith("."), name
        assert rule.validation, name


def test_words_of_the_describer_fit_the_activities() -> None:
    from mousegpt_core.describe.activities import known_activities

    assert set(load_rules().activities) <= set(known_activities())


def test_synonyms_point_to_one_activity_only() -> None:
    seen: dict[str, str] = {}
    for name, rule in load_rules().activities.items():
        for word in (name, *rule.synonyms):
            assert seen.setdefault(word, name) == name, word


def test_a_study_changes_single_values(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "[freezing]\nmin_duration_s = 2.0\n[freezing.conditions.all_parts_still]\nbelow = 0.1\n",
    )
    rules, before = load_rules(path), load_rules()
    assert rules.activities["freezing"].min_duration_s == 2.0
    changed = rules.activities["freezing"].conditions["all_parts_still"]
    assert changed.below == 0.1
    assert changed.unit == "body lengths/s"
    assert rules.activities["walking"] == before.activities["walking"]
    assert rules.hash != before.hash


def test_a_study_gives_cm_and_softness_instead_of_factor(tmp_path: Path) -> None:
    text = '[running.conditions.fast]\nabove = 15.0\nunit = "cm/s"\nsoftness = 2.0\n'
    fast = load_rules(write(tmp_path, text)).activities["running"].conditions["fast"]
    assert (fast.above, fast.unit, fast.softness, fast.factor) == (15.0, "cm/s", 2.0, None)


def test_a_study_adds_and_removes_activities(tmp_path: Path) -> None:
    text = """
[sleeping]
enabled = false
[slow_walking]
definition = "The mouse walks slowly."
kind = "refinement"
parent = "walking"
[slow_walking.conditions.slow]
quantity = "speed"
below = 1.0
unit = "body lengths/s"
factor = 1.5
required = true
"""
    rules = load_rules(write(tmp_path, text))
    assert "sleeping" not in rules.activities
    assert rules.posture_of("slow_walking") == "walking"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[walking]\nmin_duration = 1.0", "min_duration"),
        ("[walking.conditions.covers_ground]\nabov = 1.0", "abov"),
        ('[walking.conditions.covers_ground]\nquantity = "sped"', "sped"),
        ('[walking.conditions.covers_ground]\nunit = "deg"', "deg"),
        ('[walking.conditions.covers_ground]\nstatistic = "median"', "statistic"),
        ("[walking.conditions.new]\nbelow = 1.0", "quantity"),
        ('[hopping]\ndefinition = "Hops."\nkind = "refinement"\nconditions = {}', "hopping"),
        ('[running]\nparent = "swimming"', "swimming"),
        ('[walking]\nkind = "refinement"\nparent = "running"', "parent"),
        ("walking = 3", "walking"),
        ("[jogging]\nenabled = false", "jogging"),
        ("[walking]\nconditions = 3", "conditions"),
        ("[walking.conditions]\ncovers_ground = 3", "covers_ground"),
        ("[walking", "TOML"),
        ("[walking]\nmin_duration_s = -1", "min_duration_s"),
        ("[running.conditions.fast]\nabove = -1.0", "factor"),
    ],
)
def test_faults_name_file_and_place(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_rules(path)
    assert told in str(caught.value)
    assert "ethogram.toml" in str(caught.value)


@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.05, 1))
def test_soft_scores_are_half_at_the_threshold(value: float, above: float, softness: float) -> None:
    condition = Condition(
        quantity="front_rise", above=above, unit="body lengths", softness=softness
    )
    one = np.ones((1, 1))
    assert soft_score(np.full((1, 1), above), condition, one)[0, 0] == pytest.approx(0.5)
    score = soft_score(np.full((1, 1), value), condition, one)[0, 0]
    assert 0 <= score <= 1
    assert (score >= 0.5) == (value >= above) or value == pytest.approx(above)


def test_soft_scores_by_hand() -> None:
    one = np.ones((1, 1))
    between = Condition(quantity="length", above=1.0, below=2.0, unit="body lengths", softness=0.1)
    assert soft_score(np.full((1, 1), 1.5), between, one)[0, 0] > 0.95
    fast = Condition(quantity="speed", above=2.0, unit="body lengths/s", factor=2.0)
    # 0.73 at twice the threshold, whatever the unit's scale.
    for scale in (1.0, 0.25):
        found = soft_score(np.full((1, 1), 4.0 * scale), fast, one * scale)[0, 0]
        assert found == pytest.approx(1 / (1 + np.exp(-1)))
    assert np.isnan(soft_score(np.full((1, 1), np.nan), fast, one)[0, 0])


def test_every_measure_has_a_meaning_and_units() -> None:
    for name, measure in MEASURES.items():
        assert measure.meaning, name
        assert UNITS[measure.kind], name
