"""Points layers back to poses: what was dragged, added and deleted is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import DataError
from mousegpt_core.poses import with_values

#: A point that lies farther from where it was was moved (units of the coordinates).
MOVED = 1e-3
#: Of a point that a person put there.
_CERTAIN = 1.0


def poses_of_layer(data: Any, options: Mapping[str, Any]) -> xr.Dataset:
    """The poses that a points layer shows now.

    Parameters
    ----------
    data : array of shape (point, 3 or 4)
        ``(frame, [z,] y, x)``.
    options : mapping
        Of the layer, as napari gives them to writers: ``features``, ``metadata``.

    Returns
    -------
    Dataset
        As the file was read, with what was dragged, added and deleted. The confidence of a point
        that was moved or added is 1.

    Raises
    ------
    DataError
        If the layer was not read by this plugin, or a point has no keypoint, is of a frame that the
        file does not have, or is there twice.
    """
    metadata = options.get("metadata", {})
    poses: xr.Dataset | None = metadata.get("poses")
    if poses is None:
        raise DataError(
            f"the layer {options.get('name', '')!r} was not opened from a file of poses",
            hint="open the file with MouseGPT (File > Open with plugin), then edit and save it",
        )
    points = np.asarray(data, dtype=np.float64)
    rows = _rows(points[:, 0], poses, metadata.get("steps"))
    features = pd.DataFrame(options["features"])
    keypoint = _places(features["keypoint"], poses["keypoint"].values, "keypoint")
    individual = _places(features["individual"], poses["individual"].values, "individual")
    _refuse_twice(rows, keypoint, individual, features, poses)
    old = poses["position"].transpose("time", "keypoint", "individual", "space").values
    shown = _shown(old, poses, metadata.get("steps"))
    position = np.where(shown[:, None, None, None], np.nan, old)
    position[rows, keypoint, individual] = points[:, :0:-1]
    confidence = poses["confidence"].transpose("time", "keypoint", "individual").values.copy()
    before = old[rows, keypoint, individual]
    moved = ~(np.abs(before - points[:, :0:-1]) <= MOVED).all(axis=1)
    confidence[rows[moved], keypoint[moved], individual[moved]] = _CERTAIN
    # What was not touched keeps its last digit.
    stays = ~moved
    position[rows[stays], keypoint[stays], individual[stays]] = before[stays]
    dims = ("time", "keypoint", "individual")
    changed = poses.copy()
    changed["position"] = with_values(poses["position"], (*dims, "space"), position)
    changed["confidence"] = with_values(poses["confidence"], dims, confidence)
    return changed


def _rows(
    steps: NDArray[np.float64], poses: xr.Dataset, frames_of_steps: NDArray[np.intp] | None
) -> NDArray[np.intp]:
    """Rows of the poses that points are of."""
    wanted = np.rint(steps).astype(np.int64)
    if frames_of_steps is not None:
        inside = (wanted >= 0) & (wanted < len(frames_of_steps))
        wanted = np.where(inside, frames_of_steps[wanted.clip(0, len(frames_of_steps) - 1)], -1)
    frames = poses["frame"].values
    rows = np.searchsorted(frames, wanted).clip(0, len(frames) - 1)
    wrong = np.flatnonzero(frames[rows] != wanted)
    if len(wrong):
        raise DataError(
            f"{len(wrong)} points are of frames that the file of poses does not have",
            expected=f"frames {frames[0]} to {frames[-1]}",
            found=f"frame {steps[wrong[0]]:g}",
            hint="delete these points, or move them to another frame",
        )
    return np.asarray(rows, dtype=np.intp)


def _shown(
    old: NDArray[Any], poses: xr.Dataset, steps: NDArray[np.intp] | None
) -> NDArray[np.bool_]:
    """Which rows the layer showed, so that a point that is not there was deleted."""
    if steps is None:
        return np.ones(len(old), dtype=bool)
    return np.isin(poses["frame"].values, steps)


def _places(names: pd.Series[Any], known: NDArray[Any], what: str) -> NDArray[np.intp]:
    places = {str(name): place for place, name in enumerate(known)}
    found = names.astype(str).map(places)
    unknown = names.astype(str)[found.isna()]
    if len(unknown):
        raise DataError(
            f"{len(unknown)} points are of no {what} of this file",
            expected=", ".join(places),
            found=str(unknown.iloc[0]),
            hint=f"choose the {what} in the layer's features, or delete these points",
        )
    return np.asarray(found.to_numpy(), dtype=np.intp)


def _refuse_twice(
    rows: NDArray[np.intp],
    keypoint: NDArray[np.intp],
    individual: NDArray[np.intp],
    features: pd.DataFrame,
    poses: xr.Dataset,
) -> None:
    table = pd.DataFrame({"row": rows, "keypoint": keypoint, "individual": individual})
    twice = np.flatnonzero(table.duplicated())
    if len(twice):
        first = int(twice[0])
        raise DataError(
            f"the keypoint {features['keypoint'].iloc[first]} is there twice",
            place=f"frame {int(poses['frame'].values[rows[first]])}",
            hint="delete one of the two points, or choose its keypoint in the layer's features",
        )
