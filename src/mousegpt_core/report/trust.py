"""How sure can I be? What limits the conclusions of this very study."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mousegpt_core.clips import PROFILE
from mousegpt_core.report.results import Results
from mousegpt_core.report.scores import Score, say_left_out, say_score, scores_of
from mousegpt_core.report.wording import length_of_time, listed, number, plural, sentence
from mousegpt_core.stats import say_share

_NOTE = "Please note"
#: Shares below these are pointed out.
_SEEN_WELL, _TOLD_WELL = 0.9, 0.9
#: Recordings that a warning names, at most.
_NAMED = 5
#: Groups with fewer animals are called small.
_FEW = 6
#: Recordings below this many seconds are called very short.
_SHORT_S = 60.0


@dataclass(frozen=True)
class Point:
    """One thing to know: ``"good"``, ``"care"`` or ``"know"``, a head and what it means."""

    level: str
    head: str
    text: str


def trust_points(results: Results) -> list[Point]:
    """Everything that limits what can be concluded, what needs care first."""
    points = [
        *(Point("care", _NOTE, _with_stop(text)) for text in merged_warnings(results)),
        *(Point("know", _NOTE, _with_stop(text)) for text in results.data.remarks),
        *_late(results),
        *_length(results),
        *_seen(results),
        *_told(results),
        *_scale(results),
        *_checked(results),
        *_animals(results),
    ]
    rank = {"care": 0, "know": 1, "good": 2}
    return sorted(points, key=lambda one: rank[one.level])


def cautions(results: Results, *, most: int = 5) -> list[str]:
    """The points that need care, in short, for the head of the page."""
    care = [one for one in trust_points(results) if one.level == "care"]
    return [one.text if one.head == _NOTE else f"{one.head}." for one in care[:most]]


def merged_warnings(results: Results) -> list[str]:
    """The warnings, those that say the same of several recordings (``"ID: text"``) as one."""
    ids = [one.recording for one in results.data.recordings]
    owners: dict[str, list[str]] = {}
    for warning in results.data.warnings:
        owner = next((name for name in ids if warning.startswith(f"{name}: ")), "")
        text = warning[len(owner) + 2 :] if owner else warning
        owners.setdefault(text, []).append(owner)
    merged = []
    for text, found in owners.items():
        named = list(dict.fromkeys(name for name in found if name))
        if named and len(named) == len(ids) > 1:
            merged.append(f"All recordings: {text}")
        elif named:
            more = len(named) - _NAMED
            shown = named if more <= 0 else [*named[:_NAMED], f"{more} more"]
            merged.append(f"{listed(shown)}: {text}")
        if "" in found:
            merged.append(text)
    return merged


def _with_stop(text: str) -> str:
    """Some warnings begin with a name: no capital is put there."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _late(results: Results) -> list[Point]:
    late = results.data.reactions
    told = [scheme for scheme in results.schemes if scheme.scheme in late]
    if not told:
        return []
    lags = listed([f"{lag:g} s" for lag in dict.fromkeys(late[one.scheme] for one in told)])
    text = (
        f"Postures in {listed([one.phrase for one in told])} are told {lags} after the movement, "
        "as a human who scores the running film marks them. Bouts are as long, but begin later "
        "than in the activities; reaction_s = 0 at the top of the labels file turns that off."
    )
    return [Point("know", "Labels follow the movement by a human's reaction time", text)]


def _length(results: Results) -> list[Point]:
    longest = max(one.duration_s for one in results.data.recordings)
    if longest >= _SHORT_S or results.pictures:
        return []
    text = (
        f"No recording is longer than {length_of_time(longest)}. Shares of time, bouts and speeds "
        "describe these moments and not the animal; minutes are needed for that."
    )
    return [Point("care", "Very short recordings", text)]


def _seen(results: Results) -> list[Point]:
    known = [one for one in results.data.recordings if math.isfinite(one.share_seen)]
    if not known:
        return []
    weights = np.array([max(one.frames, 1) for one in known])
    share = float(np.average([one.share_seen for one in known], weights=weights))
    worst = min(known, key=lambda one: one.share_seen)
    text = f"{say_share(share)} of all keypoints were seen by the pose estimator"
    if len(known) > 1:
        text += f"; least in {worst.recording} ({say_share(worst.share_seen)})"
    text += ". Short gaps were filled, long ones were left out."
    if worst.share_seen >= _SEEN_WELL:
        return [Point("good", "Keypoints were seen well", text)]
    where = "" if len(known) == 1 else f" in {worst.recording}"
    head = f"Only {say_share(worst.share_seen)} of the keypoints were seen{where}"
    return [Point("care", head, text)]


