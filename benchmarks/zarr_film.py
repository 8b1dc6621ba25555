"""Films as Zarr beside the films themselves: writing, reading, memory.

Run: ``python benchmarks/zarr_film.py [FILM] [--minutes 60]``. Without a film, 10 s of 1280x1024 at
60 frames a second are made, as in `video.py`. Readings are paired: in every round both read the
same frames, one after the other. Memory is that of converting, and then of reading, a long film of
small pictures, in processes of their own, beside those of a tenth of its length.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.pipeline import Conversion, convert_film
from mousegpt_core.video import FilmLike, ZarrFilm, open_film, write_film

ROUNDS = 15
#: Size of the long film's pictures, and its frames in a second.
SMALL, RATE = (240, 320), 30

CONVERSIONS = {
    "colour": Conversion(),
    "grey": Conversion(grey=True),
    "grey, half the size": Conversion(grey=True, downscale=2),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", nargs="?", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory_of:
        print(memory_of(given.memory_of, given.film))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        film = given.film or _made(folder)
        for name, how in CONVERSIONS.items():
            tell_writing(film, folder / f"{name}.zarr", name, how)
        tell_reading(film, folder / "colour.zarr")
        tell_memory(folder, given.minutes)


def _made(folder: Path) -> Path:
    from video import RATE as rate
    from video import pictures

    return write_film(folder / "film.mp4", pictures(10 * rate), rate)


def tell_writing(film: Path, out: Path, name: str, how: Conversion) -> None:
    """Print what a conversion takes, in time and space."""
    began = time.perf_counter(), time.process_time()
    made = convert_film(film, out, how)
    clock, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    times_larger = made["megabytes"] * 1e6 / film.stat().st_size
    print(
        f"{name:20} {made['frames'] / clock:5.0f} frames/s ({made['frames'] / processor:.0f} a "
        f"second of processor), {made['megabytes'] / made['frames']:.2f} MB a frame, "
        f"{times_larger:.0f} times the film",
        flush=True,
    )


Reading = Callable[[FilmLike, random.Random], int]


def next_frame(film: FilmLike, draw: random.Random) -> int:
    """Thirty frames, one after the other."""
    first = draw.randrange(len(film) - 30)
    return sum(film.frame(first + step).shape[0] > 0 for step in range(30))


def random_frame(film: FilmLike, draw: random.Random) -> int:
    """Ten frames anywhere."""
    return sum(film.frame(n).shape[0] > 0 for n in draw.sample(range(len(film)), 10))


def by_dask(film: FilmLike, draw: random.Random) -> int:
    """Ten frames in a row by dask, which reads several at a time."""
    first = draw.randrange(len(film) - 10)
    return len(film.as_dask()[first : first + 10].compute())


READINGS: dict[str, Reading] = {
    "next frame": next_frame,
    "random frame": random_frame,
    "by dask": by_dask,
}


def tell_reading(path: Path, converted: Path) -> None:
    """Print what reading a frame takes of both."""
    films = (open_film(path), ZarrFilm(converted))
    for name, read in READINGS.items():
        spent: list[list[float]] = [[], []]
        for number in range(ROUNDS):
            for film, its in zip(films, spent, strict=True):
                film.close()  # nothing is kept from the round before
                began = time.perf_counter()
                count = read(film, random.Random(number))
                its.append(1000 * (time.perf_counter() - began) / count)
        ratios = np.array(spent[1]) / np.array(spent[0])
        print(
            f"{name:20} film {np.median(spent[0]):6.1f} ms, Zarr {np.median(spent[1]):5.1f} ms, "
            f"{np.median(ratios):.2f} times ({ratios.min():.2f}-{ratios.max():.2f})",
            flush=True,
        )


def tell_memory(folder: Path, minutes: float) -> None:
    """Print the peaks for a long film and a tenth of it."""
    for length in (minutes / 10, minutes):
        film = write_film(folder / f"{length:g}.mp4", _small(length), RATE, gop=250)
        for job in ("convert", "read"):
            command = [sys.executable, __file__, str(film), "--memory-of", job]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            print(f"{length:g} min, {job:8} {done.stdout.strip()}", flush=True)


def _small(minutes: float) -> Iterator[NDArray[np.uint8]]:
    for number in range(round(minutes * 60 * RATE)):
        image = np.full((*SMALL, 3), 120, np.uint8)  # without grain: an hour fits on any disk
        image[100:140, number % 280 : number % 280 + 40] = 20
        yield image


def memory_of(job: str, film: Path) -> str:
    """Convert a film, or read what was converted; tells the peak of this process."""
    converted = film.with_suffix(".zarr")
    began = time.perf_counter()
    if job == "convert":
        convert_film(film, converted)
    else:
        for image in open_film(converted):
            del image
    seconds = time.perf_counter() - began
    # Not by getrusage, which counts the memory of the process that started this one.
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return f"{seconds:6.0f} s, peak {peak:.0f} MB"


if __name__ == "__main__":
    main()
