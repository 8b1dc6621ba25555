"""Facts to keywords: a closed vocabulary, in the order activity, locomotion, head, limbs, torso."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mousegpt_core.describe.activities import activity_of, known_activities
from mousegpt_core.describe.signals import PAWS

MOST = 10

#: Keywords of one fact each: fact to value to keyword. Facts stand in the order of the keywords.
WORDS: dict[str, dict[str, str]] = {
    "pace": {
        "stationary": "stationary",
        "slow": "slow locomotion",
        "moderate": "moderate locomotion",
        "fast": "fast locomotion",
        "very fast": "very fast locomotion",
    },
    "direction": {
        "forward": "moving forward",
        "backward": "moving backward",
        "sideways": "moving sideways",
    },
    "turn_side": {"left": "turning left", "right": "turning right"},
    "speed_change": {"accelerating": "accelerating", "slowing": "decelerating"},
    "head_side": {
        "straight": "head straight",
        "left": "head turned left",
        "right": "head turned right",
    },
    "head_level": {"raised": "head raised", "level": "head level", "lowered": "head lowered"},
    "head_motion": {
        "still": "head still",
        "moving": "head moving",
        "quick": "quick head movement",
        "turning left": "head turning left",
        "turning right": "head turning right",
        "oscillating": "small head movements",
        "sweeping": "head sweeping",
    },
    "head_near": {"forepaws": "nose at forepaws", "floor": "nose at floor"},
    "gait": {"diagonal": "alternating diagonal steps", "stepping": "stepping"},
    "forelimbs": {"repetitive": "repeated forelimb strokes", "moving": "forelimbs moving"},
    "hindlimb_left": {"repetitive": "repeated hindlimb strokes"},
    "hindlimb_right": {"repetitive": "repeated hindlimb strokes"},
    "tail_level": {"raised": "tail raised"},
    "tail_motion": {"moving": "tail moving"},
    "torso_pitch": {
        "upright": "torso upright",
        "up": "torso pitched up",
        "level": "torso level",
        "down": "torso pitched down",
    },
    "torso_side": {
        "straight": "torso straight",
        "left": "torso curved left",
        "right": "torso curved right",
    },
    "body_length": {
        "stretched": "body stretched",
        "compact": "body compact",
        "curled": "body curled up",
    },
    "torso_back": {"hunched": "torso hunched"},
    "torso_height": {"low": "torso low"},
    "place": {"wall": "near wall", "open": "open area"},
}
#: Keywords that several paws give together.
PAW_WORDS = (
    "all paws on floor",
    "forepaws in air",
    "forepaw in air",
    "hindpaws in air",
    "hindpaw in air",
    "paws moving",
    "paws planted",
)
#: Keywords that go first where there are more than `MOST`: plain postures say least.
_DISPENSABLE = (
    "head level",
    "torso level",
    "open area",
    "head moving",
    "head still",
    "torso straight",
    "head straight",
    "moving forward",
    "stepping",
    "tail moving",
    "near wall",
    "tail raised",
)


def vocabulary(activities: Iterable[str] = ()) -> frozenset[str]:
    """The closed vocabulary.

    Parameters
    ----------
    activities : iterable of str
        Activities of a user's own ethogram, whose names are keywords too.
    """
    words = {word for table in WORDS.values() for word in table.values()} | set(PAW_WORDS)
    for activity in known_activities().values():
        words.update(activity.keywords)
    for name in activities:
        words.update(activity_of(name).keywords)
    return frozenset(words)


def keywords(facts: Mapping[str, str]) -> str:
    """Keywords of a clip, comma separated, at most `MOST`.

    Parameters
    ----------
    facts : Mapping of str to str
        `factors.FACTS` to their values.
    """
    found = list(activity_of(facts["activity"]).keywords) if facts["activity"] else []
    paws = _paw_words(facts)
    for fact, table in WORDS.items():
        if fact == "gait":
            found += paws
        if facts[fact] in table:
            found.append(table[facts[fact]])
    found = list(dict.fromkeys(found))
    for word in _DISPENSABLE:
        if len(found) > MOST and word in found:
            found.remove(word)
    return ", ".join(found[:MOST])


def _paw_words(facts: Mapping[str, str]) -> list[str]:
    states = {paw: facts[paw] for paw in PAWS}
    if all(state == "floor" for state in states.values()):
        return ["all paws on floor"]
    found = []
    for kind in ("forepaw", "hindpaw"):
        raised = sum(states[f"{kind}_{side}"] == "air" for side in ("left", "right"))
        if raised:
            found.append(f"{kind}s in air" if raised > 1 else f"{kind} in air")
    known = [state for state in states.values() if state in ("moving", "planted")]
    if "moving" in known:
        found.append("paws moving")
    elif known:
        found.append("paws planted")
    return found
