"""Reading and writing poses: one file per format, recognised by looking into the file."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mousegpt_core.errors import DataError, FormatError, typed
from mousegpt_core.io.files import replaced_file

if TYPE_CHECKING:
    import xarray as xr

    from mousegpt_core.io.contract import RawPoses, ReadOptions

UNITS = ("px", "mm", "cm", "m", "unknown")


@dataclass(frozen=True)
class PoseFormat:
    """A format of poses.

    Attributes
    ----------
    name : str
        Name to ask for it by.
    title : str
        For people.
    suffixes : tuple of str
        Usual endings of file names.
    module : str
        Module with ``recognise(path) -> bool``, ``read(path, options) -> RawPoses``,
        ``LOOKED_FOR`` and, if it `writes`, ``write(poses, path) -> None``; imported on use.
    writes : bool
        Whether poses can be written in this format too.
    is_folder : bool
        Whether it is a folder of files.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    module: str
    writes: bool = False
    is_folder: bool = False

    def recognise(self, path: Path) -> bool:
        """Whether a file is of this format; looks at its beginning only."""
        return path.is_dir() == self.is_folder and bool(self._load().recognise(path))

    def read(self, path: Path, options: ReadOptions) -> RawPoses:
        """Read a file."""
        raw: RawPoses = self._load().read(path, options)
        return raw

    def write(self, poses: xr.Dataset, path: Path) -> None:
        """Write a file; on failure nothing is left and an older file stays as it was."""
        try:
            with replaced_file(path) as partial:
                self._load().write(poses, partial)
        except FormatError as error:  # the writer knows the unfinished file only
            raise FormatError(error.message, file=path, hint=error.hint) from error

    @property
    def looked_for(self) -> str:
        """What makes a file this format."""
        return str(self._load().LOOKED_FOR)

    def _load(self) -> ModuleType:
        return importlib.import_module(self.module)


#: By name.
FORMATS: dict[str, PoseFormat] = {
    each.name: each
    for each in (
        PoseFormat("dlc-csv", "DeepLabCut, Lightning Pose, EKS csv", (".csv",),
                   "mousegpt_core.io.dlc_csv", writes=True),
        PoseFormat("dlc-h5", "DeepLabCut h5", (".h5", ".hdf5"), "mousegpt_core.io.dlc_h5",
                   writes=True),
        PoseFormat("anipose-csv", "Anipose's pose-3d csv", (".csv",),
                   "mousegpt_core.io.anipose_csv"),
        PoseFormat("sleap-h5", "SLEAP analysis h5", (".h5", ".hdf5"),
                   "mousegpt_core.io.sleap_h5", writes=True),
        PoseFormat("sleap-slp", "SLEAP labels", (".slp",), "mousegpt_core.io.sleap_slp",
                   writes=True),
        PoseFormat("coco", "COCO keypoints JSON", (".json",), "mousegpt_core.io.coco", writes=True),
        PoseFormat("openpose", "OpenPose folder of JSON", (), "mousegpt_core.io.openpose",
                   is_folder=True),
        PoseFormat("dannce-mat", "DANNCE, Label3D mat", (".mat",), "mousegpt_core.io.dannce_mat"),
        PoseFormat("qualisys-mat", "Qualisys mat", (".mat",), "mousegpt_core.io.qualisys_mat"),
        PoseFormat("trc", "motion capture's trc", (".trc",), "mousegpt_core.io.trc"),
        PoseFormat("movement", "movement's netCDF", (".nc", ".h5"),
                   "mousegpt_core.io.movement_nc", writes=True),
        PoseFormat("nwb", "NWB with ndx-pose", (".nwb",), "mousegpt_core.io.nwb", writes=True),
        PoseFormat("wide-csv", "csv with name_x, name_y columns", (".csv", ".tsv", ".txt"),
                   "mousegpt_core.io.wide_csv", writes=True),
        PoseFormat("long-csv", "csv with a row for each point", (".csv", ".tsv", ".txt"),
                   "mousegpt_core.io.long_csv", writes=True),
        PoseFormat("plain-csv", "csv without a header; keypoints are named by you",
                   (".csv", ".tsv", ".txt"), "mousegpt_core.io.plain_csv"),
    )
}  # fmt: skip
#: Endings of films, which people name in place of their poses.
FILM_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".m2ts", ".flv",
    ".wmv", ".asf", ".h264", ".hevc",
)  # fmt: skip
#: So much is shown of a file that is of no known format.
_SHOWN_BYTES = 120


def describe_format_table() -> list[dict[str, Any]]:
    """Rows ``name, title, suffixes, writes`` of all formats, for the documentation."""
    return [
        {"name": each.name, "title": each.title, "suffixes": each.suffixes, "writes": each.writes}
        for each in FORMATS.values()
    ]


