"""Closed labels: every clip gets one of the user's own behaviours, each defined in words.

The definitions are matched with the activities of the ethogram (`definitions`); a behaviour's
score in a frame is the sum of those of its activities. A few labelled examples, where there are
any, correct these scores (`examples`); a behaviour that words say nothing of is known by its
examples alone. What is nobody's stays without a label.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.analysis.definitions import Claim
from mousegpt_core.analysis.examples import (
    Examples,
    Learned,
    collect_examples,
    example_features,
    learn,
    stand_ins,
)
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.clips import LABELS, make_table
from mousegpt_core.describe.ethogram import choose, table_of_bouts
from mousegpt_core.describe.rhythm import Floats
from mousegpt_core.describe.rules import ActivityRule, Rules, load_rules
from mousegpt_core.errors import DataError
from mousegpt_core.skeleton import Skeleton

CLASSIFY_VERSION = 3
#: Frames so near to an example (s) stand in for no other behaviour.
_NEAR_S = 1.0
#: Owner of the activities that no behaviour is made of.
_NOBODY = ""


@dataclass(frozen=True)
class Classification:
    """What `classify` found.

    Attributes
    ----------
    labels : DataFrame
        Table `clips.LABELS`, a row per clip, source ``"kinematic"``.
    bouts : DataFrame
        Table `clips.BOUTS` at the resolution of frames, source ``"classified"``.
    mapping : dict of str to Claim
        How each behaviour was understood.
    notes : tuple of str
        What the user should know: behaviours that cannot be seen here.
    """

    labels: pd.DataFrame
    bouts: pd.DataFrame
    mapping: dict[str, Claim]
    notes: tuple[str, ...] = field(default=())


def classify(
    ethogram: xr.Dataset,
    clips: pd.DataFrame,
    scheme: LabelScheme,
    *,
    kinematics: xr.Dataset | None = None,
    individual: str | None = None,
    rules: Rules | None = None,
    learned: Learned | None = None,
    recording: str = "",
    skeleton: Skeleton | None = None,
) -> Classification:
    """Give every clip and every frame one of the user's behaviours.

    Parameters
    ----------
    ethogram : Dataset
        From `describe.ethogram.compute_ethogram`.
    clips : DataFrame
        Table `clips.CLIPS` of one recording; clips of no individual are of each.
    scheme : LabelScheme
        The behaviours.
    kinematics : Dataset, optional
        On the same times; needed where there are examples.
    individual : str, optional
        Only this animal; by default all.
    rules : Rules, optional
        Those the ethogram was made with; by default the built-in ones.
    learned : Learned, optional
        From `learn`, on the examples of all recordings; by default learned from those examples of
        the scheme that lie in this recording.
    recording : str
        Id; by default that of the clips.
    skeleton : Skeleton, optional
        Roles of the keypoints, for the examples; by default guessed from their names.

    Raises
    ------
    DataError
        If the individual is unknown, or a recording cannot be told.
    SettingsError
        If a behaviour names an unknown activity.
    """
    rules = rules or load_rules()
    claims = scheme.match(rules)
    recording = recording or _recording_of(clips)
    known = [str(name) for name in ethogram["individual"].values]
    if individual is not None and individual not in known:
        raise DataError(
            f"no individual is called {individual!r}",
            expected=", ".join(known),
            hint="use a name of the recording, see individuals in recording.toml",
        )
    if learned is None and kinematics is not None:
        own = collect_scheme_examples(
            ethogram, kinematics, scheme, recording=recording, rules=rules, skeleton=skeleton
        )
        learned = learn([own], list(scheme.names))
    taught = scheme.taught(claims, judged_in(ethogram)) if learned else ()
    labels, bouts = [], []
    for name in known if individual is None else [individual]:
        scores = behaviour_scores(ethogram.sel(individual=name), scheme, claims, rules, taught)
        if learned is not None and kinematics is not None:
            features = _late_features(kinematics, ethogram, name, scheme, rules, skeleton)
            scores = learned.correct(scores, features)
        index = _decide(scores, scheme, claims, rules, float(ethogram.attrs["fps"]))
        bouts.append(_bouts(index, scores, ethogram, scheme, recording, name))
        mine = clips[clips["individuals"].isin([name, ""])]
        times = np.asarray(ethogram["time"].values, dtype=np.float64)
        labels.append(_label_clips(index, scores, mine, times, scheme))
    return Classification(
        pd.concat(labels, ignore_index=True).drop_duplicates(["scheme_id", "clip_id", "source"]),
        pd.concat(bouts, ignore_index=True),
        claims,
        unseen(
            claims, ethogram, scheme.learned_from(claims, judged_in(ethogram)) if learned else ()
        ),
    )


def _bouts(
    index: np.ndarray,
    scores: Floats,
    ethogram: xr.Dataset,
    scheme: LabelScheme,
    recording: str,
    individual: str,
) -> pd.DataFrame:
    return table_of_bouts(
        index,
        scores,
        list(scheme.names),
        times=np.asarray(ethogram["time"].values, dtype=np.float64),
        fps=float(ethogram.attrs["fps"]),
        recording=recording,
        individual=individual,
        source="classified",
    )


def behaviour_scores(
    ethogram: xr.Dataset,
    scheme: LabelScheme,
    claims: Mapping[str, Claim],
    rules: Rules,
    taught: Collection[str] = (),
) -> Floats:
    """Score of each behaviour in each frame; those of a frame add to 1, less what is nobody's.

    Every posture's score goes to its owner, less what its refinements and events of other owners
    take; events and stillness of an owner of their own take from all.

    Parameters
    ----------
    ethogram : Dataset
        Of one individual.
    scheme : LabelScheme
        The behaviours.
    claims : Mapping of str to Claim
        From `LabelScheme.match`.
    rules : Rules
        The activities.
    taught : collection of str
        Behaviours known by their examples alone: they share what is nobody's, and can be anywhere.

    Returns
    -------
    array of shape (time, behaviour)
        NaN where nothing is known.
    """
    scores = _late_scores(ethogram, scheme, rules)
    owner = dict.fromkeys(rules.activities, _NOBODY)
    owner |= {activity: name for name, claim in claims.items() for activity in claim.activities}
    total = {name: np.zeros(ethogram.sizes["time"]) for name in (*scheme.names, _NOBODY)}
    for posture in (name for name in scores if rules.activities[name].kind == "posture"):
        own = scores[posture]
        parts = {
            child: scores[child]
            for child in rules.children(posture)
            if child in scores
            and rules.activities[child].kind == "refinement"
            and owner[child] != owner[posture]
        }
        taken = np.sum([np.nan_to_num(part) for part in parts.values()], axis=0) if parts else 0.0
        share = np.minimum(1.0, own / np.maximum(taken, 1e-9))
        for child, part in parts.items():
            total[owner[child]] += np.nan_to_num(part * share)
        total[owner[posture]] += np.nan_to_num(own - np.minimum(taken, own))
    for name, values in scores.items():
        rule = rules.activities[name]
        apart = owner[name] != owner[rules.posture_of(name)]
        if rule.kind in ("event", "stillness") and apart:
            held = np.where(values >= 0.5, values, 0.0)
            for behaviour in total:
                total[behaviour] = total[behaviour] * (1.0 - held)
            total[owner[name]] += held
        elif rule.kind == "event":
            total[owner[name]] += np.where(values >= 0.5, values, 0.0)
    summed = np.sum(list(total.values()), axis=0)[:, None]
    for name in taught:
        total[name] += total[_NOBODY] / len(taught)
    stacked = np.stack([total[name] for name in scheme.names], axis=1)
    shares = np.divide(stacked, summed, out=np.full_like(stacked, np.nan), where=summed > 1e-6)
    if taught:
        columns = [scheme.names.index(name) for name in taught]
        shares[:, columns] = np.maximum(shares[:, columns], 1 / len(scheme.names))
        shares /= shares.sum(axis=1, keepdims=True)
    return np.asarray(shares)


def collect_scheme_examples(
    ethogram: xr.Dataset,
    kinematics: xr.Dataset,
    scheme: LabelScheme,
    *,
    recording: str,
    rules: Rules | None = None,
    skeleton: Skeleton | None = None,
) -> Examples:
    """Features of the scheme's examples that lie in one recording, for `learn`.

    Parameters
    ----------
    ethogram, kinematics : Dataset
        Of the recording, on the same times.
    scheme : LabelScheme
        The behaviours with their examples.
    recording : str
        Id of the recording.
    rules, skeleton
        As for `classify`.
    """
    rules = rules or load_rules()
    claims = scheme.match(rules)
    taught = scheme.taught(claims, judged_in(ethogram))
    times = np.asarray(ethogram["time"].values, dtype=np.float64)
    gathered = []
    for name in (str(name) for name in ethogram["individual"].values):
        spans = _spans(scheme, recording, name)
        if not spans:
            continue
        one = ethogram.sel(individual=name)
        scores = behaviour_scores(one, scheme, claims, rules, taught)
        features = _late_features(kinematics, ethogram, name, scheme, rules, skeleton)
        where = f"recording {recording}"
        gathered.append(collect_examples(spans, times, scores, features, where=where))
        if taught:
            said = behaviour_scores(one, scheme, claims, rules)
            taken = _near(times, spans)
            gathered.append(stand_ins(scheme.silent, said, scores, features, taken))
    return replace(Examples.joined(gathered), alone=bool(taught))


def _spans(scheme: LabelScheme, recording: str, individual: str) -> list[tuple[str, float, float]]:
    """Examples of one animal of a recording: behaviour, start and stop (s)."""
    return [
        (behaviour, example.start_s, example.stop_s)
        for behaviour, each in scheme.behaviours.items()
        for example in each.examples
        if example.recording == recording and example.individual in (individual, "")
    ]


def _near(times: Floats, spans: Sequence[tuple[str, float, float]]) -> np.ndarray:
    """Which times are at or near an example."""
    near = np.zeros(len(times), dtype=bool)
    for _, start, stop in spans:
        near |= (times > start - _NEAR_S) & (times < stop + _NEAR_S)
    return near


def judged_in(ethogram: xr.Dataset) -> list[str]:
    """The activities that a recording can show."""
    return [str(name) for name in ethogram["activity"].values]


def _late_scores(ethogram: xr.Dataset, scheme: LabelScheme, rules: Rules) -> dict[str, Floats]:
    """Scores of the activities as a human scorer would give them, by so much later."""
    fps = float(ethogram.attrs["fps"])
    found = {}
    for name in (str(name) for name in ethogram["activity"].values):
        values = np.asarray(ethogram["activity_score"].sel(activity=name).values, dtype=np.float64)
        found[name] = later(values, round(_reaction(name, scheme, rules) * fps))
    return found


def _reaction(activity: str, scheme: LabelScheme, rules: Rules) -> float:
    if scheme.reaction_s is not None:
        return scheme.reaction_s
    rule = rules.activities[activity]
    if rule.kind == "stillness":
        return rule.reaction_s
    return rules.activities[rules.posture_of(activity)].reaction_s


def later(values: Floats, frames: int) -> Floats:
    """The series `frames` later; the first value is held before its start."""
    if frames <= 0:
        return values
    frames = min(frames, len(values))
    held = np.repeat(values[:1], frames, axis=0)
    return np.concatenate([held, values[: len(values) - frames]])


def _late_features(
    kinematics: xr.Dataset,
    ethogram: xr.Dataset,
    individual: str,
    scheme: LabelScheme,
    rules: Rules,
    skeleton: Skeleton | None,
) -> Floats:
    features = example_features(kinematics, ethogram, individual, list(rules.activities), skeleton)
    reaction = max(_reaction(name, scheme, rules) for name in rules.postures)
    return later(features, round(reaction * float(ethogram.attrs["fps"])))


def _decide(
    scores: Floats, scheme: LabelScheme, claims: Mapping[str, Claim], rules: Rules, fps: float
) -> np.ndarray:
    """Behaviour of each frame; bouts shorter than any of its activities can be are dropped."""
    fallback = rules.activities[rules.postures[0]]
    bounds: list[ActivityRule] = []
    for name in scheme.names:
        members = [rules.activities[activity] for activity in claims[name].activities]
        bounds.append(min(members, key=lambda rule: rule.min_duration_s, default=fallback))
    columns = [scores[:, i] for i in range(scores.shape[1])]
    nobody = 1.0 - scores.sum(axis=1)
    index = choose([*columns, np.maximum(nobody, 0.0)], [*bounds, fallback], fps)
    return np.where(index == len(columns), -1, index)


def _label_clips(
    index: np.ndarray, scores: Floats, clips: pd.DataFrame, times: Floats, scheme: LabelScheme
) -> pd.DataFrame:
    """The behaviour that fills most of each clip; clips in which nothing is known get none."""
    tick = 1e-6
    first = np.searchsorted(times, clips["start_s"].to_numpy(dtype=float) - tick)
    stop = np.searchsorted(times, clips["stop_s"].to_numpy(dtype=float) - tick)
    shares = np.stack(
        [_window_mean((index == i).astype(float), first, stop) for i in range(scores.shape[1])],
        axis=1,
    )
    means = np.stack(
        [_window_mean(np.nan_to_num(scores[:, i]), first, stop) for i in range(scores.shape[1])],
        axis=1,
    )
    # Where two fill the same share, the higher score decides.
    best = (shares + 1e-3 * means).argmax(axis=1)
    kept = np.flatnonzero(shares.max(axis=1) > 0)
    return make_table(
        LABELS,
        {
            "scheme_id": scheme.scheme_id,
            "clip_id": clips["clip_id"].to_numpy()[kept],
            "behaviour_id": np.asarray(scheme.names, dtype=object)[best[kept]],
            "score": means[kept, best[kept]],
            "source": "kinematic",
        },
        length=len(kept),
    )


def clip_scores(
    ethogram: xr.Dataset, clips: pd.DataFrame, scheme: LabelScheme, rules: Rules
) -> Floats:
    """Score of each behaviour in each clip, by kinematics alone and without delay.

    Parameters
    ----------
    ethogram : Dataset
        Of the recording.
    clips : DataFrame
        Columns of `clips.CLIPS`; clips of no individual are of the first.
    scheme : LabelScheme
        The behaviours; their examples are not looked at.
    rules : Rules
        Those the ethogram was made with.

    Returns
    -------
    array of shape (clip, behaviour)
        NaN where nothing is known.
    """
    at_once = replace(scheme, reaction_s=0.0)
    claims = scheme.match(rules)
    times = np.asarray(ethogram["time"].values, dtype=np.float64)
    animals = [str(name) for name in ethogram["individual"].values]
    owner = clips["individuals"].where(clips["individuals"].isin(animals), animals[0])
    found = np.full((len(clips), len(scheme.names)), np.nan)
    for name in animals:
        rows = np.flatnonzero((owner == name).to_numpy())
        scores = behaviour_scores(ethogram.sel(individual=name), at_once, claims, rules)
        start, stop = (
            clips[each].to_numpy(dtype=np.float64)[rows] for each in ("start_s", "stop_s")
        )
        first, last = np.searchsorted(times, start - 1e-6), np.searchsorted(times, stop - 1e-6)
        known = _window_mean(np.isfinite(scores).all(axis=1).astype(float), first, last)
        for column in range(scores.shape[1]):
            total = _window_mean(np.nan_to_num(scores[:, column]), first, last)
            found[rows, column] = np.where(known > 0, total / np.maximum(known, 1e-9), np.nan)
    return found


def _window_mean(values: Floats, first: np.ndarray, stop: np.ndarray) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray((total[stop] - total[first]) / np.maximum(stop - first, 1))


def _recording_of(clips: pd.DataFrame) -> str:
    names = clips["recording"].unique()
    if len(names) != 1:
        raise DataError(
            "clips must be of one recording",
            found=", ".join(map(str, names)) or "no clips",
            hint="classify one recording after the other",
        )
    return str(names[0])


def unseen(
    claims: Mapping[str, Claim], ethogram: xr.Dataset, shown: Collection[str] = ()
) -> tuple[str, ...]:
    """What the user should know of behaviours that can never be found here.

    Parameters
    ----------
    claims : Mapping of str to Claim
        From `LabelScheme.match`.
    ethogram : Dataset
        Of the recording.
    shown : collection of str
        Behaviours that are found by their examples all the same.
    """
    judged = set(judged_in(ethogram))
    notes = []
    for name, claim in claims.items():
        if name in shown or judged & set(claim.activities):
            continue
        why = claim.why
        if claim.activities:
            why = "the keypoints or the frame rate do not show " + ", ".join(claim.activities)
        notes.append(f"{name}: {why}")
    return tuple(notes)


def shown_alone(
    scheme: LabelScheme, claims: Mapping[str, Claim], ethogram: xr.Dataset
) -> tuple[str, ...]:
    """What the user should know of behaviours that are known by their examples alone.

    Parameters
    ----------
    scheme : LabelScheme
        The behaviours.
    claims, ethogram
        As in `unseen`.
    """
    taught = scheme.taught(claims, judged_in(ethogram))
    if not taught:
        return ()
    silent = [name for name in scheme.silent if claims[name].activities]
    note = f"found by their examples alone: {', '.join(taught)}"
    if silent:
        note += f"; if they are found too often, give examples of {', '.join(silent)} too"
    return (note,)
