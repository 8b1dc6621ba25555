"""The numbers behind a report, computed once: shares, comparisons, movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mousegpt_core.clips import ACTIVITIES, PROFILE
from mousegpt_core.plots import BehaviourKey, behaviour_key
from mousegpt_core.report.data import ReportData
from mousegpt_core.stats import (
    Comparison,
    ComparisonSettings,
    Movement,
    Subject,
    behaviour_shares,
    compare_groups,
    order_groups,
    shares_by_animal,
    windowed_shares,
)

#: Windows that the time course is cut into, in s, and how many of them are good to read.
WINDOW_S, FEWEST_WINDOWS, MOST_WINDOWS = 20.0, 9, 90

MOVEMENT_NAMES = {
    "median_speed": "median speed (cm/s)",
    "distance_per_min": "distance per minute (m)",
    "share_immobile": "time immobile",
}


@dataclass(frozen=True, eq=False)
class SchemeResults:
    """Behaviours of one scheme.

    Attributes
    ----------
    scheme : str
        Its name.
    title, phrase, anchor : str
        For headings, within sentences, for the page's links.
    bouts : DataFrame
        Those of the report's animals.
    subjects : list of Subject
        The animals.
    names : dict of str to str
        Of all behaviours.
    """

    scheme: str
    title: str
    phrase: str
    anchor: str
    bouts: pd.DataFrame
    subjects: list[Subject]
    names: dict[str, str]
    settings: ComparisonSettings

    @property
    def own(self) -> bool:
        """Whether the user defined these behaviours."""
        return self.scheme not in (ACTIVITIES, PROFILE)

    @cached_property
    def shares(self) -> pd.DataFrame:
        """As `stats.behaviour_shares`."""
        return behaviour_shares(self.bouts, self.subjects)

    @cached_property
    def key(self) -> BehaviourKey:
        """Which behaviours figures show, and how."""
        return behaviour_key(self.shares, self.names)

    @cached_property
    def folded(self) -> pd.DataFrame:
        """Bouts as figures show them."""
        return self.key.fold(self.bouts)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Treatments compared in the share of each behaviour."""
        treatments = {one.animal: one.treatment for one in self.subjects}
        return compare_groups(shares_by_animal(self.shares), treatments, self.settings)

    @cached_property
    def mean_shares(self) -> list[tuple[str, float]]:
        """Behaviour and its mean share over animals, the largest first."""
        mean = self.shares.groupby("behaviour_id")["share"].mean().fillna(0.0)
        return sorted(((str(b), float(v)) for b, v in mean.items()), key=lambda pair: -pair[1])

    @property
    def window_s(self) -> float:
        """Length of the windows of the time course: `WINDOW_S`, less or more to be readable."""
        longest = max((one.duration_s for one in self.subjects), default=0.0)
        if longest < FEWEST_WINDOWS * WINDOW_S:
            return next((s for s in (10.0, 5.0) if longest >= FEWEST_WINDOWS * s), 2.0)
        return WINDOW_S * max(1.0, float(np.ceil(longest / WINDOW_S / MOST_WINDOWS)))

    @cached_property
    def windows(self) -> pd.DataFrame:
        """As `stats.windowed_shares`."""
        return windowed_shares(self.folded, self.subjects, window_s=self.window_s)


@dataclass(frozen=True, eq=False)
class Results:
    """All of a report's numbers."""

    data: ReportData
    subjects: list[Subject]
    groups: list[str]
    schemes: list[SchemeResults]
    settings: ComparisonSettings

    @property
    def leading(self) -> SchemeResults | None:
        """The scheme that figures are coloured by."""
        return self.schemes[0] if self.schemes else None

    @property
    def animals(self) -> list[str]:
        """Names, once each."""
        return list(
            dict.fromkeys(name for one in self.data.recordings for name in one.animals.values())
        )

    @property
    def pictures(self) -> int:
        """Number of single pictures, where the study has nothing else; there is no time then."""
        recordings = self.data.recordings
        return sum(one.frames for one in recordings) if all(r.pictures for r in recordings) else 0

    @cached_property
    def movement_comparisons(self) -> list[Comparison]:
        """Treatments compared in speed, way and immobility."""
        values = movement_values(self.data.movements, self.subjects)
        if values.empty:
            return []
        treatments = {one.animal: one.treatment for one in self.subjects}
        return compare_groups(values, treatments, self.settings)


def compute_results(data: ReportData, settings: ComparisonSettings | None = None) -> Results:
    """Prepare the numbers of a report.

    Parameters
    ----------
    data : ReportData
        The study.
    settings : ComparisonSettings, optional
        How groups are compared.
    """
    chosen = settings or ComparisonSettings()
    subjects = data.subjects
    known = {one.key for one in subjects}
    schemes = []
    words = _scheme_words(data.schemes)
    for name in data.schemes:
        bouts = _with_individuals(data.bouts[name], subjects)
        pairs = zip(bouts["recording"], bouts["individual"], strict=True)
        mine = bouts[[pair in known for pair in pairs]]
        if len(mine):
            schemes.append(
                SchemeResults(name, *words[name], mine, subjects, data.names(name), chosen)
            )
    groups = order_groups(one.treatment for one in subjects)
    return Results(data, subjects, groups, schemes, chosen)


def _scheme_words(names: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Title, phrase and anchor of each scheme; several of the user's own are told apart."""
    words = {
        ACTIVITIES: ("Activities", "the activities", ACTIVITIES),
        PROFILE: ("Behaviours found in the descriptions", "the found behaviours", PROFILE),
    }
    own = [name for name in names if name not in words]
    for place, name in enumerate(own):
        anchor = f"labels-{place + 1}" if place else "labels"
        words[name] = ("Your behaviours", "your behaviours", anchor)
        if len(own) > 1:
            words[name] = (
                f"Your behaviours: {name}",
                f"your behaviours of \u201c{name}\u201d",
                anchor,
            )
    return words


def _with_individuals(bouts: pd.DataFrame, subjects: Sequence[Subject]) -> pd.DataFrame:
    """Bouts without an individual are those of the animal, where a recording has only one."""
    by_recording: dict[str, list[str]] = {}
    for one in subjects:
        by_recording.setdefault(one.recording, []).append(one.individual)
    alone = {name: found[0] for name, found in by_recording.items() if len(found) == 1}
    unnamed = (bouts["individual"] == "") & bouts["recording"].isin(alone)
    if not unnamed.any():
        return bouts
    owner = bouts["recording"].map(alone)
    return bouts.assign(individual=bouts["individual"].mask(unnamed, owner).astype(object))


def movement_values(movements: Sequence[Movement], subjects: Sequence[Subject]) -> pd.DataFrame:
    """One row an animal: its recordings taken together; columns of `MOVEMENT_NAMES`."""
    by_key = {(one.recording, one.individual): one for one in movements}
    rows = []
    for subject in subjects:
        one = by_key.get(subject.key)
        if one is None or not subject.seconds > 0:
            continue
        rows.append(
            {
                "animal": subject.animal,
                "median_speed": one.median_speed,
                "distance_per_min": one.distance_m / (subject.seconds / 60),
                "share_immobile": one.share_immobile,
            }
        )
    if not rows:
        return pd.DataFrame(columns=list(MOVEMENT_NAMES))
    table = pd.DataFrame(rows).groupby("animal", sort=False).mean()
    return table.dropna(axis="columns", how="all")
