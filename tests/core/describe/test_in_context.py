"""Which examples are shown with a clip, and how clips are cut and neighbours found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.clips import BOUTS, CLIPS, make_table
from mousegpt_core.describe.cutting import cut_by
from mousegpt_core.describe.in_context import ExampleChooser, neighbours
from mousegpt_core.describe.protocol_tables import Cutting, InContext
from mousegpt_core.errors import DataError

TIMES = np.arange(0, 10, 0.1)
FRAMES = np.arange(100)


def labelled(recording: str = "m", individual: str = "A", count: int = 100) -> pd.DataFrame:
    start = np.arange(count, dtype=float)
    table = make_table(
        CLIPS,
        {
            "clip_id": [f"{recording}/{individual}@{n}" for n in range(count)],
            "recording": recording,
            "individuals": individual,
            "start_s": start,
            "stop_s": start + 1,
        },
    )
    return table.assign(label=["freezing" if n % 2 else "exploring" for n in range(count)])


def test_never_from_the_neighbourhood_of_the_clip() -> None:
    table = labelled()
    clip = table.iloc[50]
    for apart in (0.0, 3.0, 30.0):
        allowed = ExampleChooser(table, InContext(apart_s=apart)).allowed(clip)
        near = {int(n) for n in np.flatnonzero(~allowed)}
        # Those that touch it are always too near.
        reach = max(int(apart), 1)
        assert near == set(range(50 - reach, 50 + reach + 1))
    assert ExampleChooser(labelled("other"), InContext()).allowed(clip).all()


def test_other_animals_only() -> None:
    table = pd.concat([labelled(), labelled("n", "A"), labelled("n", "B")], ignore_index=True)
    allowed = ExampleChooser(table, InContext(other_animals=True)).allowed(table.iloc[0])
    assert set(table[allowed]["individuals"]) == {"B"}
    nameless = pd.concat([labelled("m", ""), labelled("n", "")], ignore_index=True)
    allowed = ExampleChooser(nameless, InContext(other_animals=True)).allowed(nameless.iloc[0])
    assert set(nameless[allowed]["recording"]) == {"n"}


def test_chance_is_the_same_for_every_clip_and_another_for_another_seed() -> None:
    table = labelled()
    settings = InContext(shots=2, apart_s=5)
    elsewhere = labelled("other").iloc[0]
    first = ExampleChooser(table, settings).choose(elsewhere)
    assert list(first["label"]) == ["exploring", "freezing", "exploring", "freezing"]
    shown = ExampleChooser(first, settings)
    far = [row for row in range(len(table)) if shown.allowed(table.iloc[row]).all()]
    assert len(far) > 40
    for row in far:
        assert ExampleChooser(table, settings).choose(table.iloc[row]).equals(first)
    other = ExampleChooser(table, InContext(shots=2, apart_s=5, seed=1)).choose(elsewhere)
    assert set(other["clip_id"]) != set(first["clip_id"])


def test_nearest_and_most_diverse_in_kinematics() -> None:
    table = labelled()
    values = np.column_stack([np.arange(100.0), np.full(100, np.nan)])
    nearest = ExampleChooser(table, InContext(shots=2, choose="nearest"), values)
    near = nearest.choose(table.iloc[0], np.array([70.2, np.nan]))
    assert sorted(near["start_s"]) == [69, 70, 71, 72]
    settings = InContext(shots=3, choose="diverse", apart_s=0)
    diverse = ExampleChooser(table, settings, values).choose(table.iloc[0], values[0])
    exploring = sorted(diverse[diverse["label"] == "exploring"]["start_s"])
    assert exploring[0] < 5
    assert 45 < exploring[1] < 55
    assert exploring[2] > 95


def _plain(
    table: pd.DataFrame, values: np.ndarray, clip: pd.Series, of_clip: np.ndarray, settings: Any
) -> list[str]:
    """The nearest of each label as they are defined: every candidate is looked at for each clip."""
    low, middle, high = np.nanpercentile(values, (25, 50, 75), axis=0)
    away = np.square(
        np.nan_to_num((values - middle) / (high - low))
        - np.nan_to_num((of_clip - middle) / (high - low))
    ).sum(axis=1)
    by_label = []
    for label in sorted(set(table["label"])):
        found = []
        for row in np.argsort(away, kind="stable"):
            one = table.iloc[row]
            gap = max(one["start_s"] - clip["stop_s"], clip["start_s"] - one["stop_s"])
            near = one["recording"] == clip["recording"] and (gap <= 0 or gap < settings.apart_s)
            own = settings.other_animals and one["individuals"] == clip["individuals"]
            if one["label"] == label and not near and not own:
                found.append(str(one["clip_id"]))
        by_label.append(found[: settings.shots])
    return [each for turn in zip(*by_label, strict=True) for each in turn]


@pytest.mark.parametrize("other_animals", [False, True])
def test_the_nearest_are_those_of_the_plain_computation(other_animals: bool) -> None:
    chance = np.random.default_rng(0)
    table = pd.concat(
        [labelled(r, i, 40) for r in "mn" for i in ("A", "B", "C")], ignore_index=True
    ).sample(frac=1, random_state=0)
    # Whole numbers, so that many are equally far.
    values = chance.integers(0, 4, (len(table), 3)).astype(float)
    values[chance.random(values.shape) < 0.1] = np.nan
    settings = InContext(shots=4, choose="nearest", apart_s=7, other_animals=other_animals)
    chooser = ExampleChooser(table, settings, values)
    for row in range(0, len(table), 16):
        clip, of_clip = table.iloc[row], values[row]
        found = chooser.choose(clip, of_clip)["clip_id"].tolist()
        assert found == _plain(table, values, clip, of_clip, settings)


def test_kinematics_of_no_quantity_are_not_known() -> None:
    table = labelled()
    chooser = ExampleChooser(table, InContext(shots=1, choose="diverse"), np.empty((100, 0)))
    with pytest.raises(DataError, match="not known"):
        chooser.choose(table.iloc[0], np.empty(0))


def test_too_few_examples_are_told() -> None:
    table = labelled(count=6)
    with pytest.raises(DataError, match=r"too few labelled clips of 'exploring'") as caught:
        ExampleChooser(table, InContext(shots=2, apart_s=2)).choose(table.iloc[3])
    assert "apart_s" in caught.value.hint
    with pytest.raises(DataError, match="not known"):
        ExampleChooser(table, InContext(shots=1, choose="nearest", apart_s=0)).choose(table.iloc[0])


def test_seconds_with_a_stride() -> None:
    clips = cut_by(Cutting(length_s=1.0, stride_s=0.5), TIMES, FRAMES, recording="m")
    assert len(clips) == 19
    assert clips["clip_id"].iloc[1] == "m@00000005-00000015"
    assert (clips["stop_frame"] - clips["start_frame"] == 10).all()
    assert cut_by(Cutting(length_s=11.0), TIMES, FRAMES, recording="m").empty
    # Where half of a clip has no frames, there is none.
    hole = (TIMES < 2) | (TIMES >= 3.7)
    left = cut_by(Cutting(length_s=1.0), TIMES[hole], FRAMES[hole], recording="m")
    assert list(left["start_s"]) == [0, 1, 4, 5, 6, 7, 8, 9]


def test_a_rate_cuts_as_everywhere_else() -> None:
    clips = cut_by(Cutting(rate=5.0), TIMES, FRAMES, recording="m", individual="A")
    assert len(clips) == 50
    assert clips["clip_id"].iloc[1] == "m/A@00000002"


def test_bouts_are_cut_into_equal_parts() -> None:
    bouts = make_table(BOUTS, {"start_s": [0.0, 0.1, 3.0], "stop_s": [0.1, 3.0, 9.0]})
    cutting = Cutting(bouts="activities", shortest_s=0.5, longest_s=2.5)
    clips = cut_by(cutting, TIMES, FRAMES, recording="m", bouts=bouts)
    assert np.allclose(clips["start_s"], [0.1, 1.55, 3.0, 5.0, 7.0])
    assert np.allclose(clips["stop_s"], [1.55, 3.0, 5.0, 7.0, 9.0])


def test_neighbours_are_of_the_same_animal_and_do_not_overlap() -> None:
    clips = cut_by(
        Cutting(length_s=1.0, stride_s=0.5), TIMES, FRAMES, recording="m", individual="A"
    )
    other = cut_by(Cutting(length_s=1.0), TIMES, FRAMES, recording="m", individual="B")
    found = neighbours(pd.concat([clips, other], ignore_index=True))
    ids = list(clips["clip_id"])
    assert found[ids[4]] == (ids[2], ids[6])
    assert found[ids[0]] == ("", ids[2])
    assert found[ids[-1]] == (ids[-3], "")
    mine = list(other["clip_id"])
    assert found[mine[1]] == (mine[0], mine[2])


def test_a_clip_after_a_pause_is_no_neighbour() -> None:
    times = np.concatenate([TIMES[:20], TIMES[:20] + 60])
    clips = cut_by(Cutting(rate=1.0), times, np.arange(40), recording="m")
    found = neighbours(clips)
    ids = list(clips["clip_id"])
    assert [found[each] for each in ids] == [("", ids[1]), (ids[0], ""), ("", ids[3]), (ids[2], "")]
