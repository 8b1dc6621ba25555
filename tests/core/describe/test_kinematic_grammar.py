"""Whatever the facts, the English is right and no section contradicts another."""

from __future__ import annotations

import re

from hypothesis import given, settings

from core.describe.fact_strategies import agree, agreed_facts, raw_facts
from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.activities import activity_of, known_activities
from mousegpt_core.describe.keywords import MOST, vocabulary
from mousegpt_core.describe.kinematic import write_sections

PROSE = tuple(name for name in SECTIONS if name != "keywords")
SENTENCE = re.compile(r"^[A-Z][a-z]+( [a-z-]+,?)+\.$")
MOVEMENT = ("sweep", "quick", "moves", "moving", "strokes", "steps", "turning", "jerks briefly")


@settings(max_examples=200, deadline=None)
@given(agreed_facts())
def test_every_sentence_is_well_formed(facts: dict[str, str]) -> None:
    sections = write_sections(facts)
    assert tuple(sections) == SECTIONS
    for name in PROSE:
        text = sections[name]
        assert text == text.strip()
        for sentence in re.split(r"(?<=\.) ", text) if text else ():
            assert SENTENCE.match(sentence), sentence
            assert not re.search(r"\b(\w+) \1\b", sentence), sentence
            assert ", and ." not in sentence
            assert ",," not in sentence
    words = set(re.findall(r"[a-z]+", " ".join(sections.values()).lower()))
    assert not words & {"not", "no", "never", "without", "neither", "nor", "none", "nothing"}
    assert not any(character.isdigit() for text in sections.values() for character in text)


@settings(max_examples=200, deadline=None)
@given(agreed_facts())
def test_subject_and_verb_agree(facts: dict[str, str]) -> None:
    limb = write_sections(facts)["limb"]
    for subject in ("paws", "hindpaws", "forepaws"):
        assert f"{subject} is" not in limb
    for clause in re.split(r", and |\. ", limb.lower()):
        single = re.match(r"^the (left|right) (fore|hind)paw (is|are)", clause)
        if single:
            assert single.group(3) == "is"


@settings(max_examples=150, deadline=None)
@given(agreed_facts())
def test_label_sentences_and_keywords_agree(facts: dict[str, str]) -> None:
    sections = write_sections(facts)
    overall, listed = sections["overall"], sections["keywords"].split(", ")
    assert "stationary" in listed or any("locomotion" in word for word in listed)
    if facts["activity"]:
        activity = activity_of(facts["activity"])
        assert activity.base in overall or activity.third in overall
        assert listed[: len(activity.keywords)] == list(activity.keywords)
        if activity.moves == "always":
            assert "stationary" not in listed
            assert "stationary" not in overall
        if activity.moves == "never":
            assert "stationary" in listed
            assert "while moving" not in overall
        if activity.calm:
            now = overall.split(", then")[0] + sections["head"] + sections["limb"]
            now += sections["others"].replace("shortly", "")
            assert not any(word in now for word in MOVEMENT), now
        if activity.upright:
            assert "All paws are on the floor" not in sections["limb"]
            assert "level" not in sections["torso"]
    if "stationary" in listed:
        assert "forward" not in overall.replace("its body forward", "")
        assert "step" not in sections["limb"]


@settings(max_examples=150, deadline=None)
@given(agreed_facts())
def test_keywords_are_from_the_closed_vocabulary(facts: dict[str, str]) -> None:
    listed = write_sections(facts)["keywords"].split(", ")
    assert set(listed) <= vocabulary(["wall-licking"])
    assert len(listed) == len(set(listed)) <= MOST


@settings(max_examples=100, deadline=None)
@given(raw_facts())
def test_agreement_only_drops_facts_and_is_stable(facts: dict[str, str]) -> None:
    agreed = agree(facts)
    assert all(agreed[name] in ("", facts[name]) for name in facts if name != "pace")
    assert agree(agreed) == agreed


def test_left_and_right_are_said_of_their_side() -> None:
    base = dict.fromkeys(agree_nothing(), "")
    for side, other in (("left", "right"), ("right", "left")):
        facts = {
            **base,
            "pace": "moderate",
            "turn_side": side,
            "turn_degree": "plain",
            "head_side": side,
            "head_degree": "slight",
            "torso_side": side,
            "torso_degree": "strong",
            "tail_shape": f"curved {side}",
        }
        text = " ".join(write_sections(agree(facts)).values())
        assert text.count(side) == 7
        assert other not in text


def test_activities_that_only_the_user_knows_are_said_by_their_name() -> None:
    facts = {**dict.fromkeys(agree_nothing(), ""), "pace": "stationary"}
    facts |= {"activity": "wall-licking", "certainty": "sure"}
    assert write_sections(agree(facts))["overall"] == (
        "The mouse shows wall licking while staying in place."
    )


def test_every_activity_has_an_overall_sentence_of_its_own() -> None:
    facts = {**dict.fromkeys(agree_nothing(), ""), "pace": "stationary", "certainty": "sure"}
    sentences = {
        name: write_sections(agree({**facts, "activity": name}))["overall"]
        for name in known_activities()
        if name != "standing"  # another name of standing_still
    }
    assert len(set(sentences.values())) == len(sentences)


def agree_nothing() -> tuple[str, ...]:
    from mousegpt_core.describe.factors import FACTS

    return tuple(FACTS)
