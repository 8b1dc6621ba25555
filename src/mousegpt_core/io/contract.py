"""What a reader of poses is given and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEFAULT_INDIVIDUAL = "mouse"

# Remedies that several readers have to offer.
EXPORT_AGAIN = "export the poses again from the program that made them"
COPY_AGAIN = "copy or export the file again, or export the poses as csv"
SAVE_AS_CSV = "check that this is a csv file of poses; save it again as csv in UTF-8"
OTHER_FORMAT = "name another format with --format, or let it be found out by leaving --format away"

#: Source of poses that a human marked in single pictures, to train an estimator.
LABELLED = "labelled pictures"


@dataclass(frozen=True)
class ReadOptions:
    """What the user said about a file.

    Attributes
    ----------
    keypoints : tuple of str
        Names of the keypoints, for formats that do not carry them.
    layout : str
        What the columns of one keypoint are, for headerless tables: ``"xy"``, ``"xyl"``,
        ``"xyz"`` or ``"xyzl"`` (l = likelihood); ``""`` to find out.
    view : str
        Which of the views that the file holds; ``"3d"`` for the points in space, ``""`` for the
        only one.
    """

    keypoints: tuple[str, ...] = ()
    layout: str = ""
    view: str = ""


@dataclass
class RawPoses:
    """Poses as a file has them.

    Attributes
    ----------
    position : array of shape (time, space, keypoint, individual)
        float32, NaN = not seen.
    confidence : array of shape (time, keypoint, individual) or None
        As the estimator gave it.
    keypoints, individuals : sequence of str
        Names.
    frames : array of shape (time,) or None
        Frame numbers; None = 0, 1, 2, ...
    times : array of shape (time,) or None
        Seconds, where the file has them.
    fps : float or None
        Frames per second, where the file says it.
    unit : str
        Where the file says it.
    source_software : str
        The program that made the poses; `LABELLED` where a human marked single pictures.
    zero_is_missing : bool
        Whether a likelihood of zero or less says that the point was not found.
    reprojection_error : array of shape (time, keypoint, individual) or None
        Of points in space: pixels between where they are seen and where they should be.
    scorer : str
        Who marked the points or which network found them, as the file calls it.
    pictures : sequence of str
        Path of each row's picture as the file names it; empty where it names none.
    edges : sequence of (str, str)
        Pairs of keypoints that the file joins by a line.
    film : str
        Path of the film as the file names it.
    unique : sequence of str
        Keypoints that belong to no animal (corners of the arena), and were given to each.
    """

    position: NDArray[np.float32]
    confidence: NDArray[np.float32] | None
    keypoints: Sequence[str]
    individuals: Sequence[str] = (DEFAULT_INDIVIDUAL,)
    frames: NDArray[np.int64] | None = None
    times: NDArray[np.float64] | None = None
    fps: float | None = None
    unit: str = ""
    source_software: str = ""
    zero_is_missing: bool = True
    reprojection_error: NDArray[np.float32] | None = None
    scorer: str = ""
    pictures: Sequence[str] = ()
    edges: Sequence[tuple[str, str]] = ()
    film: str = ""
    unique: Sequence[str] = ()
