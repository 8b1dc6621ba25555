"""From what a reader read to a poses Dataset: missing points, clock, unit, order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.io.beside import told_beside, with_pictures
from mousegpt_core.io.contract import LABELLED, RawPoses
from mousegpt_core.poses import frame_rate, is_rate_of, make_poses

_BLOCK = 50_000
#: Pictures whose numbers have fewer gaps than this are counted, not named by their frames.
_COUNTED_SHARE = 0.5
#: Time between single pictures (s): far enough apart that no movement is made up between them.
_PICTURE_S = 1.0
_PICTURE_FPS = 30.0
#: A coordinate beyond this is in no unit a place; its square would be too large for float32.
_FARTHEST = 1e9


def build_poses(
    raw: RawPoses,
    path: Path,
    *,
    keep: Sequence[str],
    fps: float | None,
    unit: str | None,
    assumed_fps: float | None = None,
) -> xr.Dataset:
    """Build and check a poses Dataset.

    Parameters
    ----------
    raw : RawPoses
        As read; its arrays may be changed.
    path : Path
        Named in errors.
    keep : sequence of str
        Keypoints to keep, in this order; empty = all.
    fps : float or None
        What the user said.
    unit : str or None
        What the user said.
    assumed_fps : float, optional
        Frames per second if neither file nor user tells them; the attribute ``rate_assumed`` says
        so.

    Raises
    ------
    DataError
        If the frame rate is unknown or contradicts the file's times, a keypoint asked for is not
        there, or no point was ever seen.
    """
    raw = _select(raw, keep, path)
    unit = unit or raw.unit or ("px" if raw.position.shape[1] == 2 else "unknown")
    clean(raw, in_pixels=unit == "px")
    if not _anything_seen(raw.position):
        raise FormatError(
            "not one keypoint is seen in any frame",
            file=path,
            hint="check that this is the right file, and that the tracking was exported with "
            "its points",
        )
    raw = _sort_by_time(raw, path)
    apart = _is_single_pictures(raw)
    told = fps or _PICTURE_FPS if apart else _frame_rate(raw, fps, path)
    rate = told or assumed_fps
    if rate is None:
        raise DataError(
            "the frame rate is not in the file",
            file=path,
            hint="give it with --fps, as in --fps 30 (dock Study: Frames/s)",
        )
    try:
        poses = make_poses(
            raw.position,
            raw.confidence,
            keypoints=raw.keypoints,
            individuals=raw.individuals,
            fps=rate,
            unit=unit,
            times=np.arange(len(raw.position)) * _PICTURE_S if apart else raw.times,
            frames=raw.frames,
            reprojection_error=raw.reprojection_error,
            source_software=raw.source_software,
            source_file=path.name,
            single_pictures=int(apart),
            timed=int(raw.times is not None),
            **({} if told else {"rate_assumed": 1}),
            **told_beside(raw),
        )
    except FormatError:
        raise
    except DataError as error:
        raise DataError(error.message, file=path, hint=error.hint) from error
    return with_pictures(poses, raw.pictures)


def clean(raw: RawPoses, *, in_pixels: bool) -> None:
    """Make what stands for a missing point NaN, in place.

    Missing are points with an infinite, impossibly large or missing coordinate, with a likelihood
    of zero or less (where the format means that by it), and, in pixels, the points (-1, -1) and
    (0, 0), the picture's very corner. Likelihoods are limited to 1 (SLEAP's peaks exceed it a
    little).

    Parameters
    ----------
    raw : RawPoses
        Its arrays are changed.
    in_pixels : bool
        Whether coordinates are pixels of a picture.
    """
    for start in range(0, len(raw.position), _BLOCK):
        part = raw.position[start : start + _BLOCK]
        bad: NDArray[np.bool_] = ~np.all(np.abs(part) <= _FARTHEST, axis=1)
        if in_pixels:
            bad |= np.all(part == -1, axis=1) | np.all(part == 0, axis=1)
        if raw.confidence is not None:
            trust = raw.confidence[start : start + _BLOCK]
            if raw.zero_is_missing:
                bad |= trust <= 0
            trust[np.less(trust, 0)] = np.nan
            np.minimum(trust, 1, out=trust)
        np.copyto(part, np.float32(np.nan), where=bad[:, None])


def _is_single_pictures(raw: RawPoses) -> bool:
    """Whether these are labels of pictures whose names don't say which frames of a film they are.

    Taken one after the other, img00.png, img01.png, ... would show movements that never were.
    """
    if raw.source_software != LABELLED:
        return False
    if raw.frames is None:
        return True
    span = int(raw.frames[-1] - raw.frames[0]) + 1
    return len(raw.frames) > 1 and len(raw.frames) > _COUNTED_SHARE * span


def _anything_seen(position: NDArray[np.float32]) -> bool:
    return any(
        np.isfinite(position[start : start + _BLOCK]).any()
        for start in range(0, len(position), _BLOCK)
    )


def _select(raw: RawPoses, keep: Sequence[str], path: Path) -> RawPoses:
    """Keep some keypoints."""
    if not keep or tuple(keep) == tuple(raw.keypoints):
        return raw
    missing = [name for name in keep if name not in raw.keypoints]
    if missing:
        raise DataError(
            f"no keypoint is called {', '.join(map(repr, missing[:5]))}", file=path,
            found=", ".join(raw.keypoints), hint="check --keypoints",
        )  # fmt: skip
    at = [list(raw.keypoints).index(name) for name in keep]
    return replace(
        raw,
        position=raw.position[:, :, at],
        confidence=None if raw.confidence is None else raw.confidence[:, at],
        reprojection_error=None
        if raw.reprojection_error is None
        else raw.reprojection_error[:, at],
        keypoints=tuple(keep),
        edges=[edge for edge in raw.edges if set(edge) <= set(keep)],
        unique=[name for name in raw.unique if name in keep],
    )


def _sort_by_time(raw: RawPoses, path: Path) -> RawPoses:
    """Bring frames into order; two rows of one frame are an error."""
    clock = raw.times if raw.times is not None else raw.frames
    if clock is None:
        return raw
    if not np.isfinite(clock).all():
        at = int(np.argmin(np.isfinite(clock)))
        raise DataError(
            "a row without its time",
            file=path,
            place=f"frame row {at + 1}",
            hint="fill in the time of that row, or delete the row",
        )
    steps = np.diff(clock)
    if raw.times is not None and (steps <= 0).any():
        at = int(np.argmax(steps <= 0))
        raise DataError(
            "times do not rise", file=path, place=f"frame row {at + 2}",
            found=f"{clock[at]:g} s, then {clock[at + 1]:g} s",
            hint="sort the rows by time and delete repeated ones",
        )  # fmt: skip
    if (steps == 0).any():
        at = int(np.argmax(steps == 0))
        raise DataError(
            "two rows of the same frame",
            file=path,
            place=f"frame {clock[at]}",
            hint="delete one of the two; several animals need a column of individuals",
        )
    if (steps > 0).all():
        return raw
    order = np.argsort(clock, kind="stable")
    if (np.diff(clock[order]) == 0).any():
        twice = clock[order][1:][np.diff(clock[order]) == 0][0]
        raise DataError(
            "two rows of the same frame",
            file=path,
            place=f"frame {twice}",
            hint="delete one of the two; several animals need a column of individuals",
        )
    return replace(
        raw,
        position=raw.position[order],
        confidence=None if raw.confidence is None else raw.confidence[order],
        reprojection_error=None
        if raw.reprojection_error is None
        else raw.reprojection_error[order],
        frames=None if raw.frames is None else raw.frames[order],
        pictures=[raw.pictures[at] for at in order] if raw.pictures else (),
    )


def _frame_rate(raw: RawPoses, fps: float | None, path: Path) -> float | None:
    """Frames per second: what the file says, else the user."""
    own = raw.fps
    if own is None and raw.times is not None and len(raw.times) > 1:
        own = frame_rate(raw.times, raw.frames)
        if fps is not None and is_rate_of(fps, raw.times, raw.frames) and fps > 1.1 * own:
            own = fps  # more than half of the frames were dropped
    if own is None:
        own = fps
    elif fps is not None and not 0.9 < fps / own < 1.1:
        raise DataError(
            "the frame rate contradicts the file's times", file=path,
            expected=f"{own:g} by its times",
            found=f"{fps:g} given", hint="leave out --fps, or correct it",
        )  # fmt: skip
    return None if own is None else float(own)
