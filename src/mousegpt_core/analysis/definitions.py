"""From a user's own behaviours, defined in words, to the activities of the ethogram.

Each activity of ``ethogram.toml`` has synonyms, by which the *names* of behaviours are found, and
cues, by which their *definitions* are read. Denials count: "does not move" points to freezing, not
to walking. What nobody asked for goes to the nearest behaviour, so that every frame gets one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mousegpt_core.describe.rules import ActivityRule, Rules


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Names and definitions of what is left over.
_REST_NAMES = _word_set(
    "other others rest none background else misc miscellaneous unlabelled unlabeled "
    "nothing undefined unknown remainder neither"
)
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
    "everything but",
    "anything but",
)
_DENIALS = _word_set(
    "not no without never neither nor non isn doesn don didn lack lacks lacking absent cannot cant"
)
#: Words that end the reach of a denial.
_CLAUSE = re.compile(
    r"[.;:()!?]|\b(?:but|while|whereas|although|and then|except|besides|apart from|other than)\b"
)
#: A comma ends it too, unless it goes on with a list: "not walking, rearing or grooming".
_LISTED = re.compile(r"(?:\w+ing|or|nor|and)(?:\s+(?:\w+ing|or|nor|and))*\s*")
#: Words that a denial reaches over.
_REACH = 5
_INCLUDES = re.compile(
    r"\b(?:counts? as|counted as|includ\w*|also|as well as|belongs? here|e\.g\.|such as|or)\b"
)
_FILLERS = _word_set(
    "the a an its it his her their of to in on at with mouse animal rat is are be and all "
    "any other this that"
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
    """Give every activity of the ethogram to one of the user's behaviours.

    Names are looked up among the activities and their synonyms first; else the definition is read;
    then every activity without an owner goes to the owner of its parent, to a behaviour of the rest
    ("other"), or to the behaviour most like it.

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
    rests = [name for name, text in definitions.items() if is_rest(name, text)]
    evidence: dict[str, dict[str, tuple[float, str]]] = {
        name: _evidence(name, text, rules)
        for name, text in definitions.items()
        if name not in rests
    }
    owner: dict[str, str] = {}
    reasons: dict[str, list[str]] = {name: [] for name in definitions}
    for activity in rules.activities:
        if given and activity in given:
            owner[activity] = given[activity]
            reasons[owner[activity]].append(f"it names {activity}")
            continue
        claims = {name: found[activity] for name, found in evidence.items() if activity in found}
        if claims:
            best = max(claims, key=lambda name: claims[name][0])
            owner[activity] = best
            reasons[best].append(claims[best][1])
    for activity, (name, why) in _inherit(owner, rests, list(definitions), rules).items():
        owner[activity] = name
        reasons[name].append(why)
    result = {}
    for name in definitions:
        activities = tuple(activity for activity in rules.activities if owner.get(activity) == name)
        result[name] = Claim(
            activities, "; ".join(dict.fromkeys(reasons[name])) or _no_clue(name, rests)
        )
    return result


def _no_clue(name: str, rests: list[str]) -> str:
    if name in rests:
        return "takes what is left over"
    return "nothing in its name or definition points to an activity: give examples, or reword it"


def is_rest(name: str, definition: str) -> bool:
    """Whether a behaviour is what is left over: "other", "not freezing", "anything else"."""
    words = _words(name)
    if set(words) & _REST_NAMES or (words and words[0] in ("not", "non", "no", "without")):
        return True
    if name.lower().startswith("non") and len(name) > 6:
        return True
    text = " ".join(definition.lower().split())
    return any(text.startswith(phrase) or f" {phrase}" in text[:60] for phrase in _REST_PHRASES)


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
        if any(each.startswith(word) for each in (*_stems(name), *_stems(definition))):
            return {
                a: (1.5, f"{a} is part of it") for a in rules.activities if a in activities
            } | told
    if _says(_ACTIVE, name, definition) or (not hits and _says(_MOVES, name, definition)):
        return _active(rules) | told
    top = max(hits.values(), default=0)
    return {a: told[a] for a, count in hits.items() if count >= 0.6 * top or count >= 2}


def _stillness_of(name_says: str, name: str, hits: Mapping[str, int], rules: Rules) -> str:
    """The stillness that is meant by a name that is less strict; ``""`` if none.

    "Still" is standing by its name, and freezing if only the flanks move with the breath.
    """
    if _stems(name) == _stems(name_says):
        return ""
    kinds = [
        child
        for child in rules.children(name_says)
        if rules.activities[child].kind == "stillness" and hits.get(child, 0) >= 2
    ]
    return max(kinds, key=lambda child: hits[child], default="")


