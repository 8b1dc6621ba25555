"""Write a synthetic cohort as plain files, as a user could have brought them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from mousegpt_core.geometry import CameraRig, write_calibration
from mousegpt_core.io import write_poses
from mousegpt_core.io.files import replaced_file
from mousegpt_core.progress import Progress
from mousegpt_core.synthetic.cohort import CohortSettings, effects_table, simulate_cohort
from mousegpt_core.synthetic.presets import preset_camera
from mousegpt_core.synthetic.simulate import SyntheticRecording

#: How long a picture is exposed (s).
EXPOSURE_S = 0.006


class DatasetSettings(CohortSettings):
    """A cohort and the film of its first animal.

    Attributes
    ----------
    film_s : float
        Length of the film (s), from the start of the recording; 0 for none.
    views : tuple of str
        Views that are filmed (`presets.preset_camera`).
    film_size : (int, int)
        Width and height of the film in pixels.
    """

    film_s: float = Field(default=20.0, ge=0)
    views: tuple[str, ...] = ("top", "side")
    film_size: tuple[int, int] = (640, 480)


def write_cohort(
    folder: Path,
    settings: DatasetSettings | None = None,
    progress: Callable[[Progress], None] | None = None,
    *,
    processes: int = 1,
) -> list[Path]:
    """Simulate a cohort and write it.

    The files are ``animals.csv``; ``effects.csv``, the treatments' true effects; ``scene.json``,
    the arena; and for every animal ``ANIMAL.poses.csv`` (wide: ``name_x, name_y, name_z,
    name_likelihood``; cm, 30 frames a second by default) and ``ANIMAL.truth.csv`` (``frame,
    label``); and of the first animal ``ANIMAL.VIEW.mp4`` and ``ANIMAL.calibration.toml`` (cm).

    Parameters
    ----------
    folder : Path
        Where to; made if need be.
    settings : DatasetSettings, optional
        What to simulate.
    progress : callable, optional
        Told after every animal and, while filming, about once a second of film.
    processes : int
        Views filmed at once, as in `filming.film_takes`.

    Returns
    -------
    list of Path
        The files, in the order they were written.
    """
    settings = settings or DatasetSettings()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    total = sum(settings.treatments.values())
    written: list[Path] = []
    rows = []
    first: tuple[str, SyntheticRecording] | None = None
    for done, (animal, recording) in enumerate(simulate_cohort(settings), start=1):
        first = first or (animal.animal, recording)
        poses_file = folder / f"{animal.animal}.poses.csv"
        written.append(write_poses(recording.poses, poses_file, format="wide-csv"))
        written.append(write_truth(recording.labels, folder / f"{animal.animal}.truth.csv"))
        rows.append(animal.row())
        _tell(progress, Progress("synthetic", animal.animal, done, total, finished=done == total))
    written.append(write_table(pd.DataFrame(rows), folder / "animals.csv"))
    written.append(write_table(effects_table(settings), folder / "effects.csv"))
    if first is not None:
        scene = folder / "scene.json"
        scene.write_text(json.dumps(first[1].scene, indent=2) + "\n", encoding="utf-8")
        written.append(scene)
        if settings.film_s > 0:
            written += _film(*first, folder, settings, progress, processes)
    return written


def write_truth(labels: np.ndarray, path: Path) -> Path:
    """Write the behaviour of every frame: columns ``frame`` and ``label``."""
    return write_table(pd.DataFrame({"frame": np.arange(len(labels)), "label": labels}), path)


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as csv that is there whole or not at all."""
    with replaced_file(path) as partial:
        table.to_csv(partial, index=False)
    return path


def _film(
    animal: str,
    recording: SyntheticRecording,
    folder: Path,
    settings: DatasetSettings,
    progress: Callable[[Progress], None] | None,
    processes: int,
) -> list[Path]:
    from mousegpt_core.synthetic.filming import Take, expose, film_takes, find_points

    poses = recording.clean.isel(time=slice(0, max(round(settings.film_s * settings.fps), 1)))
    total = poses.sizes["time"] * len(settings.views)
    second = max(round(settings.fps), 1)
    last = 0

    def told(done: int) -> None:
        nonlocal last
        if done // second > last // second or done == total:
            step = Progress("film", animal, done, total, finished=done == total)
            _tell(progress, step)
        last = done

    times = poses["time"].values
    points, moves = expose(times, find_points(poses), times, EXPOSURE_S)
    cameras = (preset_camera(view, settings.film_size) for view in settings.views)
    rig = CameraRig(tuple(cameras), unit="cm")
    takes = [
        Take(
            path=folder / f"{animal}.{camera.name}.mp4",
            camera=camera,
            points=points,
            moves=moves,
            fps=settings.fps,
            coats=("black",),
        )
        for camera in rig
    ]
    film_takes(takes, processes=processes, on_frame=told)
    calibration = write_calibration(rig, folder / f"{animal}.calibration.toml")
    return [*(take.path for take in takes), calibration]


def _tell(progress: Callable[[Progress], None] | None, step: Progress) -> None:
    if progress is not None:
        progress(step)
