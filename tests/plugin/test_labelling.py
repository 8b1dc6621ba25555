"""A person's bouts in the window: held by the mouse, saved beside it, undone, shared."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("napari")

from napari.components import ViewerModel

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.study import Study
from napari_mousegpt.ethograms import behaviours_to_draw, ethogram, hand_bouts, keys_of, owners_of
from napari_mousegpt.labelling import HandLabels, Owner, grip, hand_labels_of
from napari_mousegpt.session import session_of

FLAT: Owner = ("flat", "M1")


@pytest.fixture
def study(own_study: Study) -> Study:
    """A copy, to be labelled."""
    return own_study


def _spans(labels: HandLabels, owner: Owner = FLAT) -> list[tuple[float, float, str]]:
    return [(one.start_s, one.stop_s, one.label) for one in labels.bouts(owner)]


def test_what_is_drawn_is_saved_and_undone(study: Study) -> None:
    labels = HandLabels(study)
    labels.draw(FLAT, 2.0, 0.5, "walking", "ann")
    bout = labels.draw(FLAT, 1.0, 1.5, "rearing", "ann")
    assert _spans(labels) == [(0.5, 1, "walking"), (1, 1.5, "rearing"), (1.5, 2, "walking")]
    labels.set_ends(FLAT, bout, 1.0, 3.0, "ann")
    labels.rename(FLAT, labels.bouts(FLAT)[1], "grooming", "bob")
    labels.flush()
    again = HandLabels(Study.open(study.folder))
    assert _spans(again) == [(0.5, 1, "walking"), (1, 3, "grooming")]
    assert again.bouts(FLAT)[1].who == "bob"
    for _ in range(4):
        assert labels.undo() == FLAT
    assert (labels.undo(), _spans(labels)) == (None, [])
    assert labels.redo() == FLAT
    assert _spans(labels) == [(0.5, 2, "walking")]
    labels.delete(FLAT, labels.bouts(FLAT)[0])
    labels.flush()
    assert not list((study.folder / "labels" / "human").glob("*.csv"))


def test_two_windows_see_each_others_bouts(study: Study) -> None:
    here, there = HandLabels(study), HandLabels(Study.open(study.folder))
    assert _spans(here) == _spans(there) == []
    here.draw(FLAT, 0.0, 1.0, "walking", "ann")
    there.draw(FLAT, 1.0, 2.0, "rearing", "bob")
    here.flush()
    there.flush()
    here.poll()
    there.poll()
    both = [(0.0, 1.0, "walking"), (1.0, 2.0, "rearing")]
    assert _spans(here) == _spans(there) == both


def test_what_is_imported_is_undone_as_it_was_done(study: Study) -> None:
    here, command = HandLabels(study), HandLabels(Study.open(study.folder))
    here.draw(FLAT, 0.0, 1.0, "walking", "ann")
    here.flush()
    here.importing = True
    command.delete(FLAT, command.bouts(FLAT)[0])
    command.draw(FLAT, 0.5, 2.0, "rearing", "bob")
    command.flush()
    assert here.poll() == {FLAT}
    here.importing = False
    assert _spans(here) == [(0.5, 2.0, "rearing")]
    here.undo()
    assert _spans(here) == [(0.0, 1.0, "walking")]
    here.undo()
    assert _spans(here) == []
    here.redo()
    here.redo()
    assert _spans(here) == [(0.5, 2.0, "rearing")]
    here.flush()


def test_a_change_that_cannot_be_saved_is_kept(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mousegpt_core.pipeline import human_labels

    def full(*_: object) -> None:
        raise MouseGPTError("the disk is full", hint="make room")

    labels = HandLabels(study)
    with monkeypatch.context() as patch:
        patch.setattr(human_labels, "write_atomic", full)
        labels.draw(FLAT, 0.0, 1.0, "walking", "ann")
        with pytest.raises(MouseGPTError, match="full"):
            labels.flush()
        assert not labels.saved
        assert _spans(labels) == [(0.0, 1.0, "walking")]
    labels.flush()
    assert labels.saved
    assert _spans(HandLabels(study)) == [(0.0, 1.0, "walking")]


def test_another_study_does_not_lose_what_is_unsaved(
    study: Study, study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mousegpt_core.pipeline import human_labels

    def full(*_: object) -> None:
        raise MouseGPTError("the disk is full", hint="make room")

    session = session_of(ViewerModel())
    session.study = study
    labels = hand_labels_of(session)
    assert labels is not None
    session.study = Study.open(study_folder)
    with monkeypatch.context() as patch:
        patch.setattr(human_labels, "write_atomic", full)
        labels.draw(FLAT, 0.0, 1.0, "walking", "ann")
        assert hand_labels_of(session) is not labels
        with pytest.raises(MouseGPTError, match="full"):
            labels.flush()
    labels.flush()
    assert _spans(HandLabels(study)) == [(0.0, 1.0, "walking")]


def test_bouts_are_taken_hold_of(study: Study) -> None:
    labels = HandLabels(study)
    labels.draw(FLAT, 1.0, 3.0, "walking", "ann")
    labels.draw(FLAT, 3.0, 3.2, "rearing", "ann")
    bouts = labels.bouts(FLAT)
    for moment, part in ((1.05, "start"), (2.0, "whole"), (2.9, "stop"), (3.1, "whole")):
        found = grip(bouts, moment, 0.2)
        assert found is not None
        assert found.part == part
    assert grip(bouts, 0.5, 0.2) is None
    whole, start = grip(bouts, 2.0, 0.2), grip(bouts, 1.05, 0.2)
    assert whole is not None
    assert start is not None
    assert whole.dragged(2.5) == (1.5, 3.5)
    assert whole.dragged(-9.0) == (0.0, 2.0)
    assert start.dragged(-1.0) == (0.0, 3.0)
    labels.flush()


def test_behaviours_and_their_keys(study: Study) -> None:
    names = behaviours_to_draw(study, [])
    assert {"walking", "rearing", "grooming"} <= set(names)
    assert names[-1] == "na"
    assert HandLabels(study).end(("space", "M1")) == pytest.approx(10.0, abs=0.1)
    keys = keys_of(["walking", "wall rearing", "wa", "1 of 2"])
    assert keys == {"walking": "w", "wall rearing": "a", "wa": "b", "1 of 2": "1"}
    assert len(set(keys_of([f"b{n}" for n in range(50)]).values())) == 36
    # What was drawn comes beside the usual ones, and takes no key that was another's.
    assert behaviours_to_draw(study, ["sniffing", "na"]) == [*names[:-1], "sniffing", "na"]
    known = keys_of(names)
    for own in (["sniff wall"], ["scratch", "sniff wall"], ["gnawing", "scratch", "sniff wall"]):
        offered = behaviours_to_draw(study, own)
        assert offered == [*names[:-1], *own, "na"]
        keys = keys_of(offered, known)
        assert keys.items() >= known.items()
        assert len(set(keys.values())) == len(offered)
        known = keys
    assert behaviours_to_draw(study, ["rearing"]) == names


def test_bouts_by_hand_are_drawn_for_all_animals(study: Study) -> None:
    labels = HandLabels(study)
    labels.draw(FLAT, 0.0, 1.0, "walking", "ann")
    labels.draw(FLAT, 1.0, 2.0, "na", "ann")
    data = ethogram(study, "human", hand_bouts(labels, owners_of(study)), beside=["rearing"])
    assert sorted(row.recording for row in data.rows) == ["flat", "space"]
    row = data.row_of("flat", "M1")
    assert row is not None
    assert data.at(row, 1.5) == "not scored"
    assert data.span(row, 0.5) == (0.0, 1.0)
    assert (data.end_s, data.row_of("space", "nobody")) == (2.0, None)
    labels.flush()


def test_many_bouts_of_several_animals_keep_their_rows_and_names(study: Study) -> None:
    owners = [("flat", "M1"), ("space", "M1"), ("space", "M2")]
    table = pd.DataFrame(
        [(*owners[n % 3], float(n), n + 0.5, f"b_{n % 4}") for n in range(600)],
        columns=["recording", "individual", "start_s", "stop_s", "behaviour_id"],
    )
    data = ethogram(study, "human", table[::-1])
    place = {owner: data.row_of(*owner) for owner in owners}
    assert len({*place.values()} - {None}) == 3
    for n in range(600):
        assert data.at(place[owners[n % 3]], n + 0.2) == f"b {n % 4}"
    assert {bars.name: len(bars.start_s) for bars in data.bars} == {f"b {n}": 150 for n in range(4)}
    for bars in data.bars:
        kind = int(bars.name[-1])
        assert {int(start) % 4 for start in bars.start_s} == {kind}
        assert bars.row == [place[owners[int(start) % 3]] for start in bars.start_s]
    known = ethogram(study, "human", table, rows=data.rows)
    assert known.rows is data.rows
    assert ethogram(study, "human", table, rows=data.rows[:1]).rows == data.rows
    assert ethogram(study, "human", table[:0]).bars == []


def test_behaviours_are_told_the_longest_first(study: Study) -> None:
    labels = HandLabels(study)
    for start, stop, label in ((0, 1, "walking"), (1, 4, "rearing"), (4, 5, "walking")):
        labels.draw(FLAT, start, stop, label, "ann")
    data = ethogram(study, "human", hand_bouts(labels, owners_of(study)))
    assert [bars.name for bars in data.bars] == ["rearing", "walking"]
    labels.flush()
