"""What questions ask for, with answers known by hand."""

from __future__ import annotations

import pytest

from mousegpt_core.analysis.questions import agreement, read_question
from mousegpt_core.describe.keywords import WORDS
from mousegpt_core.describe.rules import Rules, load_rules

VOCABULARY = {word for values in WORDS.values() for word in values.values()} | {"near wall"}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


@pytest.mark.parametrize(
    ("question", "activities", "keywords"),
    [
        ("mouse standing on two legs", {"rearing"}, set()),
        ("standing on its hind legs", {"rearing"}, set()),
        ("sitting motionless near the wall", {"freezing"}, {"near wall"}),
        ("not moving", {"freezing"}, set()),
        ("washing its face", {"face_grooming"}, set()),
        ("licking its belly", {"body_grooming"}, set()),
        ("turning left", {"turning"}, {"turning left"}),
        ("turns its head to the left", set(), {"head turned left", "head turning left"}),
        ("running fast", {"running"}, {"fast locomotion"}),
        ("nose to the floor", set(), {"nose at floor"}),
        ("still", {"standing"}, set()),
        ("rearing against the wall", {"rearing_supported"}, {"near wall"}),
        ("near the wall", set(), {"near wall"}),
        ("tail up", set(), {"tail raised"}),
        ("a purple elephant", set(), set()),
        ("", set(), set()),
    ],
)
def test_what_is_asked_for(
    rules: Rules, question: str, activities: set[str], keywords: set[str]
) -> None:
    asked = read_question(question, rules, VOCABULARY)
    assert asked.activities == activities
    assert asked.keywords == keywords


def test_words_of_other_activities_are_left_out(rules: Rules) -> None:
    words = read_question("mouse standing on two legs", rules, VOCABULARY).words
    assert "rearing" in words
    assert "standing" not in words
    assert read_question("a purple elephant", rules, VOCABULARY).words == "a purple elephant"


def test_a_kind_fits_nearly_and_what_is_above_it_a_little(rules: Rules) -> None:
    labels = ["rearing", "rearing_supported", "walking", ""]
    asked = read_question("rearing", rules, VOCABULARY)
    fits = agreement(asked, labels, [""] * 4, rules)
    assert fits[0] == 1
    assert 0.5 < fits[1] < 1
    assert fits[2] == fits[3] == 0
    asked = read_question("rearing against the wall", rules, set())
    fits = agreement(asked, labels, [""] * 4, rules)
    assert fits[1] == 1
    assert 0 < fits[0] < 0.5


def test_activity_and_keywords_together_fit_best(rules: Rules) -> None:
    asked = read_question("motionless near the wall", rules, VOCABULARY)
    fits = agreement(
        asked,
        ["freezing", "freezing", "walking", "walking"],
        ["motionless, near wall", "motionless", "near wall", ""],
        rules,
    )
    assert fits[0] == 1
    assert fits[0] > fits[1] > fits[2] > fits[3] == 0
