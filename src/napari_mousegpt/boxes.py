"""A box around each animal, at one moment; pure.

Shapes are slow in napari, so those of a whole film are never made: the layer holds the boxes of the
moment, is made when a person first wants it, and rests while nobody looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from napari_mousegpt.layers import COLOURS, LayerTuple
from napari_mousegpt.moving import MovingPoses

#: Role of the layer.
BOXES = "boxes"
#: Room between keypoints and their box, as a share of its longer side: a body is wider than they.
_ROOM = 0.12
#: Side of a box around a single point, at least (px).
_LEAST = 12.0
#: Width of its line in pictures of the usual size (px).
_LINE = 2.0


class Boxes(NamedTuple):
    """What is drawn at a step.

    Attributes
    ----------
    corners : array of shape (box, 4, 2)
        (y, x) in px.
    animals : tuple of str
        Whose they are.
    """

    corners: NDArray[np.float32]
    animals: tuple[str, ...]


def boxes_layer(every: Sequence[MovingPoses]) -> LayerTuple | None:
    """The boxes as a shapes layer that `draw_boxes` fills; None where nothing is in pictures.

    Parameters
    ----------
    every : sequence of MovingPoses
        Of the recording.
    """
    if not every or every[0].poses.sizes["space"] != 2:
        return None
    options = {
        "name": BOXES,
        "ndim": 2,
        "opacity": 0.9,
        "axis_labels": ("y", "x"),
        "features": _features((), {}),
        "text": {
            "string": "{individual}",
            "color": {"feature": "colour"},
            "size": 11,
            "anchor": "upper_left",
        },
        "metadata": {"role": BOXES, "colours": _colours(every), "line": _LINE * every[0].size},
    }
    return [], options, "shapes"


def boxes_at(every: Sequence[MovingPoses], step: int) -> Boxes:
    """The boxes of all animals that are seen at a step of the slider, in all views.

    Parameters
    ----------
    every : sequence of MovingPoses
        In pictures. Where animals were found by their outlines, boxes are those of these, else of
        their keypoints, without those that are doubtful.
    step : int
        Of the slider.
    """
    corners: list[NDArray[np.float32]] = []
    animals: list[str] = []
    for poses in every:
        names = [str(each) for each in poses.poses["individual"].values]
        for name, (low, high) in zip(names, _edges(poses, step), strict=True):
            if np.isfinite(low).all() and np.isfinite(high).all():
                (y0, x0), (y1, x1) = low, high
                corners.append(np.array([(y0, x0), (y0, x1), (y1, x1), (y1, x0)]))
                animals.append(name)
    return Boxes(np.array(corners, dtype=np.float32).reshape(-1, 4, 2), tuple(animals))


def draw_boxes(layer: Any, boxes: Boxes) -> None:
    """Put them into the layer of `boxes_layer`."""
    others = tuple(layer.features["individual"]) != boxes.animals
    # Nobody is told: napari would take stock of the ranges of all layers. It lets new shapes be
    # edited, which nobody keeps.
    with layer.events.data.blocker(), layer.events.editable.blocker():
        layer.data = [(each, "rectangle") for each in boxes.corners]
        layer.editable = False
    if others:
        layer.features = _features(boxes.animals, layer.metadata["colours"])
        if boxes.animals:
            layer.edge_color = list(layer.features["colour"])
            layer.face_color = "transparent"
            layer.edge_width = layer.metadata["line"]


def outline_boxes(silhouettes: xr.Dataset, frames: int) -> NDArray[np.float32]:
    """Boxes of outlines as `MovingPoses.boxes`; between the looks at a film, the last one stays.

    Parameters
    ----------
    silhouettes : Dataset
        As `pose.silhouette` makes it: ``box`` and ``frame``.
    frames : int
        Of the film.
    """
    left_to_bottom = silhouettes["box"].transpose("time", "individual", "edge").values
    # A pixel reaches half a pixel to each side of its middle.
    low_high = left_to_bottom.reshape(*left_to_bottom.shape[:2], 2, 2)[..., ::-1] - 0.5
    rows = np.searchsorted(silhouettes["frame"].values, np.arange(frames), side="right") - 1
    found = low_high[rows.clip(0)]
    found[rows < 0] = np.nan
    return np.asarray(found, dtype=np.float32)


def _edges(poses: MovingPoses, step: int) -> NDArray[np.float32]:
    """Low and high edges, (individual, 2, 2), in the viewer; NaN = not seen."""
    frame = -1 if poses.hidden else poses.frame(step)
    if poses.boxes is None:
        return _around_keypoints(poses, step)
    if not 0 <= frame < len(poses.boxes):
        return np.full(poses.boxes.shape[1:], np.nan, dtype=np.float32)
    return np.asarray(poses.boxes[frame] + np.asarray(poses.offset), dtype=np.float32)


def _around_keypoints(poses: MovingPoses, step: int) -> NDArray[np.float32]:
    seen = poses.at(step)
    animals = poses.poses.sizes["individual"]
    points = seen.points.reshape(-1, animals, 2)
    counted = seen.seen.reshape(-1, animals) & poses.believed(step)
    low = np.where(counted[..., None], points, np.inf).min(axis=0)
    high = np.where(counted[..., None], points, -np.inf).max(axis=0)
    side = np.where(counted.any(axis=0), (high - low).max(axis=-1), np.nan)
    room = np.maximum(_ROOM * side, (_LEAST - side) / 2)[:, None]
    return np.stack([low - room, high + room], axis=1)


def _features(animals: Sequence[str], colours: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    return {
        "individual": np.array(animals, dtype=object),
        "colour": np.array([colours[animal] for animal in animals], dtype=object),
    }


def _colours(every: Sequence[MovingPoses]) -> dict[str, str]:
    """Of animals, as those of their points where these are coloured by them."""
    names = sorted({str(each) for poses in every for each in poses.poses["individual"].values})
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
