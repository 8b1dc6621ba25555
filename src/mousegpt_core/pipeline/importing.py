"""A file of poses by itself: what it holds, and the same in another format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mousegpt_core.io import read_poses, recognise_format, write_poses
from mousegpt_core.study.files import check_new_file, writing

#: Of a file that is only looked at; nothing that is told of it depends on the rate.
_ANY_FPS = 30.0


def convert_poses(
    file: Path,
    out: Path | None = None,
    *,
    to: str | None = None,
    format: str | None = None,
    keypoints: Sequence[str] | None = None,
    fps: float | None = None,
    unit: str | None = None,
    view: str | None = None,
) -> dict[str, Any]:
    """Read a file of poses, tell what it holds and, with `out`, write it in another format.

    Parameters
    ----------
    file : Path
        File or folder in any format of `io.FORMATS`.
    out : Path, optional
        New file; there must be none yet.
    to : str, optional
        Format of `out`; by default the only one that writes files with this ending.
    format, keypoints, fps, unit, view
        As in `io.read_poses`.

    Returns
    -------
    dict
        ``file``, ``format``, ``frames``, ``single_pictures`` (whether these are no frames of a
        film), ``keypoints``, ``individuals``, ``dimensions``, ``fps`` (None = not told), ``unit``,
        ``seen`` (share of points that are there) and ``out`` (``""`` = not written).

    Raises
    ------
    FormatError
        If the file cannot be read, or `out` cannot hold these poses.
    DataError
        If nothing was ever seen, `out` is there already or cannot be made, or it is to be written
        and the frame rate is unknown.
    """
    if out is not None:
        check_new_file(out)
    name = format or recognise_format(file)
    poses = read_poses(
        file, format=name, keypoints=keypoints, fps=fps, unit=unit, view=view,
        assumed_fps=_ANY_FPS if out is None else None,
    )  # fmt: skip
    alone = bool(poses.attrs["single_pictures"])
    told = not alone and "rate_assumed" not in poses.attrs
    if out is not None:
        with writing(out):
            write_poses(poses, out, format=to)
    return {
        "file": str(file),
        "format": name,
        "frames": poses.sizes["time"],
        "single_pictures": alone,
        "keypoints": poses["keypoint"].values.tolist(),
        "individuals": poses["individual"].values.tolist(),
        "dimensions": poses.sizes["space"],
        "fps": float(poses.attrs["fps"]) if told else None,
        "unit": str(poses["position"].attrs["units"]),
        "seen": float(np.isfinite(poses["position"].isel(space=0)).mean()),
        "out": str(out or ""),
    }
