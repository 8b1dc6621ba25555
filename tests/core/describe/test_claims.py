"""What a sentence claims, and what it does not."""

from __future__ import annotations

import numpy as np
import pytest

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.claims import PLACES, find_claims, known_claims
from mousegpt_core.describe.clip_quantities import STATISTICS, UNITS
from mousegpt_core.describe.fact_settings import FactSettings


def claims(text: str, section: str = "overall") -> set[str]:
    return {said.claim.name for said in find_claims({section: text})}


def test_the_table_speaks_of_what_there_is() -> None:
    names = [claim.name for claim in known_claims()]
    for claim in known_claims():
        assert set(claim.opposite) <= set(names)
        assert set(claim.sections) <= set(PLACES)
        for condition in (each for line in claim.against for each in line):
            assert condition.quantity in UNITS
            assert condition.statistic in STATISTICS
            assert (condition.below is None) != (condition.above is None)
            assert np.isfinite(condition.limit(FactSettings()))
    assert len(set(names)) == len(names)
    assert "the head is turned left" in names
    assert not any("{" in name for name in names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The mouse walks along the wall.", {"moves about", "is near the wall"}),
        ("The mouse appears to be walking slowly.", {"moves about", "moves slowly"}),
        ("The mouse does not move.", {"stays in place"}),
        ("The mouse is not walking; it remains motionless.", {"is motionless"}),
        ("It transitions from walking to grooming.", set()),
        ("The mouse stops walking and stands still.", {"stays in place"}),
        ("The mouse grooms its face after rearing up.", {"grooms"}),
        ("There is no sign of rearing or grooming.", set()),
        ("The mouse is running on the wheel.", set()),
        ("In the rear part of the cage, the mouse rests.", {"stays in place"}),
        ("The mouse moves its head from left to right while standing still.", {"stays in place"}),
        ("The mouse turns to the left.", {"turns left"}),
        ("The mouse stands on its hind legs.", {"rears"}),
        ("The mouse rears up shortly after.", set()),
    ],
)
def test_of_the_whole_animal(text: str, expected: set[str]) -> None:
    assert claims(text) == expected


@pytest.mark.parametrize(
    ("section", "text", "expected"),
    [
        ("head", "The head moves slowly.", set()),
        ("head", "Turned slightly to the left.", {"the head is turned left"}),
        ("head", "The head swings to the left.", set()),
        ("head", "The head points toward the left forepaw.", set()),
        ("head", "Its nose is close to the floor.", {"the nose is at the floor"}),
        (
            "limb",
            "The left front paw is raised while the right forepaw rests on the floor.",
            {"the left forepaw is in the air", "the right forepaw is on the floor"},
        ),
        (
            "limb",
            "Both forepaws and the left hindpaw are in the air.",
            {"the forepaws are in the air", "the left hindpaw is in the air"},
        ),
        ("torso", "Curved to the right.", {"the body bends right"}),
        ("torso", "The torso is parallel to the ground.", {"is flat on the floor"}),
        ("overall", "The torso is curled up, the tail raised.", {
            "the body is curled", "the tail is raised"}),
    ],
)  # fmt: skip
def test_of_a_part(section: str, text: str, expected: set[str]) -> None:
    assert claims(text, section) == expected


def test_keywords_and_labels_are_read_one_by_one() -> None:
    said = find_claims({"keywords": "rearing, head turned left, body compact"}, "standing_still")
    assert [(one.section, one.claim.name) for one in said] == [
        ("keywords", "rears"),
        ("keywords", "the head is turned left"),
        ("keywords", "the body is curled"),
        ("label", "stays in place"),
    ]


def test_what_is_only_possible_weighs_less() -> None:
    plain, hedged = (
        find_claims({"overall": text})[0].weight
        for text in ("The mouse freezes.", "The mouse may be freezing.")
    )
    assert hedged < plain == 1.0


@pytest.mark.parametrize("text", ["", "x", "....", "left right left", "a" * 5000, "paw " * 400])
def test_any_text_can_be_read(text: str) -> None:
    find_claims(dict.fromkeys(SECTIONS, text), text)
