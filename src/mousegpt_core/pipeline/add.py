"""Adding a recording to a study: what the files say, what is guessed, what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mousegpt_core.errors import DataError, SettingsError, UnnamedKeypointsError
from mousegpt_core.io import read_poses
from mousegpt_core.pipeline.clocks import on_clock, view_clock
from mousegpt_core.pipeline.plausible import check_scale
from mousegpt_core.pipeline.recording_stages import keep_poses
from mousegpt_core.pipeline.tracking import film_source
from mousegpt_core.pipeline.views import (
    Named,
    OpenedView,
    ViewOptions,
    as_timed_by_poses,
    check_against_film,
    open_views,
    remarks_on,
)
from mousegpt_core.skeleton import Skeleton
from mousegpt_core.skeletons import BUILT_IN, SILHOUETTE, Guess, guess_skeleton
from mousegpt_core.study import (
    PoseFile,
    Recording,
    RecordingInfo,
    Study,
    View,
    validate_name,
)

#: Said of labels of pictures that are not named by their frames.
SINGLE_PICTURES = (
    "these are labels of single pictures, not the poses of a film: each stands alone, so postures "
    "are described and movements are not; for those let a pose estimator analyse a whole film"
)
#: Said of a recording without poses.
FILM_ALONE = (
    "there are no poses: the animal is found in the film as a silhouette, by its difference from "
    "the background; paws are not seen, nor what is done with them, and which end is the nose is "
    "a guess"
)
_NO_SCALE = (
    "the scale is not known and is estimated from the animal's length; "
    "give it with --px-per-cm, or as known_length in recording.toml"
)


@dataclass(frozen=True)
class NewRecording:
    """What a user says of a recording.

    Attributes
    ----------
    id : str
        Unique in the study.
    films, poses : sequence of (view or None, Path)
        Where no view is given, it is the film's name.
    channels, timestamps, offsets, calibration
        As in `ViewOptions`.
    keypoints : sequence of str
        Names for a pose file without a header.
    format : str, optional
        Format of the pose files, where it is not recognised.
    fps : float, optional
        Frames per second, where neither film nor poses say.
    unit : str, optional
        Unit of the coordinates.
    px_per_cm : float, optional
        Scale of the picture.
    seen_from : str
        ``"above"``, ``"below"`` or ``"side"``.
    arena : dict
        As `study.Arena`; empty = fitted from where the animal has been.
    animal : dict
        Columns of the table of animals; ``animal`` is its name, by default the recording's id.
    animal_of : dict of dict
        The same for single individuals of the poses, by name; goes over `animal`.
    notes : str
        Free text.
    count : int, optional
        Number of animals, where there are no poses that tell; by default 1.
    """

    id: str
    films: Sequence[Named[Path]] = ()
    poses: Sequence[Named[Path]] = ()
    channels: Sequence[Named[str]] = ()
    timestamps: Sequence[Named[Path]] = ()
    offsets: Sequence[Named[float]] = ()
    calibration: Path | None = None
    keypoints: Sequence[str] = ()
    format: str | None = None
    fps: float | None = None
    unit: str | None = None
    px_per_cm: float | None = None
    seen_from: str = "above"
    arena: dict[str, Any] = field(default_factory=dict)
    animal: dict[str, Any] = field(default_factory=dict)
    animal_of: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: str = ""
    count: int | None = None

    @property
    def view_options(self) -> ViewOptions:
        """What is said of the views."""
        return ViewOptions(
            self.films, self.channels, self.timestamps, self.offsets, self.calibration, self.fps
        )


@dataclass(frozen=True)
class AddedRecording:
    """What came of it.

    Attributes
    ----------
    recording : Recording
        The recording.
    roles : list of (keypoint, role or None, why)
        The mapping that was guessed, for the user to check.
    remarks : list of str
        What the user should know.
    """

    recording: Recording
    roles: list[tuple[str, str | None, str]]
    remarks: list[str]


def add_recording(study: Study, new: NewRecording) -> AddedRecording:
    """Look at the files of a recording and add it to a study; the files stay where they are.

    Raises
    ------
    DataError
        If a file cannot be read, film and poses do not belong together, or the id is taken.
    VideoError
        If a film cannot be opened.
    """
    study.refuse_taken(new.id)
    _check_numbers(new)
    if not new.poses:
        return _add_film_alone(study, new)
    remarks: list[str] = []
    views = open_views(new.view_options, [name for name, _ in new.poses if name])
    remarks += remarks_on(views.values())
    files, read = _read_all(new, views, remarks)
    if any(one.attrs["single_pictures"] for one in read):
        remarks.append(SINGLE_PICTURES)
        views = {}  # the pictures are not frames of these films
    primary = next((i for i, file in enumerate(files) if not file.view), 0)
    poses = _on_their_clocks(files, read, primary, views, remarks)
    main = poses[primary]
    if new.px_per_cm:
        remarks += check_scale(new.px_per_cm, views.values(), main)
    remarks += unused_count(new.count, main.sizes["individual"])
    skeleton, guess = _skeleton(study, main, remarks)
    animals = _animals(new, [str(value) for value in main["individual"].values])
    treatment = _treatment_of_session(study, animals, remarks)
    info = RecordingInfo.parse(
        {
            "id": new.id,
            "individuals": tuple(animals),
            "notes": new.notes,
            "treatment": treatment,
            "skeleton": skeleton.name,
            "space": {
                "unit": main["position"].attrs["units"],
                "cm_per_unit": 1 / new.px_per_cm if new.px_per_cm else None,
                "seen_from": new.seen_from,
            },
            "arena": new.arena,
            "views": (*(view.view for view in views.values()), *_views_without_film(files, views)),
            "poses": files,
        },
        source=f"recording {new.id}",
    )
    if study.skeleton(skeleton.name) is None:
        study.set_skeleton(skeleton.name, skeleton)
    recording = _with_animals(study, info, animals)
    keep_poses(recording, recording.info.poses[primary], main)
    if info.space.scale is None and main.sizes["space"] == 2:
        remarks.append(_NO_SCALE)
    return AddedRecording(recording, _shown(skeleton, guess), remarks)


def _add_film_alone(study: Study, new: NewRecording) -> AddedRecording:
    """Add a recording without poses: its animals are found in the film when it is run."""
    if not new.films:
        raise DataError(
            f"recording {new.id!r} has neither poses nor a film",
            hint="give a file of poses with --poses FILE, or a film with --film FILE",
        )
    views = open_views(new.view_options, ())
    remarks = remarks_on(views.values())
    if new.px_per_cm:
        remarks += check_scale(new.px_per_cm, views.values())
    animals = _animals(new, [str(i + 1) for i in range(new.count or 1)])
    treatment = _treatment_of_session(study, animals, remarks)
    info = RecordingInfo.parse(
        {
            "id": new.id,
            "individuals": tuple(animals),
            "notes": new.notes,
            "treatment": treatment,
            "space": {
                "unit": "px",
                "cm_per_unit": 1 / new.px_per_cm if new.px_per_cm else None,
                "seen_from": new.seen_from,
            },
            "arena": new.arena,
            "views": tuple(view.view for view in views.values()),
        },
        source=f"recording {new.id}",
    )
    source = film_source(info)
    if len(views) > 1 and source is not None:
        remarks.append(f"of its {len(views)} films, that of {source.view} is used")
    remarks.append(FILM_ALONE)
    if info.space.scale is None:
        remarks.append(_NO_SCALE)
    skeleton = BUILT_IN[SILHOUETTE]
    roles = [(name, skeleton.role_of(name), "by the outline") for name in skeleton.keypoints]
    return AddedRecording(_with_animals(study, info, animals), roles, remarks)


def _with_animals(
    study: Study, info: RecordingInfo, animals: dict[str, dict[str, Any]]
) -> Recording:
    """Add the recording after its animals: one without a recording does no harm after a kill."""
    for name, columns in animals.items():
        study.set_animal(name, **columns)
    return study.add_recording(info)


def unused_count(count: int | None, individuals: int) -> list[str]:
    """Says so where the number of animals was given, and poses tell another one."""
    if count in (None, individuals):
        return []
    animals = "1 animal" if individuals == 1 else f"{individuals} animals"
    return [f"--individuals {count} is not used: the poses are of {animals}"]


def _check_numbers(new: NewRecording) -> None:
    if new.count is not None and new.count < 1:
        raise SettingsError(
            f"--individuals must be 1 or more, not {new.count}", hint="say how many animals"
        )
    for option, value in (("--fps", new.fps), ("--px-per-cm", new.px_per_cm)):
        if value is not None and not 0 < value < np.inf:
            raise SettingsError(
                f"{option} must be a positive number, not {value:g}",
                hint=f"leave {option} out where it is not known",
            )
    if new.px_per_cm is not None and new.unit in ("mm", "cm", "m"):
        raise SettingsError(
            f"--unit {new.unit} and --px-per-cm contradict each other",
            hint="leave out --px-per-cm where the coordinates are lengths, and --unit where they "
            "are pixels",
        )


def _read_all(
    new: NewRecording, views: dict[str, OpenedView], remarks: list[str]
) -> tuple[list[PoseFile], list[xr.Dataset]]:
    """Read all files of poses; keypoints without names are called as those of the others."""
    read: dict[int, tuple[PoseFile, xr.Dataset]] = {}
    unnamed: dict[int, UnnamedKeypointsError] = {}
    for i, (given, path) in enumerate(new.poses):
        try:
            read[i] = _read(given, path, new, views, new.keypoints)
        except UnnamedKeypointsError as error:
            unnamed[i] = error
    named = [[str(name) for name in poses["keypoint"].values] for _, poses in read.values()]
    for i, unknown in unnamed.items():
        given, path = new.poses[i]
        names = next((names for names in named if len(names) == unknown.count), None)
        if names is None:
            raise unknown
        read[i] = _read(given, path, new, views, names)
        remarks.append(
            f"{path.name} does not name its keypoints: they are taken for those of the other "
            "poses, in their order"
        )
    files, poses = zip(*(read[i] for i in sorted(read)), strict=True)
    return list(files), list(poses)


def _read(
    given: str | None,
    path: Path,
    new: NewRecording,
    views: dict[str, OpenedView],
    keypoints: Sequence[str],
) -> tuple[PoseFile, xr.Dataset]:
    """Read a file of poses and say what it is of: a view, or the space itself."""
    only = next(iter(views)) if len(views) == 1 else None
    name = validate_name(given, "name of a view") if given else only or "camera"
    # 3D poses, and those whose view is not named yet, go with the first film.
    opened = views.get(name) or next(iter(views.values()), None)
    fps = new.fps or (opened.view.fps if opened else None)
    poses = read_poses(
        path,
        format=new.format,
        keypoints=list(keypoints) or None,
        fps=fps,
        unit=new.unit,
        view=given,
    )
    flat = poses.sizes["space"] == 2
    if flat and given is None and only is None and len(views) > 1:
        raise DataError(
            "these 2D poses belong to one of several films",
            file=path,
            hint=f"say to which: --poses VIEW={path.name}, VIEW one of {', '.join(views)}",
        )
    file = PoseFile.model_validate(
        {
            "path": str(path),
            "format": new.format or "",
            "view": name if flat else "",
            "keypoints": tuple(keypoints),
            "fps": float(poses.attrs["fps"]),
            "unit": new.unit or "",
        }
    )
    return file, poses


def _on_their_clocks(
    files: Sequence[PoseFile],
    read: Sequence[xr.Dataset],
    primary: int,
    views: dict[str, OpenedView],
    remarks: list[str],
) -> list[xr.Dataset]:
    """Poses with the times of their views, whose clocks are set where the poses know better."""
    poses = list(read)
    order = sorted(range(len(files)), key=lambda i: i != primary)
    for number, i in enumerate(order):
        name = files[i].view or next(iter(views), "")
        if name not in views:
            continue
        check_against_film(read[i], files[i], views[name], remarks)
        if name not in {files[j].view or next(iter(views)) for j in order[:number]}:
            views[name] = as_timed_by_poses(views[name], read[i])
        clock = view_clock(views[name].view, float(read[i].attrs["fps"]), Path)
        poses[i] = on_clock(read[i], clock, files[i].path)
        if left_out := poses[i].attrs.get("without_time"):
            remarks.append(
                f"{left_out} poses of {Path(files[i].path).name} are left out: the timestamps do "
                "not reach them"
            )
    return poses


def _views_without_film(
    files: Sequence[PoseFile], views: dict[str, OpenedView]
) -> tuple[View, ...]:
    names = dict.fromkeys(file.view for file in files if file.view and file.view not in views)
    return tuple(View(name=name) for name in names)


def _skeleton(study: Study, poses: xr.Dataset, remarks: list[str]) -> tuple[Skeleton, Guess]:
    """The skeleton for these keypoints: the study's own where it has one, else a guess."""
    keypoints = tuple(str(name) for name in poses["keypoint"].values)
    guess = guess_skeleton(keypoints)
    for name in study.skeletons:
        known = study.skeleton(name)
        if known is not None and set(known.keypoints) == set(keypoints):
            return known, guess
    name = guess.skeleton.name
    number = 2
    while name in study.skeletons:
        name = f"{guess.skeleton.name}-{number}"
        number += 1
    if guess.unassigned:
        remarks.append("keypoints without a role: " + ", ".join(guess.unassigned))
    return Skeleton(name, guess.skeleton.keypoints, guess.skeleton.roles), guess


