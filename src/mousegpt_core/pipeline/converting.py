"""Films to Zarr, file by file, so that a kill costs no more than the one being written."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mousegpt_core.errors import MouseGPTError, SettingsError
from mousegpt_core.progress import Cancellation, Progress, duration
from mousegpt_core.study import fingerprint
from mousegpt_core.study.files import remove, replace, sync_path, sync_tree, write_atomic, writing
from mousegpt_core.study.locks import Leases
from mousegpt_core.video import FilmLike, Image, ZarrFilm, open_film
from mousegpt_core.video.zarr_film import FRAMES, create_zarr, open_for_writing, shard_names

_UNFINISHED = ".writing-"
#: Files of frames that are whole, by number.
_MARKER = "written.json"
_ENDING = ".zarr"
_GB = 1e9


@dataclass(frozen=True)
class Conversion:
    """How a film is converted.

    Attributes
    ----------
    grey : bool
        Whether colours are dropped.
    crop : (x, y, width, height), optional
        Part of the picture that is kept, in pixels.
    downscale : int
        How many times smaller the picture gets, by averaging; after cropping.
    start_s, stop_s : float
        Part of the film that is kept, in seconds from its first frame; half-open.
    """

    grey: bool = False
    crop: tuple[int, int, int, int] | None = None
    downscale: int = 1
    start_s: float = 0.0
    stop_s: float = np.inf

    def numbers(self, film: FilmLike) -> range:
        """The frames that are kept.

        Raises
        ------
        SettingsError
            If there are none.
        """
        slack = film.tick / 2 + 1e-9
        first, last = np.searchsorted(film.times, [self.start_s - slack, self.stop_s - slack])
        if not 0 <= self.start_s < self.stop_s or first == last:
            raise SettingsError(
                f"no frames from {self.start_s:g} to {self.stop_s:g} s",
                hint=f"{film.path.name} lasts {film.times[-1] + 1 / film.fps:.2f} s",
            )
        return range(int(first), int(last))

    def check(self, film: FilmLike) -> None:
        """Refuse what does not fit a film.

        Raises
        ------
        SettingsError
            If the part that is kept lies outside of the picture, or nothing would be left of it.
        """
        height, width = film.shape[1:3]
        x, y, wide, high = self.crop or (0, 0, width, height)
        if not (0 <= x < x + wide <= width and 0 <= y < y + high <= height):
            raise SettingsError(
                f"--crop {x},{y},{wide},{high} is not within the picture",
                hint=f"the picture of {film.path.name} is {width} x {height} px",
            )
        if not 1 <= self.downscale <= min(wide, high):
            raise SettingsError(
                f"--downscale {self.downscale} leaves nothing of {wide} x {high} px",
                hint="give how many times smaller the picture is to be, such as 2",
            )

    def apply(self, image: Image) -> Image:
        """A converted frame, of shape (height, width) or (height, width, 3)."""
        from PIL import Image as Pillow

        if self.crop:
            x, y, wide, high = self.crop
            image = image[y : y + high, x : x + wide]
        if not self.grey and self.downscale == 1:
            return image
        picture = Pillow.fromarray(image)
        if self.grey:
            picture = picture.convert("L")
        if self.downscale > 1:
            picture = picture.reduce(self.downscale)
        return np.asarray(picture, dtype=np.uint8)


def convert_film(
    path: Path,
    out: Path | None = None,
    conversion: Conversion | None = None,
    *,
    fps: float | None = None,
    report: Callable[[Progress], None] = lambda step: None,
    cancellation: Cancellation | None = None,
) -> dict[str, Any]:
    """Convert a film to Zarr; one that was broken off is gone on with.

    Parameters
    ----------
    path : Path
        A film, or a folder of pictures.
    out : Path, optional
        The new folder; by default the film's name with the ending ``.zarr``, beside it.
    conversion : Conversion, optional
        How; by default as it is.
    fps : float, optional
        Frames per second of a folder of pictures.
    report, cancellation
        To show progress, and to stop: what is written is kept for the next time.

    Returns
    -------
    dict
        ``film`` (Path), ``frames`` (int), ``megabytes`` (float).

    Raises
    ------
    SettingsError
        If the conversion does not fit the film, or something else is there already.
    VideoError
        If a frame cannot be decoded.
    MouseGPTError
        If the disk is full or cannot be written to.
    StudyLockedError
        If another process is making the same film.
    """
    conversion = conversion or Conversion()
    out = out or path.absolute().with_name(f"{path.name if path.is_dir() else path.stem}{_ENDING}")
    if out.suffix != _ENDING:
        raise SettingsError(f"{out} does not end in {_ENDING}", hint=f"--out {out.name}{_ENDING}")
    with open_film(path, fps=fps) as film:
        conversion.check(film)
        job = _Job(film, conversion, out)
        # A kill after the film had got its name leaves what it was made in.
        if not job.is_made() or job.working.exists():
            with writing(job.working):
                job.working.mkdir(parents=True, exist_ok=True)
            with Leases(job.working, str(out)).lease("convert"), writing(out):
                for step in job.steps():
                    report(step)
                    if cancellation is not None:
                        cancellation.check()
            remove(job.working)
        report(job.progress(len(job.numbers), finished=True))
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return {"film": out, "frames": len(job.numbers), "megabytes": size / 1e6}


class _Job:
    """One conversion: what it makes, and how far it is."""

    def __init__(self, film: FilmLike, conversion: Conversion, out: Path) -> None:
        self.film = film
        self.out = out
        self.working = out.with_name(_UNFINISHED + out.name)
        self.numbers = conversion.numbers(film)
        self._conversion = conversion
        self._zarr = self.working / "film.zarr"
        self._attributes = _attributes(film, conversion, self.numbers)

    def is_made(self) -> bool:
        """Whether the very same is there already.

        Raises
        ------
        SettingsError
            If something else is in its place.
        """
        if not self.out.exists():
            return False
        wanted = (self._attributes["source"], self._attributes["settings"])
        try:
            there = ZarrFilm(self.out)
            same = (there.source, there.settings) == wanted
        except MouseGPTError:
            same = False
        if not same:
            raise SettingsError(
                f"{self.out} is there already, made of something else or in another way",
                hint="delete it, or choose another name with --out",
            )
        return True

    def steps(self) -> Iterator[Progress]:
        """Write what is missing, a step for each file of frames, and give the film its name."""
        if self.is_made():  # by another process meanwhile
            return
        yield from self._write_missing(self._written() or self._begin())
        sync_tree(self._zarr)
        replace(self._zarr, self.out)
        sync_path(self.out.parent)

    def _begin(self) -> int:
        """Make a film without frames."""
        remove(self._zarr)
        times = self.film.times[self.numbers.start : self.numbers.stop]
        picture = self._conversion.apply(self.film.frame(self.numbers.start)).shape
        create_zarr(self._zarr, picture, times, self._attributes)
        return 0

    def _write_missing(self, written: int) -> Iterator[Progress]:
        frames, _ = open_for_writing(self._zarr)
        began, before = time.monotonic(), written * frames.shards[0]
        done = before
        for block in self._blocks(frames, done):
            self._write(frames, done, block)
            done += len(block)
            written += 1
            write_atomic(self.working / _MARKER, json.dumps({"files": written}))
            seconds = (time.monotonic() - began) / (done - before) * (len(self.numbers) - done)
            if done - before == len(block):
                self._check_space(frames, written, done)
            yield self.progress(done, f"{duration(seconds)} left" if seconds else "")

    def progress(self, done: int, message: str = "", *, finished: bool = False) -> Progress:
        """How far it is."""
        name = self.film.path.name
        return Progress("convert", name, done, len(self.numbers), message, finished)

    def _written(self) -> int:
        """Files of frames that an earlier run of the same conversion left whole."""
        try:
            written = int(json.loads((self.working / _MARKER).read_text())["files"])
            attributes = open_for_writing(self._zarr)[1]
        except (OSError, ValueError, TypeError, LookupError):
            return 0
        return written if self._attributes.items() <= attributes.items() else 0

    def _blocks(self, frames: Any, done: int) -> Iterator[Image]:
        """The frames of one file after the other."""
        together, total = frames.shards[0], len(self.numbers)
        images = self.film.frames(self.numbers[done:])
        for start in range(done, total, together):
            block = np.empty((min(together, total - start), *frames.shape[1:]), np.uint8)
            for slot in range(len(block)):
                block[slot] = self._conversion.apply(next(images)[1])
            yield block

    def _write(self, frames: Any, start: int, block: Image) -> None:
        file = self._file(frames, start // frames.shards[0])
        # Half a file of an earlier run would be read to be completed.
        remove(file)
        frames[start : start + len(block)] = block
        sync_path(file)

    def _file(self, frames: Any, number: int) -> Path:
        return self._zarr / FRAMES / shard_names(frames)[number]

    def _check_space(self, frames: Any, written: int, done: int) -> None:
        """Refuse early what will not fit on the disk, by what is written so far.

        Raises
        ------
        MouseGPTError
            If there is too little space.
        """
        size = self._file(frames, written - 1).stat().st_size / min(frames.shards[0], done)
        needed = size * (len(self.numbers) - done)
        free = shutil.disk_usage(self.working).free
        if needed > free:
            raise MouseGPTError(
                f"{self.out}: the disk is too small: about {needed / _GB:.1f} GB more are needed, "
                f"{free / _GB:.1f} GB are free",
                hint="make it smaller (--grey, --crop, --downscale, --start and --stop), or choose "
                f"another disk with --out; what is written so far is in {self.working}",
            )


def _attributes(film: FilmLike, conversion: Conversion, numbers: range) -> dict[str, Any]:
    return {
        "tick_s": film.tick,
        "source": {
            "name": film.path.name,
            "fingerprint": fingerprint(film.path),
            "frames": len(film),
            "fps": film.fps,
        },
        "settings": {
            "grey": conversion.grey or film.ndim == 3,
            "crop": list(conversion.crop) if conversion.crop else None,
            "downscale": conversion.downscale,
            "first_frame": numbers.start,
            "frames": len(numbers),
        },
    }
