"""Small hand-made evidence: kinematics and ethogram as the contract has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from mousegpt_core.clips import cut_clips
from mousegpt_core.describe.contract import Evidence
from mousegpt_core.skeleton import Skeleton

FPS = 20.0
ROLES = {
    "nose": "nose",
    "ear_left": "ear_left",
    "ear_right": "ear_right",
    "neck": "neck",
    "back": "spine",
    "hip": "hip",
    "tail_base": "tail_base",
    "tail_mid": "tail",
    "tail_tip": "tail_tip",
    "forepaw_left": "forepaw_left",
    "forepaw_right": "forepaw_right",
    "hindpaw_left": "hindpaw_left",
    "hindpaw_right": "hindpaw_right",
}
PAWS = ("forepaw_left", "forepaw_right", "hindpaw_left", "hindpaw_right")


def make_skeleton(keypoints: Sequence[str] = tuple(ROLES)) -> Skeleton:
    roles: dict[str, tuple[str, ...]] = {}
    for name in keypoints:
        roles[ROLES[name]] = (*roles.get(ROLES[name], ()), name)
    return Skeleton("test", tuple(keypoints), roles)


def make_evidence(
    *,
    seconds: float = 3.0,
    activity: str | Sequence[str] = "",
    score: float = 0.9,
    activities: Sequence[str] = (
        "walking",
        "running",
        "rearing",
        "grooming",
        "freezing",
        "jumping",
    ),
    plain: Mapping[str, Any] | None = None,
    by_keypoint: Mapping[str, Mapping[str, Any]] | None = None,
    contact: Mapping[str, Any] | None = None,
    space_dims: int = 3,
    keypoints: Sequence[str] = tuple(ROLES),
    **attrs: Any,
) -> Evidence:
    """Evidence of one animal; scalars hold throughout, arrays are (time,)."""
    n = round(seconds * FPS)
    times = np.arange(n) / FPS

    def signal(value: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, dtype=np.float32), (n,))[:, None].copy()

    data: dict[str, Any] = {}
    for name, value in {"speed": 0.0, **(plain or {})}.items():
        data[name] = (("time", "individual"), signal(value))
    if "immobile" in data:
        data["immobile"] = (("time", "individual"), data["immobile"][1].astype(bool))
    for name, table in (by_keypoint or {}).items():
        stack = np.stack([signal(table.get(k, np.nan)) for k in keypoints], axis=1)
        data[name] = (("time", "keypoint", "individual"), stack)
    coords: dict[str, Any] = {
        "time": times,
        "keypoint": list(keypoints),
        "individual": ["mouse"],
        "space": list("xyz"[:space_dims]),
    }
    if contact:
        coords["paw"] = list(contact)
        data["contact"] = (
            ("time", "paw", "individual"),
            np.stack([signal(value) for value in contact.values()], axis=1),
        )
    kinematics = xr.Dataset(
        data,
        coords=coords,
        attrs={
            "fps": FPS,
            "space_dims": space_dims,
            "body_length_cm": 8.0,
            "seen_from": "above",
            **attrs,
        },
    )
    clips = cut_clips(times, np.arange(n), recording="rec")
    return Evidence(
        clips,
        kinematics,
        make_ethogram(times, activity, score, activities),
        make_skeleton(keypoints),
    )


def make_ethogram(
    times: np.ndarray, activity: str | Sequence[str], score: float, names: Sequence[str]
) -> xr.Dataset:
    per_frame = [activity] * len(times) if isinstance(activity, str) else list(activity)
    names = list(dict.fromkeys([*names, *(name for name in per_frame if name)]))
    index = np.array([names.index(name) if name else -1 for name in per_frame], dtype=np.int16)
    scores = np.zeros((len(times), len(names), 1), dtype=np.float32)
    seen = index >= 0
    scores[np.flatnonzero(seen), index[seen], 0] = score
    return xr.Dataset(
        {
            "activity_score": (("time", "activity", "individual"), scores),
            "activity_index": (("time", "individual"), index[:, None]),
        },
        coords={"time": times, "activity": names, "individual": ["mouse"]},
    )


def middle(rows: Sequence[Any]) -> Any:
    """The answer or row in the middle of a recording."""
    return rows[len(rows) // 2]
