"""Which examples are shown with a clip, and how clips are cut and neighbours found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.clips import BOUTS, CLIPS, make_table
from mousegpt_core.describe.cutting import cut_by
from mousegpt_core.describe.in_context import choose_examples, is_allowed, neighbours
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
        allowed = is_allowed(table, clip, InContext(apart_s=apart))
        near = {int(n) for n in np.flatnonzero(~allowed)}
        # Those that touch it are always too near.
        reach = max(int(apart), 1)
        assert near == set(range(50 - reach, 50 + reach + 1))
    assert is_allowed(labelled("other"), clip, InContext()).all()


def test_other_animals_only() -> None:
    table = pd.concat([labelled(), labelled("n", "A"), labelled("n", "B")], ignore_index=True)
    allowed = is_allowed(table, table.iloc[0], InContext(other_animals=True))
    assert set(table[allowed]["individuals"]) == {"B"}
    nameless = pd.concat([labelled("m", ""), labelled("n", "")], ignore_index=True)
    allowed = is_allowed(nameless, nameless.iloc[0], InContext(other_animals=True))
    assert set(nameless[allowed]["recording"]) == {"n"}


def test_chance_is_the_same_for_every_clip_and_another_for_another_seed() -> None:
    table = labelled()
    settings = InContext(shots=2, apart_s=5)
    elsewhere = labelled("other").iloc[0]
    first = choose_examples(table, elsewhere, settings)
    assert list(first["label"]) == ["exploring", "freezing", "exploring", "freezing"]
    far = [row for row in range(len(table)) if is_allowed(first, table.iloc[row], settings).all()]
    assert len(far) > 40
    for row in far:
        assert choose_examples(table, table.iloc[row], settings).equals(first)
    other = choose_examples(table, elsewhere, InContext(shots=2, apart_s=5, seed=1))
    assert set(other["clip_id"]) != set(first["clip_id"])


def test_nearest_and_most_diverse_in_kinematics() -> None:
    table = labelled()
    values = np.column_stack([np.arange(100.0), np.full(100, np.nan)])
    near = choose_examples(
        table,
        table.iloc[0],
        InContext(shots=2, choose="nearest"),
        features=values,
        of_clip=np.array([70.2, np.nan]),
    )
    assert sorted(near["start_s"]) == [69, 70, 71, 72]
    diverse = choose_examples(
        table,
        table.iloc[0],
        InContext(shots=3, choose="diverse", apart_s=0),
        features=values,
        of_clip=values[0],
    )
    exploring = sorted(diverse[diverse["label"] == "exploring"]["start_s"])
    assert exploring[0] < 5
    assert 45 < exploring[1] < 55
    assert exploring[2] > 95


def test_too_few_examples_are_told() -> None:
    table = labelled(count=6)
    with pytest.raises(DataError, match=r"too few labelled clips of 'exploring'") as caught:
        choose_examples(table, table.iloc[3], InContext(shots=2, apart_s=2))
    assert "apart_s" in caught.value.hint
    with pytest.raises(DataError, match="not known"):
        choose_examples(table, table.iloc[0], InContext(shots=1, choose="nearest", apart_s=0))


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
