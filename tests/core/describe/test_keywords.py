"""Keywords: closed, ordered, few."""

from __future__ import annotations

from mousegpt_core.describe.activities import activity_of, known_activities
from mousegpt_core.describe.ethogram import load_rules
from mousegpt_core.describe.factors import FACTS
from mousegpt_core.describe.keywords import MOST, PAW_WORDS, WORDS, keywords, vocabulary
from mousegpt_core.describe.signals import PAWS

NOTHING = dict.fromkeys(FACTS, "")


def test_vocabulary_is_clean() -> None:
    for word in vocabulary():
        assert word == word.strip().lower()
        assert "," not in word
        assert "_" not in word


def test_vocabulary_is_closed_over_all_values() -> None:
    for fact, table in WORDS.items():
        allowed = FACTS[fact]
        assert allowed is not None
        assert set(table) <= set(allowed)
    assert "wall licking" not in vocabulary()
    assert "wall licking" in vocabulary(["wall_licking"])


def test_order_is_activity_locomotion_head_limbs_torso() -> None:
    facts = {
        **NOTHING,
        "torso_side": "left",
        "gait": "diagonal",
        "head_side": "right",
        "pace": "slow",
        "activity": "walking",
    }
    assert keywords(facts) == (
        "walking, slow locomotion, head turned right, alternating diagonal steps, torso curved left"
    )


def test_paws_are_summed_up() -> None:
    cases = {
        ("floor", "floor", "floor", "floor"): "all paws on floor",
        ("air", "air", "floor", "floor"): "forepaws in air",
        ("air", "floor", "floor", "air"): "forepaw in air, hindpaw in air",
        ("moving", "planted", "planted", ""): "paws moving",
        ("planted", "planted", "", ""): "paws planted",
        ("floor", "floor", "", ""): "",
    }
    for states, expected in cases.items():
        found = keywords({**NOTHING, **dict(zip(PAWS, states, strict=True))})
        assert found == expected
        assert set(found.split(", ")) <= {*PAW_WORDS, ""}


def test_plain_postures_go_first_where_there_are_too_many() -> None:
    full = {name: (values or ("",))[0] for name, values in FACTS.items()}
    listed = keywords({**full, "activity": "rearing"}).split(", ")
    assert len(listed) == MOST
    assert "torso straight" not in listed
    assert listed[0] == "rearing"


def test_every_activity_of_the_built_in_ethogram_has_words() -> None:
    assert set(load_rules(None).activities) <= set(known_activities())


def test_names_of_activities_are_read_leniently() -> None:
    assert activity_of("Standing Still") is known_activities()["standing_still"]
    assert activity_of("stretch-attend").keywords == ("stretching",)
