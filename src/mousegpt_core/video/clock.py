"""When each frame of a view was taken: from its rate, a file of timestamps, or the film itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.poses import frame_rate, is_rate_of

Floats = NDArray[np.float64]

_TABLES = (".csv", ".tsv", ".txt")
_ARRAY = ".npy"
#: Names of the column of times, where a table has several.
_COLUMNS = (
    "time",
    "times",
    "time_s",
    "seconds",
    "timestamp",
    "timestamps",
    "timestamp_s",
    "t",
    "s",
)
#: Frames a second below which timestamps are rather in milliseconds.
_SLOWEST = 0.2
_HINT = "give one time a frame, in seconds: a column of numbers (csv, txt) or an array (npy)"


@dataclass(frozen=True, eq=False)
class Clock:
    """A view's clock, brought to that of its recording.

    Attributes
    ----------
    fps : float
        Frames per second where none is dropped.
    offset_s : float
        Added to the view's own times.
    times : array of shape (frame,), optional
        The view's own time of each frame in s; by default ``frame / fps``.
    """

    fps: float
    offset_s: float = 0.0
    times: Floats | None = None

    def at(self, frames: ArrayLike) -> Floats:
        """Times of frames by their numbers.

        Parameters
        ----------
        frames : array of int
            0 is the first.

        Returns
        -------
        array of the same shape
            Seconds; NaN for frames that the timestamps do not reach.
        """
        numbers = np.asarray(frames, dtype=np.int64)
        if self.times is None:
            return np.asarray(numbers / self.fps + self.offset_s)
        found = np.full(numbers.shape, np.nan)
        known = (numbers >= 0) & (numbers < len(self.times))
        found[known] = self.times[numbers[known]] + self.offset_s
        return found


def read_timestamps(path: Path | str, *, fps: float | None = None) -> Floats:
    """The time of each frame from a file.

    Parameters
    ----------
    path : Path
        csv, tsv or txt with one time a row (a header is allowed; of several columns the one that is
        called ``time``, ``timestamp``, ``seconds``, ...), npy, or a film, whose own timestamps then
        count.
    fps : float, optional
        Frames per second of a film that does not tell: a folder of pictures.

    Returns
    -------
    array of shape (frame,)
        Seconds, rising.

    Raises
    ------
    DataError
        If the file is absent or a time is missing, no number, or not after the one before.
    FormatError
        If it is none of these kinds, or damaged.
    VideoError
        If it is taken for a film and is none.
    """
    path = Path(path)
    if not path.exists():
        raise DataError("no such file", file=path, hint="check the path of the timestamps")
    if path.suffix.lower() == _ARRAY:
        return _checked(_from_array(path), path, "entry", 0)
    if path.suffix.lower() in _TABLES:
        values, first_row = _from_table(path)
        return _checked(values, path, "row", first_row)
    from mousegpt_core.video.opening import open_film

    with open_film(path, fps=fps) as film:
        return film.times


def _from_array(path: Path) -> Floats:
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FormatError(f"not an array of numbers: {error}", file=path, hint=_HINT) from error
    if values.dtype.kind not in "iuf":
        raise FormatError("not numbers", file=path, found=str(values.dtype), hint=_HINT)
    if values.ndim != 1 and values.size != max(values.shape, default=0):
        raise FormatError(
            "not one time a frame", file=path, expected="shape (frames,)",
            found=f"shape {values.shape}", hint=_HINT,
        )  # fmt: skip
    return np.asarray(values.ravel(), dtype=np.float64)


def _from_table(path: Path) -> tuple[Floats, int]:
    """The times, and the row (from 1) of the first."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"not a text file: {error}", file=path, hint=_HINT) from error
    while lines and not lines[-1].strip():
        lines.pop()
    rows = [[cell.strip() for cell in re.split(r"[,;\t]", line)] for line in lines]
    if not rows:
        raise FormatError("the file is empty", file=path, hint=_HINT)
    headed = not any(_is_number(cell) for cell in rows[0])
    column = _column(rows[0] if headed else None, max(map(len, rows)), path)
    cells = [row[column] if column < len(row) else "" for row in rows[headed:]]
    for number, cell in enumerate(cells, start=1 + headed):
        if not _is_number(cell):
            raise FormatError(
                "not a time in seconds", file=path, place=f"row {number}", found=cell or "nothing",
                hint=_HINT,
            )  # fmt: skip
    return np.array(cells, dtype=np.float64), 1 + headed


def _column(header: list[str] | None, width: int, path: Path) -> int:
    """Which column has the times."""
    if width == 1:
        return 0
    named = [name.strip('"').casefold() for name in header or ()]
    found = [place for place, name in enumerate(named) if name in _COLUMNS]
    if len(found) == 1:
        return found[0]
    raise FormatError(
        "it cannot be told which column has the times",
        file=path,
        expected="one column, or one that is called time",
        found=", ".join(header or ()) or f"{width} columns without names",
        hint=_HINT,
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _checked(times: Floats, path: Path, place: str, first: int) -> Floats:
    """The times, if they are finite and rise."""
    if not len(times):
        raise FormatError("there are no times", file=path, hint=_HINT)
    bad = ~np.isfinite(times)
    bad[1:] |= ~(np.diff(times) > 0)
    if bad.any():
        at = int(np.argmax(bad))
        before = f"{times[at]:.9g} s" + (f" after {times[at - 1]:.9g} s" if at else "")
        raise DataError(
            "times of frames must be finite and rise",
            file=path,
            place=f"{place} {first + at}",
            found=before,
            hint="each frame needs a time of its own; correct the file, or leave it out",
        )
    return times


def rate_of_timestamps(times: Floats, fps: float | None, path: Path) -> float:
    """Frames per second of a view with timestamps.

    Parameters
    ----------
    times : array of shape (frame,)
        Seconds, rising.
    fps : float or None
        What a person says of the rate.
    path : Path
        The file of the times, named in errors.

    Raises
    ------
    DataError
        If the times are plainly not in seconds, or contradict the rate.
    """
    own = frame_rate(times) if len(times) > 1 else fps or 1.0
    if own < _SLOWEST and not (fps and is_rate_of(fps, times)):
        raise DataError(
            "the timestamps seem not to be in seconds",
            file=path,
            expected="the time of each frame in seconds",
            found=f"frames {1 / own:.4g} apart",
            hint="divide them by 1000 where they are milliseconds; films of less than a frame in "
            f"{1 / _SLOWEST:g} s need their rate: --fps, or fps of the view in recording.toml",
        )
    if fps is None:
        return own
    if len(times) > 1 and not is_rate_of(fps, times):
        raise DataError(
            "the frame rate contradicts the timestamps",
            file=path,
            expected=f"{own:g} frames a second by them",
            found=f"{fps:g}",
            hint="correct fps of the view, or take its timestamps away",
        )
    return fps