def recognise_format(path: Path | str) -> str:
    """Name of a file's format.

    Raises
    ------
    FormatError
        If no format or several fit; says what was looked for.
    """
    path = Path(path)
    found = [each.name for each in FORMATS.values() if each.recognise(path)]
    if len(found) == 1:
        return found[0]
    if found:
        raise FormatError(
            "fits several formats", file=path, found=", ".join(found),
            hint=f"choose one with --format, as in --format {found[0]}",
        )  # fmt: skip
    if path.suffix.lower() in FILM_SUFFIXES and path.is_file():
        raise FormatError(
            "looks like a film, not like poses", file=path,
            hint=f"analyse it by itself: mousegpt run {typed(Path(path.name))}",
        )  # fmt: skip
    if path.is_dir():
        raise FormatError(
            "a folder without poses", file=path,
            expected="; ".join(each.looked_for for each in FORMATS.values() if each.is_folder),
            hint="name the file of poses in it",
        )  # fmt: skip
    usual = [each for each in FORMATS.values() if path.suffix.lower() in each.suffixes]
    looked_for = "; ".join(f"{each.name}: {each.looked_for}" for each in usual or FORMATS.values())
    raise FormatError(
        "no known format of poses", file=path, expected=looked_for, found=_first_line(path),
        hint="name it with --format NAME, or convert it to a csv with nose_x, nose_y, ... columns",
    )  # fmt: skip


def _first_line(path: Path) -> str:
    """How a file of text begins; ``""`` for any other."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        line = file.readline(_SHOWN_BYTES).decode("utf-8", "replace").strip()
    return repr(line) if line.isprintable() and "\ufffd" not in line[:-1] and line else ""


def read_poses(
    path: Path | str,
    *,
    format: str | None = None,
    keypoints: Sequence[str] | None = None,
    fps: float | None = None,
    unit: str | None = None,
    layout: str | None = None,
    view: str | None = None,
    assumed_fps: float | None = None,
) -> xr.Dataset:
    """Read poses of any known format.

    Parameters
    ----------
    path : Path
        The file.
    format : str, optional
        A key of `FORMATS`; by default found by looking into the file.
    keypoints : sequence of str, optional
        Names of the keypoints where the file has none, or the name of one built-in skeleton or
        of OpenPose's model (``"BODY_25"``, ``"BODY_25B"``); else the keypoints to keep, in this
        order.
    fps : float, optional
        Frames per second, needed where the file does not say it.
    unit : str, optional
        One of `UNITS`; by default what the file says, else px in 2D and unknown in 3D.
    layout : str, optional
        Columns of one keypoint in headerless tables: ``"xy"``, ``"xyl"``, ``"xyz"``, ``"xyzl"``.
    view : str, optional
        Which of the views that the file holds (its cameras), where it holds several; ``"3d"`` for
        the points in space.
    assumed_fps : float, optional
        Frames per second if neither the file nor `fps` tells them, to look at a file whose rate
        does not matter; the attribute ``rate_assumed`` is 1 then.

    Returns
    -------
    Dataset
        As in `mousegpt_core.poses`; dims (time, space, keypoint, individual); attribute
        ``source_file`` is the file's name.

    Raises
    ------
    FormatError
        If the format is unknown or the file damaged.
    DataError
        If the frame rate is unknown, or nothing was ever seen.
    """
    from mousegpt_core.io.build import build_poses
    from mousegpt_core.io.contract import ReadOptions
    from mousegpt_core.io.openpose import MODELS
    from mousegpt_core.skeletons import find_built_in

    path = Path(path)
    if format is not None:
        _find_format(format)
    if unit is not None and unit not in UNITS:
        raise DataError(
            f"unknown unit {unit!r}", expected=", ".join(UNITS), hint="give --unit px, mm, cm or m"
        )
    names = tuple(str(name) for name in keypoints or ())
    if len(names) == 1:
        skeleton = find_built_in(names[0])
        names = skeleton.keypoints if skeleton else MODELS.get(names[0].upper(), names)
    name = format if format is not None else recognise_format(path)
    raw = FORMATS[name].read(path, ReadOptions(names, layout or "", view or ""))
    return build_poses(raw, path, keep=names, fps=fps, unit=unit, assumed_fps=assumed_fps)


def write_poses(poses: xr.Dataset, path: Path | str, *, format: str | None = None) -> Path:
    """Write poses in any format that can be written.

    Parameters
    ----------
    poses : Dataset
        As in `mousegpt_core.poses`; may be lazy.
    path : Path
        The file to write; an older one is replaced at once, or not at all.
    format : str, optional
        A key of `FORMATS`; by default the only one that writes files with this ending.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    FormatError
        If the format is unknown, cannot be written, or cannot hold these poses.
    """
    path = Path(path)
    chosen = _find_format(format) if format is not None else _by_suffix(path)
    if not chosen.writes:
        raise FormatError(
            f"the format {chosen.name!r} is read but not written",
            hint="written are: " + ", ".join(e.name for e in FORMATS.values() if e.writes),
        )
    chosen.write(poses, path)
    return path


def _find_format(name: str) -> PoseFormat:
    if name not in FORMATS:
        raise FormatError(f"no format is called {name!r}", hint="there are: " + ", ".join(FORMATS))
    return FORMATS[name]


def _by_suffix(path: Path) -> PoseFormat:
    fitting = [e for e in FORMATS.values() if e.writes and path.suffix.lower() in e.suffixes]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(each.name for each in fitting or FORMATS.values() if each.writes)
    raise FormatError(
        f"the ending {path.suffix!r} does not say which format to write",
        file=path,
        hint=f"choose one with --format: {names}",
    )
