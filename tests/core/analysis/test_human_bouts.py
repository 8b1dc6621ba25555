"""Bouts drawn by hand: what lies under them is cut, and every change can be undone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.analysis.human_bouts import Change, HumanBout, in_order, new_bout, put
from mousegpt_core.errors import DataError


def _spans(bouts: tuple[HumanBout, ...]) -> list[tuple[float, float, str]]:
    return [(bout.start_s, bout.stop_s, bout.label) for bout in bouts]


def test_a_bout_cuts_what_it_is_drawn_on() -> None:
    long = new_bout(0, 10, "walking", who="me")
    inner = put([long], new_bout(6, 4, "rearing"))
    bouts = inner.applied([long])
    assert _spans(bouts) == [(0, 4, "walking"), (4, 6, "rearing"), (6, 10, "walking")]
    assert len({bout.id for bout in bouts}) == 3
    assert inner.undone.applied(bouts) == (long,)


def test_a_bout_is_moved_and_renamed() -> None:
    first, second = new_bout(0, 2, "walking"), new_bout(3, 5, "rearing")
    moved = put([first, second], replace(first, start_s=2, stop_s=4), old=first, who="you")
    bouts = moved.applied([first, second])
    assert _spans(bouts) == [(2, 4, "walking"), (4, 5, "rearing")]
    assert (bouts[0].id, bouts[0].who) == (first.id, "you")
    gone = Change((bouts[1],))
    assert _spans(gone.applied(bouts)) == [(2, 4, "walking")]


def test_changes_of_two_windows_go_together() -> None:
    first, second = new_bout(0, 2, "walking"), new_bout(3, 5, "rearing")
    here = put([first, second], replace(first, label="running"), old=first)
    there = Change((second,), (replace(second, stop_s=6),))
    assert _spans(there.applied(here.applied([first, second]))) == [
        (0, 2, "running"),
        (3, 6, "rearing"),
    ]


@pytest.mark.parametrize(
    ("start", "stop", "label"), [(1, 1, "a"), (0, float("nan"), "a"), (0, 1, " ")]
)
def test_bouts_that_are_none(start: float, stop: float, label: str) -> None:
    with pytest.raises(DataError):
        new_bout(start, stop, label)


_MOMENT = st.integers(0, 40).map(lambda tenths: tenths / 10)


@given(st.lists(st.tuples(_MOMENT, _MOMENT, st.sampled_from("abc")), max_size=12))
def test_drawn_bouts_never_overlap_and_all_is_undone(drawn: list[tuple[float, float, str]]) -> None:
    bouts: tuple[HumanBout, ...] = ()
    history = []
    for start, stop, label in drawn:
        if start != stop:
            change = put(bouts, new_bout(start, stop, label))
            history.append((change, bouts))
            bouts = change.applied(bouts)
            middle = (start + stop) / 2
            (now,) = [one for one in bouts if one.start_s <= middle < one.stop_s]
            assert now.label == label
    assert all(a.stop_s <= b.start_s + 1e-6 for a, b in pairwise(bouts))
    for change, before in reversed(history):
        bouts = change.undone.applied(bouts)
        assert bouts == before


@given(
    st.lists(st.tuples(_MOMENT, _MOMENT), max_size=12), st.lists(st.tuples(_MOMENT, _MOMENT)),
    st.integers(0, 5),
)  # fmt: skip
def test_bouts_stay_in_the_order_of_their_starts(
    there: list[tuple[float, float]], new: list[tuple[float, float]], gone: int
) -> None:
    before = in_order(HumanBout(f"a{n}", *span, "x") for n, span in enumerate(there))
    after = tuple(HumanBout(f"b{n}", *span, "x") for n, span in enumerate(new))
    left = Change(before[:gone], after).applied(before)
    assert left == in_order([*before[gone:], *after])
