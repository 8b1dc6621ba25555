"""What everything film-like can do: a film, a folder of pictures, a converted film."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import SettingsError, VideoError

if TYPE_CHECKING:
    import dask.array as da

Image = NDArray[np.uint8]

_CACHE_BYTES = 64 << 20
_CACHE_FRAMES = 32
#: Pictures that are put into one array at a time, at most.
_MOST_BYTES = 1 << 30


def empty_stack(count: int, shape: tuple[int, ...], path: Path | None) -> Image:
    """Room for some frames, but not for all of a long film.

    Parameters
    ----------
    count : int
        How many.
    shape : tuple of int
        Of the film, (time, height, width, ...).
    path : Path, optional
        Of the film.

    Raises
    ------
    VideoError
        If they are more than a gigabyte.
    """
    size = count * int(np.prod(shape[1:], dtype=np.int64))
    if size > _MOST_BYTES:
        name = "pictures" if path is None else path.name
        raise VideoError(
            f"{name}: {count} frames at once would take {size / 1e9:.1f} GB",
            hint="take fewer; a script goes through them with film.frames(numbers), and napari "
            "shows them in 2D with time on the slider",
        )
    return np.empty((count, *shape[1:]), dtype=np.uint8)


class FilmLike(ABC):
    """Frames that are read when asked for.

    Behaves like an array of shape (time, height, width, 3), RGB, or (time, height, width), grey;
    uint8. May be shared between threads (one reads at a time).

    Attributes
    ----------
    path : Path
        File or folder.
    """

    path: Path

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._cache: OrderedDict[int, Image] = OrderedDict()

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(time, height, width, 3), or (time, height, width) where the pictures are grey."""

    @cached_property
    @abstractmethod
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds from the first."""

    @property
    @abstractmethod
    def tick(self) -> float:
        """Seconds to which times are rounded; 0 = not rounded."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know of it."""
        return ()

    @abstractmethod
    def _read(self, number: int) -> Image:
        """One frame, not writable; the caller holds the lock and has checked the number."""

    @property
    def ndim(self) -> int:
        """4, or 3 where the pictures are grey."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8."""
        return np.dtype(np.uint8)

    @cached_property
    def fps(self) -> float:
        """Frames per second: exact for an even film, by the median step for an uneven one."""
        times = self.times
        if len(times) < 2:
            return 1.0
        if self.is_uneven:
            return float(1 / np.median(np.diff(times)))
        rate = (len(times) - 1) / times[-1]
        # Within the rounding of times, the usual rates are meant.
        slack = 1.5 * rate * self.tick / times[-1]
        usual = (round(rate), round(rate * 1.001) / 1.001)
        return float(next((each for each in usual if abs(each - rate) <= slack), rate))

    @cached_property
    def is_uneven(self) -> bool:
        """Whether steps between frames differ by more than the rounding of times."""
        steps = np.diff(self.times)
        slack = 1.5 * self.tick + 1e-9
        return bool(len(steps) and np.abs(steps - np.median(steps)).max() > slack)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        n, height, width = self.shape[:3]
        kind = type(self).__name__
        return f"{kind}({self.path.name!r}, {n} frames, {width}x{height}, {self.fps:g} fps)"

    def __getitem__(self, key: Any) -> Image:
        if not isinstance(key, tuple):
            key = (key,)
        frames, rest = (key[0], key[1:]) if key and key[0] is not Ellipsis else (slice(None), key)
        if isinstance(frames, int | np.integer):
            image = self.frame(int(frames))
            return np.asarray(image[rest]) if rest else image
        numbers = np.arange(len(self))[frames]
        if numbers.ndim != 1:
            raise IndexError("frames are chosen by a number, a slice or a list of numbers")
        if rest and rest[0] is not Ellipsis:
            rest = (slice(None), *rest)
        stack = empty_stack(len(numbers), self.shape, self.path)
        for slot, number in enumerate(numbers):
            stack[slot] = self.frame(int(number))
        return stack[rest] if rest else stack

    def __iter__(self) -> Iterator[Image]:
        return (image for _, image in self.frames(range(len(self))))

    def frame(self, number: int) -> Image:
        """One frame.

        Parameters
        ----------
        number : int
            0 is the first; negative numbers count from the end.

        Returns
        -------
        array of shape (height, width, 3) or (height, width)
            uint8, RGB or grey, not writable.

        Raises
        ------
        IndexError
            If there is no such frame.
        VideoError
            If it cannot be read.
        """
        number = self._checked(number)
        with self._lock:
            if number in self._cache:
                self._cache.move_to_end(number)
                return self._cache[number]
            image = self._read(number)
            self._remember(number, image)
            return image

    def frames(self, numbers: Iterable[int]) -> Iterator[tuple[int, Image]]:
        """Frames in rising order, faster than one by one where the film allows it.

        Parameters
        ----------
        numbers : iterable of int
            Rising; from 0.

        Yields
        ------
        number, image
            As `frame`.
        """
        for number in numbers:
            yield number, self.frame(number)

    def frame_at(self, seconds: float) -> Image:
        """The frame shown at a time, in seconds from the first frame.

        Raises
        ------
        VideoError
            If the film has not begun or is over by then.
        """
        return self.frame(self.number_at(seconds))

    def number_at(self, seconds: float) -> int:
        """Number of the frame shown at a time.

        Raises
        ------
        VideoError
            If the film has not begun or is over by then.
        """
        times = self.times
        period = 1 / self.fps
        # Half a unit of the clock, so that a frame's own rounded time finds it.
        half = self.tick / 2
        if not -half <= seconds < times[-1] + period + half:
            raise VideoError(
                f"{self.path}: no frame at {seconds:g} s",
                hint=f"the film lasts {times[-1] + period:.2f} s",
            )
        return int(np.searchsorted(times, seconds + half, side="right")) - 1

    def sample(self, rate: float) -> Iterator[tuple[int, Image]]:
        """Frames at an even rate, in order, each part of the film decoded once.

        Parameters
        ----------
        rate : float
            Frames per second; at most every frame.

        Yields
        ------
        number, image

        Raises
        ------
        SettingsError
            If the rate is not positive.
        """
        if not rate > 0:
            raise SettingsError(f"cannot sample {rate} frames a second", hint="use a rate above 0")
        slots = np.floor(self.times * rate + 1e-6)
        return self.frames(np.flatnonzero(np.diff(slots, prepend=-1) > 0).tolist())

    def as_dask(self) -> da.Array:
        """The film as a dask array with one chunk a frame."""
        import dask.array

        # Inlined, so that one frame of an hour's film is looked up at once.
        array: da.Array = dask.array.from_array(  # type: ignore[no-untyped-call]
            self,
            chunks=(1, *self.shape[1:]),
            asarray=False,
            inline_array=True,
            meta=np.empty((0,) * self.ndim, dtype=np.uint8),
        )
        return array

    def close(self) -> None:
        """Free what is held; what is needed later is opened again."""
        with self._lock:
            self._cache.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _checked(self, number: int) -> int:
        count = len(self)
        if not -count <= number < count:
            raise IndexError(f"{self.path.name} has frames 0 to {count - 1}, not {number}")
        return number % count

    def _remember(self, number: int, image: Image) -> None:
        limit = max(1, min(_CACHE_FRAMES, _CACHE_BYTES // max(image.nbytes, 1)))
        self._cache[number] = image
        while len(self._cache) > limit:
            self._cache.popitem(last=False)
