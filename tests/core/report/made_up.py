"""Made-up studies: plausible tables without any film or poses."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from mousegpt_core.clips import BOUTS, make_table
from mousegpt_core.plots import Track
from mousegpt_core.report import Example, RecordingInfo, ReportData, StageRecord
from mousegpt_core.stats import movement_summary

ACTIVITIES = {
    "walking": 5.0, "running": 1.2, "exploring": 3.0, "sniffing": 3.5, "turning": 1.5,
    "rearing_supported": 2.5, "rearing_unsupported": 1.0, "grooming": 2.5, "scratching": 0.5,
    "stretching": 0.4, "crouching": 0.6, "standing_still": 3.0, "freezing": 0.7, "jumping": 0.05,
}  # fmt: skip
PROFILE = {
    "b01": ("walking forward with the head low", "walking, head low, paws on the floor"),
    "b02": ("rearing at the wall", "rearing, supported rearing, head up, stretched"),
    "b03": ("grooming the face", "grooming, sitting, head down"),
    "b04": ("standing still, sniffing", "sniffing, still, nose up"),
    "b05": ("turning left", "turning, bent left, hindpaws on the floor"),
    "b06": ("crouching in place", "crouching, curled, still"),
}
EFFECTS = {
    "LSD 0.2 mg/kg": {"walking": 0.35, "standing_still": 2.2, "grooming": 0.5},
    "MK-801 0.3 mg/kg": {"walking": 2.2, "running": 4.0, "rearing_supported": 0.15, "turning": 2.5},
}


def make_bouts(
    recording: str, weights: dict[str, float], duration: float, rng: np.random.Generator,
    individual: str = "m", source: str = "kinematic",
) -> pd.DataFrame:  # fmt: skip
    names, share = list(weights), np.array(list(weights.values()), dtype=float)
    count = int(duration / 1.4) + 5
    lengths = rng.gamma(2.0, 0.8, count) + 0.1
    stops = np.cumsum(lengths)
    starts = stops - lengths
    keep = starts < duration
    chosen = rng.choice(names, count, p=share / share.sum())
    bouts = make_table(
        BOUTS,
        {
            "recording": recording, "individual": individual, "start_s": starts[keep],
            "stop_s": np.minimum(stops[keep], duration), "behaviour_id": chosen[keep],
            "source": source, "score": 0.8,
        },
        length=int(keep.sum()),
    )  # fmt: skip
    seen = rng.random(len(bouts)) > 0.03
    return bouts[seen].reset_index(drop=True)


def make_track(recording: str, duration: float, rng: np.random.Generator, pace: float) -> Track:
    """A walk that keeps its direction for a while and turns away from a round wall."""
    count = max(int(duration * 5), 3)
    turns, steps = rng.normal(0, 0.4, count), 0.25 * pace * rng.gamma(0.6, 1.0, count)
    way, place, angle = np.empty((count, 2)), np.zeros(2), 0.0
    for frame in range(count):
        angle += turns[frame]
        ahead = place + steps[frame] * np.array([np.cos(angle), np.sin(angle)])
        if ahead @ ahead > 11.3**2:
            angle = float(np.arctan2(-place[1], -place[0]) + turns[frame] + 1.3)
            ahead = place
        place = way[frame] = ahead
    round_wall = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    wall = 12.5 * np.c_[np.cos(round_wall), np.sin(round_wall)]
    return Track(recording, "m", np.arange(count) / 5, way, wall)


def still(seed: int, size: tuple[int, int] = (240, 180)) -> bytes:
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    cx, cy = rng.uniform(-0.4, 0.4, 2)
    body = np.exp(-((((x - cx) / 0.35) ** 2 + ((y - cy) / 0.2) ** 2) ** 2))
    grey = np.clip(205 - 20 * (x**2 + y**2) - 150 * body, 0, 255).astype(np.uint8)
    stream = BytesIO()
    Image.fromarray(grey).save(stream, "JPEG", quality=80)
    return stream.getvalue()


def make_animals(groups: Sequence[str], each: int) -> pd.DataFrame:
    names = [f"m{number + 1:02d}" for number in range(len(groups) * each)]
    return pd.DataFrame(
        {
            "animal": names,
            "treatment": [group for group in groups for _ in range(each)],
            "sex": ["female" if place % 2 else "male" for place in range(len(names))],
            "age": [8.0 + place % 3 for place in range(len(names))],
            "dose": "",
            "weight_g": [24.5 + 0.3 * place for place in range(len(names))],
        }
    )


def full_study(
    *, each: int = 4, duration: float = 1200.0, film: bool = True, seed: int = 1
) -> ReportData:
    """Three treatments, every part of the report."""
    rng = np.random.default_rng(seed)
    animals = make_animals(["saline", *EFFECTS], each)
    activities, profile, tracks, movements, recordings = [], [], [], [], []
    for place, row in animals.iterrows():
        name = f"day{place % 3 + 1}_{row['animal']}"
        effect = EFFECTS.get(row["treatment"], {})
        weights = {
            b: w * effect.get(b, 1.0) * rng.lognormal(0, 0.25) for b, w in ACTIVITIES.items()
        }
        activities.append(make_bouts(name, weights, duration, rng))
        found = dict.fromkeys(PROFILE, 1.0) | {"b01": weights["walking"], "b04": 2.0}
        profile.append(make_bouts(name, found, duration, rng, source="profile"))
        pace = float(np.sqrt(weights["walking"]))
        tracks.append(make_track(name, duration, rng, pace))
        speed = rng.lognormal(np.log(2.0 * pace), 1.0, int(duration * 30))
        movements.append(
            movement_summary(speed, fps=30.0, recording=name, individual="m", immobile=speed < 0.8)
        )
        recordings.append(
            RecordingInfo(
                recording=name,
                animals={"m": row["animal"]},
                duration_s=duration,
                frames=int(duration * 30),
                fps=30.0,
                keypoints=24,
                views=("top", "side"),
                space_dims=3,
                scale="1 cm per cm",
                scale_source="unit",
                share_seen=0.97 - 0.01 * (place % 4),
            )
        )
    return ReportData(
        study="Hallucinogens in the round arena",
        date="2026-01-31",
        recordings=recordings,
        animals=animals,
        bouts={"activities": pd.concat(activities), "profile": pd.concat(profile)},
        behaviours=make_behaviours(film=film),
        places=make_places(list(PROFILE)),
        tracks=tracks,
        movements=movements,
        search_tips=["mousegpt search STUDY 'standing on two legs at the wall'"],
        provenance=make_provenance(),
        versions={"napari-mousegpt": "0.1.0", "numpy": "2.4.0"},
        warnings=["day1_m01: the film has 749 frames, the poses 750"],
    )


def make_places(behaviours: Sequence[str]) -> pd.DataFrame:
    """A map of clips: a heap for each behaviour."""
    rng = np.random.default_rng(5)
    which = np.repeat(np.arange(len(behaviours)), 60)
    x, y = 20 * np.cos(which) + rng.normal(size=len(which)), 20 * np.sin(which) + which / 9
    return pd.DataFrame({"x": x, "y": y, "behaviour_id": [behaviours[n] for n in which]})


def make_behaviours(*, film: bool) -> pd.DataFrame:
    rows = []
    for place, (behaviour, (name, keywords)) in enumerate(PROFILE.items()):
        examples = [
            Example(
                f"day{number + 1}_m0{number + 1}",
                12.3 + 61.7 * place + number,
                f"The mouse is {name} and holds its tail straight behind it",
                still(10 * place + number) if film else None,
            )
            for number in range(3)
        ]
        rows.append((behaviour, name, 0.3 - 0.045 * place, keywords, examples))
    return pd.DataFrame(rows, columns=["behaviour_id", "name", "share", "keywords", "examples"])


def make_provenance() -> list[StageRecord]:
    settings = {"min_confidence": 0.5, "fill_gap_s": 0.25, "smooth_s": 0.15}
    return [
        *(
            StageRecord("kinematics", 1, {"kinematics": settings, "arena": None}, f"{n:012x}")
            for n in range(3)
        ),
        StageRecord("ethogram", 1, {"rules": "2a7f00b1c9de"}, "77aa01"),
        StageRecord("clips", 1, {"rate": 5.0}, "77aa02"),
        StageRecord("descriptions", 1, {"describer": "kinematic"}, "77aa03"),
        StageRecord("map", 1, {"method": "tsne"}, "77aa05"),
        StageRecord("profile/labels", 1, {"behaviours": 12, "seed": 0}, "77aa04"),
    ]


def evaluation() -> dict[str, object]:
    return {
        "macro_f1": 0.81, "balanced_accuracy": 0.79, "kappa": 0.74, "mcc": None,
        "per_class": {
            "walking": {"precision": 0.9, "recall": 0.88, "f1": 0.89, "support": 900},
            "rearing_supported": {"precision": 0.7, "recall": 0.8, "f1": 0.75, "support": 300},
            "grooming": {"precision": None, "recall": 0.6, "f1": 0.7, "support": 200},
        },
        "confusion": {
            "labels": ["walking", "rearing_supported", "grooming", "sniffing"],
            "matrix": [[790, 60, 30, 20], [40, 240, 10, 10], [60, 10, 120, 10], [0, 0, 0, 0]],
        },
        "notes": ["600 frames without a human label were left out."],
    }  # fmt: skip


def small_study(**changes: object) -> ReportData:
    """One animal, one minute, no treatment, no film."""
    rng = np.random.default_rng(3)
    weights = {"walking": 3.0, "grooming": 2.0, "standing_still": 4.0}
    values: dict[str, object] = {
        "study": "openfield",
        "date": "2026-01-31",
        "recordings": [
            RecordingInfo(
                "openfield", {"": "mouse"}, 60.0, frames=1800, fps=30.0, keypoints=8,
                scale="0.061 cm per px", scale_source="assumed", share_seen=0.83,
            )
        ],
        "bouts": {"activities": make_bouts("openfield", weights, 60.0, rng, individual="")},
    }  # fmt: skip
    return ReportData(**{**values, **changes})  # type: ignore[arg-type]
