"""The activity of every frame, by the documented rules of ``ethogram.toml``.

An animal has exactly one *posture* at a time (walking, rearing, grooming, standing): each is
scored by the product of its soft conditions, and the scores are shared out to sum to at most 1.
*Refinements* (running, sniffing) are kinds of a posture and share its score; *stillness*
(freezing, sleeping) is judged whatever the posture; *events* (scratching, jumping) are brief and
interrupt whatever else goes on, so that a few frames of them count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.clips import BOUTS, frame_seconds, is_break, make_table
from mousegpt_core.describe.measures import (
    MEASURES,
    UNITS,
    Body,
    Reference,
    fit_reference,
    skeleton_of,
)
from mousegpt_core.describe.rhythm import (
    STATISTICS,
    Bools,
    Floats,
    bridge,
    odd_frames,
    running_mean,
)
from mousegpt_core.describe.rules import (
    ActivityRule,
    Condition,
    Rules,
    load_rules,
    parse_rules,
    soft_score,
)
from mousegpt_core.errors import DataError
from mousegpt_core.skeleton import Skeleton

__all__ = [
    "ETHOGRAM_VERSION",
    "Reference",
    "Rules",
    "activity_bouts",
    "compute_ethogram",
    "ethogram_in_blocks",
    "fit_reference",
    "load_rules",
    "parse_rules",
    "table_of_bouts",
    "unjudged",
]

ETHOGRAM_VERSION = 4
#: A score at which no posture fits: what is shared out is less than 1 where all fit badly.
_UNSURE = 0.01
#: Without any speed within this window the animal is lost (s).
_FOLLOWED_S = 1.0
_UNKNOWN = -1


def compute_ethogram(
    kinematics: xr.Dataset,
    rules: Rules,
    *,
    reference: Reference | None = None,
    skeleton: Skeleton | None = None,
) -> xr.Dataset:
    """Score every activity in every frame and say which one the animal is at.

    Parameters
    ----------
    kinematics : Dataset
        As `kinematics.compute_kinematics` gives it.
    rules : Rules
        From `load_rules`.
    reference : Reference, optional
        From `fit_reference`; by default fitted on these kinematics. Give it where these are a part
        of a recording. A part's result equals the whole's but for `Rules.halo_s` at its edges.
    skeleton : Skeleton, optional
        Roles of the keypoints; by default guessed from their names.

    Returns
    -------
    Dataset
        ``activity_score`` (time, activity, individual), float32, 0-1, NaN where unknown;
        ``activity_index`` (time, individual), int16 index along ``activity``, -1 where it cannot be
        told. Activities whose quantities are absent are left out. Attributes: ``rules``
        (hash) and ``reference`` (JSON).

    Raises
    ------
    DataError
        If the keypoints show none of the activities.
    """
    skeleton = skeleton or skeleton_of(kinematics)
    reference = reference or fit_reference(kinematics, skeleton)
    fps = float(kinematics.attrs["fps"])
    stretches = _stretches(np.asarray(kinematics["time"].values, dtype=np.float64), fps)
    judged = [
        _judge(Body(kinematics.isel(time=stretch), skeleton, reference), rules)
        for stretch in stretches
    ]
    present = judged[0][0]
    shape = (kinematics.sizes["time"], len(present), kinematics.sizes["individual"])
    scores = np.full(shape, np.nan, dtype=np.float32)
    choice = np.full((shape[0], shape[2]), _UNKNOWN, dtype=np.int16)
    for stretch, (_, its_scores, its_choice) in zip(stretches, judged, strict=True):
        scores[stretch], choice[stretch] = its_scores, its_choice
    return xr.Dataset(
        {
            "activity_score": (("time", "activity", "individual"), scores, {"units": "1"}),
            "activity_index": (("time", "individual"), choice, {"units": "1", "unknown": _UNKNOWN}),
        },
        coords={
            **{
                name: kinematics.coords[name]
                for name in ("time", "frame")
                if name in kinematics.coords
            },
            "activity": list(present),
            "individual": kinematics["individual"].values,
        },
        attrs={
            "ds_type": "ethogram",
            "fps": fps,
            "rules": rules.hash,
            "reference": reference.to_json(),
        },
    )


def _stretches(times: Floats, fps: float) -> list[slice]:
    """Parts without a break; what lies beyond a pause says nothing of a frame.

    Single frames, which show no movement, are left out, if there is anything else.
    """
    edges = np.flatnonzero(is_break(times, fps)) + 1
    starts, stops = [0, *edges.tolist()], [*edges.tolist(), len(times)]
    longer = [slice(a, b) for a, b in zip(starts, stops, strict=True) if b - a > 1]
    return longer or [slice(0, len(times))]


def _judge(body: Body, rules: Rules) -> tuple[tuple[str, ...], Floats, np.ndarray]:
    """Activities that can be judged, their scores and the choice in one stretch.

    Raises
    ------
    DataError
        If the keypoints show no posture.
    """
    fits = _Fits(body).all(rules)
    present = tuple(name for name in rules.activities if name in fits)
    if not any(name in rules.postures for name in present):
        raise DataError(
            "these keypoints show none of the activities of the ethogram",
            found=", ".join(str(name) for name in body.kinematics["keypoint"].values),
            hint="check the keypoints' roles in study.toml",
        )
    scores, choices = [], []
    for animal, lost in enumerate(_lost(body).T):
        one = {name: np.where(lost, np.nan, fits[name][:, animal]) for name in present}
        its_scores, its_choice = _decide(one, rules, body.fps)
        scores.append(its_scores)
        choices.append(its_choice)
    return present, np.stack(scores, axis=2), np.stack(choices, axis=1)


def ethogram_in_blocks(
    kinematics: xr.Dataset,
    rules: Rules,
    *,
    block_frames: int = 36_000,
    reference: Reference | None = None,
    skeleton: Skeleton | None = None,
) -> Iterator[xr.Dataset]:
    """As `compute_ethogram`, one block after the other, in bounded memory.

    Parameters
    ----------
    kinematics : Dataset
        May be lazy; each block is read with `Rules.halo_s` seconds around it.
    rules, reference, skeleton
        As for `compute_ethogram`.
    block_frames : int
        Frames per block.

    Raises
    ------
    DataError
        If `block_frames` is not positive or the keypoints show no activity.
    """
    if block_frames < 1:
        raise DataError("a block needs at least one frame", found=f"block_frames={block_frames}")
    skeleton = skeleton or skeleton_of(kinematics)
    reference = reference or fit_reference(kinematics, skeleton)
    times = np.asarray(kinematics["time"].values, dtype=np.float64)
    for start in range(0, len(times), block_frames):
        stop = min(start + block_frames, len(times))
        first = int(np.searchsorted(times, times[start] - rules.halo_s))
        last = int(np.searchsorted(times, times[stop - 1] + rules.halo_s, side="right"))
        part = kinematics.isel(time=slice(first, last)).load()
        found = compute_ethogram(part, rules, reference=reference, skeleton=skeleton)
        yield found.isel(time=slice(start - first, stop - first))


def activity_bouts(ethogram: xr.Dataset, recording: str) -> pd.DataFrame:
    """Uninterrupted runs of one activity.

    Parameters
    ----------
    ethogram : Dataset
        From `compute_ethogram`.
    recording : str
        Id, written into the table.

    Returns
    -------
    DataFrame
        Table `clips.BOUTS`, source ``"kinematic"``; the score is the mean over the bout.
    """
    names = [str(name) for name in ethogram["activity"].values]
    tables = []
    for animal, individual in enumerate(ethogram["individual"].values):
        index = np.asarray(ethogram["activity_index"].values[:, animal], dtype=np.int64)
        scores = np.asarray(ethogram["activity_score"].values[:, :, animal])
        tables.append(
            table_of_bouts(
                index,
                scores,
                names,
                times=np.asarray(ethogram["time"].values, dtype=np.float64),
                fps=float(ethogram.attrs["fps"]),
                recording=recording,
                individual=str(individual),
                source="kinematic",
            )
        )
    return pd.concat(tables, ignore_index=True)


def unjudged(ethogram: xr.Dataset, rules: Rules) -> list[str]:
    """Activities of the rules that this recording cannot show: film too slow, keypoints absent.

    Parameters
    ----------
    ethogram : Dataset
        From `compute_ethogram` with these rules.
    rules : Rules
        From `load_rules`.

    Returns
    -------
    list of str
        Names, in the order of the rules. Where they are absent from the bouts, that does not mean
        that the animal did not do them.
    """
    judged = {str(name) for name in ethogram["activity"].values}
    return [name for name in rules.activities if name not in judged]


def table_of_bouts(
    index: np.ndarray,
    scores: np.ndarray,
    names: list[str],
    *,
    times: Floats,
    fps: float,
    recording: str,
    individual: str,
    source: str,
) -> pd.DataFrame:
    """Runs of equal `index` as table `clips.BOUTS`; -1 and gaps in time belong to no bout.

    Parameters
    ----------
    index : int array of shape (time,)
        Into `names`.
    scores : array of shape (time, name)
        0-1; a bout's score is the mean over its frames.
    names : list of str
        Behaviours.
    times : array of shape (time,)
        Seconds.
    fps : float
        Frames per second.
    recording, individual, source : str
        Written into the table.
    """
    starts = np.append(0, np.flatnonzero((np.diff(index) != 0) | is_break(times, fps)) + 1)
    stops = np.append(starts[1:], len(index))
    kept = index[starts] >= 0
    starts, stops = starts[kept], stops[kept]
    means = [
        np.nanmean(part) if np.isfinite(part := scores[a:b, index[a]]).any() else np.nan
        for a, b in zip(starts, stops, strict=True)
    ]
    return make_table(
        BOUTS,
        {
            "recording": recording,
            "individual": individual,
            "start_s": times[starts],
            "stop_s": (times + frame_seconds(times, fps))[stops - 1],
            "behaviour_id": [names[i] for i in index[starts]],
            "source": source,
            "score": np.asarray(means, dtype=np.float64),
        },
        length=len(starts),
    )


def _lost(body: Body) -> Bools:
    """Where the animal is not followed even for a moment: single pictures, long gaps.

    A posture alone does not tell standing from walking.
    """
    speed = body.plain("speed")
    if speed is None:
        return np.zeros((len(body.steps) + 1, body.body_length.shape[-1]), dtype=bool)
    return ~np.isfinite(running_mean(speed, odd_frames(_FOLLOWED_S, body.fps)))


class _Fits:
    """How well each activity's own conditions hold, each quantity and statistic computed once."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._measures: dict[str, Floats | None] = {}
        self._statistics: dict[tuple[str, str, float], Floats] = {}

    def all(self, rules: Rules) -> dict[str, Floats]:
        """Fit of each activity that can be judged, (time, individual); a child needs its parent."""
        found: dict[str, Floats] = {}
        unseen = self._body.skeleton.unseen
        for name, rule in rules.activities.items():
            fit = None if name in unseen else self.fit(rule)
            if fit is not None:
                found[name] = fit
        return {n: fit for n, fit in found.items() if rules.posture_of(n) in found}

    def fit(self, rule: ActivityRule) -> Floats | None:
        """How well a rule's conditions hold together; None where a required one cannot be judged.

        Postures, which compete, get the product of their conditions; what is judged for itself
        gets its weakest condition, so that it holds where every threshold is passed. A lost
        keypoint leaves a posture undecided on that condition only; what is judged for itself is
        then unknown.
        """
        alternatives: dict[str, list[Floats]] = {}
        needed: list[Floats] = []
        for name, condition in rule.conditions.items():
            score = self.score(condition)
            if score is None:
                if condition.required and not self._has_stand_in(condition, rule):
                    return None
                continue
            alternatives.setdefault(condition.any_of or f"only {name}", []).append(score)
            if condition.required:
                needed.append(score)
        if not alternatives:
            return None
        scores = np.stack([np.fmax.reduce(group) for group in alternatives.values()])
        known = np.isfinite(scores)
        settled = np.where(known, scores, 0.5)
        if rule.kind == "posture":
            return np.where(known.any(axis=0), settled.prod(axis=0), np.nan)
        missing = [~np.isfinite(score) for score in needed]
        return np.where(np.any(missing, axis=0), np.nan, settled.min(axis=0))

    def _has_stand_in(self, condition: Condition, rule: ActivityRule) -> bool:
        """Whether another condition that can be judged stands in for one that cannot."""
        return any(
            other.only_without == condition.quantity and self.score(other) is not None
            for other in rule.conditions.values()
        )

    def score(self, condition: Condition) -> Floats | None:
        """Score of one condition, or None where its quantity is absent or it does not apply."""
        if condition.only_without and self._measure(condition.only_without) is not None:
            return None
        if self._measure(condition.quantity) is None:
            return None
        kind = MEASURES[condition.quantity].kind
        factor = UNITS[kind][condition.unit]
        length = self._body.body_length
        scale = 1.0 / length if factor is None else np.full(length.shape, factor)
        return soft_score(self._statistic(condition), condition, scale)

    def _measure(self, name: str) -> Floats | None:
        if name not in self._measures:
            self._measures[name] = MEASURES[name].read(self._body)
        return self._measures[name]

    def _statistic(self, condition: Condition) -> Floats:
        key = (condition.quantity, condition.statistic, condition.window_s)
        if key not in self._statistics:
            values = self._measure(condition.quantity)
            if values is None:
                raise DataError(f"quantity {condition.quantity} is absent")
            frames = odd_frames(condition.window_s, self._body.fps)
            self._statistics[key] = STATISTICS[condition.statistic](values, frames)
        return self._statistics[key]


