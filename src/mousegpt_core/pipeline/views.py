"""The views of a recording that is added: their films and clocks, and whether poses fit them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import xarray as xr

from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.pipeline.clocks import DECIMALS
from mousegpt_core.poses import is_rate_of
from mousegpt_core.study import Film as FilmFile
from mousegpt_core.study import PoseFile, View, safe_name, validate_name
from mousegpt_core.video import open_film, rate_of_timestamps, read_timestamps

#: A keypoint farther outside of the picture than this share of its size is not of that film.
PICTURE_MARGIN = 0.25
#: A film with fewer frames than this share of the poses is of another recording. One that was cut,
#: or broke off, may well be much shorter.
LEAST_FILMED = 0.5

Value = TypeVar("Value")
#: What a user says of a view, by its name, or None where there is only one.
Named = tuple[str | None, Value]


@dataclass(frozen=True)
class ViewOptions:
    """What a user says of the views of a recording.

    Attributes
    ----------
    films : sequence of (view or None, Path)
        Where no view is given, it is the film's name. Several of one view are its channels.
    channels : sequence of (view or None, str)
        Of the films of each view, in their order.
    timestamps : sequence of (view or None, Path)
        Files with the time of each frame.
    offsets : sequence of (view or None, float)
        Seconds to add to the clock of a view.
    calibration : Path, optional
        That of all views.
    fps : float, optional
        Frames per second, where the films do not say or say it wrong.
    """

    films: Sequence[Named[Path]] = ()
    channels: Sequence[Named[str]] = ()
    timestamps: Sequence[Named[Path]] = ()
    offsets: Sequence[Named[float]] = ()
    calibration: Path | None = None
    fps: float | None = None


@dataclass(frozen=True)
class OpenedView:
    """A view whose files were looked at.

    Attributes
    ----------
    view : View
        As it will be in recording.toml.
    frames, width, height : int
        Of the film that is shown; 0 = none.
    stamps : int
        Number of its timestamps; 0 = none of its own.
    remarks : tuple of str
        What the user should know of the film.
    """

    view: View
    frames: int = 0
    width: int = 0
    height: int = 0
    stamps: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The film's path."""
        film = self.view.shown
        return film.path if film else ""


def open_views(options: ViewOptions, others: Iterable[str]) -> dict[str, OpenedView]:
    """Look at the films and timestamps of a recording.

    Parameters
    ----------
    options : ViewOptions
        What the user says.
    others : iterable of str
        Views that poses are of, which may have no film.

    Returns
    -------
    dict of str to OpenedView
        By name; those of which nothing is said but that there are poses are left out.

    Raises
    ------
    DataError, VideoError
        If a file cannot be read.
    SettingsError
        If an option is of no view, or says the same thing twice.
    """
    films: dict[str, list[Path]] = {}
    for given, path in options.films:
        name = validate_name(given, "name of a view") if given else safe_name(path.stem)
        films.setdefault(name, []).append(path)
    names = list(dict.fromkeys([*films, *others])) or ["camera"]
    channels = _grouped(options.channels, names, "--channel")
    timestamps = _single(options.timestamps, names, "--timestamps")
    offsets = _single(options.offsets, names, "--offset")
    told = {*films, *timestamps, *offsets}
    opened = {}
    for name in (name for name in names if name in told or options.calibration is not None):
        view = View(
            name=name,
            films=_channels(name, films.get(name, []), channels.get(name, [])),
            timestamps=str(timestamps.get(name, "")),
            offset_s=offsets.get(name, 0.0),
            calibration=str(options.calibration or ""),
        )
        opened[name] = _opened(view, options.fps)
    return opened


def _grouped(
    given: Sequence[Named[Value]], names: Sequence[str], option: str
) -> dict[str, list[Value]]:
    """What is said of each view."""
    found: dict[str, list[Value]] = {}
    for name, value in given:
        if name not in names and (name or len(names) > 1):
            raise SettingsError(
                f"{option} {name or ''}{'=' if name else ''}{value} is of no view"
                if name
                else f"{option} {value}: of which view?",
                hint=f"views: {', '.join(names)}, as in {option} {names[0]}={value}",
            )
        found.setdefault(name or names[0], []).append(value)
    return found


def _single(given: Sequence[Named[Value]], names: Sequence[str], option: str) -> dict[str, Value]:
    grouped = _grouped(given, names, option)
    for name, values in grouped.items():
        if len(values) > 1:
            raise SettingsError(
                f"{option} is given {len(values)} times for the view {name}", hint="give it once"
            )
    return {name: values[0] for name, values in grouped.items()}


