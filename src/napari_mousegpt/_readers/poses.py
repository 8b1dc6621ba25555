"""Pose files as points layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt.layers import LayerTuple

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
    from mousegpt_core.io import read_poses
    from napari_mousegpt.layers import points_layers

    paths = [path] if isinstance(path, str) else path
    # The rate only matters in seconds; here time is the frame number.
    return [
        layer
        for item in paths
        for layer in points_layers(read_poses(Path(item), fps=1.0), name=Path(item).stem)
    ]
