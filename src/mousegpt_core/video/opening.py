"""Whatever it is, opened as a film."""

from __future__ import annotations

from pathlib import Path

from mousegpt_core.video.contract import FilmLike
from mousegpt_core.video.film import Film
from mousegpt_core.video.folder import ImageFolder, has_pictures
from mousegpt_core.video.zarr_film import ZarrFilm, is_zarr


def open_film(path: Path | str, *, fps: float | None = None) -> FilmLike:
    """Open a film, a folder of pictures or a film that was converted to Zarr.

    Parameters
    ----------
    path : Path
        File or folder.
    fps : float, optional
        Frames per second, where the film itself does not tell.

    Raises
    ------
    VideoError
        If it is none of these, or damaged.
    SettingsError
        If it does not tell its rate and none is given.
    """
    path = Path(path)
    if is_zarr(path):
        return ZarrFilm(path)
    return ImageFolder(path, fps) if path.is_dir() else Film(path)


def is_film_folder(path: Path | str) -> bool:
    """Whether a folder is a film: of pictures, or converted to Zarr."""
    path = Path(path)
    return path.is_dir() and (is_zarr(path) or has_pictures(path))
