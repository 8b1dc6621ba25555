"""Pictures that may come after the step that asks for them, so that a window goes on meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Condition
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[Any]


class Reader(Protocol):
    """Who lets pictures come late."""

    def until(self) -> float | None:
        """Until when a picture is waited for (`time.perf_counter`); None = however long."""

    def begin(self, reading: Callable[[], None]) -> None:
        """Read in a thread."""

    def came(self) -> None:
        """Told, in such a thread, that a picture was read, or could not be."""


class LatePictures:
    """An array of pictures; napari need not wait for them.

    As any array it waits for each picture, but where napari slices a layer and its reader does not
    wait: then the picture that was read last is given until the one asked for was read in a thread.

    Parameters
    ----------
    pictures : array-like of shape (step, height, width, ...)
        A film, or one in step with another; indexed by one step at a time.

    Attributes
    ----------
    reader : Reader or None
        By default pictures are waited for.
    is_late : bool
        Whether another picture was given than the one that was asked for last.
    """

    def __init__(self, pictures: Any) -> None:
        self._pictures = pictures
        self.shape: tuple[int, ...] = tuple(pictures.shape)
        self.dtype: np.dtype[Any] = np.dtype(pictures.dtype)
        self.ndim = len(self.shape)
        self.reader: Reader | None = None
        self.is_late = False
        self._news = Condition()
        self._wanted: int | None = None
        self._is_reading = False
        #: What was read last: of which step, and the picture or why there is none.
        self._read: tuple[int, Picture | Exception] | None = None
        self._last: Picture | None = None
        self._given: Picture | None = None

    @property
    def has_news(self) -> bool:
        """Whether there is a newer picture than the one that was given late, or an error."""
        with self._news:
            return self.is_late and self._read is not None and self._read[1] is not self._given

    @property
    def pictures(self) -> Any:
        """The pictures; others of the same shape may take their place."""
        return self._pictures

    @pictures.setter
    def pictures(self, pictures: Any) -> None:
        self.stop()
        self._pictures, self._read = pictures, None

    @property
    def path(self) -> Path | None:
        """Of the film, where the pictures are one's."""
        return getattr(self._pictures, "path", None)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pictures!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"pictures": self._pictures}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["pictures"])  # type: ignore[misc]

    def __getitem__(self, key: Any) -> Picture:
        frames, rest = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        step = _the_one(frames)
        if step is None or step >= len(self) or not _napari_slices():
            return np.asarray(self._pictures[key])
        until = None if self.reader is None else self.reader.until()
        picture = self._now(step) if until is None else self._soon(step, until)
        if isinstance(frames, slice):
            return picture[(None, *rest)]
        return picture[rest] if rest else picture

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Picture:
        return np.asarray(self._pictures[:], dtype=dtype)

    def ask(self, step: int) -> None:
        """Have a picture read, after the one that is being read; what is asked for last counts."""
        with self._news:
            if self.reader is None or self._is_there(step):
                return
            self._wanted = step
            if not self._is_reading:
                self._is_reading = True
                self.reader.begin(self._work)

    def stop(self) -> None:
        """Read no more than what is being read."""
        with self._news:
            self._wanted = None

    def close(self) -> None:
        """Close the film; it is opened again where it is still asked for pictures."""
        self.stop()
        close = getattr(self._pictures, "close", None)
        if close is not None:
            close()

    def _now(self, step: int) -> Picture:
        picture = np.asarray(self._pictures[step])
        with self._news:
            self._last = self._given = picture
            self._read, self.is_late = (step, picture), False
        return picture

    def _soon(self, step: int, until: float) -> Picture:
        """The picture if it is there in time, else the last one."""
        if self._last is None:
            return self._now(step)
        self.ask(step)
        with self._news:
            left = max(until - time.perf_counter(), 0.0)
            self.is_late = not self._news.wait_for(lambda: self._is_there(step), left)
            found = self._last if self.is_late or self._read is None else self._read[1]
        if isinstance(found, Exception):
            raise found
        self._given = found
        return found

    def _is_there(self, step: int) -> bool:
        return self._read is not None and self._read[0] == step

    def _work(self) -> None:
        """Read what is wanted, until nothing is."""
        while True:
            with self._news:
                step, pictures = self._wanted, self._pictures
                self._wanted = None
                if step is None:
                    self._is_reading = False
                    return
            found = _read(pictures, step)
            with self._news:
                if pictures is self._pictures:
                    self._read = (step, found)
                    self._last = self._last if isinstance(found, Exception) else found
                self._news.notify_all()
            if self.reader is not None:
                self.reader.came()


def _the_one(frames: Any) -> int | None:
    """The step that is chosen, as napari does it, by its number or a slice; None = several."""
    if isinstance(frames, slice) and frames.step in (None, 1):
        first, last = frames.start, frames.stop
        return first if first is not None and last == first + 1 and first >= 0 else None
    return int(frames) if isinstance(frames, int | np.integer) and frames >= 0 else None


def _napari_slices() -> bool:
    """Whether it is napari that asks, for a picture to show; all others get what they ask for."""
    caller = sys._getframe(2).f_globals.get("__name__", "")
    return str(caller).startswith("napari.layers.")


def _read(pictures: Any, step: int) -> Picture | Exception:
    try:
        return np.asarray(pictures[step])
    except Exception as error:  # noqa: BLE001 - raised where the picture is asked for
        return error
