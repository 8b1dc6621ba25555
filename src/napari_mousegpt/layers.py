"""Datasets to layer tuples; pure, without napari.

The first axis counts frames: of a film, of the main view of a recording, or rows of kinematics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from napari_mousegpt.late_pictures import LatePictures

if TYPE_CHECKING:
    from mousegpt_core.video import FilmLike

#: Data, options and kind of a layer.
LayerTuple = tuple[Any, dict[str, Any], str]
Edges = Sequence[tuple[str, str]]
Floats = NDArray[np.float64]

#: Size of points and lines in pixels of the picture, and in cm.
_POINT, _LINE = {2: 6.0, 3: 0.4}, {2: 1.5, 3: 0.12}
#: Colour and opacity of bones: over a film, and in space before a light or a dark background.
_BONE = {2: ("#ffffff", 0.6), 3: ("#858585", 0.9)}
#: Units of a centimetre; length of a mouse with its tail, and frames looked at to find it.
_PER_CM, _MOUSE_CM, _LOOKS = {"mm": 10.0, "cm": 1.0, "m": 0.01}, 12.0, 500
#: Least and largest size of points on the screen (px).
_POINT_ON_SCREEN = (4, 10_000)
#: Seconds of a trail that are shown; a longer pause ends one and begins another.
_TRAIL_S, _PAUSE_S = 2.0, 1.0
#: Points of an animal's trail in the whole recording, at most.
_TRAIL_POINTS = 20_000
#: Free room around places where no arena is known, as a share of their extent.
_MARGIN = 0.1
#: Of keypoints and individuals: neighbours differ in hue, all are seen on light and dark pictures.
COLOURS = (
    "#e8862e", "#2f7fc1", "#72c48a", "#d9541e", "#7cc0f4", "#b8479a", "#f2b134", "#1f9bb5",
    "#9d5bb8", "#c9a2e0", "#3f8f5f", "#cf6a92", "#b79b5b", "#4a5fd0",
)  # fmt: skip


def film_layer(film: FilmLike, *, name: str) -> LayerTuple:
    """A film as an image layer that decodes frames when they are shown.

    Parameters
    ----------
    film : FilmLike
        Any film. The layer's data reads it frame by frame; one of Zarr is a dask array.
    name : str
        Name of the layer.

    Returns
    -------
    layer tuple
        Coordinates are ``(frame, y, x)``, as those of `points_layer`. Metadata: frames per second,
        and what is remarkable of the film.
    """
    from mousegpt_core.video import ZarrFilm

    about = {"fps": film.fps, "remarks": film.remarks}
    if not isinstance(film, ZarrFilm):
        return picture_layer(LatePictures(film), name=name, metadata=about)
    pictures, options, kind = picture_layer(film.as_dask(), name=name, metadata=about)
    # The film keeps the last frames; napari would keep gigabytes of them.
    return pictures, {**options, "cache": False}, kind


def picture_layer(pictures: Any, *, name: str, metadata: dict[str, Any]) -> LayerTuple:
    """Any array-like of 8-bit pictures, ``(frame, y, x[, colour])``, as an image layer."""
    options = {
        "name": name,
        "rgb": pictures.ndim == 4,
        # Else all of the film would be read for them.
        "contrast_limits": (0, 255),
        "axis_labels": ("frame", "y", "x"),
        "metadata": metadata,
    }
    return pictures, options, "image"


def points_layer(
    poses: xr.Dataset,
    *,
    name: str = "poses",
    steps: NDArray[np.intp] | None = None,
    format: str = "",
    view: str = "",
) -> LayerTuple:
    """Poses as a points layer that `points.poses_of_layer` turns back.

    Parameters
    ----------
    poses : Dataset
        As `mousegpt_core.poses` defines it.
    name : str
        Name of the layer.
    steps : array of shape (step,), optional
        The frame of these poses that each step of the slider shows, below 0 = none; by default
        the slider counts their frames.
    format : str
        Of the file that they were read from, in which they are written again.
    view : str
        Which of several views of that file they are.

    Returns
    -------
    layer tuple
        Coordinates are ``(frame, [z,] y, x)``; missing keypoints are left out. Features: keypoint,
        individual, confidence, edited. Metadata: the poses, and steps.
    """
    shown = poses if steps is None else at_steps(poses, steps)
    coordinates, rows, keypoints, individuals = _seen(shown)
    confidence, edited = of_points(shown, "confidence"), of_points(shown, "edited")
    features = pd.DataFrame(
        {
            "keypoint": _category(keypoints, shown["keypoint"].values),
            "individual": _category(individuals, shown["individual"].values),
            "confidence": confidence[rows, keypoints, individuals],
            "edited": edited[rows, keypoints, individuals].astype(bool),
        }
    )
    space = shown.sizes["space"]
    several = shown.sizes["individual"] > 1
    options = {
        "name": name,
        "features": features,
        "face_color": "individual" if several else "keypoint",
        "face_color_cycle": list(COLOURS),
        "border_width": 0.0,
        "size": _POINT[space] * _per_cm(poses),
        # They are still seen where large pictures, or several, are shown whole.
        "canvas_size_limits": _POINT_ON_SCREEN,
        "axis_labels": _axes(space),
        "metadata": {
            "fps": float(poses.attrs["fps"]),
            "unit": poses["position"].attrs.get("units", "px"),
            "poses": poses.drop_vars("edited", errors="ignore"),
            "steps": steps,
            "format": format,
            "view": view,
        },
    }
    return coordinates, _with_units(options, poses), "points"


def skeleton_layer(poses: xr.Dataset, edges: Edges, *, name: str = "skeleton") -> LayerTuple:
    """The lines between keypoints as a vectors layer, which draws one frame at a time.

    Parameters
    ----------
    poses : Dataset
        Poses or kinematics: ``position`` and ``frame``.
    edges : sequence of (str, str)
        Pairs of keypoints, as `Skeleton.edges`; those of keypoints that are not there are left out.
    name : str
        Name of the layer.
    """
    position = in_napari_order(poses)
    one, other = edge_places(poses, edges)
    start = position[:, one]
    along = position[:, other] - start
    rows, edge, individual = np.nonzero(np.isfinite(along).all(axis=-1))
    frames = poses["frame"].values[rows]
    vectors = np.zeros((len(rows), 2, 1 + position.shape[-1]), dtype=np.float32)
    vectors[:, 0, 0] = frames
    vectors[:, 0, 1:] = start[rows, edge, individual]
    vectors[:, 1, 1:] = along[rows, edge, individual]
    space = poses.sizes["space"]
    options = {
        "name": name,
        "edge_width": _LINE[space] * _per_cm(poses),
        "edge_color": _BONE[space][0],
        "vector_style": "line",
        "opacity": _BONE[space][1],
        "axis_labels": _axes(space),
    }
    return vectors, _with_units(options, poses), "vectors"


def tracks_layer(poses: xr.Dataset, *, name: str = "trails") -> LayerTuple | None:
    """Where the middle of each animal has been, as a tracks layer; None where none was seen.

    A pause of more than a second ends a track, so that no line jumps over it. Features: individual
    (its number).
    """
    # The mean of what is seen; a row without anything is left out below.
    position = in_napari_order(poses)
    seen = np.asarray(np.isfinite(position).all(axis=-1))
    count = seen.sum(axis=1)
    total = np.where(seen[..., None], position, 0.0).sum(axis=1)
    middle = total / np.maximum(count, 1)[..., None]
    times, frames = poses["time"].values, poses["frame"].values
    parts: list[Floats] = []
    animals: list[NDArray[np.intp]] = []
    first = 0
    for number in range(middle.shape[1]):
        rows = np.flatnonzero(count[:, number])
        if not len(rows):
            continue
        # napari takes seconds over the points of an hour, and a trail needs only a few of them.
        rows = rows[:: -(-len(rows) // _TRAIL_POINTS)]
        ids = first + np.cumsum(np.diff(times[rows], prepend=times[rows[0]]) > _PAUSE_S)
        first = int(ids[-1]) + 1
        parts.append(np.column_stack([ids, frames[rows], middle[rows, number]]))
        animals.append(np.full(len(rows), number))
    if not parts:
        return None
    options = {
        "name": name,
        "features": {"individual": np.concatenate(animals)},
        "color_by": "individual",
        "tail_length": max(1, round(_TRAIL_S * float(poses.attrs["fps"]))),
        "tail_width": 2,
        "axis_labels": _axes(poses.sizes["space"]),
    }
    return np.concatenate(parts), _with_units(options, poses), "tracks"


def masks_layer(masks: Any, y: Floats, x: Floats, *, name: str = "animals") -> LayerTuple:
    """Outlines of animals, ``(frame, y, x)``, 0 = none, as a labels layer over their film.

    Parameters
    ----------
    masks : array-like of shape (frame, y, x)
        Read when shown.
    y, x : array
        Where rows and columns are in the picture (px).
    name : str
        Name of the layer.
    """
    options = {
        "name": name,
        "scale": (1.0, _step(y), _step(x)),
        "translate": (0.0, float(y[0]), float(x[0])),
        "opacity": 0.4,
        "axis_labels": ("frame", "y", "x"),
    }
    return masks, options, "labels"


def outline_layer(
    outline: Floats, *, name: str = "arena", fill: bool = False, faint: bool = False
) -> LayerTuple:
    """A closed line, ``(corner, axis)``, as a shapes layer that is there at all times.

    Parameters
    ----------
    outline : array of shape (corner, 2 or 3)
        Corners as x, y[, z].
    name : str
        Name of the layer.
    fill : bool
        Whether it is a ground rather than a wall.
    faint : bool
        Whether it is guessed rather than known.
    """
    space = outline.shape[1]
    options = {
        "name": name,
        "shape_type": "polygon",
        "edge_color": "#f2b134",
        "face_color": "#8c9aa3" if fill else "transparent",
        "edge_width": _LINE[space],
        "opacity": 0.35 if fill or faint else 0.8,
        "axis_labels": _axes(space)[1:],
    }
    if space == 3:
        options["units"] = ("cm",) * 3
    if fill:
        # What lies a little below it is seen, too: paws on the floor.
        options["blending"] = "translucent_no_depth"
    return [outline[:, ::-1]], options, "shapes"


def ground(kinematics: xr.Dataset) -> Floats:
    """A rectangle of the floor under all places of an animal, (4, 3), in cm."""
    places = in_napari_order(kinematics)[..., ::-1][..., :2].reshape(-1, 2)
    places = places[np.isfinite(places).all(axis=1)]
    low, high = places.min(axis=0), places.max(axis=0)
    margin = _MARGIN * float((high - low).max())
    (x0, y0), (x1, y1) = low - margin, high + margin
    return np.array([[x0, y0, 0.0], [x1, y0, 0.0], [x1, y1, 0.0], [x0, y1, 0.0]])


def beside(layers: list[LayerTuple], offset: tuple[float, float]) -> list[LayerTuple]:
    """Layers of one view, moved by (y, x), so that views lie beside each other."""
    moved = []
    for data, options, kind in layers:
        space = len(options["axis_labels"])
        before = options.get("translate", (0.0,) * space)
        shift = (0.0,) * (space - 2) + offset
        translate = tuple(float(a + b) for a, b in zip(before, shift, strict=True))
        moved.append((data, {**options, "translate": translate}, kind))
    return moved


def at_steps(poses: xr.Dataset, steps: NDArray[np.intp]) -> xr.Dataset:
    """The poses that each step of a slider shows; ``frame`` then counts steps."""
    frames = poses["frame"].values
    rows = np.searchsorted(frames, steps).clip(0, len(frames) - 1)
    there = np.flatnonzero(frames[rows] == steps)
    return poses.isel(time=rows[there]).assign_coords(frame=("time", there))


def edge_places(poses: xr.Dataset, edges: Edges) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The keypoints that lines join, by their places; lines of absent ones are left out."""
    names = [str(each) for each in poses["keypoint"].values]
    pairs = [(names.index(a), names.index(b)) for a, b in edges if {a, b} <= set(names)]
    places = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return places[:, 0], places[:, 1]


