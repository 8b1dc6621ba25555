"""Quality of the ethogram against human labels, beside what others reach on the same files.

Run: ``python benchmarks/quality.py [--rules]``; real recordings are found by
``MOUSEGPT_TEST_DATA`` (default: ``../shared/data`` beside the project).
"""

from __future__ import annotations

import argparse
import copy
import csv
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from scipy.io import loadmat

from mousegpt_core.analysis.classify import (
    classify,
    collect_scheme_examples,
    later,
)
from mousegpt_core.analysis.examples import Learned, learn
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.clips import cut_clips
from mousegpt_core.describe.ethogram import compute_ethogram
from mousegpt_core.describe.rules import BUILT_IN_RULES, Rules, load_rules, parse_rules
from mousegpt_core.kinematics import compute_kinematics, prepare_scene
from mousegpt_core.poses import make_poses
from mousegpt_core.settings import read_toml
from mousegpt_core.skeletons import BUILT_IN

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("MOUSEGPT_TEST_DATA", ROOT.parent / "shared" / "data"))
BEHAVIOURS = ("walking", "rearing", "standing", "grooming")
SUBTLE_LABELS = LabelScheme.parse(
    {
        "walking": {"definition": "the mouse moves forward over the floor"},
        "rearing": {"definition": "it lifts its forepaws off the floor"},
        "standing": {"definition": "it is still on all fours"},
        "grooming": {"definition": "it licks or wipes its fur"},
    }
)
FREEZING_LABELS = LabelScheme.parse(
    {
        "freezing": {"definition": "the mouse does not move at all except for breathing"},
        "other": {"definition": "anything else"},
    }
)


@dataclass(frozen=True)
class Labelled:
    """A recording with a human label for each frame."""

    name: str
    poses: xr.Dataset
    skeleton: str
    labels: np.ndarray
    cm_per_unit: float | None = None

    @property
    def animal(self) -> str:
        """Animals are told apart in leave-one-animal-out."""
        return self.name.rpartition("_")[2]


def subtle_recordings(data: Path = DATA) -> list[Labelled]:
    """The five recordings with human labels (20 fps, 9 keypoints in 3D)."""
    folder = data / "subtle-avatar3d" / "y5a5"
    found = []
    for file in sorted((folder / "coords").glob("*.csv")):
        position = np.loadtxt(file, delimiter=",").reshape(-1, 9, 3)
        with (folder / "annots" / file.name).open() as lines:
            labels = [row[1] or "na" for row in list(csv.reader(lines))[1:]]
        poses = make_poses(
            np.moveaxis(position, 1, 2)[..., None],
            keypoints=BUILT_IN["SUBTLE-9"].keypoints,
            fps=20.0,
            unit="cm",
        )
        found.append(Labelled(file.stem, poses, "SUBTLE-9", np.asarray(labels, dtype=object)))
    return found


def freezing_recording(data: Path = DATA, *, scale: bool = True) -> Labelled:
    """Fear conditioning seen from above (50 fps, 8 keypoints in 2D)."""
    folder = data / "behaviordepot-freezing-demo1" / "demo1"
    with (folder / "demo1_tracking.csv").open() as lines:
        rows = list(csv.reader(lines))
    names = list(dict.fromkeys(rows[1][1:]))
    values = np.asarray(rows[3:], dtype=float)[:, 1:].reshape(-1, len(names), 3)
    with h5py.File(folder / "hB_demo1_manual_annotations.mat.mat") as file:
        freezes = np.asarray(file["hBehavior/Freezing/Vector"])[:, 0] > 0
    poses = make_poses(
        np.moveaxis(values[..., :2], 1, 2)[..., None],
        values[..., 2][..., None],
        keypoints=names,
        fps=50.0,
        unit="px",
    )
    labels = np.where(freezes, "freezing", "other").astype(object)
    return Labelled("demo1", poses, "BehaviorDEPOT-8", labels, 1 / 32 if scale else None)


def peer_freezing(data: Path = DATA) -> np.ndarray:
    """BehaviorDEPOT's own result on the same frames."""
    folder = data / "behaviordepot-freezing-demo1" / "demo1" / "demo1_video.avi_analyzed"
    found = loadmat(folder / "Behavior.mat", squeeze_me=True, struct_as_record=False)
    flags = np.asarray(found["Behavior"].Freezing.Vector) > 0
    return np.where(flags, "freezing", "other").astype(object)


