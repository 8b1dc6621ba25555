"""Films: any frame, exactly, by number or time."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import SettingsError, VideoError
from mousegpt_core.video.index import (
    FilmIndex,
    build_index,
    decode,
    open_container,
    video_errors,
)

if TYPE_CHECKING:
    import dask.array as da

Image = NDArray[np.uint8]

_CACHE_BYTES = 64 << 20
_CACHE_FRAMES = 32
#: Up to so many frames ahead, decoding onward is cheaper than seeking to a keyframe between.
_STEP = 8


class Film:
    """A film as an array of frames that are decoded when asked for.

    Behaves like an array of shape (time, height, width, 3), uint8, RGB. Frame n is the nth frame
    shown, whatever the container says of its frame rate. May be shared between threads (one reads
    at a time) and pickled (it is reopened); in a child process it opens a decoder of its own.

    Parameters
    ----------
    path : Path
        The film.
    index : FilmIndex, optional
        From an earlier `Film(path).index`, to save reading the packets again.

    Raises
    ------
    VideoError
        If it is not a film, or has no frames.
    """

    def __init__(self, path: Path | str, index: FilmIndex | None = None) -> None:
        self.path = Path(path)
        self.index = build_index(self.path) if index is None else index
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._container: Any = None
        self._frames: Iterator[Any] = iter(())
        self._position = -1
        self._owner = 0
        self._inherited: Any = None
        self._cache: OrderedDict[int, Image] = OrderedDict()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(time, height, width, 3)."""
        return len(self), self.index.height, self.index.width, 3

    @property
    def ndim(self) -> int:
        """4."""
        return 4

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8."""
        return np.dtype(np.uint8)

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds from the first."""
        ticks = (self.index.pts - self.index.pts[0]).astype(np.float64)
        seconds: NDArray[np.float64] = ticks * float(self.index.time_base)
        return seconds

    @property
    def fps(self) -> float:
        """Frames per second: exact for an even film, by the median step for an uneven one."""
        if len(self) < 2:
            return float(1 / self.index.time_base) if self.index.counted else 1.0
        times = self.times
        if self.is_uneven:
            return float(1 / np.median(np.diff(times)))
        rate = (len(times) - 1) / times[-1]
        # Timestamps are rounded to the container's clock: within that, the usual rates are meant.
        slack = 1.5 * rate * float(self.index.time_base) / times[-1]
        usual = (round(rate), round(rate * 1.001) / 1.001)
        return float(next((each for each in usual if abs(each - rate) <= slack), rate))

    @property
    def is_uneven(self) -> bool:
        """Whether steps between frames differ by more than the container's rounding."""
        steps = np.diff(self.index.pts)
        return bool(len(steps) and np.abs(steps - np.median(steps)).max() > 1.5)

    def __len__(self) -> int:
        return len(self.index.pts)

    def __repr__(self) -> str:
        n, height, width, _ = self.shape
        return f"Film({self.path.name!r}, {n} frames, {width}x{height}, {self.fps:g} fps)"

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
        stack = np.empty((len(numbers), *self.shape[1:]), dtype=np.uint8)
        for slot, number in enumerate(numbers):
            stack[slot] = self.frame(int(number))
        return stack[rest] if rest else stack

    def __iter__(self) -> Iterator[Image]:
        return (self.frame(number) for number in range(len(self)))

    def frame(self, number: int) -> Image:
        """One frame.

        Parameters
        ----------
        number : int
            0 is the first; negative numbers count from the end.

        Returns
        -------
        array of shape (height, width, 3)
            uint8, RGB, not writable.

        Raises
        ------
        IndexError
            If there is no such frame.
        VideoError
            If it cannot be decoded.
        """
        count = len(self)
        if not -count <= number < count:
            raise IndexError(f"{self.path.name} has frames 0 to {count - 1}, not {number}")
        number %= count
        with self._lock:
            if number in self._cache:
                self._cache.move_to_end(number)
                return self._cache[number]
            image = self._decode(number)
            self._remember(number, image)
            return image

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
        tick = float(self.index.time_base) / 2
        if not -tick <= seconds < times[-1] + period + tick:
            raise VideoError(
                f"{self.path}: no frame at {seconds:g} s",
                hint=f"the film lasts {times[-1] + period:.2f} s",
            )
        return int(np.searchsorted(times, seconds + tick, side="right")) - 1

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
        for number in np.flatnonzero(np.diff(slots, prepend=-1) > 0):
            yield int(number), self.frame(int(number))

    def as_dask(self) -> da.Array:
        """The film as a dask array with one chunk a frame."""
        import dask.array

        n, height, width, channels = self.shape
        array: da.Array = dask.array.map_blocks(  # type: ignore[no-untyped-call]
            _read_block,
            film=self,
            chunks=((1,) * n, (height,), (width,), (channels,)),
            dtype=np.uint8,
            meta=np.empty((0, 0, 0, 0), dtype=np.uint8),
        )
        return array

    def close(self) -> None:
        """Close the file; it is opened again when needed."""
        with self._lock:
            if self._container is not None and self._owner == os.getpid():
                self._frames = iter(())
                self._container.close()
                self._container = None
                self._position = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "index": self.index}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self.index = state["index"]
        self._reset()

    def __dask_tokenize__(self) -> tuple[str, int, int]:
        return str(self.path.resolve()), self.index.size, self.index.modified_ns

    def _remember(self, number: int, image: Image) -> None:
        limit = max(1, min(_CACHE_FRAMES, _CACHE_BYTES // max(image.nbytes, 1)))
        self._cache[number] = image
        while len(self._cache) > limit:
            self._cache.popitem(last=False)

    def _decode(self, number: int) -> Image:
        """Decode forward from the last keyframe, or from where the decoder stands."""
        if self._container is None or self._owner != os.getpid():
            self._open()
        if self.index.counted:
            return self._count_to(number)
        target = int(self.index.pts[number])
        keys = self.index.keyframes
        key = int(np.searchsorted(keys, target, side="right")) - 1
        start = int(keys[max(key, 0)])
        behind = int(self.index.pts[self._position]) if self._position >= 0 else None
        near = 0 < number - self._position <= _STEP
        if behind is not None and behind < target and (near or start <= behind):
            found = self._advance_to(target, number)
            if found is not None:
                return found
        # A keyframe may turn out too late (open groups, edit lists); then start earlier.
        for back in (0, 1, 2, 4, 8):
            self._seek(int(keys[max(key - back, 0)]) if key - back >= 0 else None)
            found = self._advance_to(target, number)
            if found is not None:
                return found
            if key - back < 0:
                break
        raise self._undecodable(number)

    def _advance_to(self, target: int, number: int) -> Image | None:
        """Decode until the frame with this timestamp; None if it does not come."""
        for frame in self._frames:
            if frame.pts is None or frame.pts < target:
                continue
            if frame.pts == target:
                self._position = number
                return self._to_array(frame, number)
            break
        self._position = -1
        return None

    def _count_to(self, number: int) -> Image:
        """Decode from the start, or onward, counting frames."""
        if self._position >= number or self._position < 0:
            self._open()
        for frame in self._frames:
            self._position += 1
            if self._position == number:
                return self._to_array(frame, number)
        self._position = -1
        raise self._undecodable(number)

    def _seek(self, timestamp: int | None) -> None:
        """Put the decoder at a keyframe, or at the very start."""
        if timestamp is None:
            self._open()
            return
        stream = self._container.streams.video[0]
        with video_errors(self.path, "cannot seek in the film"):
            self._container.seek(timestamp, stream=stream, backward=True, any_frame=False)
        self._frames = decode(self._container, stream)
        self._position = -1

    def _open(self) -> None:
        """Open a decoder of this process."""
        if self._owner == os.getpid():
            self.close()
        elif self._container is not None:
            # The parent's decoder: its threads are not in this process, so freeing it would hang.
            self._inherited = (self._container, self._frames)
        stat = self.path.stat() if self.path.is_file() else None
        if stat is not None and stat.st_size != self.index.size:
            raise VideoError(f"{self.path}: the film has changed", hint="open it again")
        self._container = open_container(self.path)
        self._owner = os.getpid()
        stream = self._container.streams.video[0]
        # Frame threads would decode ahead after every seek; slices give the frame asked for.
        stream.thread_type = "SLICE"
        self._frames = decode(self._container, stream)
        self._position = -1

    def _to_array(self, frame: Any, number: int) -> Image:
        with video_errors(self.path, f"frame {number} cannot be converted"):
            image = frame.to_ndarray(format="rgb24")
        image = np.ascontiguousarray(np.rot90(image, self.index.quarter_turns))
        if image.shape != self.shape[1:]:
            raise VideoError(
                f"{self.path}: frame {number} has another size",
                hint=f"the film is {self.index.width}x{self.index.height}; convert it to one size",
            )
        image.flags.writeable = False
        return image

    def _undecodable(self, number: int) -> VideoError:
        return VideoError(
            f"{self.path}: frame {number} of {len(self)} cannot be decoded",
            hint="the film is damaged there; copy or convert it again, or leave these frames out",
        )


def _read_block(film: Film, block_info: Any = None) -> Image:
    """One frame as a block of a dask array."""
    start, stop = block_info[None]["array-location"][0]
    return film[start:stop]


def write_film(
    path: Path | str,
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
    *,
    crf: int = 23,
    gop: int = 30,
) -> Path:
    """Write frames as H.264 (yuv420p), which every player shows.

    Parameters
    ----------
    path : Path
        The film to write; the ending chooses the container (mp4, mkv, ...).
    frames : iterable of arrays of shape (height, width, 3)
        uint8, RGB, all of one size; an odd side is extended by a row or column.
    fps : float
        Frames per second.
    crf : int
        Quality, 0 (best) to 51.
    gop : int
        Frames from one keyframe to the next.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    VideoError
        If there are no frames, they differ in size, or the file cannot be written.
    """
    import av

    path = Path(path)
    stream: Any = None
    shape: tuple[int, ...] = ()
    with video_errors(path, "the film cannot be written"), av.open(str(path), "w") as container:
        for image in frames:
            if stream is None:
                shape = image.shape
                stream = _add_stream(container, shape, fps, crf, gop)
            if image.shape != shape or image.dtype != np.uint8:
                raise VideoError(
                    f"{path}: frames differ", hint=f"all must be uint8 of shape {shape}"
                )
            picture = av.VideoFrame.from_ndarray(_even(image), format="rgb24")
            container.mux(stream.encode(picture))
        if stream is None:
            raise VideoError(f"{path}: no frames to write", hint="give at least one frame")
        container.mux(stream.encode())
    return path


def _add_stream(container: Any, shape: tuple[int, ...], fps: float, crf: int, gop: int) -> Any:
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"frames must be of shape (height, width, 3), not {shape}")
    stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(100_000))
    stream.height, stream.width = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
    stream.pix_fmt = "yuv420p"
    stream.gop_size = gop
    stream.options = {"crf": str(crf)}
    return stream


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Extend an odd side by repeating its last row or column."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
