"""Films: any frame, exactly, by number or time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import VideoError
from mousegpt_core.video.contract import FilmLike, Image
from mousegpt_core.video.decoder import Decoder
from mousegpt_core.video.index import FilmIndex, video_errors
from mousegpt_core.video.kept_index import index_of

#: Frames decoded at a time when single ones are asked for: more would be decoded for nothing.
_THREADS = 4


class Film(FilmLike):
    """A film as an array of shape (time, height, width, 3); frames are decoded when asked for.

    Frame n is the nth frame shown, whatever the container says of its frame rate. May be shared
    between threads and pickled (it is reopened); in a child process it opens a decoder of its own.

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
        super().__init__()
        self.path = Path(path)
        self.index = index_of(self.path) if index is None else index
        self._decoder: Decoder | None = None
        self._inherited: Decoder | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(time, height, width, 3)."""
        return len(self.index.pts), self.index.height, self.index.width, 3

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds from the first; those at one time share its tick."""
        stamps, first, twins = np.unique(
            self.index.pts - self.index.pts[0], return_index=True, return_counts=True
        )
        share = (np.arange(len(self)) - np.repeat(first, twins)) / np.repeat(twins, twins)
        seconds: NDArray[np.float64] = (np.repeat(stamps, twins) + share) * self.tick
        return seconds

    @property
    def tick(self) -> float:
        """The unit of the container's clock in seconds."""
        return float(self.index.time_base)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know of the film."""
        if not self.index.left_out:
            return ()
        return (
            f"{self.index.left_out} frames of {self.path.name} cannot be decoded and are not "
            "counted",
        )

    def frames(self, numbers: Iterable[int]) -> Iterator[tuple[int, Image]]:
        """Frames in rising order, decoded ahead; nothing is decoded twice.

        Parameters
        ----------
        numbers : iterable of int
            Rising; from 0.

        Yields
        ------
        number, image
            As `frame`.
        """
        wanted = [self._checked(number) for number in numbers]
        with closing(Decoder(self.path, self.index, only=wanted)) as decoder:
            for number in wanted:
                yield number, self._image(decoder.picture(number), number)

    def close(self) -> None:
        """Close the file; it is opened again when needed."""
        with self._lock:
            super().close()
            if self._decoder is not None and self._decoder.owner == os.getpid():
                self._decoder.close()
                self._decoder = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "index": self.index}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"], state["index"])  # type: ignore[misc]

    def __dask_tokenize__(self) -> tuple[str, int, int]:
        return str(self.path.resolve()), self.index.size, self.index.modified_ns

    def _read(self, number: int) -> Image:
        if self._decoder is not None and self._decoder.owner != os.getpid():
            # The parent's decoder: its threads are not in this process, so freeing it would hang.
            self._inherited, self._decoder = self._decoder, None
        if self._decoder is None:
            threads = min(_THREADS, os.cpu_count() or 1)
            self._decoder = Decoder(self.path, self.index, threads=threads)
        return self._image(self._decoder.picture(number), number)

    def _image(self, picture: Any, number: int) -> Image:
        with video_errors(self.path, f"frame {number} cannot be converted"):
            image = picture.to_ndarray(format="rgb24")
        image = np.ascontiguousarray(np.rot90(image, self.index.quarter_turns))
        if image.shape != self.shape[1:]:
            raise VideoError(
                f"{self.path}: frame {number} has another size",
                hint=f"the film is {self.index.width}x{self.index.height}; convert it to one size",
            )
        image.flags.writeable = False
        return image