def _decide(fits: dict[str, Floats], rules: Rules, fps: float) -> tuple[Floats, np.ndarray]:
    """Scores (time, activity) and the activity (time,) of one animal."""
    names = list(fits)
    scores = dict(fits)
    flags: dict[str, Bools] = {}
    for name in names:
        if rules.activities[name].kind in ("event", "stillness"):
            flags[name] = _held(fits[name], rules.activities[name], fps)
            scores[name] = agree(fits[name], flags[name])
    scores |= _share_out(fits, scores, rules)
    postures = [name for name in names if rules.activities[name].kind == "posture"]
    best = choose([scores[name] for name in postures], [rules.activities[n] for n in postures], fps)
    index = np.where(best >= 0, np.asarray([names.index(n) for n in postures])[best], _UNKNOWN)
    posture = index.copy()
    for name in _most_telling_last(names, rules):
        rule = rules.activities[name]
        within = posture == names.index(rules.posture_of(name))
        if rule.kind == "refinement":
            flags[name] = within & _held(np.where(within, fits[name], 0.0), rule, fps)
        elif rule.kind == "stillness":
            flags[name] = _held(np.where(within & flags[name], 1.0, 0.0), rule, fps) & within
        index[flags[name]] = names.index(name)
    return np.stack([scores[name] for name in names], axis=1), index


