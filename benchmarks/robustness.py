"""How the ethogram bears poorer recordings: noise, gaps, slow cameras, few keypoints, other mice.

Run: ``python benchmarks/robustness.py [NAME ...]`` (all perturbations, or those whose names contain
one of the words); real recordings are found by ``MOUSEGPT_TEST_DATA`` as in ``quality.py``.

Columns: macro-F1 of the five SUBTLE recordings, pooled (3D, 9 keypoints); freezing F1 of the
BehaviorDEPOT demo (2D, 8 keypoints); macro-F1 of a synthetic mouse in 3D with 24 keypoints and, of
four activities that can be seen from above, in 2D with 5. Rules and settings are the defaults
throughout.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from mousegpt_core.describe.ethogram import compute_ethogram
from mousegpt_core.describe.rules import Rules, load_rules
from mousegpt_core.kinematics import prepare_scene
from mousegpt_core.poses import make_poses
from mousegpt_core.skeletons import BUILT_IN
from mousegpt_core.synthetic import NoiseSettings, SimulationSettings, simulate
from quality import (
    BEHAVIOURS,
    SUBTLE_LABELS,
    Labelled,
    f1_scores,
    freezing_f1,
    freezing_recording,
    kinematics_of,
    predict,
    subtle_recordings,
    thinned,
)

_RATES = {"scratching": 5.0, "stretching": 3.0, "turning": 2.0, "jumping": 4.0, "freezing": 2.0}
_SEEN_FROM_ABOVE = ("Snout", "EarL", "EarR", "SpineG", "TailBase")
_SAME = {"face_grooming": "grooming", "body_grooming": "grooming", "rearing_unsupported": "rearing"}
_COARSE = {
    "walking": "walking",
    "running": "walking",
    "turning": "walking",
    "standing": "standing",
    "sniffing": "standing",
    "crouching": "standing",
    "stretching": "standing",
    "grooming": "grooming",
    "scratching": "grooming",
    "freezing": "freezing",
    "sleeping": "freezing",
}

Perturbation = Callable[[Labelled], Labelled]


def body_length(recording: Labelled) -> float:
    """Nose to tail base, in the unit of its poses."""
    skeleton = BUILT_IN[recording.skeleton]
    scene = prepare_scene(recording.poses, skeleton, cm_per_unit=1.0)
    return scene.body_length_cm or float("nan")


def moved(recording: Labelled, position: np.ndarray) -> Labelled:
    """The recording with other positions."""
    poses = recording.poses.copy()
    poses["position"] = recording.poses["position"].copy(data=position.astype(np.float32))
    return replace(recording, poses=poses)


def white_noise(share: float) -> Perturbation:
    """Noise of its own on every coordinate; a share of the body."""

    def perturb(recording: Labelled) -> Labelled:
        position = recording.poses["position"].values
        noise = np.random.default_rng(0).normal(0, share * body_length(recording), position.shape)
        return moved(recording, position + noise)

    return perturb


def slow_noise(share: float, memory_s: float = 0.1) -> Perturbation:
    """Noise that lasts for some frames, as a tracker's errors do (autoregressive)."""

    def perturb(recording: Labelled) -> Labelled:
        from scipy.signal import lfilter

        position = recording.poses["position"].values
        keep = np.exp(-1 / (memory_s * recording.poses.attrs["fps"]))
        white = np.random.default_rng(0).normal(0, np.sqrt(1 - keep**2), position.shape)
        slow = lfilter([1.0], [1.0, -keep], white, axis=0)
        return moved(recording, position + share * body_length(recording) * slow)

    return perturb


def missing(share: float, mean_s: float = 0.1) -> Perturbation:
    """Keypoints that are not seen for some frames."""

    def perturb(recording: Labelled) -> Labelled:
        position = recording.poses["position"].values.copy()
        rng = np.random.default_rng(0)
        series = rng.random((position.shape[0], *position.shape[2:]))
        leave = min(1.0, 1 / (mean_s * recording.poses.attrs["fps"]))
        enter = leave * share / (1 - share)
        lost = np.zeros(series.shape, dtype=bool)
        for frame in range(1, len(lost)):
            chance = series[frame]
            lost[frame] = np.where(lost[frame - 1], chance > leave, chance < enter)
        position[np.broadcast_to(lost[:, None], position.shape)] = np.nan
        return moved(recording, position)

    return perturb


def jumps(share: float, far: float = 0.7) -> Perturbation:
    """Keypoints found elsewhere for a single frame, some body lengths away."""

    def perturb(recording: Labelled) -> Labelled:
        position = recording.poses["position"].values.copy()
        rng = np.random.default_rng(0)
        away = rng.normal(0, far * body_length(recording), position.shape)
        hit = rng.random((position.shape[0], *position.shape[2:])) < share
        return moved(recording, np.where(hit[:, None], position + away, position))

    return perturb


