"""Films as image layers, of which napari reads only the frames that it shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt.arriving import arrived_or_none, meanwhile

if TYPE_CHECKING:
    from napari_mousegpt.layers import LayerTuple

    Reader = Callable[[str | list[str]], list[LayerTuple]]

#: Pictures do not tell their rate; a layer counts frames and needs none.
_NO_RATE = 1.0


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for films, or None for folders that are none.

    Files are chosen by their names; what is wrong with one is told when it is read.
    """
    paths = _paths(path)
    if not any(each.is_dir() for each in paths):
        return read if all(each.is_file() for each in paths) else None
    found = meanwhile(lambda: all(map(_may_be_film, paths)), f"Looking into {paths[0].name}")
    return read if found else None


def read(path: str | list[str]) -> list[LayerTuple]:
    """Read films, films converted to Zarr and folders of pictures; the time axis counts frames.

    Raises
    ------
    VideoError
        If one is damaged, or no film.
    """
    paths = _paths(path)

    def films() -> list[LayerTuple]:
        from mousegpt_core.video import open_film
        from napari_mousegpt.layers import film_layer

        layers = []
        with ExitStack() as stack:
            for item in paths:
                film = open_film(item, fps=_NO_RATE)
                stack.callback(film.close)
                layers.append(film_layer(film, name=item.stem))
            stack.pop_all()  # they stay open with their layers
        return layers

    return arrived_or_none(films, f"Reading {paths[0].name}")


def _may_be_film(path: Path) -> bool:
    from mousegpt_core.video import is_film_folder, open_film

    if not path.is_dir():
        return path.is_file()
    try:
        return is_film_folder(path) and len(open_film(path, fps=_NO_RATE)) > 0
    except MouseGPTError:
        return False


def _paths(path: str | list[str]) -> list[Path]:
    return [Path(item) for item in ([path] if isinstance(path, str) else path)]
