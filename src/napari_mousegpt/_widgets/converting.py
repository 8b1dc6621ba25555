"""A film that is looked at becomes a Zarr film, while one goes on looking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mousegpt_core.errors import DataError
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.telling import errors_told, tell


def convert_film_of(layer: Any, runner: Runner) -> None:
    """Convert the film of a layer to Zarr beside it; broken off, it goes on the next time.

    Parameters
    ----------
    layer : Layer or None
        An image layer of a film.
    runner : Runner
        Runs the command.
    """
    with errors_told():
        film = _film_of(layer)
        runner.run(f"Converting {film.name}", ("convert", str(film)), _tell_made)


def _tell_made(made: dict[str, Any]) -> None:
    tell(
        f"{made['film']}: {made['frames']} frames, {made['megabytes']:.0f} MB. "
        "Open it in place of the film, or name it wherever a film is asked for."
    )


def _film_of(layer: Any) -> Path:
    """The file of a layer's film.

    Raises
    ------
    DataError
        If the layer is of no film.
    """
    path = getattr(getattr(layer, "data", None), "path", None)
    if path is None or not Path(path).is_file():
        raise DataError(
            "no film is chosen",
            found=f"the layer {layer.name!r}" if layer is not None else "no layer",
            hint="click the layer of a film, or convert it by mousegpt convert FILM",
        )
    return Path(path)
