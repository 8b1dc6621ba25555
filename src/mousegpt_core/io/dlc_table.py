"""Poses as the table that DeepLabCut writes: rows of frames, columns with several names each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.io.beside import pictures_of, scorer_of, unique_of
from mousegpt_core.io.columns import OF_NO_ANIMAL, written_beside
from mousegpt_core.io.contract import DEFAULT_INDIVIDUAL, LABELLED

#: Scorers by which a program's tables are known again.
SCORERS = {"Lightning Pose": "heatmap_tracker", "EKS": "ensemble-kalman_tracker"}
_BLOCK = 50_000
#: Longer numbers are no numbers of frames.
_DIGITS = 15


@dataclass(frozen=True)
class _Owner:
    """Whose a keypoint is: places along individuals and keypoints, and the animal's name."""

    individual: int
    keypoint: int
    name: str


def _owners(poses: xr.Dataset) -> list[_Owner]:
    """In the order of the columns; points that belong to no animal come last, once."""
    unique = unique_of(poses)
    keypoints = [str(name) for name in poses["keypoint"].values]
    animals = [str(name) for name in poses["individual"].values]
    own = [
        _Owner(i, k, animal)
        for i, animal in enumerate(animals)
        for k, name in enumerate(keypoints)
        if name not in unique
    ]
    return own + [_Owner(0, keypoints.index(name), OF_NO_ANIMAL) for name in unique]


def level_names(poses: xr.Dataset) -> tuple[str, ...]:
    """What the names of a column are; a lone animal without a name of its own has none."""
    animals = [str(name) for name in poses["individual"].values]
    named = animals != [DEFAULT_INDIVIDUAL] or unique_of(poses)
    return ("scorer", *(("individuals",) if named else ()), "bodyparts", "coords")


def column_names(poses: xr.Dataset) -> list[tuple[str, ...]]:
    """The names of each column, as many as there are `level_names`."""
    software = str(poses.attrs.get("source_software", ""))
    scorer = scorer_of(poses) or SCORERS.get(software, software.replace(" ", "_") or "unknown")
    kinds = [*map(str, poses["space"].values), *(kind for kind, _ in _beside(poses))]
    full = len(level_names(poses)) == 4
    keypoints = poses["keypoint"].values
    return [
        (scorer, *((owner.name,) if full else ()), str(keypoints[owner.keypoint]), kind)
        for owner in _owners(poses)
        for kind in kinds
    ]


def row_names(poses: xr.Dataset) -> NDArray[np.int64] | list[str]:
    """Numbers of the frames; labelled pictures have their paths, or are named by their frames."""
    frames: NDArray[np.int64] = poses["frame"].values
    if poses.attrs.get("source_software") != LABELLED:
        return frames
    pictures = pictures_of(poses)
    if pictures and numbers_in_names(pictures) == frames.tolist():
        return pictures
    folder = Path(str(poses.attrs.get("source_file", ""))).stem or "film"
    return [f"labeled-data/{folder}/img{frame:06d}.png" for frame in frames]


def row_blocks(poses: xr.Dataset) -> Iterator[NDArray[np.float32]]:
    """Values of the columns, some rows at a time; poses may be lazy."""
    order = ("time", "individual", "keypoint")
    owners = _owners(poses)
    places = [owner.individual for owner in owners], [owner.keypoint for owner in owners]
    for start in range(0, poses.sizes["time"], _BLOCK):
        block = poses.isel(time=slice(start, start + _BLOCK))
        parts: Sequence[NDArray[np.float32]] = [
            block["position"].transpose(*order, "space").values,
            *(block[name].transpose(*order).values[..., None] for _, name in _beside(poses)),
        ]
        values = np.concatenate(parts, axis=-1)[:, *places]
        yield values.reshape(block.sizes["time"], -1)


def numbers_in_names(names: Sequence[str]) -> list[int]:
    """The last number in each picture's name (``img0042.png`` is 42), -1 where there is none."""
    found = [re.findall(r"\d+", Path(name.replace("\\", "/")).stem)[-1:] for name in names]
    return [int(digits[0]) if digits and len(digits[0]) <= _DIGITS else -1 for digits in found]


def _beside(poses: xr.Dataset) -> list[tuple[str, str]]:
    """As `written_beside`; DeepLabCut's labels of a human have no likelihood."""
    return [] if poses.attrs.get("source_software") == LABELLED else written_beside(poses)
