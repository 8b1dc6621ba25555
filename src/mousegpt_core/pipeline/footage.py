"""The films of one recording as a protocol shows them: clips, pictures, measured words."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.clips import CLIPS, make_table
from mousegpt_core.describe.cutting import cut_by, spread_frames
from mousegpt_core.describe.pictures import (
    DRAWING_VERSION,
    Seen,
    beside,
    draw_view,
    median_frame,
    sheet,
    whole_box,
)
from mousegpt_core.describe.prompt import Shown
from mousegpt_core.describe.protocol import Protocol
from mousegpt_core.describe.protocol_tables import Frames
from mousegpt_core.errors import DataError, StageMissingError
from mousegpt_core.language import Picture
from mousegpt_core.pipeline.filmed import FilmedView, open_view, views_with_films
from mousegpt_core.pipeline.recording_stages import primary_pose
from mousegpt_core.pipeline.sights import Sights
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording, Study, fingerprint
from mousegpt_core.video import Image, animal_box, encode_jpeg

#: Frames and bytes of film from which a background is made.
_MOST_SAMPLES, _FEWEST_SAMPLES, _SAMPLE_BYTES = 31, 9, 256 << 20
#: Regions of MouseGPT's prompt, and how they are called in it.
_REGIONS = {
    "overall": "whole body",
    "head": "head",
    "forelimb_left": "left forelimb",
    "forelimb_right": "right forelimb",
    "hindlimb_left": "left hindlimb",
    "hindlimb_right": "right hindlimb",
}
_CENTRED = "The picture is centred on the animal that is asked about."


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame of a view that is to be shown; what `Seen` has but its image."""

    filmed: FilmedView
    number: int
    seen: Seen


