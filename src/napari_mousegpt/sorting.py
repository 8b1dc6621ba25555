"""Files that were dropped: what each is, and to which recording and view it belongs; a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.io import FILM_SUFFIXES

#: What a file can be; the last is left out.
ROLES = ("film", "poses", "calibration", "treatments", "nothing")
#: Words that name a camera in the name of a film.
_VIEW = re.compile(
    r"(?:top|bottom|side|back|front|mid|middle|left|right|above|below|overhead|"
    r"(?:cam|camera|view|video)\d*|[a-d])\d*",
    re.IGNORECASE,
)
#: Words for films and pictures of a calibration, which are no recording.
_BOARD = re.compile(r"calib|charuco|chess.?board|checker.?board", re.IGNORECASE)
_SHEETS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
#: Folders are looked through so deep.
_DEEP = 3


@dataclass(frozen=True)
class Dropped:
    """A file, and what it is taken for.

    Attributes
    ----------
    path : Path
        The file, or a folder of poses or of pictures.
    role : str
        One of `ROLES`.
    recording : str
        Id of the recording it belongs to; ``""`` of a table of treatments, or of nothing.
    view : str
        The view; ``""`` = the only one, or in 3D.
    """

    path: Path
    role: str
    recording: str = ""
    view: str = ""


def guess(paths: Iterable[Path], taken: Sequence[str] = ()) -> list[Dropped]:
    """What some files are, for a person to check.

    Films whose names differ only in a word for the camera (``m1_top.mp4``, ``m1_side.mp4``) are
    views of one recording. A file of poses belongs to the film whose name it begins with
    (``mouse.mp4``, ``mouseDLC_resnet50.csv``), the longest such name; poses that begin with what
    views have in common, or lie beside their folders, are theirs in 3D; others are a recording of
    their own. Of several files of the same poses, e.g. in two formats, the first is taken.

    Parameters
    ----------
    paths : iterable of Path
        Files, and folders that are looked through.
    taken : sequence of str
        Ids that the study has already.

    Returns
    -------
    list of Dropped
        By recording; ids are free.
    """
    found = sorted({file: None for path in paths for file in _files(path, _DEEP)})
    roles = {path: _role(path) for path in found}
    films = _views([path for path in found if roles[path] == "film"])
    placed = [_placed(path, roles[path], films) for path in found]
    placed = _one_of_a_view([_calibrated(one, placed) for one in placed])
    used = {name.casefold() for name in taken}
    ids: dict[str, str] = {}
    for one in placed:
        if one.recording and one.recording not in ids:
            ids[one.recording] = _free(one.recording, used)
    named = [replace(one, recording=ids.get(one.recording, "")) for one in placed]
    return sorted(named, key=lambda one: (ROLES.index(one.role) >= 3, one.recording))


def arguments(items: Sequence[Dropped], study: Path, *, fps: float = 0.0) -> dict[str, list[str]]:
    """Those of ``mousegpt add`` for each recording, by its id.

    Parameters
    ----------
    items : sequence of Dropped
        As a person left them.
    study : Path
        Where they are added.
    fps : float
        Frames per second where the files do not say; 0 = they do.
    """
    commands: dict[str, list[str]] = {}
    for one in items:
        if one.role in ("film", "poses", "calibration") and one.recording:
            command = commands.setdefault(one.recording, ["add", str(study), "--id", one.recording])
            named = f"{one.view}={one.path}" if one.view else str(one.path)
            command += [f"--{one.role}", str(one.path) if one.role == "calibration" else named]
    rate = ["--fps", f"{fps:g}"] if fps > 0 else []
    return {id: [*command, *rate] for id, command in commands.items()}


def _files(path: Path, deep: int) -> Iterable[Path]:
    """The file itself, or what a folder holds; folders that are a film or poses are whole."""
    from mousegpt_core.pipeline import is_poses
    from mousegpt_core.video import is_film_folder

    if not path.is_dir() or is_film_folder(path) or is_poses(path):
        yield path
    elif deep:
        for file in sorted(path.iterdir()):
            if not file.name.startswith("."):
                yield from _files(file, deep - 1)


def _role(path: Path) -> str:
    from mousegpt_core.pipeline import is_poses
    from mousegpt_core.video import is_film_folder

    if path.suffix.lower() in FILM_SUFFIXES or (path.is_dir() and is_film_folder(path)):
        return "nothing" if _BOARD.search(path.name) else "film"
    if path.suffix.lower() == ".toml":
        return "calibration" if _holds_cameras(path) else "nothing"
    if is_poses(path):
        return "poses"
    return "treatments" if path.suffix.lower() in _SHEETS and _lists_animals(path) else "nothing"


def _holds_cameras(path: Path) -> bool:
    from mousegpt_core.geometry import read_calibration

    try:
        read_calibration(path)
    except MouseGPTError:
        return False
    return True


def _lists_animals(path: Path) -> bool:
    from mousegpt_core.study.animals import read_animals

    try:
        return len(read_animals(path)) > 0
    except MouseGPTError:
        return False


def _views(films: list[Path]) -> dict[Path, Dropped]:
    """Films with their recordings; several that differ only in the camera's word are views."""
    alike: dict[tuple[str, ...], list[tuple[str, Path]]] = {}
    for film in films:
        words = re.split(r"[\s_.\-]+", film.stem)
        cameras = [word for word in words if _VIEW.fullmatch(word)]
        camera = cameras[-1] if cameras else ""
        rest = tuple(word for word in words if word != camera)
        alike.setdefault((*rest, "" if camera else film.stem), []).append((camera, film))
    found = {}
    for rest, named in alike.items():
        # Films of one name in folders of their own: the folders are the cameras.
        folders = len(named) > 1 and not any(camera for camera, _ in named)
        group = [(film.parent.name if folders else camera, film) for camera, film in named]
        apart = len({camera for camera, _ in group}) == len(group) > 1
        common = "_".join(rest[:-1]) or group[0][1].parent.name
        for camera, film in group:
            found[film] = (
                Dropped(film, "film", _safe(common), _safe(camera))
                if apart
                else Dropped(film, "film", _safe(film.stem))
            )
    return found


