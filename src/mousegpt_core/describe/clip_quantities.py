"""What was measured of each clip, as numbers that a description can be held against."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mousegpt_core.describe.body_facts import to_a_side
from mousegpt_core.describe.contract import Evidence
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.factors import Moment
from mousegpt_core.describe.facts import find_individual
from mousegpt_core.describe.signals import PAWS, Signals
from mousegpt_core.describe.windows import Floats

#: Quantity to its unit; bl = body lengths of the animal.
UNITS: dict[str, str] = {
    "speed": "cm/s",
    "motion": "cm/s",
    "forward_share": "",
    "turning": "degrees/s",
    "head_angle": "degrees",
    "head_pitch": "degrees",
    "nose_height": "bl",
    "body_pitch": "degrees",
    "spine_bend": "degrees",
    "length": "times the usual length",
    "tail_height": "bl",
    "wall_distance": "bl",
    **{f"contact_{paw}": "share of time" for paw in PAWS},
    **{f"paw_speed_{paw}": "cm/s" for paw in PAWS},
}
#: The mean over the clip, and the extremes in it and shortly before and after.
STATISTICS = ("mean", "least", "most")
#: Seconds before and after a clip in which the extremes are taken.
_AROUND_S = 0.2
#: Positive to the left, and of little meaning where the trunk is upright.
_HORIZONTAL = ("turning", "head_angle", "spine_bend")


def column(quantity: str, statistic: str) -> str:
    """Name of a column of `clip_quantities`."""
    return f"{quantity}.{statistic}"


def clip_quantities(evidence: Evidence, settings: FactSettings | None = None) -> pd.DataFrame:
    """Numbers of each clip, as the kinematic describer reads them.

    Parameters
    ----------
    evidence : Evidence
        Clips with the kinematics around them; no ethogram is read.
    settings : FactSettings, optional
        Says below which speed there is no direction, and how far left and right can be told.

    Returns
    -------
    DataFrame
        One row a clip, in their order; columns ``QUANTITY.STATISTIC`` of all `UNITS` and
        `STATISTICS`, float, in the quantity's unit; angles and turning are positive to the
        animal's left. NaN where a quantity is not known: no such keypoints, a view that does not
        show it, several animals and a clip that names none.
    """
    settings = settings or FactSettings()
    names = [column(quantity, statistic) for quantity in UNITS for statistic in STATISTICS]
    owners = evidence.clips["individuals"].to_numpy(dtype=object)
    found = {name: np.full(len(owners), np.nan) for name in names}
    for owner in dict.fromkeys(owners):
        individual, unknown = find_individual(evidence.kinematics, str(owner))
        if unknown:
            continue
        rows = np.flatnonzero(owners == owner)
        signals = Signals(evidence.kinematics.sel(individual=individual), evidence.skeleton)
        for name, values in _of_one(signals, evidence.clips.iloc[rows], settings).items():
            found[name][rows] = values
    return pd.DataFrame(found)


def _of_one(signals: Signals, clips: pd.DataFrame, settings: FactSettings) -> dict[str, Floats]:
    """All columns of the clips of one animal."""
    moment = Moment(
        signals.times,
        clips["start_s"].to_numpy(dtype=np.float64),
        clips["stop_s"].to_numpy(dtype=np.float64),
    )
    near = moment.widened(_AROUND_S)
    found: dict[str, Floats] = {}
    for quantity, values in _by_frame(signals, settings).items():
        found[column(quantity, "mean")] = moment.clip.mean(values)
        found[column(quantity, "least")] = -near.max(-values)
        found[column(quantity, "most")] = near.max(values)
    found[column("turning", "mean")] = moment.widened(0.1).mean(_turning(signals))
    share = _forward_share(signals, moment, settings)
    found |= {column("forward_share", statistic): share for statistic in STATISTICS}
    upright = found[column("body_pitch", "mean")] >= settings.pitch_upright
    for quantity in _HORIZONTAL:
        for statistic in STATISTICS:
            found[column(quantity, statistic)][upright] = np.nan
    return found


def _by_frame(signals: Signals, settings: FactSettings) -> dict[str, Floats]:
    """Each quantity of shape (time,), but for the share of forward movement."""
    scale = 1.0 / signals.body_length
    tracked = bool(signals.skeleton.regions.get("torso", ()))
    tail = signals.skeleton.tail_chain
    free = tail[1:] if signals.skeleton.has("tail_base") else tail
    trunk = signals.plain if tracked else lambda name: signals.nothing
    found = {
        "speed": signals.plain("speed"),
        "motion": signals.plain("motion"),
        "turning": _turning(signals),
        "head_angle": to_a_side(signals, signals.plain("head_angle"), settings),
        "head_pitch": np.degrees(signals.plain("head_pitch")),
        "nose_height": signals.at("height", signals.skeleton.keypoint("nose")) * scale,
        "body_pitch": np.degrees(trunk("body_pitch")),
        "spine_bend": to_a_side(signals, trunk("spine_curvature"), settings),
        "length": signals.plain("stretch"),
        "tail_height": signals.largest_over("height", free) * scale,
        "wall_distance": signals.plain("wall_distance") * scale,
    }
    for paw, limb in PAWS.items():
        on_floor = signals.at("contact", paw, dim="paw") if signals.is_3d else signals.nothing
        found[f"contact_{paw}"] = on_floor
        found[f"paw_speed_{paw}"] = signals.at("keypoint_speed", signals.skeleton.paw(limb))
    return found


def _turning(signals: Signals) -> Floats:
    """Turning of the trunk in degrees/s; unknown where left and right cannot be told."""
    return np.degrees(signals.plain("turning")) if signals.has_sides else signals.nothing


def _forward_share(signals: Signals, moment: Moment, settings: FactSettings) -> Floats:
    """Forward speed over speed; unknown where the animal hardly moves."""
    speed = moment.clip.mean(signals.plain("speed"))
    moving = speed >= settings.slow
    forward = moment.clip.mean(signals.plain("forward_speed"))
    return np.where(moving, forward / np.where(moving, speed, 1.0), np.nan)
