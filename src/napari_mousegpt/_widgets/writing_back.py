"""Points that were read from a file are saved in it, by a command: no type of file to choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Points

from mousegpt_core.errors import DataError
from napari_mousegpt._widgets.telling import errors_told, tell
from napari_mousegpt._writers import write_layer
from napari_mousegpt.arriving import meanwhile


def write_points_back(layer: Any) -> None:
    """Save a points layer in the file that it was read from; its former state is kept beside it.

    Parameters
    ----------
    layer : Layer or None
        The layer; what is wrong with it is told.
    """
    with errors_told():
        file = _file_of(layer)
        data, options, _ = layer.as_layer_data_tuple()
        _, kept = meanwhile(lambda: write_layer(file, data, options), f"Saving {file.name}")
        before = f"; as it was before: {kept.name}" if kept is not None else ""
        tell(f"{file.name} is saved{before}")


def _file_of(layer: Any) -> Path:
    """The file of a layer's poses.

    Raises
    ------
    DataError
        If the layer was read from none, or that is gone.
    """
    found = f"the layer {layer.name!r}" if layer is not None else "no layer"
    file = None
    if isinstance(layer, Points):
        file = layer.metadata.get("file") or layer.source.path
    if not file:
        raise DataError(
            "no points that were read from a file are chosen",
            found=found,
            hint="click their layer; keypoints of a study are saved as you correct them, and "
            "written into their files by the dock Keypoints",
        )
    if not Path(file).is_file():
        raise DataError(
            "the file that these points were read from is gone",
            file=Path(file),
            hint="save the layer under File, with the type of MouseGPT",
        )
    return Path(file)
