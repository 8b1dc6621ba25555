"""Doing all that is missing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mousegpt_core.errors import DataError, FormatError, SettingsError
from mousegpt_core.io import FORMATS, recognise_format
from mousegpt_core.pipeline.add import (
    AddedRecording,
    NewRecording,
    add_recording,
    unused_count,
)
from mousegpt_core.pipeline.labelling import classify_again
from mousegpt_core.pipeline.mapping import run_map
from mousegpt_core.pipeline.recording_stages import run_descriptions, run_kinematics
from mousegpt_core.pipeline.reporting import report_study
from mousegpt_core.pipeline.study_stages import run_profile
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Recording, Study, safe_name
from mousegpt_core.video import open_film

_POSE_SUFFIXES = {suffix for reader in FORMATS.values() for suffix in reader.suffixes}
_STAGES = {"kinematics": run_kinematics, "descriptions": run_descriptions}


def run_recordings(work: Work, stage: str, only: Sequence[str] | None = None) -> dict[str, Any]:
    """Run a stage, and what it stands on, for every recording or some.

    Parameters
    ----------
    work : Work
        The study at work.
    stage : {"kinematics", "descriptions"}
        The stage.
    only : sequence of str, optional
        Ids of recordings.

    Returns
    -------
    dict
        ``stage``, ``recordings``: id to the key of its result, and ``failed``: id to the reason.
    """
    made = work.each(work.chosen(only), lambda recording: _STAGES[stage](work, recording))
    return {"stage": stage, "recordings": made, "failed": work.failures}


def run_study(work: Work) -> dict[str, Any]:
    """Everything that is missing, up to the report.

    A recording that fails does not keep the others from their report.

    Returns
    -------
    dict
        ``study``, ``recordings``, ``report``, ``failed``: id to the reason.

    Raises
    ------
    MouseGPTError
        If all recordings fail.
    """
    work.study.refresh_groups()
    run_profile(work)
    run_map(work)
    classify_again(work)
    result = report_study(work)
    work.study.sweep()
    return {**result, "failed": work.failures}


@dataclass(frozen=True)
class FileStudy:
    """A study made for one recording.

    Attributes
    ----------
    folder : Path
        The study.
    added : AddedRecording or None
        What came of adding the recording; None where the study had it already.
    remarks : list of str
        What the user should know.
    """

    folder: Path
    added: AddedRecording | None
    remarks: list[str]


def study_for_file(
    file: Path,
    poses: Path | None = None,
    *,
    keypoints: Sequence[str] = (),
    fps: float | None = None,
    unit: str | None = None,
    px_per_cm: float | None = None,
    seen_from: str | None = None,
    count: int | None = None,
) -> FileStudy:
    """A study beside a film (or file of poses) with this one recording, made if need be.

    Parameters
    ----------
    file : Path
        A film, or a file of poses.
    poses : Path, optional
        Poses of the film; by default a file beside it whose name begins with the film's. Without
        one, the animals are found in the film.
    keypoints, fps, unit, px_per_cm, seen_from, count
        As in `NewRecording`.

    Raises
    ------
    DataError
        If several files may be its poses.
    SettingsError
        If the study is there already and says something else, or is of another file.
    """
    folder = file.with_name(f"{file.stem}-mousegpt")
    id = safe_name(file.stem)
    known = (folder / "study.toml").exists()
    if known and id in (study := Study.open(folder)).recordings:
        asked = {
            "poses": poses, "keypoints": tuple(keypoints), "fps": fps, "unit": unit,
            "px_per_cm": px_per_cm, "seen_from": seen_from, "individuals": count,
        }  # fmt: skip
        there = study.recording(id)
        _refuse_other_file(there, file)
        _refuse_contradiction(there, asked)
        individuals = len(there.info.individuals)
        return FileStudy(folder, None, unused_count(count, individuals))
    of_poses = poses is None and is_poses(file)
    found = file if of_poses else poses or _poses_beside(file)
    if found is None:
        open_film(file, fps=fps).close()  # before a study is made for what is no film
    request = NewRecording(
        id=id,
        films=[] if of_poses else [(None, file)],
        poses=[(None, found)] if found else [],
        keypoints=keypoints,
        fps=fps,
        unit=unit,
        px_per_cm=px_per_cm,
        seen_from=seen_from or "above",
        count=count,
    )
    made_here = not folder.exists()
    study = Study.open(folder) if known else Study.create(folder, name=file.stem)
    try:
        added = add_recording(study, request)
        return FileStudy(folder, added, added.remarks)
    except BaseException:  # also where a person stops it: nothing half-made is left
        if made_here:
            shutil.rmtree(folder)
        raise


def _refuse_other_file(recording: Recording, file: Path) -> None:
    """Files whose names differ in their endings only would share a study.

    Raises
    ------
    SettingsError
        If the recording was made of other files than this one.
    """
    info = recording.info
    paths = [film.path for view in info.views for film in view.films]
    names = [Path(path).name for path in (*paths, *(source.path for source in info.poses)) if path]
    if file.name not in names:
        raise SettingsError(
            f"{recording.study_folder} was made of {', '.join(dict.fromkeys(names))}, "
            f"not of {file.name}",
            hint="rename one of the files; or delete that folder to begin anew, and give a film "
            "and its poses together: mousegpt run FILM --poses FILE",
        )


def _refuse_contradiction(recording: Recording, asked: Mapping[str, Any]) -> None:
    """The same command may be given again; another one would not change what was added.

    Raises
    ------
    SettingsError
        If an option differs from what the recording was added with.
    """
    info = recording.info
    source = info.poses[0] if info.poses else None
    scale = info.space.cm_per_unit
    is_now = {
        "poses": Path(source.path).name if source else None,
        "keypoints": source.keypoints if source else (),
        "fps": (info.main_view and info.main_view.fps) or (source and source.fps),
        "unit": info.space.unit,
        "px_per_cm": 1 / scale if scale else None,
        "seen_from": info.space.seen_from,
        # Poses tell how many; another number is not used, which is said.
        "individuals": asked["individuals"] if info.poses else len(info.individuals),
    }
    for name, value in asked.items():
        wanted = value.name if isinstance(value, Path) else value
        now = is_now[name]
        alike = (
            isinstance(now, float) and isinstance(wanted, float | int) and abs(now - wanted) < 1e-3
        )
        if wanted and wanted != now and not alike:
            raise SettingsError(
                f"--{name.replace('_', '-')} {wanted} is not what this recording was added with",
                hint=f"change it in {recording.toml_path}, or delete {recording.study_folder} "
                "to begin anew",
            )


def is_poses(file: Path) -> bool:
    """Whether this is a file, or folder, of poses in a known format."""
    try:
        recognise_format(file)
    except FormatError:
        return False
    return True


def _poses_beside(film: Path) -> Path | None:
    """The only file of poses whose name begins with that of the film; None where there is none."""
    beside = sorted(path for path in film.parent.iterdir() if path != film)
    candidates = [p for p in beside if p.name.startswith(film.stem) and is_poses(p)]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates and film.suffix.lower() in _POSE_SUFFIXES:
        recognise_format(film)  # no film, so say why it is no file of poses
    if not candidates:
        return None
    raise DataError(
        "several files may be its poses",
        file=film,
        found=", ".join(path.name for path in candidates),
        hint="name them: mousegpt run FILM --poses FILE",
    )
