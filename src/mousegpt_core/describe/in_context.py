"""Which labelled clips are shown as examples with a clip. Pure: tables and arrays in, rows out."""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.describe.protocol_tables import InContext
from mousegpt_core.errors import DataError

Floats = NDArray[np.float64]

#: Columns of a table of labelled clips, besides those of `clips.CLIPS`.
LABEL = "label"
_TICK = 1e-6


def choose_examples(
    candidates: pd.DataFrame,
    clip: pd.Series,
    settings: InContext,
    *,
    features: Floats | None = None,
    of_clip: Floats | None = None,
) -> pd.DataFrame:
    """The examples of each label that are shown with a clip.

    Parameters
    ----------
    candidates : DataFrame
        Labelled clips: the columns of `clips.CLIPS` and ``label``.
    clip : Series
        A row of `clips.CLIPS`.
    settings : InContext
        How many and which.
    features : array of shape (candidate, feature), optional
        Kinematics of the candidates, for the nearest and the most diverse; NaN = not known.
    of_clip : array of shape (feature,), optional
        Those of the clip, for the nearest.

    Returns
    -------
    DataFrame
        Rows of `candidates`, label by label in turn, so that no label comes last more often.

    Raises
    ------
    DataError
        If a label has fewer clips than are wanted.
    """
    allowed = is_allowed(candidates, clip, settings)
    chosen: list[list[int]] = []
    for label in sorted(set(candidates[LABEL])):
        of_label = np.flatnonzero((candidates[LABEL] == label).to_numpy())
        rows = of_label[allowed[of_label]]
        if len(rows) < settings.shots:
            raise DataError(
                f"too few labelled clips of {label!r} to show with {clip['clip_id']}",
                expected=f"{settings.shots}",
                found=f"{len(rows)} of {len(of_label)} that are far enough from it",
                hint="label more clips, or lower examples.shots or examples.apart_s",
            )
        if settings.choose == "random":
            order = _shuffled(of_label, label, settings.seed)
            picked = order[allowed[order]]
        elif features is None or of_clip is None:
            raise DataError(
                f"kinematics of {clip['clip_id']} or of its examples are not known",
                hint='run `mousegpt run` first, or take choose = "random"',
            )
        elif settings.choose == "nearest":
            near = np.square(_scaled(features, features) - _scaled(of_clip[None], features))
            picked = rows[np.argsort(near.sum(axis=1)[rows], kind="stable")]
        else:
            picked = rows[_most_diverse(_scaled(features[rows], features), settings.shots)]
        chosen.append([int(row) for row in picked[: settings.shots]])
    in_turn = [row for turn in zip(*chosen, strict=True) for row in turn]
    return candidates.iloc[in_turn].reset_index(drop=True)


def is_allowed(candidates: pd.DataFrame, clip: pd.Series, settings: InContext) -> NDArray[np.bool_]:
    """Whether each candidate may be shown with a clip: not from its own neighbourhood or animal."""
    same = (candidates["recording"] == clip["recording"]).to_numpy()
    start, stop = (candidates[name].to_numpy(np.float64) for name in ("start_s", "stop_s"))
    gap = np.maximum(start - float(clip["stop_s"]), float(clip["start_s"]) - stop)
    # Clips that touch are neighbours, whatever distance is asked for.
    near = same & ((gap <= _TICK) | (gap < settings.apart_s))
    if not settings.other_animals:
        return np.asarray(~near)
    # An animal without a name is that of its recording.
    own = (candidates["individuals"] == clip["individuals"]).to_numpy()
    return np.asarray(~near & ~own) if clip["individuals"] else np.asarray(~same)


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


def _shuffled(rows: NDArray[np.intp], label: str, seed: int) -> NDArray[np.intp]:
    """The same order for every clip, so that most clips are shown the same examples."""
    chance = np.random.default_rng([seed, zlib.crc32(label.encode())])
    return np.asarray(chance.permutation(rows))


def _scaled(values: Floats, reference: Floats) -> Floats:
    """In units of the reference's spread (quartiles); what is not known is ordinary."""
    known = np.isfinite(reference)
    filled = np.where(known, reference, np.nan)
    empty = ~known.any(axis=0)
    filled[:, empty] = 0.0
    low, middle, high = np.nanpercentile(filled, (25, 50, 75), axis=0)
    spread = np.where(high - low > 1e-9, high - low, 1.0)
    return np.asarray(np.nan_to_num((values - middle) / spread))


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
