"""Films of several views at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.geometry import Camera
from mousegpt_core.synthetic.render import render_film

#: How often the views are asked how far they are (s).
_ASK_S = 0.2


def render_films(
    poses: xr.Dataset,
    cameras: Mapping[Path, Camera],
    *,
    processes: int = 1,
    on_frame: Callable[[int], None] | None = None,
) -> list[Path]:
    """Film the poses with several cameras; the films are the same however many processes draw.

    Parameters
    ----------
    poses : Dataset
        As in `render.render_frames`.
    cameras : mapping of Path to Camera
        Film to write (``.mp4``) to its camera.
    processes : int
        Films drawn at once. More than 1 starts Python anew, so a script that asks for it must be
        guarded by ``if __name__ == "__main__"``.
    on_frame : callable, optional
        Told the number of pictures drawn so far, of all films together; what it raises ends them.

    Returns
    -------
    list of Path
        The films.
    """
    paths, frames = list(cameras), poses.sizes["time"]
    for start in range(0, len(paths), max(processes, 1)):
        told = _after(on_frame, start * frames)
        some = {path: cameras[path] for path in paths[start : start + max(processes, 1)]}
        if len(some) == 1:
            render_film(poses, cameras[paths[start]], paths[start], on_frame=told)
        else:
            _film_at_once(poses, some, told)
    return paths


def _after(on_frame: Callable[[int], None] | None, before: int) -> Callable[[int], None]:
    """Tell of pictures that come after those of other films."""

    def told(done: int) -> None:
        if on_frame is not None:
            on_frame(before + done)

    return told


def _film_at_once(
    poses: xr.Dataset, cameras: Mapping[Path, Camera], on_frame: Callable[[int], None]
) -> None:
    context = multiprocessing.get_context("spawn")
    counts = [context.Value("q", 0) for _ in cameras]
    crew = [
        context.Process(target=_film, args=(poses, camera, path, count), daemon=True)
        for (path, camera), count in zip(cameras.items(), counts, strict=True)
    ]
    told = 0
    try:
        for process in crew:
            process.start()
        while at_work := [process for process in crew if process.is_alive()]:
            at_work[0].join(_ASK_S)
            drawn = sum(count.value for count in counts)
            if drawn > told:
                told = drawn
                on_frame(drawn)
    finally:
        for process in crew:
            if process.pid is not None:
                process.terminate()
                process.join()
    for process, (path, camera) in zip(crew, cameras.items(), strict=True):
        if process.exitcode:
            # Again in this process, where it either works or tells what is wrong.
            render_film(poses, camera, path)
    total = len(cameras) * poses.sizes["time"]
    if told < total:
        on_frame(total)


def _film(poses: xr.Dataset, camera: Camera, path: Path, count: Any) -> None:
    """Film one view; runs in a process of its own."""
    # The process that started this one is told of Ctrl-C too, and ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def drawn(done: int) -> None:
        if parent is not None and not parent.is_alive():
            sys.exit(1)
        count.value = done

    try:
        render_film(poses, camera, path, on_frame=drawn)
    except MouseGPTError:
        sys.exit(1)
