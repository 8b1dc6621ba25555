"""Whatever it is: opened as a film."""

from __future__ import annotations

from pathlib import Path

from mousegpt_core.video.contract import FilmLike
from mousegpt_core.video.film import Film
from mousegpt_core.video.folder import ImageFolder


def open_film(path: Path | str, *, fps: float | None = None) -> FilmLike:
    """Open a film or a folder of pictures.

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
    return ImageFolder(path, fps) if path.is_dir() else Film(path)
