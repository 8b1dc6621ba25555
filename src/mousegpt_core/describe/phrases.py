"""Facts to sentences: the five sections of a description that are prose.

Every sentence is composed from the words of ``phrases.toml``; what is not known is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mousegpt_core.describe.activities import Activity, activity_of, phrase_table
from mousegpt_core.describe.signals import PAWS

Facts = Mapping[str, str]


def overall(facts: Facts) -> str:
    """What the mouse does, how fast, which way, and what comes before and after.

    Parameters
    ----------
    facts : Mapping of str to str
        `factors.FACTS` to their values.
    """
    name = facts["activity"]
    clause = _doing(activity_of(name), facts) if name else _moving(facts)
    tail = _participles(facts)
    text = f"The mouse {clause}"
    if facts["onset"] == "begins" and not _stops(facts):
        text += f" after {activity_of(facts['before']).ing}"
    elif facts["onset"] == "pause":
        text += f" between bouts of {activity_of(facts['before']).ing}"
    if tail:
        text += ", " + " and ".join(tail)
    if facts["after"]:
        text += f", then {activity_of(facts['after']).third}"
    return text + "."


def head(facts: Facts) -> str:
    """Where the head points, how it moves and what the nose is close to."""
    side, level = facts["head_side"], _word("head_level", facts)
    sentences = []
    if side == "straight":
        sentences.append("The head points straight ahead" + (f" and is {level}" if level else ""))
    elif side:
        turned = _spaced("turned", _word("degree", facts, "head_degree"), f"to the {side}")
        sentences.append(f"The head is {_listed([turned, level])}")
    elif level:
        sentences.append(f"The head is {level}")
    motion = _word("head_motion", facts)
    if motion:
        sentences.append(f"{'It' if sentences else 'The head'} {motion}")
    return _spaced(_stopped(sentences), _word("head_near", facts))


def limb(facts: Facts) -> str:
    """What the paws, limbs and tail do."""
    strokes = [
        phrase_table()["hindlimb"][facts[f"hindlimb_{side}"]].format(side=side)
        for side in ("left", "right")
        if facts[f"hindlimb_{side}"]
    ]
    tail = _listed([_word(name, facts) for name in ("tail_level", "tail_shape", "tail_motion")])
    return _spaced(
        _paws(facts),
        _word("gait", facts),
        _word("forelimbs", facts),
        *strokes,
        f"The tail is {tail}." if tail else "",
    )


def torso(facts: Facts) -> str:
    """How the trunk is pitched, bent and stretched."""
    side = facts["torso_side"]
    bend = side
    if side in ("left", "right"):
        bend = _spaced("curved", _word("degree", facts, "torso_degree"), f"to the {side}")
    posture = [
        _word("torso_pitch", facts),
        bend,
        _word("torso_back", facts),
        _word("torso_height", facts),
    ]
    length = _word("body_length", facts)
    return _spaced(
        f"The torso is {_listed(posture)}." if any(posture) else "",
        f"The body is {length}." if length else "",
    )


def others(facts: Facts) -> str:
    """Place in the arena, visibility, rest and short events around."""
    return _spaced(
        _word("place", facts),
        _word("nose_place", facts),
        _word("visibility", facts),
        _word("rest", facts),
        _event(facts),
    )


#: Section to the function that writes it; keywords are written by `keywords.keywords`.
WRITERS = {"overall": overall, "head": head, "limb": limb, "torso": torso, "others": others}


def _doing(activity: Activity, facts: Facts) -> str:
    """Verb phrase of a known activity: "begins to walk forward slowly"."""
    verb = _verb(activity, facts)
    stationary = facts["pace"] == "stationary"
    if activity.moves == "always":
        pace = facts["pace"]
        plain = "running" in activity.keywords and pace != "very fast"
        return _spaced(verb, facts["direction"], "" if plain else _word("pace", facts))
    if facts["activity"] == "turning":
        return _spaced(verb, _turn_words(facts).removeprefix("turning").strip(), "on the spot")
    if activity.moves == "never":
        return verb if activity.says_still else f"is stationary and {verb}"
    if not stationary:
        return f"{verb} while moving {_spaced(facts['direction'], _word('pace', facts))}"
    return verb if activity.upright else f"{verb} while staying in place"


def _moving(facts: Facts) -> str:
    """Verb phrase where the activity is not known."""
    if not facts["pace"]:
        return "is in view"
    if facts["pace"] == "stationary":
        return "pauses" if facts["onset"] == "pause" else "is stationary"
    return _spaced("moves", facts["direction"], _word("pace", facts))


def _verb(activity: Activity, facts: Facts) -> str:
    if facts["certainty"] == "likely":
        return f"appears to {activity.base}"
    if facts["onset"] != "begins":
        return activity.third
    if _stops(facts):
        return f"stops {activity_of(facts['before']).ing} and {activity.third}"
    calmer = activity.says_still and not activity.calm
    return activity.third if calmer else f"begins to {activity.base}"


def _stops(facts: Facts) -> bool:
    """Whether the mouse begins an activity by coming to a stand."""
    if facts["onset"] != "begins":
        return False
    before, now = activity_of(facts["before"]), activity_of(facts["activity"])
    return now.says_still and before.moves == "always"


def _participles(facts: Facts) -> list[str]:
    """What the mouse does meanwhile: turning, changing its speed."""
    turn = "" if facts["activity"] == "turning" else _turn_words(facts)
    if turn and not facts["activity"] and facts["pace"] == "stationary":
        turn += " on the spot"
    return [part for part in (turn, _word("speed_change", facts)) if part]


def _turn_words(facts: Facts) -> str:
    if not facts["turn_side"]:
        return ""
    return f"{_word('turn_degree', facts)} to the {facts['turn_side']}"


def _paws(facts: Facts) -> str:
    """Paws grouped by what they do, each known paw once."""
    groups: dict[str, list[str]] = {}
    for state in ("floor", "planted", "moving", "air"):
        members = [paw for paw in PAWS if facts[paw] == state]
        if members:
            groups[state] = members
    clauses = []
    for state, members in groups.items():
        subject = _paw_names(members)
        verb = "is" if len(members) == 1 else "are"
        clauses.append(f"{subject} {verb} {phrase_table()['paw_state'][state]}")
    text = ", and ".join(clauses)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _paw_names(members: Sequence[str]) -> str:
    if len(members) == len(PAWS):
        return "all paws"
    names = []
    for kind in ("forepaw", "hindpaw"):
        same = [paw for paw in members if paw.startswith(kind)]
        names += [f"both {kind}s"] if len(same) > 1 else [phrase_table()["paw"][p] for p in same]
    return " and ".join(names)


def _event(facts: Facts) -> str:
    event = facts["event"]
    if not event:
        return ""
    known = phrase_table()["event"].get(event)
    when = phrase_table()["event_when"][facts["event_when"]]
    return f"{known or f'It {activity_of(event).third}'} {when}."


def _word(table: str, facts: Facts, fact: str = "") -> str:
    """The word for the value of a fact, ``""`` where it is not known."""
    value = facts[fact or table]
    return str(phrase_table()[table][value]) if value else ""


def _spaced(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _stopped(sentences: Sequence[str]) -> str:
    return " ".join(f"{sentence}." for sentence in sentences)


def _listed(parts: Sequence[str]) -> str:
    """Words joined as in "a, b and c"."""
    kept = [part for part in parts if part]
    return " and ".join([", ".join(kept[:-1]), kept[-1]] if len(kept) > 1 else kept)
