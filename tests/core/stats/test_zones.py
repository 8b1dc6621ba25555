"""Time in, entries into and latency to zones, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.stats import ZoneUse, zone_use

FPS = 10.0


def use(inside: str, *, times: np.ndarray | None = None) -> ZoneUse:
    """Of a picture of frames: # inside, . outside, ? not known."""
    frames = np.array(list(inside))
    moments = np.arange(len(frames)) / FPS if times is None else times
    return zone_use(
        frames == "#", frames != "?", moments, fps=FPS, recording="r", individual="m", zone="z"
    )


def test_stays_are_counted_and_timed() -> None:
    found = use(".....#####.....#####")
    assert found.seconds == pytest.approx(1.0)
    assert found.share == pytest.approx(0.5)
    assert found.entries == 2
    assert found.latency_s == pytest.approx(0.5)


def test_jitter_at_the_border_is_no_entry() -> None:
    found = use("..#.....####.###....")
    assert found.entries == 1
    assert found.latency_s == pytest.approx(0.8)
    # Time is time all the same.
    assert found.seconds == pytest.approx(0.8)


def test_a_stay_in_which_the_recording_begins_counts() -> None:
    found = use("#####.....")
    assert (found.entries, found.latency_s) == (1, 0.0)


def test_what_is_not_known_neither_counts_nor_ends_a_stay() -> None:
    found = use("????.....###????###.")
    assert found.entries == 1
    assert found.share == pytest.approx(0.5)
    assert found.latency_s == pytest.approx(0.5)


def test_never_there_never_seen() -> None:
    outside, unseen = use("........"), use("????")
    assert (outside.seconds, outside.share, outside.entries) == (0.0, 0.0, 0)
    assert np.isnan(outside.latency_s)
    assert unseen.entries == 0
    assert np.isnan([unseen.share, unseen.latency_s]).all()


def test_a_pause_of_the_recording_is_no_time_in_a_zone() -> None:
    times = np.array([0.0, 0.1, 0.2, 0.3, 60.0, 60.1, 60.2, 60.3])
    assert use("########", times=times).seconds == pytest.approx(0.8)


@given(st.text("#.?", max_size=60))
def test_time_entries_and_latency_agree(frames: str) -> None:
    found = use(frames)
    assert 0 <= found.seconds <= len(frames) / FPS + 1e-9
    assert np.isnan(found.latency_s) == (found.entries == 0)
    assert found.entries * 0.25 <= found.seconds + frames.count(".") / FPS + 1e-9
