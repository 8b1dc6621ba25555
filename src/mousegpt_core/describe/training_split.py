"""Which clips train a model and which test it: no animal, and no moment, in both. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from mousegpt_core.errors import DataError

Part = Literal["train", "test", ""]
_TICK_S = 1e-6


@dataclass(frozen=True)
class Split:
    """How clips are divided.

    Attributes
    ----------
    recordings : frozenset of str
        All clips of these test.
    stretches : mapping of str to (float, float)
        Of each recording that is divided by time: start and stop (s) of what tests.
    gap_s : float
        Clips nearer than this (s) to a stretch are in neither part.
    """

    recordings: frozenset[str] = frozenset()
    stretches: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    gap_s: float = 0.0

    @property
    def by(self) -> Literal["animal", "time", "nothing"]:
        """What divides them."""
        if self.stretches:
            return "time"
        return "animal" if self.recordings else "nothing"

    def part(self, recording: str, start_s: float, stop_s: float) -> Part:
        """The part that a clip belongs to; ``""`` = neither."""
        if recording not in self.stretches:
            return "test" if recording in self.recordings else "train"
        first, last = self.stretches[recording]
        if start_s >= first - _TICK_S and stop_s <= last + _TICK_S:
            return "test"
        near = start_s < last + self.gap_s - _TICK_S and stop_s > first - self.gap_s + _TICK_S
        return "" if near else "train"


def split_by_animal(
    clips: Mapping[str, int], animals: Mapping[str, frozenset[str]], *, share: float, seed: int
) -> Split | None:
    """Whole animals, drawn at random until their clips are the share that is to test.

    Animals that were ever filmed together go together: each is in the other's pictures.

    Parameters
    ----------
    clips : mapping of str to int
        Recording to its number of clips.
    animals : mapping of str to frozenset of str
        Recording to the animals in it.
    share : float
        Of all clips, that tests; at least one animal does, and at least one does not.
    seed : int
        Of the chance.

    Returns
    -------
    Split or None
        None where all recordings hang together, so that nothing can be held apart.
    """
    groups = _linked(animals)
    if len(groups) < 2:
        return None
    wanted = share * sum(clips.values())
    chosen: set[str] = set()
    order = np.random.default_rng(seed).permutation(len(groups))
    for place in order[:-1]:
        chosen |= groups[place]
        if sum(clips[each] for each in chosen) >= wanted:
            break
    return Split(frozenset(chosen))


def split_by_time(
    clips: Mapping[str, pd.DataFrame], *, share: float, seed: int, gap_s: float
) -> Split:
    """One stretch of each recording, at a random place, with a gap on both sides.

    Parameters
    ----------
    clips : mapping of str to DataFrame
        Recording to ``start_s`` and ``stop_s`` of its clips.
    share : float
        Of each recording's clips; at least one clip.
    seed : int
        Of the chance.
    gap_s : float
        Seconds.

    Raises
    ------
    DataError
        If no clip is left to train on.
    """
    stretches = {
        id: _stretch(
            table.sort_values("start_s"), share, np.random.default_rng([seed, *id.encode()])
        )
        for id, table in clips.items()
        if len(table)
    }
    split = Split(stretches=stretches, gap_s=gap_s)
    trains = (
        split.part(id, start, stop) == "train"
        for id, table in clips.items()
        for start, stop in zip(table["start_s"], table["stop_s"], strict=True)
    )
    if not any(trains):
        raise DataError(
            "no clip is far enough from those that test to train on",
            expected=f"clips more than {gap_s:g} s away",
            hint="record more, make the gap shorter, or set nothing apart: --test 0",
        )
    return split


def _stretch(clips: pd.DataFrame, share: float, chance: np.random.Generator) -> tuple[float, float]:
    count = max(1, round(share * len(clips)))
    first = int(chance.integers(0, len(clips) - count + 1))
    chosen = clips.iloc[first : first + count]
    return float(chosen["start_s"].min()), float(chosen["stop_s"].max())


def _linked(animals: Mapping[str, frozenset[str]]) -> list[set[str]]:
    """Recordings in groups that share no animal, in the order of their names."""
    groups: list[tuple[set[str], set[str]]] = []
    for recording in sorted(animals):
        members, names = {recording}, set(animals[recording])
        apart = []
        for group in groups:
            if group[1] & names:
                members |= group[0]
                names |= group[1]
            else:
                apart.append(group)
        groups = [*apart, (members, names)]
    return sorted((members for members, _ in groups), key=min)
