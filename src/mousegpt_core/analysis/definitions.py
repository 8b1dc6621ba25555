"""From a user's own behaviours, defined in words, to the activities of the ethogram.

Each activity of ``ethogram.toml`` has synonyms, by which the *names* of behaviours are found, and
cues, by which their *definitions* are read. Denials count: "does not move" points to freezing, not
to walking, and "not asleep" to all but sleeping. What nobody asked for goes to the nearest
behaviour, so that every frame gets one; unless there are behaviours that nothing points to, for it
could be theirs. Names are known in some other languages too (``activity_names.toml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mousegpt_core.analysis.label_words import REST_NAMES, means_rest, plain
from mousegpt_core.analysis.word_matching import (
    FILLERS,
    clauses_of,
    in_english,
    is_all_but,
    nearness,
    says_any,
    stems_of,
    words_of,
)
from mousegpt_core.describe.rules import ActivityRule, Rules

#: In definitions of what is left over.
_REST_PHRASES = (
    "anything else",
    "everything else",
    "all else",
    "something else",
    "none of the",
    "any other",
    "all other",
    "other behaviour",
    "other behavior",
    "rest of the time",
    "whatever else",
)
_INCLUDES = re.compile(
    r"\b(?:counts? as|counted as|includ\w*|also|as well as|belongs? here|e\.g\.|such as|or)\b"
)
#: Anything that moves, whatever it is.
_ACTIVE = ("active", "activity", "mobile", "mobility", "any movement", "any part", "all movement")

#: Where nothing else points to an activity, these do too.
_MOVES = ("moving", "moves", "move", "movement")
#: Words for much at once.
_BROAD: Mapping[str, frozenset[str]] = {
    "explor": frozenset({"walking", "rearing", "sniffing", "turning", "stretching", "standing"}),
}

#: What an activity is like: travels, moves its parts, upright, busy with its own body.
_TRAITS: Mapping[str, tuple[float, float, float, float]] = {
    "walking": (1.0, 1.0, 0.0, 0.0),
    "running": (1.5, 1.2, 0.0, 0.0),
    "rearing": (0.2, 0.7, 1.0, 0.0),
    "jumping": (0.5, 1.2, 1.0, 0.0),
    "grooming": (0.0, 0.7, 0.2, 1.0),
    "standing": (0.0, 0.3, 0.0, 0.0),
    "sniffing": (0.0, 0.6, 0.0, 0.0),
    "turning": (0.2, 0.7, 0.0, 0.0),
    "freezing": (0.0, 0.0, 0.0, 0.0),
    "sleeping": (0.0, 0.0, 0.0, 0.2),
}
#: A mouse that stands where freezing is a behaviour of its own: it moves a little.
_STANDS_AWAKE = (0.0, 0.6, 0.0, 0.0)


#: Why a behaviour has no activities.
NO_CLUE = (
    "nothing in its name or definition points to an activity: describe it in English with the "
    'words of the ethogram ("walks", "rears", "grooms", "stands still", ...), or give examples'
)


@dataclass(frozen=True)
class Claim:
    """The activities that make one behaviour, and why.

    Attributes
    ----------
    activities : tuple of str
        Names in the ethogram.
    why : str
        For people.
    """

    activities: tuple[str, ...]
    why: str


def match_behaviours(
    definitions: Mapping[str, str], rules: Rules, *, given: Mapping[str, str] | None = None
) -> dict[str, Claim]:
    """Give the activities of the ethogram to the user's behaviours.

    Names are looked up among the activities and their synonyms first; else the definition is read;
    then every activity without an owner goes to the owner of its parent, to a behaviour of the rest
    ("other", "not freezing"), or to the behaviour most like it. Where nothing points to a
    behaviour, there is no such likeness: what it could be stays without an owner.

    Parameters
    ----------
    definitions : Mapping of str to str
        Behaviour to its definition in words, which may be empty.
    rules : Rules
        The activities.
    given : Mapping of str to str, optional
        Activity to the behaviour that names it outright.

    Returns
    -------
    dict of str to Claim
        For each behaviour, in the order given; one that nothing points to has no activities.
    """
    rests = _rests(definitions, rules)
    evidence: dict[str, dict[str, tuple[float, str]]] = {
        name: _evidence(in_english(name), text, rules)
        for name, text in definitions.items()
        if name not in rests
    }
    owner = dict(given or {})
    reasons: dict[str, list[str]] = {name: [] for name in definitions}
    for activity, name in owner.items():
        reasons[name].append(f"it names {activity}")
    for activity in (activity for activity in rules.activities if activity not in owner):
        claims = {name: found[activity] for name, found in evidence.items() if activity in found}
        if claims:
            best = max(claims, key=lambda name: claims[name][0])
            owner[activity] = best
            reasons[best].append(claims[best][1])
    clueless = [name for name in definitions if name not in {*rests, *owner.values()}]
    clueless = [name for name in clueless if not evidence[name]]
    for activity, (name, why) in _inherit(owner, rests, rules, all_known=not clueless).items():
        owner[activity] = name
        reasons[name].append(why)
    result = {}
    for name in definitions:
        activities = tuple(activity for activity in rules.activities if owner.get(activity) == name)
        why = "; ".join(dict.fromkeys(reasons[name]))
        result[name] = Claim(activities, why or _why_nothing(name, rests, evidence, owner))
    return result


def _why_nothing(
    name: str,
    rests: Mapping[str, frozenset[str]],
    evidence: Mapping[str, Mapping[str, object]],
    owner: Mapping[str, str],
) -> str:
    if name in rests:
        return "it takes what is left over, and nothing is"
    if evidence[name]:
        others = sorted({owner[activity] for activity in evidence[name]})
        return f"what its words point to ({', '.join(evidence[name])}) is in {', '.join(others)}"
    return NO_CLUE


def _rests(definitions: Mapping[str, str], rules: Rules) -> dict[str, frozenset[str]]:
    """Behaviours of what is left over, with the activities that they deny.

    Those that deny something come first: "not asleep" says more than "other".
    """
    denied = {
        name: _denied(f"{in_english(name)}. {text}", rules) for name, text in definitions.items()
    }
    found = {
        name: denied[name]
        for name, text in definitions.items()
        if is_rest(name, text)
        or (denied[name] and not _by_name(in_english(name), rules) and not cue_hits(text, rules))
    }
    return dict(sorted(found.items(), key=lambda item: not item[1]))


def _denied(text: str, rules: Rules) -> frozenset[str]:
    """Activities that a text denies, with their kinds."""
    said = clauses_of(text)
    found: set[str] = set()
    for activity, rule in rules.activities.items():
        names = [cue for cue in (activity, *rule.synonyms, *rule.cues) if not cue.startswith("!")]
        stems = [[s for s in stems_of(name) if s not in FILLERS] for name in names]
        hits = [nearness(one, tokens, denied=False) for one in stems if one for tokens in said]
        if rule.parent in found or (min(hits, default=0) < 0 and max(hits) <= 0):
            found.add(activity)
    return frozenset(found)


def is_rest(name: str, definition: str) -> bool:
    """Whether a behaviour is what is left over: "other", "not freezing", "anything else"."""
    english = in_english(name)
    words = words_of(english)
    if plain(english) == "rest" and stems_of(definition):
        return _says_rest(definition)
    if set(words) & set(REST_NAMES) or means_rest(english):
        return True
    if words and words[0] in ("not", "non", "no", "without"):
        return True
    if name.lower().startswith("non") and len(name) > 6:
        return True
    return _says_rest(definition)


def _says_rest(definition: str) -> bool:
    text = " ".join(definition.lower().split())
    return is_all_but(text) or any(
        text.startswith(phrase) or f" {phrase}" in text[:60] for phrase in _REST_PHRASES
    )


def _evidence(name: str, definition: str, rules: Rules) -> dict[str, tuple[float, str]]:
    """Activities that a behaviour's name and definition point to, with strength and reason."""
    by_name = _by_name(name, rules)
    hits = cue_hits(definition, rules)
    if by_name:
        activity = by_name[0]
        posture = rules.posture_of(activity)
        rival = max(hits, key=lambda a: hits[a], default=activity)
        # "Standing: upright on its hindlegs" is rearing, whatever it is called.
        contradicted = (
            rules.posture_of(rival) != posture
            and hits.get(rival, 0) >= 2
            and max(
                (hits.get(a, 0) for a in rules.activities if rules.posture_of(a) == posture),
                default=0,
            )
            <= hits[rival] - 2
        )
        stillness = _stillness_of(activity, name, hits, rules)
        if stillness:
            return {stillness: (10.0, f"its name says {activity}, its definition {stillness}")}
        if not contradicted:
            found = {activity: (10.0, f"its name says {activity}")}
            for also, count in _included(definition, rules).items():
                found.setdefault(also, (5.0 + count, f"its definition includes {also}"))
            return found
    told = {
        activity: (2.0 + count, f"its definition says {activity}")
        for activity, count in hits.items()
    }
    for word, activities in _BROAD.items():
        if any(each.startswith(word) for each in (*stems_of(name), *stems_of(definition))):
            return {
                a: (1.5, f"{a} is part of it") for a in rules.activities if a in activities
            } | told
    if says_any(_ACTIVE, name, definition) or (not hits and says_any(_MOVES, name, definition)):
        return _active(rules) | told
    top = max(hits.values(), default=0)
    return {a: told[a] for a, count in hits.items() if count >= 0.6 * top or count >= 2}


