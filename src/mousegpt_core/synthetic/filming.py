"""Films of several cameras at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mousegpt_core.errors import DataError, MouseGPTError
from mousegpt_core.geometry import Camera
from mousegpt_core.io.files import replaced_file
from mousegpt_core.synthetic.body import KEYPOINTS
from mousegpt_core.synthetic.render import Renderer, Shot

#: How often the cameras are asked how far they are (s).
_ASK_S = 0.1
#: Longest wait for a process to leave by itself (s).
_LEAVE_S = 20.0


@dataclass(frozen=True, eq=False)
class Take:
    """A film to make: what one camera records.

    Attributes
    ----------
    path : Path
        Film to write, ``.mp4``.
    camera : Camera
        The camera.
    points : array of shape (frame, animal, 24, 3)
        Keypoints (cm) at the middle of each exposure, in the order of `body.KEYPOINTS`.
    moves : array of shape (frame, animal, 24, 3)
        How far they move during it (cm).
    fps : float
        Frames per second of the film.
    coats : tuple of str
        Coat of every animal.
    fluorescence : bool
        Whether it films the fluorescent dots instead of the animals.
    seed : int
        Seed of the sensor's noise.
    """

    path: Path
    camera: Camera
    points: np.ndarray
    moves: np.ndarray
    fps: float
    coats: tuple[str, ...]
    fluorescence: bool = False
    seed: int = 0


def find_points(poses: xr.Dataset) -> np.ndarray:
    """Keypoints (time, animal, 24, 3) of poses that can be drawn.

    Raises
    ------
    DataError
        If keypoints are missing or not finite.
    """
    missing = [name for name in KEYPOINTS if name not in poses["keypoint"].values]
    if missing or poses.sizes["space"] != 3:
        raise DataError(
            "only poses in 3D with MouseGPT's 24 keypoints can be filmed",
            found=f"missing {missing}", hint="film poses that `simulate` made",
        )  # fmt: skip
    position = poses["position"].sel(keypoint=list(KEYPOINTS))
    points = position.transpose("time", "individual", "keypoint", "space").values
    if not np.isfinite(points).all():
        raise DataError("poses with gaps cannot be filmed", hint="fill the gaps first")
    return np.asarray(points, dtype=np.float64)


def expose(
    times: np.ndarray, points: np.ndarray, at: np.ndarray, exposure_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """What a camera catches of a movement; between its samples the animal moves straight.

    Parameters
    ----------
    times : array of shape (time,)
        When the points are known (s), rising.
    points : array of shape (time, ...)
        Any coordinates.
    at : array of shape (frame,)
        Middles of the exposures (s).
    exposure_s : float
        How long each lasts (s).

    Returns
    -------
    points, moves : array of shape (frame, ...)
        Coordinates at the middle, and how far they move from start to end.
    """
    start, middle, stop = (_sample(times, points, at + s * exposure_s) for s in (-0.5, 0.0, 0.5))
    return middle, stop - start


def _sample(times: np.ndarray, points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Points (frame, ...) at given times, linearly; the first and last beyond the ends."""
    if len(times) == 1:
        return np.repeat(points, len(at), axis=0)
    at = np.clip(at, times[0], times[-1])
    after = np.clip(np.searchsorted(times, at, side="right"), 1, len(times) - 1)
    share = (at - times[after - 1]) / (times[after] - times[after - 1])
    share = share.reshape(-1, *(1,) * (points.ndim - 1))
    return np.asarray((1 - share) * points[after - 1] + share * points[after])


def film_take(take: Take, on_frame: Callable[[int], None] | None = None) -> np.ndarray:
    """Film what one camera records; H.264.

    Parameters
    ----------
    take : Take
        The film.
    on_frame : callable, optional
        Told the number of pictures drawn so far; what it raises ends the film.

    Returns
    -------
    array of shape (frame, animal, point), bool
        What is seen in each picture (`render.Shot`).
    """
    from mousegpt_core.video import write_film

    seen: list[np.ndarray] = []

    def pictures() -> Iterator[np.ndarray]:
        for shot in shoot(take):
            seen.append(shot.visible)
            yield shot.picture
            if on_frame is not None:
                on_frame(len(seen))

    with replaced_file(take.path) as partial:
        write_film(partial, pictures(), take.fps, crf=22, gop=30)
    return np.stack(seen)


