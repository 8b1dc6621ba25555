"""Files that were dropped, sorted into recordings by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: What is read as a film by its ending.
FILM_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".m2ts", ".flv",
    ".wmv", ".asf", ".h264", ".hevc",
)  # fmt: skip


@dataclass(frozen=True)
class Dropped:
    """Files of one recording.

    Attributes
    ----------
    id : str
        What it will be called.
    films, poses : tuple of Path
        Its files.
    """

    id: str
    films: tuple[Path, ...]
    poses: tuple[Path, ...]

    def arguments(self, study: Path) -> list[str]:
        """Those of ``mousegpt`` that add it to a study."""
        options = [part for film in self.films for part in ("--film", str(film))]
        options += [part for file in self.poses for part in ("--poses", str(file))]
        return ["add", str(study), "--id", self.id, *options]


def sort_files(
    paths: Iterable[Path], taken: Sequence[str] = ()
) -> tuple[list[Dropped], list[Path]]:
    """Which recordings some files make.

    A file of poses belongs to the film whose name it begins with (``mouse.mp4``,
    ``mouseDLC_resnet50.csv``), the longest such name; one that fits no film is a recording of its
    own.

    Parameters
    ----------
    paths : iterable of Path
        Films and files, or folders, of poses.
    taken : sequence of str
        Ids that the study has already.

    Returns
    -------
    recordings : list of Dropped
        In the order of their names; ids are free.
    others : list of Path
        Files that are neither.
    """
    from mousegpt_core.pipeline import is_poses
    from mousegpt_core.study import safe_name
    from mousegpt_core.video import is_film_folder

    films: list[Path] = []
    poses: list[Path] = []
    others: list[Path] = []
    for path in sorted(set(paths)):
        if path.suffix.lower() in FILM_SUFFIXES or (path.is_dir() and is_film_folder(path)):
            films.append(path)
        else:
            (poses if is_poses(path) else others).append(path)
    of_film: dict[Path, list[Path]] = {film: [] for film in films}
    alone = []
    for file in poses:
        fitting = [film for film in films if file.name.startswith(film.stem)]
        if fitting:
            of_film[max(fitting, key=lambda film: len(film.stem))].append(file)
        else:
            alone.append(file)
    found: list[tuple[str, tuple[Path, ...], tuple[Path, ...]]] = [
        (film.stem, (film,), tuple(files)) for film, files in of_film.items()
    ]
    found += [(file.stem, (), (file,)) for file in alone]
    used = {name.casefold() for name in taken}
    recordings = []
    for name, its_films, its_poses in sorted(found):
        id = _free(safe_name(name), used)
        recordings.append(Dropped(id, its_films, its_poses))
    return recordings, others


def _free(id: str, used: set[str]) -> str:
    """The id, with a number where it is taken."""
    candidate, number = id, 2
    while candidate.casefold() in used:
        candidate, number = f"{id}-{number}", number + 1
    used.add(candidate.casefold())
    return candidate