def _stillness_of(name_says: str, name: str, hits: Mapping[str, int], rules: Rules) -> str:
    """The stillness that is meant by a name that is less strict; ``""`` if none.

    "Still" is standing by its name, and freezing if only the flanks move with the breath.
    """
    if stems_of(name) == stems_of(name_says):
        return ""
    kinds = [
        child
        for child in rules.children(name_says)
        if rules.activities[child].kind == "stillness" and hits.get(child, 0) >= 2
    ]
    return max(kinds, key=lambda child: hits[child], default="")


def _by_name(name: str, rules: Rules) -> tuple[str, ...]:
    """The activity whose name or synonym a behaviour's name is, the longest match first."""
    words = stems_of(name)
    if not words:
        return ()
    matches: list[tuple[float, str]] = []
    for activity, rule in rules.activities.items():
        for known in (activity, *rule.synonyms):
            stems = stems_of(known)
            if set(stems) == set(words):
                matches.append((10.0, activity))
            elif set(stems) <= set(words):
                matches.append((float(len(stems)), activity))
            elif set(words) <= set(stems) and known == activity:
                matches.append((0.5, activity))
    return tuple(activity for _, activity in sorted(matches, key=lambda m: -m[0])[:1])


def cue_hits(text: str, rules: Rules) -> dict[str, int]:
    """How many cues of each activity a text has, denials heeded; activities with none left out.

    Parameters
    ----------
    text : str
        A definition.
    rules : Rules
        Activities with their cues; a cue that begins with ``!`` must be denied in the text.
    """
    said = clauses_of(text)
    found: dict[str, int] = {}
    for activity, rule in rules.activities.items():
        score = 0
        counted: set[tuple[int, str]] = set()
        for stems, denied in _cue_stems(rule):
            for number, tokens in enumerate(said):
                match = nearness(stems, tokens, denied=denied)
                words = {(number, word) for word in stems}
                # "All fours", "all four" and "four paws" are one thing said of four paws.
                if match > 0 and words & counted:
                    continue
                score += match
                if match > 0:
                    counted |= words
        if score > 0:
            found[activity] = score
    return found