def kinematics_of(recording: Labelled) -> xr.Dataset:
    """Kinematics with default settings."""
    skeleton = BUILT_IN[recording.skeleton]
    scene = prepare_scene(recording.poses, skeleton, cm_per_unit=recording.cm_per_unit)
    return compute_kinematics(recording.poses, skeleton, scene)


def predict(
    recording: Labelled,
    scheme: LabelScheme,
    rules: Rules,
    kinematics: xr.Dataset | None = None,
    learned: Learned | None = None,
) -> np.ndarray:
    """Behaviour of each frame, as `mousegpt classify` gives it."""
    kinematics = kinematics_of(recording) if kinematics is None else kinematics
    ethogram = compute_ethogram(kinematics, rules, skeleton=BUILT_IN[recording.skeleton])
    times = kinematics["time"].values
    clips = cut_clips(times, kinematics["frame"].values, recording="r")
    found = classify(
        ethogram,
        clips,
        scheme,
        kinematics=kinematics if learned else None,
        rules=rules,
        learned=learned,
    )
    frames = np.full(len(times), "", dtype=object)
    for bout in found.bouts.itertuples():
        first, stop = np.searchsorted(times, [bout.start_s - 1e-6, bout.stop_s - 1e-6])
        frames[first:stop] = bout.behaviour_id
    return frames