def _most_telling_last(names: list[str], rules: Rules) -> list[str]:
    """Refinements, stillness by rising length, events by falling: the later, the more it says."""

    def rank(name: str) -> tuple[int, float]:
        rule = rules.activities[name]
        order = ("refinement", "stillness", "event").index(rule.kind)
        return order, -rule.min_duration_s if rule.kind == "event" else rule.min_duration_s

    return sorted((n for n in names if rules.activities[n].kind != "posture"), key=rank)


def _share_out(
    fits: dict[str, Floats], scores: dict[str, Floats], rules: Rules
) -> dict[str, Floats]:
    """Scores of postures, which compete, and of refinements, which share that of their parent."""
    postures = [name for name in fits if rules.activities[name].kind == "posture"]
    stacked = np.stack([fits[name] for name in postures])
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0).sum(axis=0) + _UNSURE
    events = [scores[name] for name in fits if rules.activities[name].kind == "event"]
    left = 1.0 - np.nan_to_num(np.max(events, axis=0)) if events else 1.0
    found = {name: fits[name] / total * left for name in postures}
    for name, rule in rules.activities.items():
        if name in fits and rule.kind == "refinement":
            above = found.get(rule.parent, scores.get(rule.parent))
            found[name] = fits[name] * above if above is not None else fits[name]
    return found


