"""Time in, entries into and latency to the zones of recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.kinematics import Scene
from mousegpt_core.kinematics.arena import Arena, wall_distance
from mousegpt_core.pipeline.recording_stages import primary_pose
from mousegpt_core.pipeline.sights import Sights
from mousegpt_core.stats import Subject, ZoneUse, zone_use
from mousegpt_core.study import Recording, Study, Zone

Floats = NDArray[np.float64]


def zone_uses(study: Study, recording: Recording) -> list[ZoneUse]:
    """How every animal of a recording used its zones; those that cannot be measured are left out.

    The animal is where the middle of its body is; in 3D, the point of the floor below that.

    Parameters
    ----------
    study, recording : Study, Recording
        A recording with kinematics.
    """
    zones = recording.info.zones
    kinematics = recording.store.read_dataset("kinematics") if zones else None
    if kinematics is None or "centre" not in kinematics:
        return []
    centre = kinematics["centre"].transpose("time", "space", "individual").values
    sights = Sights(study, recording)
    times, fps = kinematics["time"].values, float(kinematics.attrs["fps"])
    found = []
    for zone in zones:
        places = _places(sights, kinematics, centre.astype(np.float64), zone)
        if places is None:
            continue
        border = Arena(shape="polygon", corners=zone.corners)
        inside = wall_distance(places, border) >= 0.0
        known = np.asarray(np.isfinite(places).all(axis=1))
        for number, individual in enumerate(kinematics["individual"].values):
            found.append(
                zone_use(
                    inside[:, number], known[:, number], times, fps=fps,
                    recording=recording.id, individual=str(individual), zone=_name(zone, zones),
                )
            )  # fmt: skip
    return found


def unmeasured_zones(study: Study, recording: Recording) -> list[str]:
    """Why zones of a recording that was analysed are not measured, one sentence each."""
    zones = recording.info.zones
    kinematics = recording.store.read_dataset("kinematics") if zones else None
    if kinematics is None:
        return []
    if "centre" not in kinematics:
        return ["its zones are not measured: the middle of the body is not known"]
    sights = Sights(study, recording)
    few = kinematics["centre"].isel(time=slice(0, 1)).transpose("time", "space", "individual")
    return [
        f"the zone {zone.name!r} of the view {zone.view!r} is not measured: movement is measured "
        "elsewhere, and no calibration tells where that is in this view"
        for zone in zones
        if _places(sights, kinematics, few.values.astype(np.float64), zone) is None
    ]


def zone_table(uses: list[ZoneUse], subjects: list[Subject]) -> pd.DataFrame:
    """The uses of zones as a table, a row an animal, recording and zone."""
    known = {subject.key: subject for subject in subjects}
    rows = []
    for use in uses:
        values = asdict(use)
        subject = known.get((use.recording, use.individual))
        who = {
            "animal": subject.animal if subject else use.individual,
            "treatment": subject.treatment if subject else "",
        }
        rows.append({**who, **values})
    columns = [
        "animal", "treatment", "recording", "individual", "zone", "seconds", "share", "entries",
        "latency_s",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def study_zone_uses(study: Study, recordings: list[Recording]) -> list[ZoneUse]:
    """Those of several recordings."""
    return [use for recording in recordings for use in zone_uses(study, recording)]


def zones_said(study: Study, recordings: list[Recording]) -> Iterator[str]:
    """What a reader must know of zones that are not measured."""
    for recording in recordings:
        for line in unmeasured_zones(study, recording):
            yield f"{recording.id}: {line}"


def _places(sights: Sights, kinematics: xr.Dataset, centre: Floats, zone: Zone) -> Floats | None:
    """Where animals are in the coordinates of a zone, (time, 2, individual); None = not known."""
    scene = Scene.from_dict(json.loads(kinematics.attrs["scene"]))
    if scene.space_dims == 2:
        same = zone.view in ("", primary_pose(sights.recording).view)
        return np.asarray(centre[:, :2] / scene.cm_per_unit) if same else None
    if not zone.view:
        return centre[:, :2]
    if sights.rig is None or zone.view not in sights.rig.names:
        return None
    ground = np.moveaxis(centre, 1, -1).copy()
    ground[..., 2] = scene.floor  # before it was lowered to 0
    rotation = np.asarray(scene.rotation, dtype=np.float64).reshape(3, 3)
    seen = sights.rig[zone.view].project(ground @ rotation / scene.cm_per_unit)
    return np.asarray(np.moveaxis(seen, -1, 1))


def _name(zone: Zone, zones: tuple[Zone, ...]) -> str:
    """The zone's name, with its view where another view has one of that name."""
    alike = [each for each in zones if each.name == zone.name]
    return zone.name if len(alike) == 1 else f"{zone.name} ({zone.view})"
