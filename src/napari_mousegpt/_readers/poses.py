"""Pose files as points layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mousegpt_core.errors import MouseGPTError, SeveralViewsError, UnnamedKeypointsError
from napari_mousegpt.arriving import arrived_or_none, meanwhile

if TYPE_CHECKING:
    import xarray as xr

    from napari_mousegpt.layers import LayerTuple

    Reader = Callable[[str | list[str]], list[LayerTuple]]


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for pose files, or None where no format recognises them."""
    paths = [Path(item) for item in ([path] if isinstance(path, str) else path)]
    found = meanwhile(lambda: all(map(_is_known, paths)), f"Looking into {paths[0].name}")
    return read if found else None


def read(path: str | list[str]) -> list[LayerTuple]:
    """Read pose files; the time axis counts frames. Each view that a file holds has its layers."""
    paths = [Path(item) for item in ([path] if isinstance(path, str) else path)]

    def layers() -> list[LayerTuple]:
        return [
            layer
            for item in paths
            for view, poses in _views(item)
            for layer in _layers(item, view, poses)
        ]

    return arrived_or_none(layers, f"Reading {paths[0].name}")


def _is_known(path: Path) -> bool:
    from mousegpt_core.io import recognise_format

    try:
        recognise_format(path)
    except MouseGPTError:
        return False
    return True


def _layers(path: Path, view: str, poses: xr.Dataset) -> list[LayerTuple]:
    """The keypoints and, where they are names that are known, the lines between them."""
    from mousegpt_core.io import recognise_format
    from mousegpt_core.skeletons import guess_skeleton
    from napari_mousegpt.layers import points_layer, skeleton_layer

    edges = guess_skeleton([str(each) for each in poses["keypoint"].values]).skeleton.edges
    name = f"{path.stem} {view}".strip()
    points = points_layer(poses, name=name, format=recognise_format(path), view=view)
    points[1]["metadata"]["file"] = str(path)
    if not edges:
        return [points]
    return [skeleton_layer(poses, edges, name=f"{name} skeleton"), points]


def _views(path: Path) -> Iterator[tuple[str, xr.Dataset]]:
    """The poses of each view, and its name; ``""`` = the only one."""
    try:
        yield "", _read(path, "")
    except SeveralViewsError as several:
        for view in several.views:
            yield view, _read(path, view)


def _read(path: Path, view: str) -> xr.Dataset:
    """The poses of a view; keypoints without names are numbered."""
    from mousegpt_core.io import read_poses

    def of(keypoints: Sequence[str]) -> xr.Dataset:
        # A layer counts frames, so it needs no rate where the file does not say it.
        return read_poses(path, view=view or None, keypoints=keypoints, assumed_fps=1.0)

    try:
        return of(())
    except UnnamedKeypointsError as unnamed:
        if unnamed.count is None:
            raise
        return of([str(number) for number in range(1, unnamed.count + 1)])
