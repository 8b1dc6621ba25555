"""Pose files as points layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mousegpt_core.errors import DataError, FormatError, MouseGPTError
from napari_mousegpt.layers import LayerTuple

if TYPE_CHECKING:
    import xarray as xr

Reader = Callable[[str | list[str]], list[LayerTuple]]


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for pose files, or None where no format recognises them."""
    from mousegpt_core.io import recognise_format

    try:
        for item in [path] if isinstance(path, str) else path:
            recognise_format(Path(item))
    except MouseGPTError:
        return None
    return read


def read(path: str | list[str]) -> list[LayerTuple]:
    """Read pose files; the time axis counts frames."""
    paths = [Path(item) for item in ([path] if isinstance(path, str) else path)]
    return [layer for item in paths for layer in _layers(item)]


def _layers(path: Path) -> list[LayerTuple]:
    """The keypoints and, where they are names that are known, the lines between them."""
    from mousegpt_core.io import recognise_format
    from mousegpt_core.skeletons import guess_skeleton
    from napari_mousegpt.layers import points_layer, skeleton_layer

    poses = _poses(path)
    edges = guess_skeleton([str(each) for each in poses["keypoint"].values]).skeleton.edges
    points = points_layer(poses, name=path.stem, format=recognise_format(path))
    if not edges:
        return [points]
    return [skeleton_layer(poses, edges, name=f"{path.stem} skeleton"), points]


def _poses(path: Path) -> xr.Dataset:
    from mousegpt_core.io import read_poses

    try:
        return read_poses(path)
    except FormatError:
        raise
    except DataError:
        # The file does not say its frame rate; a layer counts frames and needs none.
        return read_poses(path, fps=1.0)
