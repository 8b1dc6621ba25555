"""Closed labels: every clip gets one of the user's own behaviours, each defined in words.

The definitions are matched with the activities of the ethogram (`definitions`); a behaviour's
score in a frame is the sum of those of its activities. A few labelled examples, where there are
any, correct these scores (`learn`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field, model_validator

from mousegpt_core.analysis.definitions import Claim, match_behaviours
from mousegpt_core.analysis.examples import (
    Examples,
    Learned,
    collect_examples,
    example_features,
    learn,
)
from mousegpt_core.clips import LABELS, make_table
from mousegpt_core.describe.ethogram import choose, table_of_bouts
from mousegpt_core.describe.rhythm import Floats
from mousegpt_core.describe.rules import ActivityRule, Rules, load_rules
from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.settings import Settings, content_hash, read_toml
from mousegpt_core.skeleton import Skeleton

CLASSIFY_VERSION = 2
#: Keys of a labels file that are not behaviours.
_OPTIONS = ("reaction_s",)


class Example(Settings):
    """A stretch of a recording in which a behaviour is seen."""

    recording: str
    start_s: float
    stop_s: float
    individual: str = ""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.stop_s <= self.start_s:
            raise ValueError(f"stop_s must be after start_s ({self.start_s} to {self.stop_s} s)")
        return self


class Behaviour(Settings):
    """One of the user's behaviours."""

    definition: str = Field(min_length=1, description="what it is, in plain words")
    examples: tuple[Example, ...] = ()
    activities: tuple[str, ...] = Field(
        (), description="activities of the ethogram that it is made of, where words do not suffice"
    )


