"""Points layers back to files of poses, in the format that the file had or its ending says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mousegpt_core.errors import DataError, FormatError
from napari_mousegpt.deeplabcut_layers import is_deeplabcuts, poses_of_deeplabcuts
from napari_mousegpt.points import poses_of_layer


def write_points(path: str, data: Any, options: dict[str, Any]) -> list[str]:
    """Write a points layer as poses.

    A file that is there is replaced at once or not at all, and only if it holds poses; it is kept
    beside as ``NAME.before-N``.

    Parameters
    ----------
    path : str
        The file.
    data, options
        The layer, as napari gives it to writers; of napari-deeplabcut, too.

    Returns
    -------
    list of str
        The file.

    Raises
    ------
    DataError
        If the points are not poses, or another kind of file is there.
    FormatError
        If no format of poses has this ending, or it cannot hold these.
    """
    return [str(write_layer(Path(path), data, options)[0])]


def write_layer(file: Path, data: Any, options: dict[str, Any]) -> tuple[Path, Path | None]:
    """Write a points layer as `write_points` does.

    Returns
    -------
    (Path, Path or None)
        The file, and what was there before, kept beside it.
    """
    from mousegpt_core.io import write_poses
    from mousegpt_core.io.files import keep_copy
    from mousegpt_core.study.files import writing

    deeplabcuts = is_deeplabcuts(options)
    poses = (poses_of_deeplabcuts if deeplabcuts else poses_of_layer)(data, options)
    _refuse_one_view_of_several(file, options)
    format = _format(file, str(options.get("metadata", {}).get("format", "")))
    with writing(file):
        kept = keep_copy(file) if file.exists() else None
        return write_poses(poses, file, format=format), kept


def _refuse_one_view_of_several(file: Path, options: dict[str, Any]) -> None:
    """A file of several views is not replaced by one of them."""
    if file.exists() and options.get("metadata", {}).get("view"):
        raise DataError(
            "the layer is one of several views, and would replace a file that may hold them all",
            file=file,
            hint="choose another name",
        )


def _format(file: Path, was: str) -> str | None:
    """The format to write: of the file that is there, else that was read; None = by the ending."""
    from mousegpt_core.io import FORMATS, recognise_format

    if file.exists():
        try:
            was = recognise_format(file)
        except FormatError as error:
            raise DataError(
                "there is another file, which is not one of poses",
                file=file,
                hint="choose another name",
            ) from error
    suffix = file.suffix.lower()
    fitting = [one.name for one in FORMATS.values() if one.writes and suffix in one.suffixes]
    return was if was in fitting else next(iter(fitting), None)