def _cue_stems(rule: ActivityRule) -> list[tuple[list[str], bool]]:
    """Stems of each cue and whether it must be denied, the longest first."""
    found = []
    for cue in dict.fromkeys((*rule.cues, *rule.synonyms)):
        stems = [s for s in stems_of(cue.removeprefix("!")) if s not in FILLERS]
        if stems:
            found.append((stems, cue.startswith("!")))
    return sorted(found, key=lambda item: -len(item[0]))


def activities_meant(question: str, rules: Rules) -> dict[str, frozenset[str]]:
    """The activities that a question asks for, each with the stems by which it is known.

    The longest phrases win: "standing on two legs" is rearing, though it has "standing" in it. What
    only refines a posture (at the wall, of the face) counts where that posture is asked for too.

    Parameters
    ----------
    question : str
        "mouse standing on two legs".
    rules : Rules
        Activities with synonyms and cues.
    """
    clauses = clauses_of(question, at_commas=False)
    found: dict[str, frozenset[str]] = {}
    named: set[str] = set()
    for activity, rule in rules.activities.items():
        for phrase in (activity, *rule.synonyms, *rule.cues):
            stems = [s for s in stems_of(phrase) if s not in FILLERS]
            if stems and any(
                nearness(stems, tokens, denied=phrase.startswith("!")) > 0 for tokens in clauses
            ):
                found[activity] = max(found.get(activity, frozenset()), frozenset(stems), key=len)
                if phrase not in rule.cues:
                    named.add(activity)
    asked = {
        activity: stems
        for activity, stems in found.items()
        if activity in named
        or rules.activities[activity].kind != "refinement"
        or rules.activities[activity].parent in found
    }
    longest = max(map(len, asked.values()), default=0)
    return {
        activity: stems
        for activity, stems in asked.items()
        if len(stems) == longest or rules.activities[activity].parent in asked
    }


