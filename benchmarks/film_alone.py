"""How near silhouettes come to poses: place, movement and freezing from nothing but the film.

Run: ``python benchmarks/film_alone.py [FILM POSES ...]``; by default the real recordings that have
both a film and poses of every frame (``MOUSEGPT_TEST_DATA``, as in ``quality.py``). Or
``python benchmarks/film_alone.py --synthetic FOLDER ...`` for recordings of one mouse by
``mousegpt synth``: a row a film with the share of the freezing frames that are named so
(``freezes``; the first and last 0.4 s of each bout left out), of the grooming, sniffing, scratching
and rearing frames that are named so wrongly (``busy``), and of all frames where the centre is more
than half a length from the middle of nose and tail base (``astray``).

Poses are the reference. Columns: share of the frames in which an animal is found; distance of the
outline's centre from the middle of nose and tail base (median and 90 % quantile, in lengths from
nose to tail base); share of the frames with the nose at the right end; correlation of the speeds in
windows of 1 s; agreement on moving and on freezing per frame (Cohen's kappa; ``-`` = neither names
any).
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.metrics import cohen_kappa_score

from mousegpt_core.io import read_poses
from mousegpt_core.pipeline import Work, run_recordings, study_for_file
from mousegpt_core.pipeline.recording_stages import primary_poses, recording_skeleton
from mousegpt_core.study import Recording, Study
from quality import DATA

FILMS = {
    "vame-sample": (
        "tests_project_sample_data/cropped_video.mp4",
        "tests_project_sample_data/cropped_video.csv",
    ),
}
_MOVING = ("walking", "running", "turning")
_STILL = ("freezing", "sleeping")
#: Of the synthetic mouse: what is no freezing, its ends, and how long it takes to change over.
_BUSY = ("grooming", "sniffing", "scratching", "rearing", "rearing_supported")
_ENDS = ("Snout", "TailBase")
_EDGE_S = 0.4


@dataclass(frozen=True)
class Seen:
    """What is known of one recording, made in one way."""

    poses: xr.Dataset
    kinematics: xr.Dataset
    ethogram: xr.Dataset
    nose: str
    tail: str

    def points(self, *names: str) -> np.ndarray:
        """Mean place (frame, 2) of keypoints."""
        place = self.poses["position"].isel(individual=0).sel(keypoint=list(names))
        return np.asarray(place.transpose("time", "keypoint", "space").mean("keypoint"))

    def is_one_of(self, names: tuple[str, ...]) -> np.ndarray:
        """Whether each frame's activity is one of these."""
        known = self.ethogram["activity"].values
        index = self.ethogram["activity_index"].values[:, 0]
        return np.isin(np.where(index < 0, "", known[index]), names)


def seen(film: Path, poses: Path | None, folder: Path, seen_from: str | None = None) -> Seen:
    """Run a film through the pipeline, with or without poses."""
    folder.mkdir()
    link = folder / film.name
    link.symlink_to(film)
    made = study_for_file(link, poses, seen_from=seen_from)
    study = Study.open(made.folder)
    run_recordings(Work(study), "descriptions")
    (recording,) = study.recordings.values()
    return Seen(
        primary_poses(recording).load(),
        recording.store.read_dataset("kinematics").load(),
        recording.store.read_dataset("ethogram").load(),
        *_ends(study, recording),
    )


def _ends(study: Study, recording: Recording) -> tuple[str, str]:
    skeleton = recording_skeleton(study, recording)
    nose, tail = skeleton.keypoint("nose"), skeleton.keypoint("tail_base")
    if nose is None or tail is None:
        raise SystemExit(f"{recording.id}: the poses need a nose and a tail base")
    return nose, tail