def _placed(path: Path, role: str, films: dict[Path, Dropped]) -> Dropped:
    if role == "film":
        return films[path]
    if role != "poses":
        return Dropped(path, role)
    fitting = [film for film in films if path.name.startswith(film.stem)]
    if fitting:
        return replace(films[max(fitting, key=lambda film: len(film.stem))], path=path, role=role)
    together = {one.recording for one in films.values() if one.view}
    common = [name for name in together if _safe(path.stem).startswith(name)]
    if common:
        return Dropped(path, role, max(common, key=len))
    # Beside the folders of the views: of all of them.
    several = [one for one in films.values() if one.view]
    below = {one.recording for one in several if path.parent in one.path.parent.parents}
    if len(below) == 1:
        return Dropped(path, role, below.pop())
    return Dropped(path, role, _safe(path.stem))


def _calibrated(one: Dropped, all_of_them: Sequence[Dropped]) -> Dropped:
    """A calibration goes with the one recording of several views."""
    several = {each.recording for each in all_of_them if each.view}
    if one.role == "calibration" and len(several) == 1:
        return replace(one, recording=several.pop())
    return one


def _one_of_a_view(items: Sequence[Dropped]) -> list[Dropped]:
    seen: set[tuple[str, str]] = set()
    kept = []
    for one in items:
        key = (one.recording, one.view)
        again = one.role == "poses" and key in seen
        kept.append(replace(one, role="nothing") if again else one)
        if one.role == "poses":
            seen.add(key)
    return kept


def _safe(name: str) -> str:
    from mousegpt_core.study import safe_name

    return safe_name(name)


def _free(id: str, used: set[str]) -> str:
    """The id, with a number where it is taken."""
    candidate, number = id, 2
    while candidate.casefold() in used:
        candidate, number = f"{id}-{number}", number + 1
    used.add(candidate.casefold())
    return candidate