def in_napari_order(poses: xr.Dataset) -> Floats:
    """Positions as (frame, keypoint, individual, axis), the axes in napari's order."""
    ordered = poses["position"].transpose("time", "keypoint", "individual", "space").values
    return np.asarray(ordered[..., ::-1])


def of_points(poses: xr.Dataset, name: str) -> NDArray[Any]:
    """A variable as (time, keypoint, individual); zeros where there is none."""
    order = ("time", "keypoint", "individual")
    if name not in poses:
        return np.zeros([poses.sizes[dim] for dim in order])
    return np.asarray(poses[name].transpose(*order).values)


def _seen(
    poses: xr.Dataset,
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Coordinates of all that is seen, and its row, keypoint and individual."""
    position = in_napari_order(poses)
    rows, keypoints, individuals = np.nonzero(np.isfinite(position).all(axis=-1))
    frames = poses["frame"].values[rows]
    found = np.column_stack([frames, position[rows, keypoints, individuals]])
    return found, rows, keypoints, individuals


def _category(codes: NDArray[np.intp], names: NDArray[Any]) -> pd.Series[Any]:
    """Names by their places: text of millions of points as small numbers."""
    categories = pd.CategoricalDtype([str(name) for name in names])
    return pd.Series(pd.Categorical.from_codes(codes, dtype=categories))


def _axes(space: int) -> tuple[str, ...]:
    return ("frame", "y", "x") if space == 2 else ("frame", "z", "y", "x")


def _with_units(options: dict[str, Any], poses: xr.Dataset) -> dict[str, Any]:
    """With the units of its axes; frames are counted, and so are pixels."""
    unit = poses["position"].attrs.get("units", "px")
    # napari knows no unit that is not known.
    named = unit if unit in ("mm", "cm", "m") else "pixel"
    return {**options, "units": ("pixel", *(named,) * poses.sizes["space"])}


def _per_cm(poses: xr.Dataset) -> float:
    """Units of coordinates in space that a centimetre has; by a mouse's size where nobody says."""
    if poses.sizes["space"] == 2:
        return 1.0
    unit = poses["position"].attrs.get("units", "unknown")
    if unit in _PER_CM:
        return _PER_CM[unit]
    few = in_napari_order(poses.isel(time=slice(None, None, -(-poses.sizes["time"] // _LOOKS))))
    seen = np.isfinite(few).all(axis=-1, keepdims=True)
    low = np.where(seen, few, np.inf).min(axis=1)
    high = np.where(seen, few, -np.inf).max(axis=1)
    length = np.linalg.norm(np.where(high >= low, high - low, 0.0), axis=-1)
    there = length[length > 0]
    return float(np.median(there)) / _MOUSE_CM if there.size else 1.0


def _step(places: Floats) -> float:
    return float(places[1] - places[0]) if len(places) > 1 else 1.0
