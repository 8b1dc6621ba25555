"""Datasets to layer tuples; pure, without napari."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from mousegpt_core.video import FilmLike

#: Data, options and kind of a layer.
LayerTuple = tuple[Any, dict[str, Any], str]


def film_layer(film: FilmLike, *, name: str) -> LayerTuple:
    """A film as an image layer that decodes frames when they are shown.

    Parameters
    ----------
    film : FilmLike
        Any film; the layer's data is the film itself, which keeps the last frames.
    name : str
        Name of the layer.

    Returns
    -------
    layer tuple
        Coordinates are ``(frame, y, x)``, as those of `points_layers`. Metadata: frames per second,
        and what is remarkable of the film.
    """
    options = {
        "name": name,
        "rgb": film.ndim == 4,
        # Else all of the film would be read for them.
        "contrast_limits": (0, 255),
        "metadata": {"fps": film.fps, "remarks": film.remarks},
    }
    return film, options, "image"


def points_layers(poses: xr.Dataset, *, name: str = "poses") -> list[LayerTuple]:
    """One points layer per individual.

    Parameters
    ----------
    poses : Dataset
        As `mousegpt_core.poses` defines it.
    name : str
        Name of the layer; the individual's is added where there are several.

    Returns
    -------
    list of layer tuples
        Coordinates are ``(frame, [z,] y, x)``; missing keypoints are left out. Features:
        keypoint, individual, confidence.
    """
    individuals = [str(value) for value in poses["individual"].values]
    names = [name] if len(individuals) == 1 else [f"{name} {value}" for value in individuals]
    return [
        _points_layer(poses.sel(individual=individual), individual, layer_name)
        for individual, layer_name in zip(individuals, names, strict=True)
    ]


def _points_layer(poses: xr.Dataset, individual: str, name: str) -> LayerTuple:
    position = poses["position"].transpose("time", "keypoint", "space").values
    seen_time, seen_keypoint = np.nonzero(np.all(np.isfinite(position), axis=2))
    coordinates = position[seen_time, seen_keypoint][:, ::-1]
    frames = poses["frame"].values[seen_time]
    keypoints = poses["keypoint"].values.astype(object)[seen_keypoint]
    confidence = poses["confidence"].transpose("time", "keypoint").values
    features = {
        "keypoint": keypoints,
        "individual": np.full(len(frames), individual, dtype=object),
        "confidence": confidence[seen_time, seen_keypoint],
    }
    unit = poses["position"].attrs.get("units", "px")
    options = {
        "name": name,
        "features": features,
        "face_color": "keypoint",
        "size": 6.0 if unit == "px" else 0.4,
        "metadata": {"fps": poses.attrs["fps"], "unit": unit},
    }
    return np.column_stack([frames, coordinates]), options, "points"
