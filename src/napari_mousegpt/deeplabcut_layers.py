"""Points layers that napari-deeplabcut made, as poses: what was drawn there can be saved here.

Its layers have the features label, id (of the animal) and likelihood; metadata: the columns of its
table (``header``) and, of labelled pictures, their ``paths``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import DataError
from mousegpt_core.io.beside import with_pictures
from mousegpt_core.io.contract import DEFAULT_INDIVIDUAL, LABELLED
from mousegpt_core.io.dlc_table import numbers_in_names
from mousegpt_core.poses import make_poses

#: What DeepLabCut calls the owner of points that belong to no animal.
_NOBODY = "single"
#: Pictures have no rate, and DeepLabCut's files tell none.
_NO_RATE = 1.0


def is_deeplabcuts(options: Mapping[str, Any]) -> bool:
    """Whether a points layer, as napari gives it to writers, was made by napari-deeplabcut."""
    features = options.get("features")
    named = features is not None and {"label", "id"} <= set(features)
    return bool(named and hasattr(options.get("metadata", {}).get("header"), "columns"))


def poses_of_deeplabcuts(data: Any, options: Mapping[str, Any]) -> xr.Dataset:
    """The poses that such a layer shows now, with scorer and pictures.

    Parameters
    ----------
    data : array of shape (point, 3)
        ``(frame, y, x)``.
    options : mapping
        Of the layer, as napari gives them to writers.

    Raises
    ------
    DataError
        If some points belong to no animal, or a point is of no keypoint of the table.
    """
    metadata = options["metadata"]
    columns = [tuple(map(str, column)) for column in metadata["header"].columns]
    keypoints = list(dict.fromkeys(column[-2] for column in columns))
    several = len(columns[0]) > 3
    animals = list(dict.fromkeys(column[1] for column in columns)) if several else [""]
    if several and _NOBODY in animals:
        raise DataError(
            "the layer has points that belong to no animal",
            hint="save it by napari-deeplabcut (File > Save Selected Layers with its writer)",
        )
    points, features = np.asarray(data, dtype=np.float64), pd.DataFrame(options["features"])
    pictures = list(map(str, metadata.get("paths") or []))
    rows = np.rint(points[:, 0]).astype(np.intp)
    frames = max(len(pictures), int(rows.max(initial=-1)) + 1)
    at = (rows, _places(features["label"], keypoints), _places(features["id"], animals))
    position = np.full((frames, len(keypoints), len(animals), 2), np.nan, dtype=np.float32)
    position[at] = points[:, :0:-1]
    confidence = np.full(position.shape[:3], np.nan, dtype=np.float32)
    if "likelihood" in features:
        confidence[at] = features["likelihood"].to_numpy(dtype=np.float32)
    labelled = len(pictures) == frames
    poses = make_poses(
        position.transpose(0, 3, 1, 2), confidence, keypoints=keypoints,
        individuals=animals if several else [DEFAULT_INDIVIDUAL], fps=_NO_RATE,
        frames=_numbers(pictures) if labelled else None, scorer=columns[0][0],
        source_software=LABELLED if labelled else "", single_pictures=int(labelled),
    )  # fmt: skip
    return with_pictures(poses, pictures if labelled else [])


def _numbers(pictures: list[str]) -> NDArray[np.int64]:
    """Frames of labelled pictures, by their names where these count up."""
    numbers = np.array(numbers_in_names(pictures), dtype=np.int64)
    rises = bool((numbers >= 0).all() and (np.diff(numbers) > 0).all())
    return numbers if rises else np.arange(len(pictures))


def _places(names: pd.Series[Any], known: list[str]) -> NDArray[np.intp]:
    places = names.astype(str).map({name: place for place, name in enumerate(known)})
    if places.isna().any():
        unknown = str(names[places.isna()].iloc[0])
        raise DataError(
            "a point is of no keypoint or animal of its table",
            expected=", ".join(known),
            found=repr(unknown),
            hint="choose its label and id in the layer's features, or delete it",
        )
    return np.asarray(places.to_numpy(), dtype=np.intp)
