"""Poses as the table that DeepLabCut writes: rows of frames, columns with several names each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.io.beside import pictures_of, scorer_of
from mousegpt_core.io.columns import written_beside
from mousegpt_core.io.contract import DEFAULT_INDIVIDUAL, LABELLED

#: Scorers by which a program's tables are known again.
SCORERS = {"Lightning Pose": "heatmap_tracker", "EKS": "ensemble-kalman_tracker"}
_BLOCK = 50_000
#: Longer numbers are no numbers of frames.
_DIGITS = 15


def level_names(poses: xr.Dataset) -> tuple[str, ...]:
    """What the names of a column are; a lone animal without a name of its own has none."""
    named = [str(name) for name in poses["individual"].values] != [DEFAULT_INDIVIDUAL]
    return ("scorer", *(("individuals",) if named else ()), "bodyparts", "coords")


def column_names(poses: xr.Dataset) -> list[tuple[str, ...]]:
    """The names of each column, as many as there are `level_names`."""
    software = str(poses.attrs.get("source_software", ""))
    scorer = scorer_of(poses) or SCORERS.get(software, software.replace(" ", "_") or "unknown")
    kinds = [*map(str, poses["space"].values), *(kind for kind, _ in _beside(poses))]
    full = len(level_names(poses)) == 4
    return [
        (scorer, *((str(animal),) if full else ()), str(keypoint), kind)
        for animal in poses["individual"].values
        for keypoint in poses["keypoint"].values
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
    for start in range(0, poses.sizes["time"], _BLOCK):
        block = poses.isel(time=slice(start, start + _BLOCK))
        parts: Sequence[NDArray[np.float32]] = [
            block["position"].transpose(*order, "space").values,
            *(block[name].transpose(*order).values[..., None] for _, name in _beside(poses)),
        ]
        yield np.concatenate(parts, axis=-1).reshape(block.sizes["time"], -1)


def numbers_in_names(names: Sequence[str]) -> list[int]:
    """The last number in each picture's name (``img0042.png`` is 42), -1 where there is none."""
    found = [re.findall(r"\d+", Path(name.replace("\\", "/")).stem)[-1:] for name in names]
    return [int(digits[0]) if digits and len(digits[0]) <= _DIGITS else -1 for digits in found]


def _beside(poses: xr.Dataset) -> list[tuple[str, str]]:
    """As `written_beside`; DeepLabCut's labels of a human have no likelihood."""
    return [] if poses.attrs.get("source_software") == LABELLED else written_beside(poses)
