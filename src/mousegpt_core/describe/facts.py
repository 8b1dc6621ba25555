"""Numbers to facts: what can be said of each clip, one word a fact, empty where it is not known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.describe.activities import activity_of
from mousegpt_core.describe.agreement import make_agree
from mousegpt_core.describe.body_facts import (
    head_facts,
    limb_facts,
    other_facts,
    tail_facts,
    torso_facts,
)
from mousegpt_core.describe.contract import Evidence
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.factors import FACTS, SHOWN, Columns, Moment, Words, band, sided, words
from mousegpt_core.describe.signals import Signals
from mousegpt_core.describe.windows import Bools, Floats, Windows


def clip_facts(evidence: Evidence, settings: FactSettings | None = None) -> pd.DataFrame:
    """Facts about each clip.

    Parameters
    ----------
    evidence : Evidence
        Clips with the kinematics and ethogram around them; `KinematicDescriber.context_s` seconds
        before and after the clips are of use.
    settings : FactSettings, optional
        Thresholds.

    Returns
    -------
    DataFrame
        One row a clip, in the order of ``evidence.clips``. Columns `factors.FACTS` (str, ``""``
        for unknown), ``score`` (float, 0-1, how well the activity fits), ``reason`` (str, why
        nothing can be said of the clip, else ``""``).
    """
    settings = settings or FactSettings()
    owners = evidence.clips["individuals"].to_numpy(dtype=object)
    columns: Columns = {name: words(len(owners)) for name in FACTS}
    score = np.full(len(owners), np.nan)
    reason = words(len(owners))
    for owner in dict.fromkeys(owners):
        rows = np.flatnonzero(owners == owner)
        name, why = find_individual(evidence.kinematics, str(owner))
        if why:
            reason[rows] = why
            continue
        part, part_score = _facts_of_one(evidence, rows, name, settings)
        for fact, values in part.items():
            columns[fact][rows] = values
        score[rows] = part_score
        nothing = np.all([part[name] == "" for name in SHOWN], axis=0)
        reason[rows[nothing]] = "too few keypoints seen"
    return pd.DataFrame({**columns, "score": score, "reason": reason})


def find_individual(kinematics: xr.Dataset, owner: str) -> tuple[str, str]:
    """Name of the individual a clip is about, or why there is none."""
    names = [str(name) for name in kinematics["individual"].values]
    if owner in names:
        return owner, ""
    if not owner and len(names) == 1:
        return names[0], ""
    if not owner:
        return "", "several animals are tracked and the clip names none"
    return "", f"no animal is called {owner!r}"


def _facts_of_one(
    evidence: Evidence, rows: NDArray[np.intp], name: str, settings: FactSettings
) -> tuple[Columns, Floats]:
    """Facts about the clips of one animal, and the score of their activity."""
    signals = Signals(evidence.kinematics.sel(individual=name), evidence.skeleton)
    clips = evidence.clips.iloc[rows]
    moment = Moment(
        signals.times,
        clips["start_s"].to_numpy(dtype=np.float64),
        clips["stop_s"].to_numpy(dtype=np.float64),
    )
    ethogram = evidence.ethogram.sel(individual=name)
    columns, score = activity_facts(ethogram, moment, settings)
    sections: tuple[Callable[[Signals, Moment, FactSettings], Columns], ...] = (
        pace_facts,
        head_facts,
        limb_facts,
        tail_facts,
        torso_facts,
        other_facts,
    )
    for section in sections:
        found = section(signals, moment, settings)
        columns |= {fact: _first(columns.get(fact), values) for fact, values in found.items()}
    return make_agree(columns), score


def _first(known: Words | None, values: Words) -> Words:
    """What is known already, else the new values."""
    return values if known is None else np.where(known == "", values, known)


def activity_facts(
    ethogram: xr.Dataset, moment: Moment, settings: FactSettings
) -> tuple[Columns, Floats]:
    """The activity that fills a clip, how sure it is, and what comes before and after.

    Parameters
    ----------
    ethogram : Dataset
        Of one individual.
    moment : Moment
        Times of frames and clips.
    settings : FactSettings
        Thresholds.

    Returns
    -------
    Columns
        activity, certainty, onset, before, after, event, event_when.
    array of shape (clip,)
        Mean score of the activity over the clip.
    """
    names = [str(name) for name in ethogram["activity_score"]["activity"].values]
    index = np.asarray(ethogram["activity_index"].values, dtype=np.int64)
    flags = [index == number for number in range(len(names))]
    activity, share = _filling(names, flags, moment.clip, least=0.0)
    tied = moment.clip.share(index < 0)
    activity = np.where(share >= tied, activity, "")
    score = np.full(len(activity), np.nan)
    for number, name in enumerate(names):
        here = activity == name
        if here.any():
            values = np.asarray(
                ethogram["activity_score"].isel(activity=number).values, dtype=np.float64
            )
            score[here] = moment.clip.mean(values)[here]
    certainty = words(len(activity))
    certainty[activity != ""] = "likely"
    certainty[score >= settings.sure_score] = "sure"
    columns: Columns = {"activity": activity, "certainty": certainty}
    columns |= _transitions(names, flags, activity, moment, settings)
    columns |= _brief_events(names, flags, activity, moment, settings)
    return columns, score


def _filling(
    names: list[str], flags: list[Bools], windows: Windows, *, least: float
) -> tuple[Words, Floats]:
    """The activity that fills most of each window, if it fills more than `least` of it."""
    best, top = words(len(windows.size)), np.zeros(len(windows.size))
    for name, flag in zip(names, flags, strict=True):
        share = np.nan_to_num(windows.share(flag))
        better = (share > top) & (share > least)
        best[better], top[better] = name, share[better]
    return best, top


def _transitions(
    names: list[str],
    flags: list[Bools],
    activity: Words,
    moment: Moment,
    settings: FactSettings,
) -> Columns:
    """Whether an activity begins here, what it follows and what follows it."""
    least = settings.transition_share - 1e-9
    before, _ = _filling(names, flags, moment.before(settings.context_s), least=least)
    after, _ = _filling(names, flags, moment.after(settings.context_s), least=least)
    kind, kind_before, kind_after = (_kinds(column) for column in (activity, before, after))
    onset = words(len(activity))
    known = (activity != "") & (before != "")
    begins = known & (kind_before != kind) & (kind_after == kind)
    onset[begins] = "begins"
    travelling = np.array([name != "" and activity_of(name).moves == "always" for name in before])
    onset[travelling & (before == after) & (kind_before != kind)] = "pause"
    ends = (activity != "") & (kind_after != kind) & (kind_before == kind)
    return {
        "onset": onset,
        "before": np.where(begins | (onset == "pause"), before, ""),
        "after": np.where(ends, after, ""),
    }


def _kinds(activity: Words) -> Words:
    """What kind of activity: grooming the face and grooming the body are both grooming."""
    return np.array([activity_of(name).keywords[0] if name else "" for name in activity], object)


def _brief_events(
    names: list[str],
    flags: list[Bools],
    activity: Words,
    moment: Moment,
    settings: FactSettings,
) -> Columns:
    """Activities so short that they are told of the clips around them too."""
    event, when = words(len(activity)), words(len(activity))
    for name, flag in zip(names, flags, strict=True):
        if not activity_of(name).brief:
            continue
        for place, windows in (
            ("before", moment.before(settings.event_s)),
            ("after", moment.after(settings.event_s)),
            ("during", moment.clip),
        ):
            here = (windows.sum(flag) > 0) & (activity != name) & (event == "")
            event[here], when[here] = name, place
    return {"event": event, "event_when": when}


def pace_facts(signals: Signals, moment: Moment, settings: FactSettings) -> Columns:
    """How fast, which way, turning where, and whether the speed changes."""
    speed = signals.plain("speed")
    mean = moment.clip.mean(speed)
    pace = band(
        mean,
        (settings.slow, settings.moderate, settings.fast, settings.very_fast),
        ("stationary", "slow", "moderate", "fast", "very fast"),
    )
    moving = (pace != "stationary") & (pace != "")
    share = moment.clip.mean(signals.plain("forward_speed")) / np.maximum(mean, 1e-6)
    back, side = settings.forward_share, settings.sideways_share
    direction = band(share, (-back, -side, side, back), ("backward", "", "sideways", "", "forward"))
    change = moment.after(settings.change_s).mean(speed) - moment.before(settings.change_s).mean(
        speed
    )
    enough = np.maximum(settings.change, settings.change_share * np.nan_to_num(mean))
    speed_change = words(len(mean))
    speed_change[moving & (change > enough)] = "accelerating"
    speed_change[moving & (change < -enough)] = "slowing"
    turning = moment.widened(0.1).mean(signals.plain("turning"))
    turn_side, turn_degree = sided(
        np.degrees(turning) if signals.has_sides else np.full_like(mean, np.nan),
        (settings.turn_gentle, settings.turn_plain, settings.turn_sharp),
        ("gentle", "plain", "sharp"),
        straight="",
    )
    return {
        "pace": pace,
        "direction": np.where(moving, direction, ""),
        "speed_change": speed_change,
        "turn_side": turn_side,
        "turn_degree": turn_degree,
    }
