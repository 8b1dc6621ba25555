"""Qualisys Track Manager's ``.mat``: labelled markers in space (mm), a gap where one is not seen.

The file holds one struct with ``FrameRate``, ``StartFrame`` (the first frame is 1) and
``Trajectories.Labeled`` with ``Labels`` and ``Data`` (markers, 4, frames): x, y, z and the residual
in mm, which is not kept. Markers without a label are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mousegpt_core.errors import FormatError
from mousegpt_core.io.contract import OTHER_FORMAT, RawPoses, ReadOptions
from mousegpt_core.io.conventions import rate_named
from mousegpt_core.io.mat_files import is_mat, load_mat, mat_names

LOOKED_FOR = "a struct with Trajectories.Labeled in a MATLAB file"
_HINT = "export it again from Qualisys Track Manager, with labelled trajectories"


def recognise(path: Path) -> bool:
    """Whether a MATLAB file has labelled trajectories."""
    return is_mat(path) and _measurement(path) is not None


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read labelled markers.

    Raises
    ------
    FormatError
        If there are none, or arrays do not fit each other.
    """
    found = _measurement(path) if is_mat(path) else None
    if found is None:
        raise FormatError(
            "no measurement of Qualisys", file=path, expected=LOOKED_FOR, hint=OTHER_FORMAT
        )
    labelled = found["Trajectories"]["Labeled"]
    data, labels = labelled.get("Data"), labelled.get("Labels")
    names = [labels] if isinstance(labels, str) else labels
    if not isinstance(names, list) or not names:
        raise FormatError("no labels", file=path, place="Trajectories.Labeled", hint=_HINT)
    usual = isinstance(data, np.ndarray) and data.dtype.kind in "fiu" and data.ndim == 3
    if not usual or data.shape[:2] != (len(names), 4) or not data.size:
        raise FormatError(
            "data do not fit the labels", file=path, place="Trajectories.Labeled.Data",
            expected=f"({len(names)}, 4, frames)", found=str(np.shape(data)), hint=_HINT,
        )  # fmt: skip
    with np.errstate(over="ignore"):
        position = data[:, :3].transpose(2, 1, 0)[..., None].astype(np.float32)
    first = _number(found.get("StartFrame"))
    start = int(first) - 1 if first is not None and 1 <= first < 2**53 else 0
    return RawPoses(
        position,
        None,
        [str(name) for name in names],
        frames=start + np.arange(len(position)),
        fps=rate_named(_number(found.get("FrameRate"))),
        unit="mm",
        source_software="Qualisys",
    )


def _measurement(path: Path) -> dict[str, Any] | None:
    """The struct of a measurement; None where the file holds something else."""
    names = list(mat_names(path))
    if len(names) != 1:
        return None
    found = load_mat(path, names).get(names[0])
    trajectories = found.get("Trajectories") if isinstance(found, dict) else None
    labelled = trajectories.get("Labeled") if isinstance(trajectories, dict) else None
    return found if isinstance(labelled, dict) else None


def _number(value: Any) -> float | None:
    """A lone number of MATLAB, which is a matrix."""
    lone = isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "fiu"
    return float(value.ravel()[0]) if lone else None
