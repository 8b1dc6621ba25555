"""How soon the queue of doubtful frames shows errors that were put into real recordings.

Usage: python benchmarks/doubts.py FOLDER (of the real recordings) [SEED]. Errors of the recordings
themselves are in the queue too, so a share below 1 among the first N is not all the queue's fault.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from mousegpt_core.io import read_poses
from mousegpt_core.kinematics.anatomy import read_anatomy
from mousegpt_core.pose.doubts import doubtful_frames
from mousegpt_core.skeleton import Skeleton
from mousegpt_core.skeletons import BUILT_IN, guess_skeleton

#: Errors of each kind in a recording.
EACH = 6
NEAR_S = 0.5
FILES = (
    ("bsoid-openfield-bottomup", "**/*.csv", 60.0),
    ("behaviordepot-freezing-demo1", "**/demo1_tracking.csv", 50.0),
    ("vame-sample", "**/cropped_video.csv", 25.0),
    ("subtle-avatar3d", "y5a5/coords/adult_7678.csv", 20.0),
    ("sleap-anipose-4view-mouse", "**/minimal_top_proofread.slp", 30.0),
)


@dataclass
class Injected:
    """An error: its kind, and its rows (half-open)."""

    kind: str
    start: int
    stop: int


def skeleton_of(poses: xr.Dataset) -> Skeleton:
    """The skeleton that fits the names."""
    return guess_skeleton([str(name) for name in poses["keypoint"].values]).skeleton


def places(count: int, total: int, chance: np.random.Generator) -> list[int]:
    """Rows that are as far apart as can be."""
    room = total // count
    return [
        int(number * room + chance.integers(room // 4, max(room // 2, room // 4 + 1)))
        for number in chance.permutation(count)
    ]


def inject(poses: xr.Dataset, chance: np.random.Generator) -> tuple[xr.Dataset, list[Injected]]:
    """Poses with errors, and where they are."""
    skeleton = skeleton_of(poses)
    pairs = read_anatomy(skeleton, [str(name) for name in poses["keypoint"].values]).pairs
    position = poses["position"].values.copy()
    total, fps = len(position), float(poses.attrs["fps"])
    extent = float(np.nanmedian(np.nanmax(position, axis=2) - np.nanmin(position, axis=2)))
    kinds = ["jump", "drop"] + ["sides"] * bool(pairs) + ["identity"] * (position.shape[3] > 1)
    each = min(EACH, total // 60)
    rows = iter(places(each * len(kinds), total, chance))
    found = []
    for kind in kinds:
        for _ in range(each):
            start = next(rows)
            longest = 3 if kind == "jump" else max(int(0.5 * fps), 4)
            stop = min(start + int(chance.integers(1 if kind == "jump" else 3, longest)), total)
            keypoint = int(chance.integers(position.shape[2]))
            animal = int(chance.integers(position.shape[3]))
            span = slice(start, stop)
            if kind == "jump":
                way = chance.normal(size=position.shape[1])
                way *= chance.uniform(0.4, 1.5) * extent / np.linalg.norm(way)
                position[span, :, keypoint, animal] += way[None]
            elif kind == "drop":
                position[span, :, keypoint, animal] = np.nan
            elif kind == "sides":
                for left, right in pairs:
                    position[span, :, [left, right], animal] = position[
                        span, :, [right, left], animal
                    ]
            else:
                position[span] = position[span][..., ::-1]
            found.append(Injected(kind, start, stop))
    return poses.assign(position=(poses["position"].dims, position, poses["position"].attrs)), found


def two_animals(poses: xr.Dataset) -> xr.Dataset:
    """Both halves of a recording at once, as two animals in one arena."""
    half = poses.sizes["time"] // 2
    first, second = poses.isel(time=slice(0, half)), poses.isel(time=slice(half, 2 * half))
    second = second.assign_coords(time=first["time"], frame=first["frame"])
    parts = [
        part.assign_coords(individual=[name])
        for part, name in zip((first, second), "ab", strict=True)
    ]
    joined = xr.concat(parts, "individual", join="override", combine_attrs="override")
    return joined.transpose("time", "space", "keypoint", "individual")


def measure(name: str, poses: xr.Dataset, chance: np.random.Generator) -> None:
    """Print how much is found among the first of the queue."""
    wrong, errors = inject(poses, chance)
    skeleton = skeleton_of(poses)
    began = time.perf_counter()
    queue = doubtful_frames(wrong, skeleton)
    seconds = time.perf_counter() - began
    times, moments = poses["time"].values, queue["time_s"].to_numpy()

    def is_found(error: Injected, shown: np.ndarray) -> bool:
        first, last = times[error.start] - NEAR_S, times[error.stop - 1] + NEAR_S
        return bool(((shown >= first) & (shown <= last)).any())

    def shares(some: list[Injected]) -> str:
        firsts = [moments[: many * len(errors)] for many in (1, 2, 4)]
        found = [np.mean([is_found(error, shown) for error in some]) for shown in firsts]
        return " ".join(f"{share:.2f}" for share in found)

    kinds = list(dict.fromkeys(error.kind for error in errors))
    cells = [f"{kind} {shares([e for e in errors if e.kind == kind])}" for kind in kinds]
    print(
        f"{name:30s} {poses.sizes['time']:6d} frames, {len(errors)} errors, {seconds:.2f} s, "
        f"queue {len(queue):4d}: all {shares(errors)}; " + "; ".join(cells)
    )


def main(folder: Path, seed: int) -> None:
    """Measure all."""
    for name, pattern, fps in FILES:
        file = sorted((folder / name).glob(pattern))[0]
        names = list(BUILT_IN["SUBTLE-9"].keypoints) if "coords" in pattern else None
        poses = read_poses(file, fps=fps, keypoints=names)
        measure(name, poses, np.random.default_rng(seed))
        if poses.sizes["individual"] == 1 and poses.sizes["time"] > 1000:
            measure(f"{name}, twice", two_animals(poses), np.random.default_rng(seed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