def swaps(share: float, mean_s: float = 0.2) -> Perturbation:
    """Left and right taken for each other for some frames."""

    def perturb(recording: Labelled) -> Labelled:
        position = recording.poses["position"].values.copy()
        rng = np.random.default_rng(0)
        frames = max(1, round(mean_s * recording.poses.attrs["fps"]))
        for left, right in _pairs(recording):
            swapped = np.repeat(rng.random(len(position) // frames + 1) < share, frames)
            swapped = swapped[: len(position)]
            one, other = position[swapped, :, left].copy(), position[swapped, :, right].copy()
            position[swapped, :, left], position[swapped, :, right] = other, one
        return moved(recording, position)

    return perturb


def _roles(recording: Labelled) -> dict[str, str]:
    """Role of each keypoint that has one."""
    skeleton = BUILT_IN[recording.skeleton]
    names = [str(name) for name in recording.poses["keypoint"].values]
    return {name: role for name in names if (role := skeleton.role_of(name))}


def _pairs(recording: Labelled) -> list[tuple[int, int]]:
    """Keypoints of the two sides."""
    names = [str(name) for name in recording.poses["keypoint"].values]
    by_role = {role: names.index(name) for name, role in _roles(recording).items()}
    return [
        (index, by_role[role.replace("left", "right")])
        for role, index in by_role.items()
        if role.endswith("left") and role.replace("left", "right") in by_role
    ]


def rounded(parts: float) -> Perturbation:
    """Coordinates in whole pixels, so many to the body."""

    def perturb(recording: Labelled) -> Labelled:
        pixel = body_length(recording) / parts
        return moved(recording, np.round(recording.poses["position"].values / pixel) * pixel)

    return perturb


def at_rate(fps: float) -> Perturbation:
    """As a camera of another frame rate would have seen it (no new detail at higher rates)."""

    def perturb(recording: Labelled) -> Labelled:
        own = float(recording.poses.attrs["fps"])
        if own % fps == 0:
            return thinned(recording, round(own / fps))
        position = recording.poses["position"].values
        count = int((len(position) - 1) * fps / own)
        at = np.arange(count) * own / fps
        low = at.astype(int)
        share = (at - low)[:, None, None, None]
        between = position[low] * (1 - share) + position[low + 1] * share
        score = recording.poses["confidence"].values[low]
        poses = _remade(recording.poses, between, score, fps=fps)
        return replace(recording, poses=poses, labels=recording.labels[np.round(at).astype(int)])

    return perturb


def sized(factor: float) -> Perturbation:
    """A mouse of another size, in the same unit."""
    return lambda recording: moved(recording, recording.poses["position"].values * factor)


def without_scale(factor: float) -> Perturbation:
    """Coordinates in a unit that nobody knows."""

    def perturb(recording: Labelled) -> Labelled:
        position = recording.poses["position"].values * factor
        confidence = recording.poses["confidence"].values
        fps = float(recording.poses.attrs["fps"])
        poses = _remade(recording.poses, position, confidence, fps=fps, unit="px")
        return replace(recording, poses=poses, cm_per_unit=None)

    return perturb


def _remade(
    poses: xr.Dataset,
    position: np.ndarray,
    confidence: np.ndarray,
    *,
    fps: float,
    unit: str = "",
) -> xr.Dataset:
    return make_poses(
        position,
        confidence,
        keypoints=[str(name) for name in poses["keypoint"].values],
        individuals=[str(name) for name in poses["individual"].values],
        fps=fps,
        unit=unit or str(poses["position"].attrs["units"]),
    )


def only(*roles: str) -> Perturbation:
    """Only those keypoints whose roles begin with one of these words."""

    def perturb(recording: Labelled) -> Labelled:
        kept = [name for name, role in _roles(recording).items() if role.startswith(roles)]
        return replace(recording, poses=recording.poses.sel(keypoint=kept))

    return perturb


def part(seconds: float, of: tuple[str, ...], *, most: bool) -> Perturbation:
    """The stretch with most, or least, of some behaviours."""

    def perturb(recording: Labelled) -> Labelled:
        fps = float(recording.poses.attrs["fps"])
        frames = min(round(seconds * fps), len(recording.labels))
        share = np.convolve(np.isin(recording.labels, of), np.ones(frames), mode="valid")
        start = int(share.argmax() if most else share.argmin())
        span = slice(start, start + frames)
        poses = recording.poses.isel(time=span)
        return replace(recording, poses=poses, labels=recording.labels[span])

    return perturb


ACTIVE = ("walking", "running", "rearing", "rearing_supported", "other")
PERTURBATIONS: dict[str, Perturbation] = {
    "as recorded": lambda recording: recording,
    "white noise .5 %": white_noise(0.005),
    "white noise 1 %": white_noise(0.01),
    "white noise 2 %": white_noise(0.02),
    "white noise 4 %": white_noise(0.04),
    "slow noise 1 %": slow_noise(0.01),
    "slow noise 2 %": slow_noise(0.02),
    "whole pixels, 80 to the body": rounded(80),
    "whole pixels, 30 to the body": rounded(30),
    "missing 5 %": missing(0.05),
    "missing 20 %": missing(0.2),
    "missing 20 % for 0.5 s": missing(0.2, 0.5),
    "jumps 1 %": jumps(0.01),
    "jumps 5 %": jumps(0.05),
    "sides swapped 5 %": swaps(0.05),
    "sides swapped 20 %": swaps(0.2),
    "10 fps": at_rate(10.0),
    "15 fps": at_rate(15.0),
    "25 fps": at_rate(25.0),
    "30 fps": at_rate(30.0),
    "60 fps": at_rate(60.0),
    "120 fps": at_rate(120.0),
    "120 fps, white noise 1 %": lambda r: white_noise(0.01)(at_rate(120.0)(r)),
    "10 fps, white noise 1 %": lambda r: white_noise(0.01)(at_rate(10.0)(r)),
    "size 0.7": sized(0.7),
    "size 1.3": sized(1.3),
    "scale unknown": without_scale(37.0),
    "without feet and paws": only("nose", "ear", "neck", "spine", "hip", "tail"),
    "nose, neck or ears, tail base": only("nose", "neck", "ear", "tail_base"),
    "the liveliest 2 min": part(120.0, ACTIVE, most=True),
    "the quietest 2 min": part(120.0, ACTIVE, most=False),
}


@dataclass(frozen=True)
class Bench:
    """The recordings and how each is judged."""

    subtle: list[Labelled]
    freezing: Labelled
    space: list[Labelled]
    above: list[Labelled]
    rules: Rules

    def row(self, perturb: Perturbation) -> list[float]:
        """The four figures."""
        return [
            _pooled([perturb(r) for r in self.subtle], self._classified, BEHAVIOURS),
            freezing_f1(perturb(self.freezing), self.rules),
            _pooled([perturb(r) for r in self.space], self._activities),
            _pooled([perturb(r) for r in self.above], self._coarse, tuple(set(_COARSE.values()))),
        ]

    def _classified(self, recording: Labelled) -> np.ndarray:
        return predict(recording, SUBTLE_LABELS, self.rules)

    def _activities(self, recording: Labelled) -> np.ndarray:
        skeleton = BUILT_IN[recording.skeleton]
        ethogram = compute_ethogram(kinematics_of(recording), self.rules, skeleton=skeleton)
        names = np.asarray([*ethogram["activity"].values.tolist(), ""], dtype=object)
        found = names[ethogram["activity_index"].values[:, 0]]
        return np.asarray([_SAME.get(name, name) for name in found], dtype=object)

    def _coarse(self, recording: Labelled) -> np.ndarray:
        return np.asarray([_COARSE.get(n, "na") for n in self._activities(recording)], dtype=object)


def _pooled(
    recordings: list[Labelled],
    judge: Callable[[Labelled], np.ndarray],
    names: tuple[str, ...] | None = None,
) -> float:
    """Macro-F1 over all frames together, of the behaviours that occur."""
    human = np.concatenate([r.labels for r in recordings])
    found = np.concatenate([judge(r) for r in recordings])
    there = sorted(set(human) - {"na"})
    return float(f1_scores(human, found, tuple(n for n in names or there if n in there)).mean())


def synthetic_recordings() -> list[Labelled]:
    """Two synthetic mice in 3D, with the noise of a good estimator."""
    found = []
    for seed in (50, 51):
        noise = NoiseSettings(jitter_cm=0.03, dropouts=0.01, jumps=0.001)
        settings = SimulationSettings(duration_s=180, fps=60, seed=seed, rates=_RATES, noise=noise)
        made = simulate(settings=settings)
        found.append(Labelled(f"synthetic_{seed}", made.poses, "MouseGPT-24", made.labels))
    return found


def seen_from_above(recording: Labelled) -> Labelled:
    """Five keypoints in the picture of a camera above, 30 pixels to the centimetre."""
    poses = recording.poses.sel(keypoint=list(_SEEN_FROM_ABOVE))
    position = poses["position"].values[:, :2] * np.asarray([30.0, -30.0])[:, None, None] + 400
    flat = _remade(
        poses, position, poses["confidence"].values, fps=float(poses.attrs["fps"]), unit="px"
    )
    labels = np.asarray([_COARSE.get(name, "na") for name in recording.labels], dtype=object)
    return Labelled(recording.name, flat, recording.skeleton, labels, 1 / 30)


def main() -> None:
    """Print a row for each perturbation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="words in the names of perturbations")
    wanted = parser.parse_args().names
    space = synthetic_recordings()
    above = [seen_from_above(recording) for recording in space]
    bench = Bench(subtle_recordings(), freezing_recording(), space, above, load_rules())
    print(f"{'':32s} SUBTLE  freezing  synthetic  from above")
    for name, perturb in PERTURBATIONS.items():
        if not wanted or any(word in name for word in wanted):
            one, two, three, four = bench.row(perturb)
            print(f"{name:32s} {one:6.3f}  {two:8.3f}  {three:9.3f}  {four:10.3f}", flush=True)


if __name__ == "__main__":
    main()