def _treatment_of_session(
    study: Study, animals: dict[str, dict[str, Any]], remarks: list[str]
) -> str:
    """The treatment of this recording alone: animals may have had another one before.

    It is taken out of the columns, so that the table of animals keeps the first one.
    """
    session = ""
    for name, columns in animals.items():
        asked, known = str(columns.get("treatment", "")), study.treatment_of(name)
        if asked and known and asked != known:
            session = asked
            remarks.append(
                f"{name} is {known!r} in animals.csv; {asked!r} is kept for this recording alone, "
                "in its recording.toml"
            )
    if session:
        for columns in animals.values():
            columns.pop("treatment", None)
    return session


def _shown(skeleton: Skeleton, guess: Guess) -> list[tuple[str, str | None, str]]:
    rows = []
    for name in skeleton.keypoints:
        role, guessed = skeleton.role_of(name), guess.skeleton.role_of(name)
        why = guess.how.get(name, "") if role == guessed else "as study.toml says"
        rows.append((name, role, why))
    return rows


def _animals(new: NewRecording, individuals: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Name and columns of each animal, in the order of the individuals of the poses.

    Raises
    ------
    SettingsError
        If columns are given for an individual that the poses don't have, or two get one name.
    """
    for name in new.animal_of:
        if name not in individuals:
            raise SettingsError(
                f"--animal {name}:... : no individual of the poses is called {name!r}",
                hint="individuals: " + ", ".join(individuals),
            )
    animals: dict[str, dict[str, Any]] = {}
    for individual in individuals:
        columns = {**new.animal, **new.animal_of.get(individual, {})}
        own = str(new.animal_of.get(individual, {}).get("animal", ""))
        common = str(new.animal.get("animal", "") or new.id)
        name = own or (common if len(individuals) == 1 else f"{common}-{individual}")
        columns.pop("animal", None)
        if name in animals:
            raise SettingsError(
                f"two individuals are to be the animal {name!r}",
                hint="give each a name of its own: --animal INDIVIDUAL:animal=NAME",
            )
        animals[name] = columns
    return animals