def compare(alone: Seen, posed: Seen) -> dict[str, float]:
    """The columns."""
    _, a, b = np.intersect1d(
        alone.poses["frame"].values, posed.poses["frame"].values, return_indices=True
    )
    nose, tail = posed.points(posed.nose)[b], posed.points(posed.tail)[b]
    length = float(np.nanmedian(np.linalg.norm(nose - tail, axis=1)))
    away = np.linalg.norm(alone.points("centre")[a] - (nose + tail) / 2, axis=1) / length
    end = alone.points("nose")[a]
    right = np.linalg.norm(end - nose, axis=1) < np.linalg.norm(end - tail, axis=1)
    known = np.isfinite(away)
    moving = [each.is_one_of(_MOVING) for each in (alone, posed)]
    still = [each.is_one_of(_STILL) for each in (alone, posed)]
    both = min(map(len, moving))
    return {
        "found": float(np.isfinite(end[:, 0]).mean()),
        "centre": float(np.median(away[known])),
        "centre_90": float(np.quantile(away[known], 0.9)),
        "nose_right": float(right[known].mean()),
        "speed_r": _speeds_agree(alone, posed),
        "moving_kappa": _kappa(moving[0][:both], moving[1][:both]),
        "freezing_kappa": _kappa(still[0][:both], still[1][:both]),
    }


def _speeds_agree(alone: Seen, posed: Seen) -> float:
    means = []
    for each in (alone, posed):
        speed = each.kinematics["speed"].isel(individual=0)
        means.append(speed.groupby(np.floor(speed["time"]).astype(int)).mean().values)
    shorter = min(map(len, means))
    one, two = (mean[:shorter] for mean in means)
    known = np.isfinite(one) & np.isfinite(two)
    return float(np.corrcoef(one[known], two[known])[0, 1])


def _kappa(one: np.ndarray, two: np.ndarray) -> float:
    return float(cohen_kappa_score(one, two)) if (one | two).any() else float("nan")


def against_truth(film: Path, alone: Seen) -> dict[str, float]:
    """The columns of a synthetic film."""
    frames = alone.poses["frame"].values
    labels = pd.read_csv(film.parent / "mouse.truth.csv")["label"].to_numpy()[frames]
    named = alone.is_one_of(_STILL)[: len(labels)]
    changes = np.flatnonzero(labels[1:] != labels[:-1])
    times = alone.poses["time"].values
    inside = np.array([np.abs(times[changes] - time).min(initial=1.0) > _EDGE_S for time in times])
    true = read_poses(film.with_suffix(".poses.csv"))["position"].isel(individual=0, time=frames)
    ends = [true.sel(keypoint=name).transpose("time", "space").values for name in _ENDS]
    length = float(np.nanmedian(np.linalg.norm(ends[0] - ends[1], axis=1)))
    away = np.linalg.norm(alone.points("centre") - (ends[0] + ends[1]) / 2, axis=1) / length
    return {
        "freezes": _mean(named[inside & (labels == "freezing")]),
        "busy": _mean(named[np.isin(labels, _BUSY)]),
        "astray": _mean(away > 0.5),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def synthetic(folders: list[Path]) -> None:
    """Print a row a film of synthetic recordings."""
    print("film".ljust(30), *(head.rjust(10) for head in ("freezes", "busy", "astray")))
    for film in (film for folder in folders for film in sorted(folder.glob("*.mp4"))):
        with tempfile.TemporaryDirectory() as folder:
            side = "above" if film.stem == "top" else "side"
            row = against_truth(film, seen(film, None, Path(folder) / "alone", side))
        values = ("-" if np.isnan(value) else f"{value:.3f}" for value in row.values())
        print(f"{film.parent.name}/{film.stem}".ljust(30), *(value.rjust(10) for value in values))


def main() -> None:
    """Print a row a film."""
    if sys.argv[1:2] == ["--synthetic"]:
        synthetic([Path(argument) for argument in sys.argv[2:]])
        return
    given = [Path(argument) for argument in sys.argv[1:]]
    pairs = {film.name: (film, poses) for film, poses in zip(given[::2], given[1::2], strict=True)}
    pairs = pairs or {
        name: (DATA / name / film, DATA / name / poses) for name, (film, poses) in FILMS.items()
    }
    heads = (
        "found",
        "centre",
        "centre_90",
        "nose_right",
        "speed_r",
        "moving_kappa",
        "freezing_kappa",
    )
    print("film".ljust(20), *(head.rjust(15) for head in heads))
    for name, (film, poses) in pairs.items():
        with tempfile.TemporaryDirectory() as folder:
            alone = seen(film, None, Path(folder) / "alone")
            row = compare(alone, seen(film, poses, Path(folder) / "posed"))
        values = ("-" if np.isnan(row[head]) else f"{row[head]:.3f}" for head in heads)
        print(name.ljust(20), *(value.rjust(15) for value in values))


if __name__ == "__main__":
    main()
