"""A synthetic session as files: films, calibration, poses, clocks, and everything that is true."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.geometry import Camera, write_calibration
from mousegpt_core.io import FORMATS, write_poses
from mousegpt_core.io.files import replaced_file
from mousegpt_core.poses import make_poses
from mousegpt_core.progress import Progress
from mousegpt_core.synthetic.body import KEYPOINTS
from mousegpt_core.synthetic.dataset import write_table, write_truth
from mousegpt_core.synthetic.filming import Take, film_takes, find_points
from mousegpt_core.synthetic.render import MARKERS, place_markers
from mousegpt_core.synthetic.session import Session, SessionSettings, record_session

#: Confidence of keypoints that a camera sees, and of those that are hidden from it.
SEEN, HIDDEN = 0.99, 0.2
#: COCO's flags: out of the picture, in it but hidden, visible.
_OUTSIDE, _COVERED, _VISIBLE = 0, 1, 2
_MARKER = ".mousegpt-synth.json"
_FALLBACK = "wide-csv"


def write_session(
    folder: Path,
    settings: SessionSettings | None = None,
    progress: Callable[[Progress], None] | None = None,
    *,
    format: str = "wide-csv",
    processes: int = 1,
) -> list[Path]:
    """Record a session and write it.

    For every camera VIEW: ``VIEW.mp4``, ``VIEW.poses.*``, ``VIEW.timestamps.csv`` (``frame`` of
    the film, ``camera_frame`` with gaps where frames were lost, ``time`` in s on the common
    clock), ``VIEW.visibility.csv`` (COCO's flags: 0 out of the picture, 1 hidden, 2 visible); with
    fluorescence also ``VIEW.fluorescence.mp4`` and ``VIEW.dots.csv``. For all: ``calibration.toml``
    (cm), ``poses3d.*``, ``dots3d.csv``, ``behaviours.csv``, ``ANIMAL.truth.csv`` (``frame, label``)
    and ``scene.json``.

    Parameters
    ----------
    folder : Path
        Where to; made if need be.
    settings : SessionSettings, optional
        What to record.
    progress : callable, optional
        Told about once a second of film; what it raises ends the work.
    format : str
        Format of the poses, one of `io.FORMATS` that can be written. Where it cannot hold points
        in space, these are written as wide-csv.
    processes : int
        Films drawn at once, as in `filming.film_takes`.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    DataError
        If the folder has something else in it.
    FormatError
        If the format is unknown or cannot be written; before anything is filmed.
    SettingsError
        If cameras, coats or rates do not fit each other.
    """
    settings = settings or SessionSettings()
    session = record_session(settings)
    _check_format(format)
    folder = _prepare(Path(folder), settings, format)
    written = [
        write_calibration(session.rig, folder / "calibration.toml"),
        _write_in_space(session, folder, format),
        *_write_behaviours(session, folder),
        _write_scene(session, folder),
    ]
    if settings.fluorescence:
        written.append(_write_dots_in_space(session, folder))
    exposures = {camera.name: session.exposures(camera) for camera in session.rig}
    for camera in session.rig:
        written.append(_write_timestamps(session, camera.name, folder))
        # Written again with what is seen; that a format does not fit is told before the films.
        _write_in_picture(session, camera, exposures[camera.name][0], None, folder, format)
    takes = _plan_takes(session, exposures, folder)
    seen = film_takes(takes, processes=processes, on_frame=_teller(progress, takes, settings))
    for take, visible in zip(takes, seen, strict=True):
        written.append(take.path)
        if take.fluorescence:
            written.append(_write_dots(session, take, visible, folder))
        else:
            written.append(
                _write_in_picture(session, take.camera, take.points, visible, folder, format)
            )
            written.append(_write_visibility(session, take, visible, folder))
    return list(dict.fromkeys(written))


def _check_format(format: str) -> None:
    writable = [each.name for each in FORMATS.values() if each.writes]
    if format not in writable:
        raise FormatError(
            f"poses cannot be written as {format!r}", hint="written are: " + ", ".join(writable)
        )


def _prepare(folder: Path, settings: SessionSettings, format: str) -> Path:
    """Make the folder, and mark it as ours and what it is to hold."""
    marker = folder / _MARKER
    wanted = json.dumps(settings.fingerprint() | {"format": format}, sort_keys=True)
    if folder.is_dir() and any(folder.iterdir()):
        if not marker.exists():
            raise DataError("this folder is not empty", file=folder, hint="choose another")
        if marker.read_text(encoding="utf-8") != wanted:
            raise DataError(
                "this folder holds another synthetic recording", file=folder,
                hint="choose another folder, or delete this one",
            )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(wanted, encoding="utf-8")
    return folder


def _plan_takes(
    session: Session, exposures: dict[str, tuple[np.ndarray, np.ndarray]], folder: Path
) -> list[Take]:
    takes = []
    for number, camera in enumerate(session.rig):
        points, moves = exposures[camera.name]
        channels = {False: f"{camera.name}.mp4"}
        if session.settings.fluorescence:
            channels[True] = f"{camera.name}.fluorescence.mp4"
        takes += [
            Take(
                path=folder / name,
                camera=camera,
                points=points,
                moves=moves,
                fps=session.shutters[camera.name].fps,
                coats=session.coats,
                fluorescence=fluorescence,
                seed=session.settings.seed + number,
            )
            for fluorescence, name in channels.items()
        ]
    return takes


def _teller(
    progress: Callable[[Progress], None] | None, takes: Sequence[Take], settings: SessionSettings
) -> Callable[[int], None]:
    """Tells of films about once a second of film."""
    total = sum(len(take.points) for take in takes)
    step = max(round(settings.fps), 1)
    last = 0

    def told(done: int) -> None:
        nonlocal last
        if progress is not None and (done // step > last // step or done == total):
            progress(Progress("film", "", done, total, finished=done == total))
        last = done

    return told


def _write_in_space(session: Session, folder: Path, format: str) -> Path:
    poses = session.poses
    try:
        return _write_any(poses, folder / "poses3d", format)
    except FormatError:
        return _write_any(poses, folder / "poses3d", _FALLBACK)


def _write_any(poses: xr.Dataset, stem: Path, format: str) -> Path:
    path = stem.with_name(stem.name + FORMATS[format].suffixes[0])
    return write_poses(poses, path, format=format)


def _write_in_picture(
    session: Session,
    camera: Camera,
    points: np.ndarray,
    visible: np.ndarray | None,
    folder: Path,
    format: str,
) -> Path:
    """Poses in the picture on the film's own clock; not seen where they are outside of it."""
    seen = camera.sees(points) if visible is None else visible
    poses = _in_picture(session, camera, points, seen, KEYPOINTS)
    return _write_any(poses, folder / f"{camera.name}.poses", format)


def _in_picture(
    session: Session,
    camera: Camera,
    points: np.ndarray,
    visible: np.ndarray,
    keypoints: Sequence[str],
) -> xr.Dataset:
    inside = camera.sees(points)
    pixels = np.where(inside[..., None], camera.project(points), np.nan)
    confidence = np.where(visible, SEEN, np.where(inside, HIDDEN, 0.0))
    return make_poses(
        pixels.transpose(0, 3, 2, 1),
        confidence.transpose(0, 2, 1),
        keypoints=keypoints,
        individuals=session.names,
        fps=session.shutters[camera.name].fps,
        unit="px",
        source_software="mousegpt_core.synthetic",
    )


def _write_dots(session: Session, take: Take, visible: np.ndarray, folder: Path) -> Path:
    """Where the dots are in the picture."""
    poses = _in_picture(session, take.camera, place_markers(take.points), visible, MARKERS)
    return _write_any(poses, folder / f"{take.camera.name}.dots", _FALLBACK)


def _write_dots_in_space(session: Session, folder: Path) -> Path:
    """Where the dots are in space, at the times of the truth."""
    poses = session.poses
    places = place_markers(find_points(poses))
    dots = make_poses(
        places.transpose(0, 3, 2, 1),
        keypoints=MARKERS,
        individuals=session.names,
        fps=session.settings.fps,
        unit="cm",
        source_software="mousegpt_core.synthetic",
    )
    return _write_any(dots, folder / "dots3d", _FALLBACK)


def _write_visibility(session: Session, take: Take, visible: np.ndarray, folder: Path) -> Path:
    inside = take.camera.sees(take.points)
    flags = np.where(visible, _VISIBLE, np.where(inside, _COVERED, _OUTSIDE))
    names = [f"{animal}.{keypoint}" for animal in session.names for keypoint in KEYPOINTS]
    table = pd.DataFrame(flags.reshape(len(flags), -1), columns=names)
    table.insert(0, "frame", np.arange(len(flags)))
    return write_table(table, folder / f"{take.camera.name}.visibility.csv")


def _write_timestamps(session: Session, view: str, folder: Path) -> Path:
    shutter = session.shutters[view]
    table = pd.DataFrame(
        {
            "frame": np.arange(len(shutter.times)),
            "camera_frame": shutter.counter,
            "time": shutter.times.round(9),
        }
    )
    return write_table(table, folder / f"{view}.timestamps.csv")


def _write_behaviours(session: Session, folder: Path) -> list[Path]:
    written = []
    bouts = pd.concat([each.bouts for each in session.recordings], ignore_index=True)
    bouts = bouts.rename(columns={"behaviour_id": "behaviour"})
    columns = ["individual", "start_s", "stop_s", "behaviour"]
    written.append(write_table(bouts[columns], folder / "behaviours.csv"))
    for name, recording in zip(session.names, session.recordings, strict=True):
        written.append(write_truth(recording.labels, folder / f"{name}.truth.csv"))
    return written


def _write_scene(session: Session, folder: Path) -> Path:
    scene: dict[str, Any] = {
        **session.recordings[0].scene,
        "views": list(session.rig.names),
        "fps": session.settings.fps,
        "animals": [
            {"individual": name, "coat": coat}
            for name, coat in zip(session.names, session.coats, strict=True)
        ],
        "cameras": {
            view: {
                "fps": shutter.fps,
                "offset_s": shutter.offset_s,
                "frames": len(shutter.times),
                "lost": int(shutter.counter[-1]) + 1 - len(shutter.counter),
            }
            for view, shutter in session.shutters.items()
        },
        "settings": session.settings.fingerprint(),
    }
    path = folder / "scene.json"
    with replaced_file(path) as partial:
        partial.write_text(json.dumps(scene, indent=2) + "\n", encoding="utf-8")
    return path