def _channels(view: str, films: list[Path], channels: list[str]) -> tuple[FilmFile, ...]:
    """The films of a view, one a channel."""
    if len(films) > 1 and len(set(channels)) < len(films):
        raise DataError(
            f"two films are of the view {view!r}",
            file=films[1],
            hint="name the views: --film VIEW=FILE; or the channels of one camera, in the order of "
            f"its films: --channel {view}=reflectance --channel {view}=fluorescence",
        )
    if len(channels) > len(films):
        raise SettingsError(
            f"--channel: the view {view!r} has {len(films)} films and {len(channels)} channels",
            hint="give one channel a film",
        )
    names = [*channels, *[""] * (len(films) - len(channels))]
    return tuple(FilmFile(path=str(p), channel=c) for p, c in zip(films, names, strict=True))


def _opened(view: View, fps: float | None) -> OpenedView:
    """The view with the size of its film, its rate, and timestamps where frames are uneven."""
    opened, rate, own = OpenedView(view), None, None
    for file in view.films:
        with open_film(file.path, fps=fps) as film:
            if file == view.shown:
                count, height, width = film.shape[:3]
                opened = OpenedView(view, count, width, height, remarks=film.remarks)
                rate, own = float(film.fps), film.times if film.is_uneven else None
    if view.timestamps:
        path = Path(view.timestamps)
        times = read_timestamps(path)
        opened = replace(opened, stamps=len(times))
        view = _with_clock(view, rate_of_timestamps(times, fps, path), str(path))
    elif own is not None and (fps is None or is_rate_of(fps, own)):
        view = _with_clock(view, fps or rate, opened.shown)
    else:
        view = _with_clock(view, fps or rate, "")
    return replace(opened, view=view)


def _with_clock(view: View, fps: float | None, timestamps: str) -> View:
    rate = None if fps is None else round(fps, DECIMALS)
    return view.model_copy(update={"fps": rate, "timestamps": timestamps})


def remarks_on(views: Iterable[OpenedView]) -> list[str]:
    """What is remarkable about films, and timestamps that are not as many as their frames."""
    views = list(views)
    return [f"{one.view.name}: {remark}" for one in views for remark in one.remarks] + [
        f"{Path(one.view.timestamps).name} has {one.stamps} times and the film of {one.view.name} "
        f"{one.frames} frames; the first belongs to the first"
        for one in views
        if one.frames and one.stamps and one.frames != one.stamps
    ]


def as_timed_by_poses(opened: OpenedView, poses: xr.Dataset) -> OpenedView:
    """The view with the clock of poses, where their file has times of its own."""
    view = opened.view
    if view.timestamps and not (poses.attrs["timed"] and view.timestamps == opened.shown):
        return opened
    return replace(opened, view=_with_clock(view, float(poses.attrs["fps"]), ""))


def check_against_film(
    poses: xr.Dataset, file: PoseFile, opened: OpenedView, remarks: list[str]
) -> None:
    """Refuse poses that cannot be of their film; remark on lengths that differ.

    Raises
    ------
    DataError
        If keypoints of 2D poses lie outside of the picture, or the film shows less than half of
        them.
    """
    if not opened.frames:
        return
    _check_length(poses, file, opened, remarks)
    if not file.view:
        return
    x, y = (poses["position"].sel(space=axis).values for axis in ("x", "y"))
    margin = PICTURE_MARGIN
    outside = (
        (x < -margin * opened.width) | (x > (1 + margin) * opened.width)
        | (y < -margin * opened.height) | (y > (1 + margin) * opened.height)
    )  # fmt: skip
    seen = np.isfinite(x)
    if seen.any() and outside[seen].mean() > 0.05:
        raise DataError(
            "keypoints lie outside of the picture: this seems to be the wrong film",
            file=file.path,
            expected=f"coordinates within {opened.width} x {opened.height} px",
            found=f"x up to {np.nanmax(x):.0f}, y up to {np.nanmax(y):.0f}",
            hint="check that film and poses belong together and were not cropped or resized",
        )


def _check_length(
    poses: xr.Dataset, file: PoseFile, opened: OpenedView, remarks: list[str]
) -> None:
    numbers = poses["frame"].values
    frames = int(numbers[-1]) + 1
    if frames == opened.frames:
        return
    # Of a recording in 3D, a film may well show a part.
    if file.view and opened.frames < LEAST_FILMED * frames - 1:
        raise DataError(
            "there are more poses than the film has frames: this seems to be the wrong film",
            file=file.path,
            expected=f"about {opened.frames} frames, as in {opened.shown}",
            found=f"{frames} frames",
            hint="check that they belong together; poses can also be added without a film",
        )
    unseen = int((numbers >= opened.frames).sum())
    rest = (
        f"for {unseen} of the poses, at the end, there is no picture"
        if unseen
        else "the film's other frames have no poses and are left out"
    )
    remarks.append(
        f"{Path(file.path).name} has {frames} frames and the film {opened.frames}; they are "
        f"matched by the number of the frame, and {rest}"
    )