def f1_scores(human: np.ndarray, found: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """F1 of each behaviour; frames scored ``na`` are left out."""
    kept = human != "na"
    human, found = human[kept], found[kept]
    scores = []
    for name in names:
        both = ((human == name) & (found == name)).sum()
        total = (human == name).sum() + (found == name).sum()
        scores.append(2 * both / total if total else 0.0)
    return np.asarray(scores)


@dataclass(frozen=True)
class Quality:
    """Figures on the five recordings."""

    each: dict[str, np.ndarray]
    pooled: np.ndarray

    @property
    def mean(self) -> float:
        """Macro-F1, averaged over recordings."""
        return float(np.mean([scores.mean() for scores in self.each.values()]))


def quality(recordings: list[Labelled], found: dict[str, np.ndarray]) -> Quality:
    """Per recording, and over all frames together."""
    each = {r.name: f1_scores(r.labels, found[r.name], BEHAVIOURS) for r in recordings}
    human = np.concatenate([r.labels for r in recordings])
    joined = np.concatenate([found[r.name] for r in recordings])
    return Quality(each, f1_scores(human, joined, BEHAVIOURS))


def show(title: str, result: Quality) -> None:
    """Print the figures of one method."""
    print(f"\n{title}: macro-F1 mean {result.mean:.3f}, pooled {result.pooled.mean():.3f}")
    print(f"  {'':12s} " + " ".join(f"{name:>9s}" for name in BEHAVIOURS) + "     macro")
    for name, scores in [*result.each.items(), ("pooled", result.pooled)]:
        row = " ".join(f"{score:9.3f}" for score in scores)
        print(f"  {name:12s} {row} {scores.mean():9.3f}")


def _features(kinematics: xr.Dataset) -> np.ndarray:
    """Ordinary kinematic features, for the peers."""
    one = kinematics.isel(individual=0)
    names = ("speed", "motion", "body_length", "body_pitch", "head_pitch", "spine_curvature")
    columns = [one[name].values for name in names if name in one]
    columns += list(one["height"].values.T) + list(np.log(one["local_speed"].values.T + 0.1))
    features = np.nan_to_num(np.stack(columns, axis=1))
    kernel = np.ones(11) / 11
    smooth = np.stack([np.convolve(c, kernel, "same") for c in features.T], axis=1)
    return np.column_stack([features, smooth])


def k_means_peer(recordings: list[Labelled], kinematics: dict[str, xr.Dataset]) -> Quality:
    """Eight clusters of standardised features, each named by its majority of human labels."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    features = np.concatenate([_features(kinematics[r.name]) for r in recordings])
    human = np.concatenate([r.labels for r in recordings])
    scaled = StandardScaler().fit_transform(features)
    clusters = KMeans(8, n_init=3, random_state=0).fit_predict(scaled)
    named = np.full(len(human), "", dtype=object)
    for cluster in range(8):
        inside = human[(clusters == cluster) & (human != "na")]
        values, counts = np.unique(inside.astype(str), return_counts=True)
        named[clusters == cluster] = values[counts.argmax()] if len(values) else ""
    edges = np.cumsum([len(r.labels) for r in recordings])[:-1]
    parts = np.split(named, edges)
    return quality(recordings, {r.name: p for r, p in zip(recordings, parts, strict=True)})


def forest_peer(
    recordings: list[Labelled], kinematics: dict[str, xr.Dataset], *, late_s: float = 0.0
) -> Quality:
    """A random forest trained on the other animals' human labels.

    With `late_s` it sees the features as much earlier as our rules allow for the scorers' reaction.
    """
    from sklearn.ensemble import RandomForestClassifier

    late = {r.name: round(late_s * r.poses.attrs["fps"]) for r in recordings}
    features = {r.name: later(_features(kinematics[r.name]), late[r.name]) for r in recordings}
    found = {}
    for held_out in recordings:
        others = [r for r in recordings if r.animal != held_out.animal]
        train = np.concatenate([features[r.name][r.labels != "na"] for r in others])
        target = np.concatenate([r.labels[r.labels != "na"] for r in others]).astype(str)
        forest = RandomForestClassifier(
            100, min_samples_leaf=10, class_weight="balanced_subsample", random_state=0
        )
        forest.fit(train[::3], target[::3])
        found[held_out.name] = forest.predict(features[held_out.name]).astype(object)
    return quality(recordings, found)


def measure(recordings: list[Labelled], kinematics: dict[str, xr.Dataset], rules: Rules) -> Quality:
    """Ours, on the five recordings."""
    found = {r.name: predict(r, SUBTLE_LABELS, rules, kinematics[r.name]) for r in recordings}
    return quality(recordings, found)


def draw_examples(
    recordings: list[Labelled], count: int, seed: int
) -> dict[str, list[tuple[str, int, int]]]:
    """For each behaviour some bouts of 0.3 to 1 s: recording, first frame, and where it ends."""
    rng = np.random.default_rng(seed)
    found = {}
    for behaviour in BEHAVIOURS:
        bouts = []
        for recording in recordings:
            edges = np.diff(np.concatenate([[0], recording.labels == behaviour, [0]]).astype(int))
            starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
            bouts += [
                (recording.name, int(start), int(stop))
                for start, stop in zip(starts, stops, strict=True)
                if stop - start >= 6
            ]
        drawn = [bouts[place] for place in rng.permutation(len(bouts))[:count]]
        found[behaviour] = [(name, start, min(stop, start + 20)) for name, start, stop in drawn]
    return found


def by_examples(
    recordings: list[Labelled],
    kinematics: dict[str, xr.Dataset],
    rules: Rules,
    *,
    count: int = 10,
    seed: int = 0,
) -> Quality:
    """Ours, where names and definitions say nothing and each behaviour has a few examples.

    The examples and a second around them are not scored.
    """
    drawn = draw_examples(recordings, count, seed)
    nonsense = dict(zip(BEHAVIOURS, ("blorf", "zwick", "murnu", "tapok"), strict=True))
    scheme = LabelScheme.parse(
        {
            nonsense[behaviour]: {
                "examples": [
                    {"recording": name, "start_s": start / 20, "stop_s": stop / 20}
                    for name, start, stop in examples
                ]
            }
            for behaviour, examples in drawn.items()
        }
    )
    gathered = [
        collect_scheme_examples(
            compute_ethogram(kinematics[r.name], rules),
            kinematics[r.name],
            scheme,
            recording=r.name,
            rules=rules,
        )
        for r in recordings
    ]
    learned = learn(gathered, list(scheme.names))
    meant = {word: behaviour for behaviour, word in nonsense.items()}
    found, unseen = {}, []
    for r in recordings:
        words = predict(r, scheme, rules, kinematics[r.name], learned)
        found[r.name] = np.array([meant.get(word, "") for word in words], dtype=object)
        human = r.labels.copy()
        for name, start, stop in (one for examples in drawn.values() for one in examples):
            if name == r.name:
                human[max(0, start - 20) : stop + 20] = "na"
        unseen.append(replace(r, labels=human))
    return quality(unseen, found)


def freezing_f1(recording: Labelled, rules: Rules, kinematics: xr.Dataset | None = None) -> float:
    """Ours, on the freezing recording."""
    found = predict(recording, FREEZING_LABELS, rules, kinematics)
    return float(f1_scores(recording.labels, found, ("freezing",))[0])


def thinned(recording: Labelled, step: int) -> Labelled:
    """Every `step`-th frame, as a slower camera would have seen it."""
    poses = recording.poses.isel(time=slice(None, None, step))
    poses = poses.assign_attrs(fps=recording.poses.attrs["fps"] / step)
    return Labelled(
        recording.name, poses, recording.skeleton, recording.labels[::step], recording.cm_per_unit
    )


def shifted_rules(change: Callable[[dict[str, Any]], None]) -> Rules:
    """The built-in rules with a change."""
    values = copy.deepcopy(read_toml(BUILT_IN_RULES))
    change(values)
    return parse_rules(values, source="changed rules")


def thresholds() -> list[tuple[str, str, str]]:
    """Every number of the rules that the two figures depend on."""
    values = read_toml(BUILT_IN_RULES)
    keys = ("above", "below", "softness", "factor", "window_s")
    found = []
    for name in (*BEHAVIOURS, "freezing"):
        found += [(name, "", key) for key in ("min_duration_s", "pause_s", "reaction_s")]
        for condition, table in values[name]["conditions"].items():
            found += [(name, condition, key) for key in keys if table.get(key)]
    return [(n, c, k) for n, c, k in found if c or values[n].get(k)]


def scaled(values: dict[str, Any], place: tuple[str, str, str], by: float) -> None:
    """Change one number of the rules; of a factor, what it is above 1."""
    name, condition, key = place
    table = values[name]["conditions"][condition] if condition else values[name]
    table[key] = 1 + (table[key] - 1) * by if key == "factor" else table[key] * by


def vary_rules(recordings: list[Labelled], kinematics: dict[str, xr.Dataset]) -> None:
    """What changes of the rules do to both figures."""
    freezing = freezing_recording()
    still = kinematics_of(freezing)
    print("\nEach number of the rules 20 % lower and higher (SUBTLE mean macro-F1, freezing F1)")
    for place in thresholds():
        name, condition, key = place
        row = []
        for by in (0.8, 1.2):
            rules = shifted_rules(lambda values, p=place, by=by: scaled(values, p, by))
            if name == "freezing":
                row.append(f"freezing {freezing_f1(freezing, rules, still):.3f}")
            else:
                row.append(f"SUBTLE {measure(recordings, kinematics, rules).mean:.3f}")
        print(f"  {name}.{condition}.{key}".replace("..", ".").ljust(48) + "  ".join(row))
    none = shifted_rules(
        lambda values: [values[n].update(reaction_s=0.0) for n in BEHAVIOURS] and None
    )
    print(
        "Without the scorers' reaction time: SUBTLE "
        f"{measure(recordings, kinematics, none).mean:.3f}"
    )


def main() -> None:
    """Print ours and the peers' figures from one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", action="store_true", help="vary every number of the rules")
    options = parser.parse_args()
    rules = load_rules()
    recordings = subtle_recordings()
    kinematics = {r.name: kinematics_of(r) for r in recordings}
    show("Ours, zero-shot from definitions", measure(recordings, kinematics, rules))
    show("k-means, 8 clusters named by majority", k_means_peer(recordings, kinematics))
    show("Random forest trained on the other animals", forest_peer(recordings, kinematics))
    reaction = rules.activities["walking"].reaction_s
    show(
        "The same, allowed the scorers' reaction time as ours is",
        forest_peer(recordings, kinematics, late_s=reaction),
    )
    at_once = LabelScheme(SUBTLE_LABELS.behaviours, reaction_s=0.0)
    found = {r.name: predict(r, at_once, rules, kinematics[r.name]) for r in recordings}
    show("Ours, not allowed any reaction time", quality(recordings, found))
    show("Ours, ten examples each and no words", by_examples(recordings, kinematics, rules))
    freezing = freezing_recording()
    peer = float(f1_scores(freezing.labels, peer_freezing(), ("freezing",))[0])
    ours = freezing_f1(freezing, rules)
    print(f"\nFreezing F1: ours {ours:.3f}, BehaviorDEPOT {peer:.3f}, ratio {ours / peer:.2f}")
    if options.rules:
        vary_rules(recordings, kinematics)


if __name__ == "__main__":
    main()
