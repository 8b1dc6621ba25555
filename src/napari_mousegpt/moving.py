"""Keypoints and skeleton of one frame at a time: as fast for an hour as for a second.

A points layer of a whole recording is walked through by napari at every step of the slider, and
gets slow with hundreds of thousands of points. Here the layer holds those of one step only.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

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
    of_points,
    points_layer,
    skeleton_layer,
)

#: Keypoints are doubted below this share of the usual best confidence, which is this quantile.
_DOUBTED, _BEST = 0.5, 0.95


def _as_poses() -> NDArray[np.float32]:
    """Stands for positions that are those of the poses."""
    return np.empty(0, dtype=np.float32)


class Moment(NamedTuple):
    """What is seen at a step.

    Attributes
    ----------
    points : array of shape (point, axis)
        Of every keypoint of every individual, seen or not.
    seen : array of shape (point,)
        Which are seen.
    vectors : array of shape (line, 2, axis)
        Lines between those that are seen: start, and along.
    confidence, edited : array of shape (point,)
        Of each point; whether a person placed it.
    """

    points: NDArray[np.float32]
    seen: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    confidence: NDArray[np.float32]
    edited: NDArray[np.bool_]


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
    size : float
        How much larger than usual points and lines are drawn.
    hidden : bool
        Whether its view is not shown.
    source : str, optional
        The view (``""`` = the only one) of the file of poses, which a person can correct;
        None = they were computed from others.
    picture : (float, float), optional
        Height and width of the picture that they lie on.
    boxes : array of shape (frame, individual, 2, 2), optional
        Around the outlines of the animals, where they were found by these: low and high (y, x) in
        every frame of the film; NaN = not seen.
    position : array of shape (time, keypoint, individual, axis), optional
        What is shown of them, in napari's order of axes; by default as `poses` are.
    """

    name: str
    poses: xr.Dataset
    steps: NDArray[np.intp] | None = None
    edges: Edges = ()
    offset: tuple[float, float] = (0.0, 0.0)
    format: str = ""
    size: float = 1.0
    hidden: bool = False
    source: str | None = None
    picture: tuple[float, float] | None = None
    boxes: NDArray[np.float32] | None = None
    position: NDArray[np.float32] = field(default_factory=_as_poses, repr=False)

    def __post_init__(self) -> None:
        if not self.position.size:
            position = np.array(in_napari_order(self.poses), dtype=np.float32)
            object.__setattr__(self, "position", position)

    @property
    def view(self) -> str:
        """The view that they are of; ``""`` = in space, or of no film."""
        return self.name.strip()

    def whole(self) -> list[LayerTuple]:
        """Layers of all frames, which can be edited and saved."""
        points = points_layer(
            self.poses, name=f"{self.name}keypoints", steps=self.steps, format=self.format
        )
        shown = self.poses if self.steps is None else at_steps(self.poses, self.steps)
        skeleton = skeleton_layer(shown, self.edges, name=f"{self.name}skeleton")
        return beside([skeleton, points] if self.edges else [points], self.offset)

    def at(self, step: int) -> Moment:
        """What is seen at a step of the slider."""
        row = -1 if self.hidden else self._row(step)
        here = self.position[row] if row >= 0 else np.full_like(self.position[0], np.nan)
        seen = np.isfinite(here).all(axis=-1)
        a, b = self._edge_places
        drawn = seen[a] & seen[b]
        here = here + np.asarray((0.0, *self.offset)[-here.shape[-1] :], dtype=np.float32)
        vectors = np.stack([here[a][drawn], (here[b] - here[a])[drawn]], axis=1)
        # Those that are not seen lie, hidden, under one that is.
        anywhere = here[seen][0] if seen.any() else np.float32(0.0)
        points = np.where(seen[..., None], here, anywhere).reshape(-1, here.shape[-1])
        if row >= 0:
            confidence, edited = self._confidence[row], self._edited[row]
        else:
            confidence, edited = np.full_like(here[..., 0], np.nan), np.zeros_like(seen)
        return Moment(points, seen.ravel(), vectors, confidence.ravel(), edited.ravel())

    def believed(self, step: int) -> NDArray[np.bool_]:
        """Which keypoints are not doubted at a step, ``(keypoint, individual)``."""
        row = self._row(step)
        if row < 0:
            return np.zeros(self._confidence.shape[1:], dtype=bool)
        return np.asarray(~(self._confidence[row] < self._doubted))

    def features(self) -> pd.DataFrame:
        """Of the points of `at`: keypoint, individual, view, and room for what changes in time."""
        keypoints = [str(each) for each in self.poses["keypoint"].values]
        animals = [str(each) for each in self.poses["individual"].values]
        rows = [(point, animal, self.view) for point in keypoints for animal in animals]
        named = pd.DataFrame(rows, columns=["keypoint", "individual", "view"]).astype("category")
        return named.assign(confidence=np.float32(np.nan), edited=False)

    def frame(self, step: int) -> int:
        """The frame of these poses at a step of the slider; below 0 = none."""
        if self.steps is None:
            return step
        return int(self.steps[step]) if 0 <= step < len(self.steps) else -1

    def step(self, frame: int) -> int:
        """The first step of the slider that shows a frame, or the one nearest to it."""
        if self.steps is None:
            return frame
        return int(np.abs(self.steps - frame).argmin())

    def place(self, point: NDArray[np.float64]) -> tuple[float, ...]:
        """x, y[, z] of the poses, of a point of the layer, ``([z,] y, x)``."""
        corner = np.asarray((0.0, *self.offset)[-len(point) :])
        return tuple(float(value) for value in (point - corner)[::-1])

    def holds(self, point: NDArray[np.float64]) -> bool:
        """Whether a point of the layer lies on the picture of this view."""
        if self.picture is None:
            return True
        y, x = point[-2] - self.offset[0], point[-1] - self.offset[1]
        return bool(0 <= y <= self.picture[0] and 0 <= x <= self.picture[1])

    def corrected(self) -> xr.Dataset:
        """The poses as they are shown by now."""
        shown = self.position[..., ::-1]
        return self.poses.assign(position=(("time", "keypoint", "individual", "space"), shown))

    def put(self, rows: slice, position: NDArray[np.float32]) -> None:
        """Show other positions, ``(time, keypoint, individual, space)``, in some rows."""
        self.position[rows] = position[..., ::-1]

    def _row(self, step: int) -> int:
        frame, frames = self.frame(step), self._frames
        row = int(np.searchsorted(frames, frame))
        return row if row < len(frames) and frames[row] == frame else -1

    @cached_property
    def _frames(self) -> NDArray[np.int64]:
        return np.asarray(self.poses["frame"].values)

    @cached_property
    def _confidence(self) -> NDArray[np.float32]:
        return np.asarray(of_points(self.poses, "confidence"), dtype=np.float32)

    @cached_property
    def _edited(self) -> NDArray[np.bool_]:
        return np.asarray(of_points(self.poses, "edited"), dtype=bool)

    @cached_property
    def _doubted(self) -> float:
        """Confidence below which a keypoint is doubted; NaN = none is."""
        told = self._confidence[np.isfinite(self._confidence)]
        return _DOUBTED * float(np.quantile(told, _BEST)) if len(told) else float("nan")

    @cached_property
    def _edge_places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return edge_places(self.poses, self.edges)


