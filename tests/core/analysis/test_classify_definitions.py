"""From names and definitions to activities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.analysis.definitions import cue_hits, is_rest, match_behaviours
from mousegpt_core.analysis.word_matching import in_english, stem
from mousegpt_core.describe.rules import BUILT_IN_RULES, load_rules
from mousegpt_core.settings import read_toml

RULES = load_rules()


def owners(definitions: dict[str, str]) -> dict[str, str]:
    found = match_behaviours(definitions, RULES)
    return {activity: name for name, claim in found.items() for activity in claim.activities}


@pytest.mark.parametrize(
    "definitions",
    [
        {
            "walking": "moves forward",
            "rearing": "lifts its forepaws off the floor",
            "standing": "still on all fours",
            "grooming": "licks its fur",
        },
        {"walk": "-", "rear": "-", "stand": "-", "groom": "-"},
        {
            "A": "moves forward over the floor on all four paws",
            "B": "stands upright on its hind legs, forepaws off the floor",
            "C": "stays in one place on all fours without walking",
            "D": "licks or wipes its own fur or face",
        },
        {
            "Walking": "The mouse walks; all four paws step and the body is displaced.",
            "Rearing": "Stands up on its hind legs with or without support from the wall.",
            "Standing": "Is still, all four paws on the ground, not walking, not rearing.",
            "Grooming": "Is cleaning itself with paws or tongue, does not walk.",
        },
        {
            "locomotion": "walking or running",
            "vertical": "rearing",
            "still": "not walking, rearing or grooming",
            "self-grooming": "grooming",
        },
    ],
)
def test_four_postures_in_many_words(definitions: dict[str, str]) -> None:
    names = list(definitions)
    found = owners(definitions)
    expected = dict(zip(("walking", "rearing", "standing", "grooming"), names, strict=True))
    for posture, name in expected.items():
        assert found[posture] == name
    # Every kind of a posture goes with it.
    for activity in RULES.activities:
        assert found[activity] == expected[RULES.posture_of(activity)], activity


@pytest.mark.parametrize(
    "freezing",
    [
        "the mouse does not move at all except for breathing",
        "complete absence of movement except respiration",
        "no movement",
        "motionless",
    ],
)
@pytest.mark.parametrize("rest", ["other", "not freezing", "none", "background", "nonfreezing"])
def test_freezing_and_the_rest(freezing: str, rest: str) -> None:
    found = owners({"freezing": freezing, rest: "anything else"})
    assert found.pop("freezing") == "freezing"
    assert set(found.values()) == {rest}


def test_freezing_by_definition_alone() -> None:
    found = owners({"state 1": "it does not move except for breathing", "state 2": "anything else"})
    assert found["freezing"] == "state 1"
    assert found["walking"] == found["standing"] == "state 2"


def test_freezing_fleeing_exploring() -> None:
    found = owners(
        {
            "freezing": "no movement except breathing",
            "fleeing": "runs away fast",
            "exploring": "walks about and sniffs; grooming counts as exploring",
        }
    )
    assert found["freezing"] == "freezing"
    assert found["running"] == "fleeing"
    for activity in ("walking", "grooming", "face_grooming", "rearing", "sniffing", "standing"):
        assert found[activity] == "exploring", activity


def test_kinds_of_rearing() -> None:
    found = owners(
        {
            "rearing supported": "rears with its forepaws on the wall",
            "unsupported": "rears without touching the wall",
            "grooming": "licks its fur",
            "other": "everything else",
        }
    )
    assert found["rearing_supported"] == "rearing supported"
    assert found["rearing_unsupported"] == "unsupported"
    assert found["walking"] == found["standing"] == "other"


def test_two_halves() -> None:
    found = owners({"locomotion": "goes from place to place", "stationary": "stays in one place"})
    assert found["walking"] == "locomotion"
    assert found["standing"] == found["grooming"] == found["rearing"] == "stationary"
    found = owners({"immobile": "no movement except breathing", "mobile": "any movement"})
    assert found["freezing"] == "immobile"
    assert found["walking"] == found["grooming"] == found["rearing"] == "mobile"


def test_a_definition_overrules_a_misleading_name() -> None:
    found = owners(
        {
            "standing": "stands upright on its hindlegs, forepaws off the floor",
            "resting": "stays still on all fours",
            "moving": "walks around",
        }
    )
    assert found["rearing"] == "standing"
    assert found["standing"] == "resting"
    assert found["walking"] == "moving"


def test_denials() -> None:
    assert "walking" in cue_hits("the mouse walks", RULES)
    assert "walking" not in cue_hits("the mouse does not walk", RULES)
    assert "standing" in cue_hits("the mouse does not walk", RULES)
    assert "freezing" in cue_hits("it doesn't move", RULES)
    assert "freezing" not in cue_hits("it moves", RULES)
    # The denial ends with its clause.
    assert "grooming" in cue_hits("it does not walk, but grooms", RULES)


def test_a_behaviour_without_a_clue_says_so() -> None:
    found = match_behaviours({"eating": "eats", "walking": "walks"}, RULES)
    assert found["eating"].activities == ()
    assert "examples" in found["eating"].why


@pytest.mark.parametrize(
    ("name", "definition", "rest"),
    [
        ("other", "-", True),
        ("no freezing", "-", True),
        ("misc", "anything else", True),
        ("walking", "moves forward", False),
        ("novel object", "sniffs at the object", False),
    ],
)
def test_rest(name: str, definition: str, rest: bool) -> None:
    assert is_rest(name, definition) is rest


def test_stems() -> None:
    assert {stem(word) for word in ("moves", "moving", "moved", "movement")} == {"mov"}
    assert {stem(word) for word in ("step", "steps", "stepping", "stepped")} == {"step"}
    assert stem("licks") == stem("licking") == "lick"


@given(
    st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=60), min_size=1, max_size=6)
)
def test_every_activity_finds_one_owner_at_most(definitions: dict[str, str]) -> None:
    found = match_behaviours(definitions, RULES)
    assert list(found) == list(definitions)
    given_away = [activity for claim in found.values() for activity in claim.activities]
    assert len(given_away) == len(set(given_away))
    assert set(given_away) <= set(RULES.activities)
    assert all(claim.why for claim in found.values())


@pytest.mark.parametrize(
    "awake",
    [
        {"awake": "not asleep"},
        {"awake": "the mouse is not sleeping"},
        {"awake": "is awake"},
        {"awake": ""},
        {"state 2": "all but sleep"},
        {"state 2": "everything except sleeping"},
        {"state 2": "any behaviour other than sleep"},
        {"state 2": "without sleeping"},
        {"not asleep": "-"},
    ],
)
def test_the_contrary_takes_all_else(awake: dict[str, str]) -> None:
    for definitions in ({"sleep": "the mouse sleeps", **awake}, {**awake, "sleep": ""}):
        found = owners(definitions)
        assert found.pop("sleeping") == "sleep"
        assert set(found.values()) == set(awake)
        assert len(found) == len(RULES.activities) - 1


def test_what_two_behaviours_deny_is_neithers() -> None:
    found = owners({"awake": "not asleep", "quiet": "not grooming", "up": "rears"})
    assert found["sleeping"] == "quiet"
    assert found["grooming"] == found["face_grooming"] == "awake"
    assert found["rearing"] == "up"
    assert "sleeping" not in owners({"awake": "not asleep", "up": "rears"})


def test_a_denial_within_a_definition_is_no_complement() -> None:
    found = owners({"walking": "walks", "still": "does not walk", "rearing": "rears, not walking"})
    assert found["standing"] == "still"
    assert found["rearing"] == "rearing"
    found = owners({"freezing": "does not do anything but breathe", "other": "-"})
    assert found["freezing"] == "freezing"
    assert found["walking"] == "other"


def test_behaviours_that_nothing_points_to_get_nothing() -> None:
    claims = match_behaviours({"blorf": "", "zwick": "zwicks"}, RULES)
    assert [claim.activities for claim in claims.values()] == [(), ()]
    assert all("in English" in claim.why and "examples" in claim.why for claim in claims.values())
    # What they could be is not given to those that are known.
    found = owners({"blorf": "", "walking": "walks"})
    assert {RULES.posture_of(activity) for activity in found} == {"walking"}
    # A rest takes it all the same.
    assert len(owners({"blorf": "", "walking": "walks", "other": ""})) == len(RULES.activities)


@pytest.mark.parametrize(
    "names",
    [
        ("Laufen", "Aufrichten", "Stehen", "Putzen"),
        ("marche", "Redressement", "arret", "se_toiletter"),
        ("caminar", "erguirse", "quieto", "acicalamiento"),
        ("歩行", "立ち上がり", "静止", "グルーミング"),
        ("行走", "直立", "静止", "梳理"),
    ],
)
def test_names_in_other_languages(names: tuple[str, ...]) -> None:
    found = owners(dict.fromkeys(names, ""))
    assert [found[one] for one in ("walking", "rearing", "standing", "grooming")] == list(names)


def test_the_table_of_names_fits_the_ethogram() -> None:
    table = read_toml(BUILT_IN_RULES.with_name("activity_names.toml"))
    assert set(table) <= {*RULES.activities, "other"}
    for english, languages in table.items():
        for name in (name for names in languages.values() for name in names):
            assert in_english(name) == english, name
    assert in_english("Der Hund") == "Der Hund"


def test_rest_may_mean_resting() -> None:
    found = owners({"rest": "lies still on all fours", "moving": "walks about, grooms, rears"})
    assert found["standing"] == "rest"
    assert found["walking"] == found["grooming"] == "moving"
    assert owners({"rest": "", "walking": "walks"})["grooming"] == "rest"


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("still", "perfectly still and stiff, only the flanks move with respiration"),
        ("inactive", "lack of movement, tense posture"),
        ("behaviour 1", "does not move at all"),
        ("fear", "complete absence of movement except respiration"),
    ],
)
def test_freezing_is_known_by_its_definition(name: str, definition: str) -> None:
    claims = match_behaviours({name: definition, "mobile": "walks, sniffs, grooms"}, load_rules())
    assert claims[name].activities == ("freezing",)
    assert "standing" in claims["mobile"].activities


def test_one_thing_said_in_several_cues_counts_once() -> None:
    for others in ({"other": "anything else"}, {"rearing": "stands on its hind legs"}):
        claims = match_behaviours({"walking": "moves forward on all four paws", **others}, RULES)
        assert "walking" in claims["walking"].activities
        assert not {"standing", "freezing", "sleeping"} & set(claims["walking"].activities)
