"""Which labelled clips are shown as examples with a clip. Pure: tables and arrays in, rows out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.describe.protocol_tables import InContext
from mousegpt_core.errors import DataError

Floats = NDArray[np.float64]

#: Columns of a table of labelled clips, besides those of `clips.CLIPS`.
LABEL = "label"
_TICK = 1e-6
_NONE: NDArray[np.intp] = np.empty(0, dtype=np.intp)


class ExampleChooser:
    """Chooses the labelled clips that are shown with a clip.

    What all clips share is reckoned once, so that a clip costs little however many are labelled.

    Parameters
    ----------
    candidates : DataFrame
        Labelled clips: the columns of `clips.CLIPS` and ``label``.
    settings : InContext
        How many and which.
    features : array of shape (candidate, feature), optional
        Kinematics of the candidates, for the nearest and the most diverse; NaN = not known.
    """

    def __init__(
        self, candidates: pd.DataFrame, settings: InContext, features: Floats | None = None
    ) -> None:
        self._candidates = candidates.reset_index(drop=True)
        self._settings = settings
        self._of_recording = _rows_of(self._candidates["recording"])
        self._of_animal = _rows_of(self._candidates["individuals"])
        self._start, self._stop = (
            self._candidates[name].to_numpy(np.float64) for name in ("start_s", "stop_s")
        )
        self._of_label = dict(sorted(_rows_of(self._candidates[LABEL]).items()))
        if settings.choose == "random":
            for label, rows in self._of_label.items():
                self._of_label[label] = _shuffled(rows, label, settings.seed)
        known = settings.choose != "random" and features is not None and features.shape[1]
        self._scale = _Scale.of(features) if known and features is not None else None
        self._scaled = self._scale(features) if self._scale and features is not None else None

    def choose(self, clip: pd.Series[Any], of_clip: Floats | None = None) -> pd.DataFrame:
        """The examples of each label that are shown with a clip.

        Parameters
        ----------
        clip : Series
            A row of `clips.CLIPS`.
        of_clip : array of shape (feature,), optional
            Its kinematics, for the nearest.

        Returns
        -------
        DataFrame
            Rows of the candidates, label by label in turn, so that no label comes last more often.

        Raises
        ------
        DataError
            If a label has fewer clips than are wanted, or kinematics are not known.
        """
        allowed = self.allowed(clip)
        chosen: list[NDArray[np.intp]] = []
        for label, of_label in self._of_label.items():
            rows = of_label[allowed[of_label]]
            if len(rows) < self._settings.shots:
                raise DataError(
                    f"too few labelled clips of {label!r} to show with {clip['clip_id']}",
                    expected=f"{self._settings.shots}",
                    found=f"{len(rows)} of {len(of_label)} that are far enough from it",
                    hint="label more clips, or lower examples.shots or examples.apart_s",
                )
            chosen.append(self._best(rows, clip, of_clip)[: self._settings.shots])
        in_turn = [int(row) for turn in zip(*chosen, strict=True) for row in turn]
        return self._candidates.iloc[in_turn].reset_index(drop=True)

    def allowed(self, clip: pd.Series[Any]) -> NDArray[np.bool_]:
        """Whether each candidate may be shown: not from the clip's own neighbourhood or animal."""
        allowed = np.ones(len(self._candidates), dtype=bool)
        same = self._of_recording.get(clip["recording"], _NONE)
        if self._settings.other_animals:
            # An animal without a name is that of its recording.
            own = self._of_animal.get(clip["individuals"], _NONE) if clip["individuals"] else same
            allowed[own] = False
        start, stop = self._start[same], self._stop[same]
        gap = np.maximum(start - float(clip["stop_s"]), float(clip["start_s"]) - stop)
        # Clips that touch are neighbours, whatever distance is asked for.
        allowed[same[(gap <= _TICK) | (gap < self._settings.apart_s)]] = False
        return allowed

    def _best(
        self, rows: NDArray[np.intp], clip: pd.Series[Any], of_clip: Floats | None
    ) -> NDArray[np.intp]:
        """Of the rows of a label that may be shown, the best first."""
        if self._settings.choose == "random":
            return rows
        if self._scale is None or self._scaled is None or of_clip is None:
            raise DataError(
                f"kinematics of {clip['clip_id']} or of its examples are not known",
                hint='run `mousegpt run` first, or take choose = "random"',
            )
        if self._settings.choose == "diverse":
            return rows[_most_diverse(self._scaled[rows], self._settings.shots)]
        away = np.square(self._scaled[rows] - self._scale(of_clip)).sum(axis=1)
        return rows[np.argsort(away, kind="stable")]


def neighbours(clips: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """The clips of the same animal just before and just after each; ``""`` where there is none.

    Of overlapping clips, the nearest that does not overlap; a clip after a pause longer than the
    clip is no neighbour.
    """
    found: dict[str, tuple[str, str]] = {}
    for _, mine in clips.groupby("individuals", sort=False):
        ids = [str(each) for each in mine["clip_id"]]
        start, stop = (mine[name].to_numpy(np.float64) for name in ("start_s", "stop_s"))
        by_stop, by_start = np.argsort(stop, kind="stable"), np.argsort(start, kind="stable")
        before = np.searchsorted(stop[by_stop], start + _TICK, side="right") - 1
        after = np.searchsorted(start[by_start], stop - _TICK, side="left")
        for row, clip_id in enumerate(ids):
            longest = stop[row] - start[row] + _TICK
            earlier, later = int(before[row]), int(after[row])
            near = earlier >= 0 and start[row] - stop[by_stop[earlier]] <= longest
            soon = later < len(ids) and start[by_start[later]] - stop[row] <= longest
            found[clip_id] = (
                ids[by_stop[earlier]] if near else "",
                ids[by_start[later]] if soon else "",
            )
    return found


def _rows_of(column: pd.Series[Any]) -> dict[str, NDArray[np.intp]]:
    """Rows of each value of a column, in their order."""
    found = column.groupby(column).indices
    return {str(value): np.asarray(rows, dtype=np.intp) for value, rows in found.items()}


def _shuffled(rows: NDArray[np.intp], label: str, seed: int) -> NDArray[np.intp]:
    """The same order for every clip, so that most clips are shown the same examples."""
    chance = np.random.default_rng([seed, zlib.crc32(label.encode())])
    return np.asarray(chance.permutation(rows))


@dataclass(frozen=True)
class _Scale:
    """In units of the candidates' spread (quartiles); what is not known is ordinary."""

    middle: Floats
    spread: Floats

    @classmethod
    def of(cls, features: Floats) -> Self:
        known = np.isfinite(features)
        filled = np.where(known, features, np.nan)
        filled[:, ~known.any(axis=0)] = 0.0
        low, middle, high = np.nanpercentile(filled, (25, 50, 75), axis=0)
        return cls(middle, np.where(high - low > 1e-9, high - low, 1.0))

    def __call__(self, values: Floats) -> Floats:
        return np.asarray(np.nan_to_num((values - self.middle) / self.spread))


def _most_diverse(values: Floats, count: int) -> list[int]:
    """The most usual one, then always the one farthest from all before (Gonzalez 1985)."""
    if not count:
        return []
    first = int(np.square(values - np.median(values, axis=0)).sum(axis=1).argmin())
    picked = [first]
    distance = np.square(values - values[first]).sum(axis=1)
    while len(picked) < count:
        distance[picked] = -1.0
        picked.append(int(distance.argmax()))
        distance = np.minimum(distance, np.square(values - values[picked[-1]]).sum(axis=1))
    return picked