def _held(fit: Floats, rule: ActivityRule, fps: float) -> Bools:
    """Where a state holds: at least half true, short pauses bridged, long enough."""
    with np.errstate(invalid="ignore"):
        flags = fit >= 0.5
    return bridge(
        flags,
        pause_frames=round(rule.pause_s * fps),
        shortest_frames=int(np.ceil(rule.min_duration_s * fps - 1e-6)),
    )


def agree(fit: Floats, flags: Bools) -> Floats:
    """The fit, raised to 0.5 in bridged pauses and kept below it in runs that are too short."""
    low = np.where(flags, np.fmax(fit, 0.5), np.fmin(fit, 0.49))
    return np.where(np.isfinite(fit), low, np.nan)


def choose(scores: list[Floats], rules: list[ActivityRule], fps: float) -> np.ndarray:
    """Best of several scores in each frame, bouts that are too short given to the next best.

    Parameters
    ----------
    scores : list of arrays of shape (time,)
        One for each rule; NaN where unknown.
    rules : list of ActivityRule
        Their shortest bouts.
    fps : float
        Frames per second.

    Returns
    -------
    array of shape (time,)
        Index into `scores`, -1 where all are unknown.
    """
    stacked = np.stack([np.where(np.isfinite(s), s, -1.0) for s in scores])
    unknown = (stacked < 0).all(axis=0)
    best = stacked.argmax(axis=0)
    shortest = np.asarray([np.ceil(rule.min_duration_s * fps - 1e-6) for rule in rules])
    edges = np.flatnonzero(np.diff(best)) + 1
    starts, stops = np.append(0, edges), np.append(edges, len(best))
    short = (stops - starts) < shortest[best[starts]]
    # At the edges a bout may go on beyond what is seen.
    short[[0, -1]] = False
    for start, stop in zip(starts[short], stops[short], strict=True):
        means = stacked[:, start:stop].mean(axis=1)
        beside = [best[start - 1], best[stop]]
        best[start:stop] = max(beside, key=lambda i: means[i])
    best[unknown] = _UNKNOWN
    return np.asarray(best)