def shoot(take: Take) -> Iterator[Shot]:
    """Pictures of a take, one after the other."""
    renderer = Renderer(take.camera, take.coats, seed=take.seed)
    draw = renderer.fluoresce if take.fluorescence else renderer.draw
    for frame, (points, moves) in enumerate(zip(take.points, take.moves, strict=True)):
        yield draw(points, moves, frame)


def film_takes(
    takes: Sequence[Take],
    *,
    processes: int = 1,
    on_frame: Callable[[int], None] | None = None,
) -> list[np.ndarray]:
    """Film with several cameras; the films are the same however many processes draw.

    Parameters
    ----------
    takes : sequence of Take
        The films.
    processes : int
        Films drawn at once. More than 1 starts Python anew, so a script that asks for it must be
        guarded by ``if __name__ == "__main__"``.
    on_frame : callable, optional
        Told the number of pictures drawn so far, of all films together; what it raises ends them.

    Returns
    -------
    list of array of shape (frame, animal, point), bool
        What is seen in the pictures of each take.
    """
    if processes > 1 and len(takes) > 1:
        return _film_at_once(takes, processes, on_frame or _ignore)
    seen = []
    before = 0
    for take in takes:
        seen.append(film_take(take, _after(on_frame or _ignore, before)))
        before += len(take.points)
    return seen


def _ignore(done: int) -> None:
    """Nobody is told."""


def _after(on_frame: Callable[[int], None], before: int) -> Callable[[int], None]:
    """Tell of pictures that come after those of other films."""
    return lambda done: on_frame(before + done)


def _film_at_once(
    takes: Sequence[Take], processes: int, on_frame: Callable[[int], None]
) -> list[np.ndarray]:
    context = multiprocessing.get_context("spawn")
    drawn = context.Array("q", len(takes))
    turn = context.Value("q", 0)
    ended = context.Event()
    with tempfile.TemporaryDirectory(prefix="mousegpt-film-") as folder:
        notes = [Path(folder) / f"{number}.npy" for number in range(len(takes))]
        crew = [
            context.Process(target=_work, args=(takes, notes, drawn, turn, ended), daemon=True)
            for _ in range(min(processes, len(takes)))
        ]
        told = 0
        try:
            for process in crew:
                process.start()
            while at_work := [process for process in crew if process.is_alive()]:
                at_work[0].join(_ASK_S)
                if (done := sum(drawn[:])) > told:
                    told = done
                    on_frame(told)
        finally:
            # A process that ends by itself takes its half-made film away.
            ended.set()
            for process in crew:
                if process.pid is not None:
                    process.join(_LEAVE_S)
                    process.terminate()
                    process.join()
        # What failed, again in this process, where it either works or tells what is wrong.
        seen = [
            np.load(note, allow_pickle=False) if note.exists() else film_take(take)
            for take, note in zip(takes, notes, strict=True)
        ]
    total = sum(len(take.points) for take in takes)
    if told < total:
        on_frame(total)
    return seen


def _work(takes: Sequence[Take], notes: Sequence[Path], drawn: Any, turn: Any, ended: Any) -> None:
    """Make films, one after the other, and note what is seen; runs in a process of its own."""
    # The process that started this one is told of Ctrl-C too, and ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def told(number: int, done: int) -> None:
        if ended.is_set() or (parent is not None and not parent.is_alive()):
            sys.exit(1)
        drawn[number] = done

    while not ended.is_set():
        with turn.get_lock():
            number = turn.value
            turn.value += 1
        if number >= len(takes):
            return
        try:
            seen = film_take(takes[number], partial(told, number))
        except MouseGPTError:
            sys.exit(1)
        partly = notes[number].with_suffix(".part.npy")
        np.save(partly, seen)
        partly.replace(notes[number])