class Footage:
    """One recording.

    Parameters
    ----------
    study : Study
        The study.
    recording : Recording
        The recording.
    protocol : Protocol
        What is shown and how.
    stack : ExitStack
        Closes the films.
    """

    def __init__(
        self, study: Study, recording: Recording, protocol: Protocol, stack: ExitStack
    ) -> None:
        self.recording = recording
        self.sights = Sights(study, recording)
        self._protocol = protocol
        self._stack = stack
        self._lock = threading.RLock()
        self._films: dict[str, FilmedView] = {}
        self._marks: dict[str, str] = {}
        self._backgrounds: dict[str, Image] = {}

    def clips(self) -> pd.DataFrame:
        """The recording as the protocol cuts it, table `clips.CLIPS`.

        Raises
        ------
        DataError
            If it has neither poses nor a film.
        StageMissingError
            If it is cut by bouts that are not there.
        """
        cutting = self._protocol.clips
        poses = self.sights.primary
        if poses is None:
            if cutting.bouts:
                raise self._no_bouts(cutting.bouts)
            main = self._filmed(self._views()[0])
            frames = np.arange(len(main.times))
            return cut_by(
                cutting, main.times, frames, recording=self.recording.id,
                clock_view=main.view.name,
            )  # fmt: skip
        names = [str(each) for each in poses["individual"].values]
        tables = [
            cut_by(
                cutting,
                poses["time"].values,
                poses["frame"].values,
                recording=self.recording.id,
                individual=name,
                clock_view=primary_pose(self.recording).view,
                bouts=self._bouts(name) if cutting.bouts else None,
            )
            for name in (names if cutting.of == "animal" else [""])
        ]
        return pd.concat(tables, ignore_index=True) if tables else make_table(CLIPS, {})

    def show(self, clip: pd.Series[Any]) -> Shown:
        """A clip as the protocol shows it; nothing is decoded.

        Raises
        ------
        DataError, VideoError
            If no film shows it, or a film cannot be opened.
        """
        with self._lock:
            planned = self._plan(clip)
        settings = self._protocol.frames
        if settings.layout == "sheet":
            pictures = [self._picture(planned)]
        else:
            pictures = [self._picture([moment]) for moment in planned]
        measured = [self.measured(clip)]
        if clip["individuals"] and self.sights.primary is not None:
            several = self.sights.primary.sizes["individual"] > 1
            measured += [_CENTRED] if several and settings.crop == "animal" else []
        return Shown(
            tuple(pictures),
            frames=len(planned),
            seconds=float(clip["stop_s"] - clip["start_s"]),
            measured=" ".join(filter(None, measured)),
        )

    # -- films ----------------------------------------------------------------------------

    def _views(self) -> list[str]:
        found = [view.name for view in views_with_films(self.recording.info)]
        if not found:
            raise DataError(
                f"recording {self.recording.id} has no film to show",
                file=self.recording.toml_path,
                hint="mousegpt add the recording with --film FILE, or describe it by kinematics",
            )
        return found

    def _filmed(self, name: str) -> FilmedView:
        with self._lock:
            if name not in self._films:
                view = self.recording.info.view(name)
                self._films[name] = open_view(self.recording, view, self._stack)
                shown = view.shown
                told = shown.fingerprint if shown else ""
                self._marks[name] = told or fingerprint(self._films[name].film.path)
            return self._films[name]

    def _background(self, name: str) -> Image:
        with self._lock:
            if name not in self._backgrounds:
                film = self._filmed(name).film
                fit = _SAMPLE_BYTES // max(int(np.prod(film.shape[1:])), 1)
                count = min(len(film), int(np.clip(fit, _FEWEST_SAMPLES, _MOST_SAMPLES)))
                numbers = np.unique(np.linspace(0, len(film) - 1, count).round().astype(int))
                images = [image for _, image in film.frames([int(n) for n in numbers])]
                self._backgrounds[name] = median_frame(images)
            return self._backgrounds[name]

    # -- what of a clip is shown ----------------------------------------------------------

    def _plan(self, clip: pd.Series[Any]) -> list[list[_Frame]]:
        """Frames of the views that are shown, moment by moment."""
        numbers, moments = self._moments(clip)
        reached = {name: self._numbers(name, clip, numbers, moments) for name in self._views()}
        reached = {name: found for name, found in reached.items() if None not in found}
        place = self.sights.place(str(clip["individuals"]), moments)
        chosen = self._chosen(list(reached), clip, moments, reached, place)
        by_view = [
            self._frames_of(name, clip, moments, [n for n in reached[name] if n is not None], place)
            for name in chosen
        ]
        return [list(moment) for moment in zip(*by_view, strict=True)]

    def _moments(self, clip: pd.Series[Any]) -> tuple[NDArray[np.int64], list[float]]:
        """Frames by the number of the clip's clock, and their times on the recording's."""
        start, stop = int(clip["start_frame"]), int(clip["stop_frame"])
        numbers = spread_frames(start, stop, self._protocol.frames.count)
        poses = self.sights.primary
        if poses is not None:
            times = np.interp(numbers, poses["frame"].values, poses["time"].values)
        else:
            times = self._filmed(self._views()[0]).times[numbers]
        return numbers, [float(each) for each in times]

    def _numbers(
        self,
        name: str,
        clip: pd.Series[Any],
        numbers: NDArray[np.int64],
        moments: list[float],
    ) -> list[int | None]:
        """Frames of a view at moments."""
        filmed = self._filmed(name)
        if name == clip["clock_view"]:
            # The poses count this film's frames, whatever their clock says.
            return [int(n) if n < len(filmed.film) else None for n in numbers]
        return [filmed.number_at(moment) for moment in moments]

    def _chosen(
        self,
        reached: list[str],
        clip: pd.Series[Any],
        moments: list[float],
        numbers: dict[str, list[int | None]],
        place: NDArray[np.float64] | None,
    ) -> list[str]:
        """The views that are shown."""
        choice = self._protocol.views
        unknown = [name for name in choice.names if name not in self._views()]
        if unknown and choice.show == "named":
            raise DataError(
                f"recording {self.recording.id} has no film of the view {unknown[0]!r}",
                expected=", ".join(self._views()),
                hint="correct [views] names in the protocol",
            )
        wanted = [name for name in choice.names if name in reached]
        if not reached or (choice.show == "named" and len(wanted) < len(choice.names)):
            raise DataError(
                f"no film shows {clip['clip_id']}",
                found=f"{clip['start_s']:.2f} to {clip['stop_s']:.2f} s",
                hint="films may be shorter than poses; such clips cannot be shown",
            )
        if choice.show == "named":
            return wanted
        if choice.show == "all":
            order = [view.name for view in self.recording.info.views]
            return sorted(reached, key=order.index)
        if choice.show == "one" or len(reached) == 1:
            return (wanted or reached)[:1]
        sides = [n for n in reached if choice.overhead or not self.sights.is_overhead(n, place)]
        hidden = [n for n in reached if not self._shows_all(n, clip, moments, numbers[n])]
        pair = self.sights.best_pair(sides if len(sides) > 1 else reached, place, hidden)
        if pair is not None:
            return list(pair)
        return (wanted if len(wanted) > 1 else sides if len(sides) > 1 else reached)[:2]

    def _shows_all(
        self, name: str, clip: pd.Series[Any], moments: list[float], numbers: list[int | None]
    ) -> bool:
        """Whether a view shows all keypoints that are known at all."""
        frames = [n for n in numbers if n is not None]
        points = self.sights.keypoints(name, str(clip["individuals"]), moments, frames)
        if points is None:
            return True
        height, width = self._filmed(name).film.shape[1:3]
        inside = ((points >= 0) & (points < [width, height])).all(axis=-1)
        return bool(inside.mean() > 0.9)

    def _frames_of(
        self,
        name: str,
        clip: pd.Series[Any],
        moments: list[float],
        numbers: list[int],
        place: NDArray[np.float64] | None,
    ) -> list[_Frame]:
        """The frames of one view: all cut alike."""
        settings, filmed = self._protocol.frames, self._filmed(name)
        individual = str(clip["individuals"])
        points = self.sights.keypoints(name, individual, moments, numbers)
        aspect = settings.size[0] / settings.size[1]
        shape = filmed.film.shape[1:3]
        known = points.reshape(-1, 2) if points is not None and settings.crop == "animal" else None
        margin = min(settings.margin, settings.margin_most * _extent(points))
        box = whole_box(animal_box(shape, known, margin, aspect), shape)
        scale = self.sights.px_per_cm(name, place) if settings.scale_bar else float("nan")
        drawn = settings.keypoints and points is not None
        made = []
        for row, (moment, number) in enumerate(zip(moments, numbers, strict=True)):
            trail = None
            if settings.trail_s:
                trail = self.sights.path(name, individual, moment, number, settings.trail_s)
            seen = Seen(
                np.empty((0, 0, 3), dtype=np.uint8),
                box,
                keypoints=points[row] if drawn and points is not None else None,
                edges=self.sights.edges if individual else (),
                trail=trail,
                px_per_cm=scale,
                number=row + 1,
                count=len(numbers),
            )
            made.append(_Frame(filmed, number, seen))
        return made

    # -- pictures -------------------------------------------------------------------------

    def _picture(self, planned: list[list[_Frame]]) -> Picture:
        settings = self._protocol.frames
        load: Callable[[], bytes] = partial(self._draw, planned, settings)
        return Picture(self._told(planned, settings), load)

    def _told(self, planned: list[list[_Frame]], settings: Frames) -> str:
        """All that the picture is made of, in the same words for the same picture."""
        frames = [
            [
                {
                    "film": self._marks[frame.filmed.view.name],
                    "frame": frame.number,
                    "box": frame.seen.box,
                    "drawn": _drawn(frame.seen, settings),
                }
                for frame in moment
            ]
            for moment in planned
        ]
        how = settings.fingerprint()
        # These decide which frames and box, which are said already.
        for key in ("count", "crop", "margin", "margin_most", "trail_s"):
            del how[key]
        told = {"drawing": DRAWING_VERSION, "how": how, "frames": frames}
        return json.dumps(told, sort_keys=True)

    def _draw(self, planned: list[list[_Frame]], settings: Frames) -> bytes:
        """Decode and draw; called when the picture is sent, from any thread."""
        moments = []
        for moment in planned:
            views = []
            for frame in moment:
                seen = replace(frame.seen, image=frame.filmed.film.frame(frame.number))
                if settings.background == "remove":
                    background = self._background(frame.filmed.view.name)
                    seen = replace(seen, background=background)
                views.append(draw_view(seen, settings))
            moments.append(beside(views))
        whole = sheet(moments) if settings.layout == "sheet" else moments[0]
        return encode_jpeg(whole, settings.quality)

    # -- words ----------------------------------------------------------------------------

    def measured(self, clip: pd.Series[Any]) -> str:
        """Speeds of regions, averaged over the clip, in words.

        Empty where they are not known, or the protocol does not tell them.
        """
        kinematics = self.sights.kinematics
        told = self._protocol.words.kinematics == "speeds" and clip["individuals"]
        if kinematics is None or "region_speed" not in kinematics or not told:
            return ""
        times = kinematics["time"].values
        rows = slice(*np.searchsorted(times, [clip["start_s"] - 1e-6, clip["stop_s"] - 1e-6]))
        speed = (
            kinematics["region_speed"].isel(time=rows).sel(individual=clip["individuals"]).load()
        )
        mean = speed.mean("time", skipna=True) if speed.sizes["time"] else None
        said = []
        for region, name in _REGIONS.items():
            if mean is None or region not in mean["region"].values:
                continue
            value = float(mean.sel(region=region))
            if np.isfinite(value):
                said.append(f"{name} {value:.0f}" if value >= 10 else f"{name} {value:.1f}")
        return f"Measured speeds in cm/s: {', '.join(said)}." if said else ""

    def _bouts(self, individual: str) -> pd.DataFrame:
        """Bouts of the labelling that the protocol names, of one animal."""
        name = self._protocol.clips.bouts
        store = self.recording.store
        stage = name if name == "activities" else f"bouts/{name}"
        if store.entry(stage) is None:
            raise self._no_bouts(name)
        table = store.read_table(stage)
        return table[table["individual"] == individual].sort_values("start_s")

    def _no_bouts(self, name: str) -> StageMissingError:
        return StageMissingError(
            f"recording {self.recording.id} has no bouts of {name!r} to be cut by",
            hint="mousegpt run STUDY"
            if name == "activities"
            else f"mousegpt classify STUDY --labels {name}.toml, or choose other clips",
        )


def _extent(points: NDArray[np.float64] | None) -> float:
    """Longer side of the keypoints' box in a typical frame (px); inf = not known."""
    if points is None:
        return float("inf")
    sides = [
        float(np.ptp(seen, axis=0).max())
        for frame in points
        if len(seen := frame[np.isfinite(frame).all(axis=1)]) > 1
    ]
    return float(np.median(sides)) if sides else float("inf")


def _drawn(seen: Seen, settings: Frames) -> str:
    """Hash of what is drawn into a frame; empty if nothing is."""
    drawn: dict[str, Any] = {}
    if seen.keypoints is not None:
        drawn["keypoints"] = np.round(seen.keypoints, 1).tolist()
        drawn["edges"] = seen.edges
    if seen.trail is not None:
        drawn["trail"] = np.round(seen.trail, 1).tolist()
    if settings.scale_bar and np.isfinite(seen.px_per_cm):
        drawn["px_per_cm"] = round(seen.px_per_cm, 3)
    if settings.number:
        drawn["number"] = [seen.number, seen.count]
    return content_hash(drawn) if drawn else ""