def _told(results: Results) -> list[Point]:
    scheme = results.leading
    if scheme is None:
        return [Point("care", "No behaviours", "No behaviour was found in this study yet.")]
    told = scheme.shares.groupby("animal")["share"].sum(min_count=1).dropna()
    if told.empty:
        return []
    low = told[told < _TOLD_WELL]
    mean = min(1.0, float(told.mean()))
    text = f"{say_share(mean)} of the observed time has a behaviour"
    if len(low) and not scheme.own:
        names = [f"{name} ({say_share(float(low[name]))})" for name in low.sort_values().index[:4]]
        text += f"; little in {listed(names)}. What is missing there could change the shares"
        head = "Part of the time could not be given a behaviour"
        return [Point("care", head, text + ".")]
    return [Point("good", "Nearly all of the time was given a behaviour", text + ".")]


def _scale(results: Results) -> list[Point]:
    recordings = results.data.recordings
    assumed = [one.recording for one in recordings if one.scale_source == "assumed"]
    if not assumed:
        return [Point("good", "The scale is known", "Lengths and speeds rest on a known scale.")]
    which = "all recordings" if len(assumed) == len(recordings) else listed(assumed[:6])
    text = (
        f"The scale of {which} is assumed from the length of a mouse. Lengths and speeds may be "
        "off by a fifth or so, the same for a whole recording; shares of time that rest on speeds "
        "shift with them. Give a known length to put it right."
    )
    return [Point("care", "The scale is assumed, not measured", text)]


def _checked(results: Results) -> list[Point]:
    """What a human's labels say of each scheme, and what was never checked."""
    scores = scores_of(results)
    points = [_score_point(score) for score in scores]
    done = {score.scheme.scheme for score in scores}
    unchecked = [s for s in results.schemes if s.scheme not in done and s.scheme != PROFILE]
    if unchecked:
        which = listed([scheme.phrase for scheme in unchecked])
        text = (
            f"{which} follow documented rules on posture and movement. Nobody compared them with "
            "a human's labels on these recordings: look at some of the film, or score some "
            "minutes yourself and compare (mousegpt evaluate)."
        )
        points.append(Point("know", sentence(f"{which} are not checked here")[:-1], sentence(text)))
    if any(scheme.scheme == PROFILE for scheme in results.schemes):
        text = (
            "Behaviours found in the descriptions are groups of alike descriptions. Their names "
            "are suggestions made from frequent words; read the examples before you use them."
        )
        points.append(Point("know", "Names of found behaviours are suggestions", text))
    return points


def _score_point(score: Score) -> Point:
    """Good only where what the report rests on was checked, as a whole, and found good."""
    phrase, told = score.scheme.phrase, sentence(say_score(score)) + say_left_out(score)
    if score.scheme.scheme == PROFILE:
        return Point("know", "The found behaviours were compared with a human's labels", told)
    reached = f"(macro-F1 {score.macro_f1:.2f})"
    if score.grade == "bad":
        head = f"{phrase} are not to be trusted: little agreement with a human {reached}"
        return Point("care", sentence(head)[:-1], told)
    if score.grade == "care":
        head = f"{phrase} agree with a human in part only: use them with care {reached}"
        return Point("care", sentence(head)[:-1], told)
    if score.grade == "part":
        return Point("know", sentence(f"{phrase} were checked in part")[:-1], told)
    head = sentence(f"{phrase} agree well with a human {reached}")[:-1]
    return Point("good" if score.leads else "know", head, told)


def _animals(results: Results) -> list[Point]:
    animals = len(results.animals)
    if animals == 1:
        text = "One animal was recorded. Nothing here says how other animals behave."
        return [Point("know", "One animal", text)]
    if len(results.groups) < 2:
        text = f"{plural(animals, 'animal')} without treatments to compare: the report describes."
        return [Point("know", "No groups", text)]
    count = {
        name: len({one.animal for one in results.subjects if one.treatment == name})
        for name in results.groups
    }
    text = (
        "Tests compare animals, never frames or bouts: "
        + listed([f"{name} {n}" for name, n in count.items()])
        + ". Shares add up to the whole, so one that rises pushes others down. "
        "P-values are corrected for the number of behaviours; treat differences found here as "
        "questions for the next experiment."
    )
    fewest = min(count, key=lambda name: count[name])
    few = count[fewest] < _FEW
    head = f"Few animals: {count[fewest]} in {fewest}" if few else "Animals are the unit of tests"
    points = [Point("care" if few else "know", head, text)]
    if crossed := results.data.crossed:
        text = (
            f"{listed(crossed)} {'is' if len(crossed) == 1 else 'are'} in more than one treatment. "
            "The tests take each treatment of an animal as an animal of its own (unpaired), so "
            "p-values are only a guide; compare the sessions of each animal in the figures."
        )
        points.append(Point("care", "The same animals in several treatments", text))
    lengths = [one.duration_s for one in results.subjects]
    if max(lengths) > 1.2 * min(lengths):
        text = (
            f"Recordings last between {number(min(lengths) / 60)} and {number(max(lengths) / 60)} "
            "min. Animals calm down with time, so shares of short and long ones compare badly."
        )
        points.append(Point("care", "Recordings of unequal length", text))
    return points
