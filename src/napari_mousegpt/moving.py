"""Keypoints and skeleton of one frame at a time: as fast for an hour as for a second.

A points layer of a whole recording is walked through by napari at every step of the slider, and
gets slow with hundreds of thousands of points. Here the layer holds those of one step only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from napari_mousegpt.layers import (
    Edges,
    LayerTuple,
    at_steps,
    beside,
    edge_places,
    in_napari_order,
    points_layer,
    skeleton_layer,
)


class Moment(NamedTuple):
    """What is seen at a step.

    Attributes
    ----------
    points : array of shape (point, axis)
        Of every keypoint of every individual; 0 where it is not seen.
    seen : array of shape (point,)
        Which are seen.
    vectors : array of shape (line, 2, axis)
        Lines between those that are seen: start, and along.
    """

    points: NDArray[np.float32]
    seen: NDArray[np.bool_]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MovingPoses:
    """Poses of one view, or in space, of a recording that is shown.

    Attributes
    ----------
    name : str
        Begins the names of its layers.
    poses : Dataset
        Poses, or kinematics' positions.
    steps : array of shape (step,), optional
        The frame that each step of the slider shows, below 0 = none; None = the slider counts
        their frames.
    edges : sequence of (str, str)
        Pairs of keypoints that are joined.
    offset : (float, float)
        Where the view's corner is, (y, x).
    format : str
        Of the file that they came from.
    """

    name: str
    poses: xr.Dataset
    steps: NDArray[np.intp] | None = None
    edges: Edges = ()
    offset: tuple[float, float] = (0.0, 0.0)
    format: str = ""
    _shown: xr.Dataset = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shown = self.poses if self.steps is None else at_steps(self.poses, self.steps)
        object.__setattr__(self, "_shown", shown)

    def whole(self) -> list[LayerTuple]:
        """Layers of all frames, which can be edited and saved."""
        points = points_layer(
            self.poses, name=f"{self.name}keypoints", steps=self.steps, format=self.format
        )
        skeleton = skeleton_layer(self._shown, self.edges, name=f"{self.name}skeleton")
        return beside([skeleton, points] if self.edges else [points], self.offset)

    def live(self) -> tuple[LayerTuple, LayerTuple]:
        """Skeleton and keypoints of the first step, to be moved on by `at`."""
        first = self.at(0)
        few = self._shown.isel(time=slice(0, 1))
        (_, line, _), (_, dot, _) = beside(
            [skeleton_layer(few, self.edges), points_layer(few)], self.offset
        )
        both = []
        for data, options, name in (
            (first.vectors, line, "skeleton"),
            (first.points, dot, "keypoints"),
        ):
            options = {**options, "name": self.name + name}
            for key in ("axis_labels", "translate", "units"):
                if key in options:
                    options[key] = options[key][1:]
            both.append((data, options))
        (vectors, line), (points, dot) = both
        dot |= {"features": self._features(), "shown": first.seen, "metadata": {}}
        return (vectors, line, "vectors"), (points, dot, "points")

    def at(self, step: int) -> Moment:
        """What is seen at a step of the slider."""
        row = self._row(step)
        axes = self._position.shape[-1]
        if row < 0:
            count = self._position.shape[1] * self._position.shape[2]
            points = np.zeros((count, axes), dtype=np.float32)
            return Moment(points, np.zeros(count, dtype=bool), points[:0, None].repeat(2, axis=1))
        here = self._position[row]
        seen = np.isfinite(here).all(axis=-1)
        a, b = self._edge_places
        start, along = here[a], here[b] - here[a]
        drawn = seen[a] & seen[b]
        vectors = np.stack([start[drawn], along[drawn]], axis=1)
        points = np.where(seen[..., None], here, np.float32(0.0)).reshape(-1, axes)
        return Moment(points, seen.ravel(), vectors)

    def _row(self, step: int) -> int:
        frames = self._frames
        row = int(np.searchsorted(frames, step))
        return row if row < len(frames) and frames[row] == step else -1

    def _features(self) -> pd.DataFrame:
        keypoints = [str(each) for each in self.poses["keypoint"].values]
        animals = [str(each) for each in self.poses["individual"].values]
        pairs = [(keypoint, animal) for keypoint in keypoints for animal in animals]
        return pd.DataFrame(pairs, columns=["keypoint", "individual"]).astype("category")

    @cached_property
    def _position(self) -> NDArray[np.float32]:
        return np.asarray(in_napari_order(self._shown), dtype=np.float32)

    @cached_property
    def _frames(self) -> NDArray[np.int64]:
        return np.asarray(self._shown["frame"].values)

    @cached_property
    def _edge_places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return edge_places(self.poses, self.edges)
