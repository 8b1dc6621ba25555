"""Kinematics by which labelled clips are like each other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.pipeline.labelled_clips import mean_kinematics

FPS, FRAMES = 10, 200


def kinematics() -> xr.Dataset:
    chance = np.random.default_rng(0)
    shapes = {
        "speed": ("time", "individual"),
        "region_speed": ("region", "time", "individual"),
        "body_length": ("time", "individual"),
        "of_no_interest": ("time",),
    }
    sizes = {"time": FRAMES, "individual": 2, "region": 3}
    values = {}
    for name, dims in shapes.items():
        one = chance.normal(size=[sizes[dim] for dim in dims])
        one[chance.random(one.shape) < 0.2] = np.nan
        values[name] = (dims, one)
    values["body_length"][1][:50, 0] = np.nan
    coords = {
        "time": np.arange(FRAMES) / FPS,
        "individual": ["A", "B"],
        "region": ["head", "torso", "tail"],
    }
    return xr.Dataset(values, coords)


def footage(of: xr.Dataset | None) -> Any:
    return SimpleNamespace(sights=SimpleNamespace(kinematics=of))


def clips(*animals: str) -> pd.DataFrame:
    start = np.arange(0, 20, 0.5)
    tables = [
        pd.DataFrame({"individuals": each, "start_s": start, "stop_s": start + 0.7})
        for each in animals
    ]
    return pd.concat(tables, ignore_index=True).sample(frac=1, random_state=0)


def test_means_over_each_clip_of_what_is_known() -> None:
    known, table = kinematics(), clips("A", "B", "")
    found = mean_kinematics(footage(known), table)
    assert list(found) == [
        "speed", "region_speed head", "region_speed torso", "region_speed tail", "body_length",
    ]  # fmt: skip
    assert len(found) == len(table)
    for (_, clip), (_, row) in zip(table.iterrows(), found.iterrows(), strict=True):
        if not clip["individuals"]:
            assert row.isna().all(), "the scene has no kinematics of its own"
            continue
        times = known["time"]
        inside = (times >= clip["start_s"] - 1e-6) & (times < clip["stop_s"] - 1e-6)
        one = known.sel(individual=clip["individuals"]).isel(time=np.flatnonzero(inside))
        speed = np.log1p(abs(one["speed"])).mean("time")
        head = np.log1p(abs(one["region_speed"].sel(region="head"))).mean("time")
        length = one["body_length"].mean("time")
        wanted = [float(each) for each in (speed, head, length)]
        shown = row[["speed", "region_speed head", "body_length"]].to_numpy()
        assert np.allclose(shown, wanted, equal_nan=True)
    assert found["body_length"].isna().any()


def test_without_kinematics_nothing_is_known() -> None:
    found = mean_kinematics(footage(None), clips("A"))
    assert found.shape == (40, 0)
    other = mean_kinematics(footage(kinematics()), clips("A"))
    assert pd.concat([other, found])["speed"].isna().sum() >= 40