def _included(definition: str, rules: Rules) -> dict[str, int]:
    """Activities in those sentences of a definition that include further ones."""
    parts = [part for part in re.split(r"[.;()]", definition.lower()) if _INCLUDES.search(part)]
    text = " . ".join(parts)
    # "Only its flanks move" is no grooming of the flanks.
    meant = activities_meant(text, rules)
    return {
        activity: count
        for activity, count in cue_hits(text, rules).items()
        if rules.activities[activity].kind != "refinement" or activity in meant
    }


def _active(rules: Rules) -> dict[str, tuple[float, str]]:
    """Everything that moves."""
    return {
        activity: (1.0, "its words mean any movement")
        for activity, rule in rules.activities.items()
        if rule.kind != "stillness" and activity != "standing"
    }


def _inherit(
    owner: Mapping[str, str], rests: Mapping[str, frozenset[str]], rules: Rules, *, all_known: bool
) -> dict[str, tuple[str, str]]:
    """An owner for every activity that has none yet, with the reason."""
    found: dict[str, tuple[str, str]] = {}
    postures = sorted(rules.activities, key=lambda a: rules.activities[a].kind != "posture")
    for activity in postures:
        if activity in owner:
            continue
        parent = rules.activities[activity].parent
        above = owner.get(parent) or (found[parent][0] if parent in found else None)
        if above is not None and activity not in rests.get(above, ()):
            found[activity] = (above, f"with kinds of {parent}")
            continue
        heirs = {
            owner[child]
            for child in rules.children(activity)
            if child in owner and rules.activities[child].kind == "refinement"
        }
        split = [c for c in rules.children(activity) if rules.activities[c].kind == "refinement"]
        if heirs and len(split) > 1 and all(child in owner for child in split):
            found[activity] = (owner[split[-1]], f"{activity} is what its kinds share")
        elif rests:
            takers = [name for name, denied in rests.items() if activity not in denied]
            if takers:
                found[activity] = (takers[0], f"{activity} is left over")
        elif all_known:
            nearest = _nearest(activity, owner, rules)
            if nearest is not None:
                found[activity] = (nearest, f"{activity} is nearest to it")
    return found


def _nearest(activity: str, owner: Mapping[str, str], rules: Rules) -> str | None:
    """The behaviour whose activities are most like this one."""
    traits = _traits(activity, rules)
    taken = {rules.activities[a].kind for a in owner if rules.activities[a].parent == activity}
    if activity == "standing" and "stillness" in taken:
        traits = _STANDS_AWAKE
    distance: dict[str, float] = {}
    # What is freezing or sleeping only takes in nothing that moves.
    awake = {by for a, by in owner.items() if rules.activities[a].kind != "stillness"}
    for name in dict.fromkeys(owner.values()):
        own = [_traits(a, rules) for a, by in owner.items() if by == name]
        if own and (name in awake or not awake):
            distance[name] = min(
                sum((a - b) ** 2 for a, b in zip(traits, theirs, strict=True)) for theirs in own
            )
    return min(distance, key=lambda name: distance[name], default=None)


def _traits(activity: str, rules: Rules) -> tuple[float, float, float, float]:
    while activity not in _TRAITS:
        parent = rules.activities[activity].parent
        if not parent:
            return (0.3, 0.5, 0.2, 0.2)
        activity = parent
    return _TRAITS[activity]