def _by_name(name: str, rules: Rules) -> tuple[str, ...]:
    """The activity whose name or synonym a behaviour's name is, the longest match first."""
    words = _stems(name)
    if not words:
        return ()
    matches: list[tuple[float, str]] = []
    for activity, rule in rules.activities.items():
        for known in (activity, *rule.synonyms):
            stems = _stems(known)
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
    said = [_tokens(clause) for part in _CLAUSE.split(text.lower()) for clause in _clauses(part)]
    found: dict[str, int] = {}
    for activity, rule in rules.activities.items():
        score = 0
        counted: set[tuple[int, str]] = set()
        for stems, denied in _cue_stems(rule):
            for number, tokens in enumerate(said):
                match = _matches(stems, tokens, denied=denied)
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
        stems = [s for s in _stems(cue.removeprefix("!")) if s not in _FILLERS]
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
    clauses = [_tokens(clause) for clause in _CLAUSE.split(question.lower())]
    found: dict[str, frozenset[str]] = {}
    named: set[str] = set()
    for activity, rule in rules.activities.items():
        for phrase in (activity, *rule.synonyms, *rule.cues):
            stems = [s for s in _stems(phrase) if s not in _FILLERS]
            if stems and any(
                _matches(stems, tokens, denied=phrase.startswith("!")) > 0 for tokens in clauses
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


def words_said(text: str) -> frozenset[str]:
    """Stems of a text that are not denied in it, without those that say nothing."""
    clauses = _CLAUSE.split(text.lower().replace("_", " "))
    tokens = [token for clause in clauses for token in _tokens(clause)]
    return frozenset(word for word, denied in tokens if not denied and word not in _FILLERS)


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


def _clauses(part: str) -> list[str]:
    """Pieces between commas; lists stay together."""
    pieces: list[str] = []
    for piece in part.split(","):
        if pieces and _LISTED.fullmatch(piece.strip()):
            pieces[-1] += f" {piece}"
        else:
            pieces.append(piece)
    return pieces


def _tokens(clause: str) -> list[tuple[str, bool]]:
    """Stems of a clause with whether each is denied."""
    tokens, reach = [], 0
    for word in re.findall(r"[a-z]+", clause.replace("n't", " not")):
        if word in _DENIALS:
            reach = _REACH
            continue
        tokens.append((stem(word), reach > 0))
        reach -= 1
    return tokens


def _matches(stems: list[str], tokens: list[tuple[str, bool]], *, denied: bool) -> int:
    """1 if the stems stand near each other, denied or not as wanted; -1 if the reverse."""
    words = [(word, no) for word, no in tokens if word not in _FILLERS]
    for start in range(len(words)):
        if words[start][0] != stems[0]:
            continue
        at, no = start, words[start][1]
        for wanted in stems[1:]:
            near = next(
                (i for i in range(at + 1, min(at + 3, len(words))) if words[i][0] == wanted), None
            )
            if near is None:
                break
            at = near
        else:
            if no == denied:
                return 1
            return 0 if denied else -1
    return 0


def _says(phrases: tuple[str, ...], name: str, definition: str) -> bool:
    """Whether a name or definition has one of these phrases, not denied."""
    text = f"{name.lower()} . {definition.lower()}"
    denied = r"\b(?:not|no|without|lack of|absence of|does not|doesn't)\s+(?:any\s+)?(?:\w+\s+)?"
    return any(
        re.search(rf"\b{phrase}\b", text) and not re.search(rf"{denied}{phrase}\b", text)
        for phrase in phrases
    )


def _active(rules: Rules) -> dict[str, tuple[float, str]]:
    """Everything that moves."""
    return {
        activity: (1.0, "its words mean any movement")
        for activity, rule in rules.activities.items()
        if rule.kind != "stillness" and activity != "standing"
    }


def _inherit(
    owner: dict[str, str], rests: list[str], names: list[str], rules: Rules
) -> dict[str, tuple[str, str]]:
    """An owner for every activity that has none yet, with the reason."""
    found: dict[str, tuple[str, str]] = {}
    postures = sorted(rules.activities, key=lambda a: rules.activities[a].kind != "posture")
    for activity in postures:
        if activity in owner:
            continue
        parent = rules.activities[activity].parent
        above = owner.get(parent) or (found[parent][0] if parent in found else None)
        if above is not None:
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
            found[activity] = (rests[0], f"{activity} is left over")
        else:
            nearest = _nearest(activity, owner, names, rules)
            if nearest is not None:
                found[activity] = (nearest, f"{activity} is nearest to it")
    return found


def _nearest(activity: str, owner: dict[str, str], names: list[str], rules: Rules) -> str | None:
    """The behaviour whose activities are most like this one."""
    traits = _traits(activity, rules)
    taken = {rules.activities[a].kind for a in owner if rules.activities[a].parent == activity}
    if activity == "standing" and "stillness" in taken:
        traits = _STANDS_AWAKE
    distance: dict[str, float] = {}
    # What is freezing or sleeping only takes in nothing that moves.
    awake = {by for a, by in owner.items() if rules.activities[a].kind != "stillness"}
    for name in names:
        own = [_traits(a, rules) for a, by in owner.items() if by == name]
        if own and (name in awake or not awake):
            distance[name] = min(
                sum((a - b) ** 2 for a, b in zip(traits, theirs, strict=True)) for theirs in own
            )
    return (
        min(distance, key=lambda name: distance[name])
        if distance
        else (names[0] if names else None)
    )


def _traits(activity: str, rules: Rules) -> tuple[float, float, float, float]:
    while activity not in _TRAITS:
        parent = rules.activities[activity].parent
        if not parent:
            return (0.3, 0.5, 0.2, 0.2)
        activity = parent
    return _TRAITS[activity]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower().replace("_", " "))


def _stems(text: str) -> list[str]:
    return [stem(word) for word in _words(text)]


def stem(word: str) -> str:
    """A word without its ending: moves, moving, moved, movement -> mov."""
    irregular = {
        "stood": "stand",
        "froze": "freez",
        "frozen": "freez",
        "ran": "run",
        "lay": "lie",
        "feet": "foot",
        "hindfeet": "hindfoot",
        "forefeet": "forefoot",
        "slept": "sleep",
    }
    if word in irregular:
        return irregular[word]
    for ending in (
        "ements",
        "ement",
        "ations",
        "ation",
        "ingly",
        "ing",
        "edly",
        "ed",
        "es",
        "s",
        "e",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word
