"""No animal, and no moment, is in training and in testing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.describe.training_split import split_by_animal, split_by_time
from mousegpt_core.errors import DataError

NAMES = [f"M{n}" for n in range(8)]
STUDIES = st.dictionaries(
    st.sampled_from([f"r{n}" for n in range(9)]),
    st.tuples(st.integers(1, 500), st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=3)),
    min_size=1,
)


def clips(count: int, step: float = 0.2) -> pd.DataFrame:
    start = np.arange(count) * step
    return pd.DataFrame({"start_s": start, "stop_s": start + step})


@given(STUDIES, st.floats(0.001, 0.9), st.integers(0, 99))
def test_no_animal_is_in_both_parts(
    study: dict[str, tuple[int, frozenset[str]]], share: float, seed: int
) -> None:
    counts = {id: count for id, (count, _) in study.items()}
    animals = {id: names for id, (_, names) in study.items()}
    split = split_by_animal(counts, animals, share=share, seed=seed)
    if split is None:  # they hang together: from any one, each is reached
        reached, before = {min(study)}, set[str]()
        while reached != before:
            before = set(reached)
            seen = frozenset().union(*(animals[id] for id in reached))
            reached |= {id for id in study if animals[id] & seen}
        assert reached == set(study)
        return
    tests = frozenset().union(*(animals[id] for id in split.recordings))
    trains = frozenset().union(*(animals[id] for id in set(study) - split.recordings))
    assert tests
    assert trains
    assert not tests & trains
    assert split == split_by_animal(counts, animals, share=share, seed=seed)
    assert {split.part(id, 0, 1) for id in split.recordings} == {"test"}


def test_few_animals_are_taken_where_there_are_many() -> None:
    counts = {f"r{n}": 100 for n in range(50)}
    animals = {id: frozenset({id}) for id in counts}
    found = [split_by_animal(counts, animals, share=0.05, seed=seed) for seed in range(5)]
    chosen = {split.recordings for split in found if split is not None}
    assert len(chosen) > 1
    assert {len(each) for each in chosen} == {3}


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(200, 800), min_size=1),
    st.floats(0.001, 0.5),
    st.floats(0, 10),
    st.integers(0, 99),
)
def test_what_tests_by_time_lies_apart(
    counts: dict[str, int], share: float, gap: float, seed: int
) -> None:
    tables = {id: clips(count) for id, count in counts.items()}
    split = split_by_time(tables, share=share, seed=seed, gap_s=gap)
    for id, table in tables.items():
        parts = np.array(
            [split.part(id, a, b) for a, b in zip(table["start_s"], table["stop_s"], strict=True)]
        )
        test, train = table[parts == "test"], table[parts == "train"]
        assert len(test) == max(1, round(share * len(table)))
        before = train[train["start_s"] < test["start_s"].min()]
        after = train[train["start_s"] > test["start_s"].min()]
        assert len(before) + len(after) == len(train)
        if len(before):
            assert test["start_s"].min() - before["stop_s"].max() >= gap - 1e-5
        if len(after):
            assert after["start_s"].min() - test["stop_s"].max() >= gap - 1e-5


def test_too_short_to_be_divided() -> None:
    with pytest.raises(DataError, match="far enough"):
        split_by_time({"a": clips(20)}, share=0.01, seed=0, gap_s=10.0)
