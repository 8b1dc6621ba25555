"""Files that were dropped: what each is, and to which recording and view it belongs; a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mousegpt_core.errors import MouseGPTError, UnnamedKeypointsError
from mousegpt_core.io import FILM_SUFFIXES

#: What a file can be; the last is left out.
ROLES = ("film", "poses", "calibration", "treatments", "nothing")
#: Words that name a camera in the name of a film. Mere letters do so after such a word only, or
#: where a calibration says it: animals, cages and days are called like that, too.
_VIEW = re.compile(
    r"(?:top|bottom|side|back|front|mid|middle|left|right|above|below|overhead|"
    r"cam|camera|view|video)\d*",
    re.IGNORECASE,
)
_CAMERA = re.compile(r"cam|camera|view|video", re.IGNORECASE)
_WHICH = re.compile(r"[a-z]?\d*", re.IGNORECASE)
#: Words for films and pictures of a calibration, which are no recording.
_BOARD = re.compile(r"calib|charuco|chess.?board|checker.?board", re.IGNORECASE)
_SHEETS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
#: Formats of poses that may not name their keypoints.
_MAY_LACK_NAMES = ("plain-csv", "sleap-h5", "dannce-mat")
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
    named : bool
        False of poses whose file does not name the keypoints.
    """

    path: Path
    role: str
    recording: str = ""
    view: str = ""
    named: bool = True


@dataclass(frozen=True)
class Unsaid:
    """What a person says where files do not.

    Attributes
    ----------
    fps : float
        Frames per second; 0 = the files say it.
    unit : str
        Of the coordinates, one of `mousegpt_core.io.UNITS`; ``""`` = the files say it.
    keypoints : str
        Names with commas between them, or one skeleton, for files that do not name theirs.
    """

    fps: float = 0.0
    unit: str = ""
    keypoints: str = ""


def guess(paths: Iterable[Path], taken: Sequence[str] = ()) -> list[Dropped]:
    """What some files are, for a person to check.

    Films whose names differ only in a word for the camera (``m1_top.mp4``, ``m1_side.mp4``) are
    views of one recording. A file of poses belongs to the film whose name it begins with
    (``mouse.mp4``, ``mouseDLC_resnet50.csv``), the longest such name; poses that begin with what
    views have in common are theirs in 3D, as are poses in 3D that lie beside their folders; others
    are a recording of their own. Of several files of the same poses, e.g. in two formats, the first
    is taken.

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
    cameras = {name for path in found if roles[path] == "calibration" for name in _cameras(path)}
    films = _views([path for path in found if roles[path] == "film"], cameras)
    placed = [_placed(path, roles[path], films) for path in found]
    placed = _one_of_a_view([_calibrated(one, placed) for one in placed])
    used = {name.casefold() for name in taken}
    ids: dict[str, str] = {}
    for one in placed:
        if one.recording and one.recording not in ids:
            ids[one.recording] = _free(one.recording, used)
    named = [
        replace(one, recording=ids.get(one.recording, ""), named=_is_named(one)) for one in placed
    ]
    return sorted(named, key=lambda one: (ROLES.index(one.role) >= 3, one.recording))


def unnamed(items: Iterable[Dropped]) -> list[Dropped]:
    """Poses of recordings none of whose files names the keypoints."""
    poses = [one for one in items if one.role == "poses"]
    known = {one.recording for one in poses if one.named}
    return [one for one in poses if one.recording not in known]


def arguments(
    items: Sequence[Dropped], study: Path, said: Unsaid | None = None
) -> dict[str, list[str]]:
    """Those of ``mousegpt add`` for each recording, by its id.

    Parameters
    ----------
    items : sequence of Dropped
        As a person left them.
    study : Path
        Where they are added.
    said : Unsaid, optional
        What the files do not say. Keypoints are for recordings none of whose files names them:
        of others they would be those to keep.
    """
    said = said or Unsaid()
    commands: dict[str, list[str]] = {}
    for one in items:
        if one.role in ("film", "poses", "calibration") and one.recording:
            command = commands.setdefault(one.recording, ["add", str(study), "--id", one.recording])
            named = f"{one.view}={one.path}" if one.view else str(one.path)
            command += [f"--{one.role}", str(one.path) if one.role == "calibration" else named]
    common = ["--fps", f"{said.fps:g}"] if said.fps > 0 else []
    common += ["--unit", said.unit] if said.unit else []
    names = ["--keypoints", said.keypoints] if said.keypoints else []
    nameless = {one.recording for one in unnamed(items)}
    return {
        id: [*command, *common, *(names if id in nameless else [])]
        for id, command in commands.items()
    }


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
        return "calibration" if _cameras(path) else "nothing"
    if is_poses(path):
        return "poses"
    return "treatments" if path.suffix.lower() in _SHEETS and _lists_animals(path) else "nothing"


def _is_3d(path: Path) -> bool:
    """Whether poses are in 3D; files of mere numbers, which do not say, are taken for 2D."""
    from mousegpt_core.io import read_poses, recognise_format

    try:
        return bool(read_poses(path, assumed_fps=1.0).sizes["space"] == 3)
    except UnnamedKeypointsError:
        return recognise_format(path) != "plain-csv"
    except MouseGPTError:
        return False


def _is_named(one: Dropped) -> bool:
    """False of poses whose file does not name its keypoints."""
    from mousegpt_core.io import read_poses, recognise_format

    if one.role != "poses" or recognise_format(one.path) not in _MAY_LACK_NAMES:
        return True
    try:
        read_poses(one.path, assumed_fps=1.0)
    except UnnamedKeypointsError:
        return False
    except MouseGPTError:
        return True  # what else is wrong is told when it is added
    return True


def _cameras(path: Path) -> set[str]:
    """Names of the cameras of a calibration; none where it is none."""
    from mousegpt_core.geometry import read_calibration

    try:
        return {camera.name.casefold() for camera in read_calibration(path).cameras}
    except MouseGPTError:
        return set()


def _lists_animals(path: Path) -> bool:
    from mousegpt_core.study.animals import read_animals

    try:
        return len(read_animals(path)) > 0
    except MouseGPTError:
        return False


def _views(films: list[Path], cameras: set[str]) -> dict[Path, Dropped]:
    """Films with their recordings; several that differ only in the camera's word are views."""
    alike: dict[tuple[str, ...], list[tuple[str, Path]]] = {}
    for film in films:
        words = re.split(r"[\s_.\-]+", film.stem)
        first, last = _camera(words, cameras)
        camera, rest = "_".join(words[first:last]), (*words[:first], *words[last:])
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


def _camera(words: list[str], cameras: set[str]) -> tuple[int, int]:
    """Which words of a film's name are its camera, the last that may be; from = to for none.

    Parameters
    ----------
    words : list of str
        Of the name.
    cameras : set of str
        Those of the calibrations beside it.
    """
    for place in range(len(words) - 1, -1, -1):
        word, after = words[place], words[place + 1 : place + 2]
        if _CAMERA.fullmatch(word) and after and _WHICH.fullmatch(after[0]):
            return place, place + 2
        if word.casefold() in cameras or _VIEW.fullmatch(word):
            return place, place + 1
    return 0, 0


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
    if len(below) == 1 and _is_3d(path):
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
