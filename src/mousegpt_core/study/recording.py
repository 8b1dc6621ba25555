"""A recording: one animal or group, one session, one or more views."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import tomlkit
from pydantic import Field, field_validator, model_validator

from mousegpt_core.errors import DataError, SettingsError, typed
from mousegpt_core.settings import Settings
from mousegpt_core.study.files import fingerprint, validate_name
from mousegpt_core.study.locks import Leases
from mousegpt_core.study.log import Log
from mousegpt_core.study.store import ResultStore
from mousegpt_core.study.surroundings import Arena, Part, Space, Zone
from mousegpt_core.study.toml import edit_toml, load_toml, merge_into

#: Files up to this many folders above the study are named relative to it.
_MOST_UPWARDS = 2


class Film(Part):
    """A film of a view; a camera that gives two channels has two.

    Attributes
    ----------
    path : str
        Relative to the study where possible, with ``/``.
    channel : str
        E.g. ``"reflectance"`` or ``"fluorescence"``; empty for an ordinary film.
    size : int
        Bytes, 0 = not known.
    fingerprint : str
        `files.fingerprint`.
    """

    path: str
    channel: str = ""
    size: int = 0
    fingerprint: str = ""

    @property
    def is_fluorescence(self) -> bool:
        """Whether it shows dots in the dark rather than an animal."""
        return "fluo" in self.channel.casefold()


class View(Part):
    """A camera, with a clock of its own.

    Attributes
    ----------
    name : str
        Name of the view.
    films : tuple of Film
        One a channel.
    fps : float, optional
        Frames per second; where it is corrected, the view's clock changes.
    timestamps : str
        File with the time of each frame in s (csv, txt, npy), or the film itself where its frames
        do not come evenly; empty = at the frame rate.
    offset_s : float
        Seconds added to this view's clock to bring it to that of the recording.
    calibration : str
        That day's calibration file, kept for views that are to be put together in 3D, or empty.
    """

    name: str
    films: tuple[Film, ...] = ()
    fps: float | None = Field(default=None, gt=0)
    timestamps: str = ""
    offset_s: float = 0.0
    calibration: str = ""

    @property
    def shown(self) -> Film | None:
        """The film whose pictures are shown: fluorescence only where there is no other."""
        return min(self.films, key=lambda film: film.is_fluorescence, default=None)

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        return validate_name(name, "name of a view")


class PoseFile(Part):
    """A file of poses.

    Attributes
    ----------
    path : str
        Relative to the study where possible, with ``/``.
    format : str
        Name of the reader; empty = found out.
    view : str
        View they are of; empty = 3D, or the only view.
    keypoints : tuple of str
        Names, for a file without a header.
    fps : float, optional
        Frames per second where neither file nor view tells.
    unit : str
        ``""`` = as the file says, else that of the recording's space.
    size : int
        Bytes, 0 = not known.
    fingerprint : str
        `files.fingerprint`.
    """

    path: str
    format: str = ""
    view: str = ""
    keypoints: tuple[str, ...] = ()
    fps: float | None = Field(default=None, gt=0)
    unit: Literal["", "px", "mm", "cm", "m", "unknown"] = ""
    size: int = 0
    fingerprint: str = ""


class RecordingInfo(Settings):
    """Contents of ``recording.toml``.

    Attributes
    ----------
    id : str
        Name of the recording's folder.
    individuals : tuple of str
        The animals, in the order of the individuals of the poses.
    notes : str
        Anything worth knowing.
    treatment : str
        Of this session, where the same animal has others too (cross-over); empty = that of the
        table of animals.
    skeleton : str
        Name of the skeleton in ``study.toml`` or of a built-in one; empty = guessed.
    space, arena : Space, Arena
        Scale and walls.
    zones : tuple of Zone
        Pieces of ground in which time is measured.
    views : tuple of View
        Cameras.
    poses : tuple of PoseFile
        Files of poses.
    """

    id: str
    individuals: tuple[str, ...] = ()
    notes: str = ""
    treatment: str = ""
    skeleton: str = ""
    space: Space = Space()
    arena: Arena = Arena()
    zones: tuple[Zone, ...] = ()
    views: tuple[View, ...] = ()
    poses: tuple[PoseFile, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Films, files of poses, times and calibrations, as they are written here."""
        films = (film.path for view in self.views for film in view.films)
        beside = (path for view in self.views for path in (view.timestamps, view.calibration))
        every = (*films, *(file.path for file in self.poses), *beside)
        return tuple(dict.fromkeys(path for path in every if path))

    @field_validator("id")
    @classmethod
    def _check_id(cls, value: str) -> str:
        return validate_name(value, "id of a recording")

    @field_validator("individuals")
    @classmethod
    def _check_individuals(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(name.strip() for name in names)
        if "" in names or len(set(names)) != len(names):
            raise ValueError("every individual needs a name of its own")
        return names

    @model_validator(mode="after")
    def _check_views(self) -> RecordingInfo:
        names = [view.name for view in self.views]
        if len(set(names)) != len(names):
            raise ValueError("two views have the same name")
        for file in self.poses:
            if file.view and file.view not in names:
                raise ValueError(f"poses of the view {file.view!r}, which is not there")
        for zone in self.zones:
            if zone.view and zone.view not in names:
                raise ValueError(f"zone of the view {zone.view!r}, which is not there")
        if len({(zone.view, zone.name) for zone in self.zones}) != len(self.zones):
            raise ValueError("two zones of a view have the same name")
        return self

    @property
    def main_view(self) -> View | None:
        """The view whose clock is the recording's: of 2D poses, else the first; None = no views."""
        named = [file.view for file in self.poses]
        return self.clock_view(named[0] if all(named) and named else "")

    def clock_view(self, view: str) -> View | None:
        """The view that poses of `view` have their times from; ``""`` = 3D, the first one."""
        if view:
            return self.view(view)
        return self.views[0] if self.views else None

    def view(self, name: str) -> View:
        """The view of that name.

        Raises
        ------
        DataError
            If there is none.
        """
        for view in self.views:
            if view.name == name:
                return view
        known = ", ".join(view.name for view in self.views) or "no views"
        raise DataError(
            f"recording {self.id} has no view {name!r}",
            expected=known,
            hint="use one of its views, or add the view to recording.toml",
        )


class Recording:
    """One recording of a study on disk.

    Attributes
    ----------
    id : str
        Its id.
    folder : Path
        ``recordings/ID`` in the study.
    study_folder : Path
        The study.
    store : ResultStore
        Its derived results.
    log : Log
        Its answers and edits.
    """

    def __init__(self, folder: Path, study_folder: Path) -> None:
        self.folder = Path(folder)
        self.study_folder = Path(study_folder)
        self.id = validate_name(self.folder.name, "id of a recording")
        self.store = ResultStore(self.folder, f"recording {self.id}")
        self.log = Log(self.folder / "log.sqlite")

    @property
    def toml_path(self) -> Path:
        """``recording.toml``."""
        return self.folder / "recording.toml"

    @property
    def info(self) -> RecordingInfo:
        """What ``recording.toml`` says now.

        Raises
        ------
        SettingsError
            If a value does not fit; names the file and the key.
        """
        values = {**load_toml(self.toml_path), "id": self.id}
        return RecordingInfo.parse(values, source=str(self.toml_path))

    def update(self, info: RecordingInfo) -> None:
        """Write another info; comments and whatever did not change stay as they are.

        Raises
        ------
        SettingsError
            If the id is another one.
        """
        if info.id != self.id:
            raise SettingsError(
                f"the id {self.id!r} cannot be changed to {info.id!r}",
                hint="add it as another recording",
            )
        with edit_toml(self.toml_path) as document:
            merge_into(document, _filled(document, info), only_these=True)

    def change(self, **values: Any) -> RecordingInfo:
        """Give fields of the info other values; two who do it at once lose nothing.

        Parameters
        ----------
        **values
            Fields of `RecordingInfo`.

        Returns
        -------
        RecordingInfo
            What it was before, of which the old values can be given back.

        Raises
        ------
        SettingsError
            If a value does not fit; the file is as it was.
        """
        with Leases(self.folder, f"recording {self.id}").short(".recording"):
            before = self.info
            plain = before.model_dump(mode="json")
            after = RecordingInfo.parse({**plain, **values}, source=str(self.toml_path))
            self.update(after)
        return before

    def resolve(self, path: str) -> Path:
        """The file that a path of ``recording.toml`` means.

        Raises
        ------
        DataError
            If it is not there.
        """
        found = resolve_path(path, self.study_folder)
        if not found.exists():
            raise DataError(
                f"recording {self.id} needs {path!r}, which is not there",
                file=found,
                hint="put the file back, or say where the files are now: "
                f"mousegpt relink {typed(self.study_folder)} FOLDER",
            )
        return found

    def relink(self, path: str, new: Path) -> None:
        """Say where a film, or a file of poses, times or calibration has gone.

        Raises
        ------
        DataError
            If no such path is in use, or the new file has another content.
        """
        info = self.info.model_dump(mode="json")
        parts = [film for view in info["views"] for film in view["films"]] + info["poses"]
        hits = [part for part in parts if part["path"] == path]
        if path not in self.info.paths:
            raise DataError(
                f"recording {self.id} does not use {path!r}",
                file=self.toml_path,
                hint="use a path as recording.toml writes it",
            )
        found = fingerprint(new)
        for part in hits:
            if part["fingerprint"] not in ("", found):
                raise DataError(
                    f"not the same file as {path!r}",
                    file=new,
                    expected=f"fingerprint {part['fingerprint']}",
                    found=found,
                    hint="add another recording for another film",
                )
            part["path"] = relative_path(new, self.study_folder)
        for view in info["views"]:
            for name in ("timestamps", "calibration"):
                if view[name] == path:
                    view[name] = relative_path(new, self.study_folder)
        self.change(views=info["views"], poses=info["poses"])


def relative_path(path: Path, study_folder: Path) -> str:
    """How a file is named in a study: relative where it lies in or near it, always with ``/``."""
    absolute = Path(os.path.abspath(path))
    try:
        relative = Path(os.path.relpath(absolute, os.path.abspath(study_folder)))
    except ValueError:  # another drive on Windows
        return absolute.as_posix()
    upwards = sum(part == ".." for part in relative.parts)
    return (relative if upwards <= _MOST_UPWARDS else absolute).as_posix()


def resolve_path(path: str, study_folder: Path) -> Path:
    """The file that a path of a study means; ``\\`` is taken as ``/`` where that finds it."""
    found = Path(study_folder, path)
    if not found.exists() and "\\" in path:
        return Path(study_folder, PurePosixPath(path.replace("\\", "/")))
    return Path(os.path.normpath(found))


def identified(info: RecordingInfo, study_folder: Path) -> RecordingInfo:
    """The info with paths relative to the study, and sizes and fingerprints filled in.

    Raises
    ------
    DataError
        If a file is not there.
    """
    values = info.model_dump(mode="json")
    for part in [film for view in values["views"] for film in view["films"]] + values["poses"]:
        found = _given_file(part["path"], study_folder, f"recording {info.id}: no such file")
        part["path"] = relative_path(found, study_folder)
        part["size"] = found.stat().st_size if found.is_file() else 0
        part["fingerprint"] = fingerprint(found)
    for view in values["views"]:
        for name in ("timestamps", "calibration"):
            if view[name]:
                found = _given_file(
                    view[name], study_folder, f"recording {info.id}: no such {name} file"
                )
                view[name] = relative_path(found, study_folder)
    return RecordingInfo.parse(values, source=f"recording {info.id}")


def _given_file(path: str, study_folder: Path, problem: str) -> Path:
    """A file that a user named: as in a shell, it is first looked for where one is.

    Raises
    ------
    DataError
        If it is not there.
    """
    found = Path(path).absolute()
    found = found if found.exists() else resolve_path(path, study_folder)
    if not found.exists():
        raise DataError(
            problem,
            file=path,
            hint="check the path; relative ones are looked for here and in the folder of the study",
        )
    return found


def recording_document(info: RecordingInfo) -> str:
    """A new ``recording.toml`` with comments that help a person to edit it."""
    document = tomlkit.document()
    for line in (
        "One recording. Edit freely: your changes and comments are kept.",
        "Paths are relative to the folder of the study.",
    ):
        document.add(tomlkit.comment(line))
    for key, value in _filled(document, info).items():
        for line in _COMMENTS.get(key, ()):
            document.add(tomlkit.comment(line))
        merge_into(document, {key: value})
        if isinstance(value, dict):
            document.add(tomlkit.nl())
    return tomlkit.dumps(document)


_COMMENTS = {
    "treatment": (
        "treatment: of this session alone, where the animal has others too (cross-over); empty =",
        "that of animals.csv",
    ),
    "views": (
        "fps: correct it where the film tells it wrong; timestamps: file with the time of each",
        "frame in s (csv, txt, npy) or the film itself; offset_s: added to the view's clock to",
        "bring it to that of the recording; calibration: kept for 3D",
    ),
    "space": (
        'unit of the poses: "px", "mm", "cm", "m" or "unknown" (as the files say)',
        "cm_per_unit = 0.05",
        "known_length = {a = [100, 200], b = [700, 200], length_cm = 40}",
        'seen_from: "above", "below" or "side"',
    ),
    "arena": (
        'shape: "none" (fitted), "circle" (diameter_cm), "rectangle" (width_cm, height_cm)',
        'or "polygon" (corners)',
        "centre and corners are in the unit of the poses, as read off the picture",
    ),
    "zones": ("pieces of ground in which time is measured, in pixels of the view's picture",),
}
#: Written even where they have their default, so that a person sees them.
_ALWAYS: dict[str, tuple[str, ...]] = {
    "": ("id", "individuals", "notes", "treatment", "skeleton", "space", "arena"),
    "space": ("unit", "seen_from"),
    "arena": ("shape",),
}


def _filled(document: Any, info: RecordingInfo) -> dict[str, Any]:
    """Values of an info that are not the default, or are in the document already."""
    given = info.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    full = info.model_dump(mode="json", exclude_none=True)
    return _with_shown(given, full, document, "")


def _with_shown(given: Any, full: Any, old: Any, place: str) -> dict[str, Any]:
    result = {}
    for key, value in full.items():
        before = old.get(key) if isinstance(old, dict) else None
        always = key in _ALWAYS.get(place, ())
        # A list that has become empty goes, unless a person should see it.
        there = before is not None and (value != [] or before == [])
        if not (key in given or there or always):
            continue
        part = given.get(key, {})
        if isinstance(value, dict):
            value = _with_shown(part, value, before, key)
        elif value and isinstance(value[0] if isinstance(value, list) else None, dict):
            parts = part if isinstance(part, list) else [{}] * len(value)
            olds = before if isinstance(before, list) and len(before) == len(value) else []
            olds = [*olds, *[None] * (len(value) - len(olds))]
            value = [
                _with_shown(p, v, o, f"{key}[]") for p, v, o in zip(parts, value, olds, strict=True)
            ]
        result[key] = value
    return result