@dataclass(frozen=True)
class LabelScheme:
    """The user's behaviours.

    Attributes
    ----------
    behaviours : dict of str to Behaviour
        By name, in the order of the file.
    reaction_s : float or None
        By how much the human scorer's marks lag behind the movement, for all behaviours; None: as
        the rules of the ethogram say (0.35 s for postures, 0 for freezing).
    """

    behaviours: dict[str, Behaviour]
    reaction_s: float | None = None

    @classmethod
    def from_toml(cls, path: Path) -> LabelScheme:
        """Read a labels file: one table per behaviour with a ``definition``, maybe ``examples``.

        Raises
        ------
        SettingsError
            Names the file, the behaviour and what is wrong with it.
        """
        return cls.parse(read_toml(Path(path)), source=str(path))

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, source: str = "labels") -> LabelScheme:
        """A scheme from what a labels file holds.

        Raises
        ------
        SettingsError
            Names the behaviour and what is wrong with it.
        """
        behaviours = {}
        for name, table in values.items():
            if name in _OPTIONS:
                continue
            if not isinstance(table, dict):
                raise SettingsError(
                    f"{source}: {name} is not a behaviour",
                    hint=f'write a table: [{name}] and below it definition = "..."',
                )
            behaviours[name] = Behaviour.parse(table, source=f"{source} [{name}]")
        if len(behaviours) < 2:
            raise SettingsError(
                f"{source}: at least two behaviours are needed, found {len(behaviours)}",
                hint='add what is left over: [other] with definition = "anything else"',
            )
        reaction = values.get("reaction_s")
        if reaction is not None and not (isinstance(reaction, int | float) and 0 <= reaction <= 2):
            raise SettingsError(
                f"{source}: reaction_s must be 0 to 2 seconds, found {reaction!r}",
                hint="leave reaction_s out to take that of the ethogram",
            )
        return cls(behaviours, None if reaction is None else float(reaction))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the behaviours."""
        return tuple(self.behaviours)

    @cached_property
    def scheme_id(self) -> str:
        """Changes whenever a behaviour does."""
        return content_hash(self.fingerprint())

    def fingerprint(self) -> dict[str, Any]:
        """JSON-able values."""
        each = {name: behaviour.fingerprint() for name, behaviour in self.behaviours.items()}
        return {"behaviours": each, "reaction_s": self.reaction_s}

    def match(self, rules: Rules) -> dict[str, Claim]:
        """The activities that make each behaviour, and why.

        Raises
        ------
        SettingsError
            If a behaviour names an activity that the ethogram does not have.
        """
        given = {activity: name for name, b in self.behaviours.items() for activity in b.activities}
        unknown = sorted(set(given) - set(rules.activities))
        if unknown:
            raise SettingsError(
                f"labels: no activity is called {', '.join(unknown)}",
                hint="activities: " + ", ".join(rules.activities),
            )
        texts = {name: behaviour.definition for name, behaviour in self.behaviours.items()}
        return match_behaviours(texts, rules, given=given)


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
    labels, bouts = [], []
    for name in known if individual is None else [individual]:
        scores = behaviour_scores(ethogram.sel(individual=name), scheme, claims, rules)
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
        unseen(claims, ethogram, learned),
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
    ethogram: xr.Dataset, scheme: LabelScheme, claims: Mapping[str, Claim], rules: Rules
) -> Floats:
    """Score of each behaviour in each frame; those of a frame add to 1.

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

    Returns
    -------
    array of shape (time, behaviour)
        NaN where nothing is known.
    """
    scores = _late_scores(ethogram, scheme, rules)
    owner = {activity: name for name, claim in claims.items() for activity in claim.activities}
    total = {name: np.zeros(ethogram.sizes["time"]) for name in scheme.names}
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
        apart = owner[name] != owner.get(rules.posture_of(name))
        if rule.kind in ("event", "stillness") and apart:
            held = np.where(values >= 0.5, values, 0.0)
            for behaviour in total:
                total[behaviour] = total[behaviour] * (1.0 - held)
            total[owner[name]] += held
        elif rule.kind == "event":
            total[owner[name]] += np.where(values >= 0.5, values, 0.0)
    stacked = np.stack([total[name] for name in scheme.names], axis=1)
    summed = stacked.sum(axis=1, keepdims=True)
    unknown = np.full_like(stacked, np.nan)
    return np.asarray(np.divide(stacked, summed, out=unknown, where=summed > 1e-6))


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
    names = [str(name) for name in ethogram["individual"].values]
    wanted = [
        (behaviour, example)
        for behaviour, each in scheme.behaviours.items()
        for example in each.examples
        if example.recording == recording
    ]
    gathered = []
    for name in names:
        spans = [(b, e.start_s, e.stop_s) for b, e in wanted if e.individual in (name, "")]
        if spans:
            gathered.append(
                collect_examples(
                    spans,
                    np.asarray(ethogram["time"].values, dtype=np.float64),
                    behaviour_scores(ethogram.sel(individual=name), scheme, claims, rules),
                    _late_features(kinematics, ethogram, name, scheme, rules, skeleton),
                    where=f"recording {recording}",
                )
            )
    return Examples.joined(gathered)


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
    features = example_features(kinematics, ethogram, individual, skeleton)
    reaction = max(_reaction(name, scheme, rules) for name in rules.postures)
    return later(features, round(reaction * float(ethogram.attrs["fps"])))


def _decide(
    scores: Floats, scheme: LabelScheme, claims: Mapping[str, Claim], rules: Rules, fps: float
) -> np.ndarray:
    """Behaviour of each frame; bouts shorter than any of its activities can be are dropped."""
    shortest = []
    for name in scheme.names:
        members = [rules.activities[activity] for activity in claims[name].activities]
        shortest.append(min(members, key=lambda rule: rule.min_duration_s, default=None))
    fallback = next(iter(rules.activities.values()))
    bounds: list[ActivityRule] = [rule or fallback for rule in shortest]
    return choose([scores[:, i] for i in range(scores.shape[1])], bounds, fps)


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
    claims: Mapping[str, Claim], ethogram: xr.Dataset, learned: Learned | None = None
) -> tuple[str, ...]:
    """What the user should know of behaviours that can never be seen.

    Parameters
    ----------
    claims : Mapping of str to Claim
        From `LabelScheme.match`.
    ethogram : Dataset
        Of the recording.
    learned : Learned, optional
        From examples, by which they may be found all the same.
    """
    present = {str(name) for name in ethogram["activity"].values}
    notes = []
    for name, claim in claims.items():
        if present & set(claim.activities):
            continue
        why = (
            "the keypoints do not show " + ", ".join(claim.activities)
            if claim.activities
            else claim.why
        )
        notes.append(f"{name}: {why}" + ("; found by its examples" if learned else ""))
    return tuple(notes)