def at_step(every: Sequence[MovingPoses], step: int) -> Moment:
    """What is seen in all views at a step of the slider."""
    moments = [poses.at(step) for poses in every]
    return Moment(*(np.concatenate(parts) for parts in zip(*moments, strict=True)))


def live_layers(every: Sequence[MovingPoses]) -> list[LayerTuple]:
    """Skeletons and keypoints of all views at the first step, to be moved on by `at_step`.

    One layer each, because napari takes stock of all layers whenever one changes.
    """
    if not every:
        return []
    first = at_step(every, 0)
    few = every[0].poses.isel(time=slice(0, 1))
    features = pd.concat([poses.features() for poses in every], ignore_index=True)
    several = features["individual"].nunique() > 1
    lines, points = skeleton_layer(few, ())[1], points_layer(few)[1]
    for options, name in ((lines, "skeleton"), (points, "keypoints")):
        options["name"] = name
        for key in {"axis_labels", "units"} & set(options):
            options[key] = options[key][1:]
    lines["edge_width"] *= every[0].size
    names = ["keypoint", "individual", "view"]
    points |= {
        "features": features.astype(dict.fromkeys(names, "category")),
        "face_color": "individual" if several else "keypoint",
        "size": points["size"] * every[0].size,
        "shown": first.seen,
        "metadata": {"colour": "individual" if several else "keypoint"},
    }
    return [(first.vectors, lines, "vectors"), (first.points, points, "points")]


def show_moment(seen: Moment, vectors: Any, points: Any) -> None:
    """Put skeleton and keypoints where they are now; a step of the film waits for this."""
    with ExitStack() as quiet:
        # Only their pictures are told: napari would take stock of the ranges of all layers, and
        # its list of layers would paint their rows, several times. The rest follows later.
        for layer in (vectors, points):
            quiet.enter_context(layer.events.data.blocker())
            quiet.enter_context(layer.events.blocker())
        with _unfreshed(vectors), _unfreshed(points):
            vectors.data = seen.vectors
            points.data = seen.points
            if not np.array_equal(points.shown, seen.seen):
                points.shown = seen.seen
        vectors.refresh(thumbnail=False, highlight=False, extent=False)
        points.refresh(thumbnail=False, extent=False)
    # The features of a point are looked at when the pointer is on it, so nobody need be told.
    points.features["confidence"], points.features["edited"] = seen.confidence, seen.edited


def _unfreshed(layer: Any) -> AbstractContextManager[None]:
    """Let a layer's data change without all that napari does at each change, where it can."""
    unfreshed: AbstractContextManager[None] = getattr(layer, "_block_refresh", nullcontext)()
    return unfreshed
