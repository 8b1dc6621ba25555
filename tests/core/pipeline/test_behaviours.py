"""A person's changes to the behaviours of the profile."""

from __future__ import annotations

import pytest

from mousegpt_core.errors import DataError
from mousegpt_core.pipeline import Work, run_study
from mousegpt_core.pipeline.behaviours import (
    behaviours_mark,
    make_behaviour,
    merge_behaviours,
    profile_bouts,
    profiled,
    rename_behaviour,
    split_behaviour,
    undo_behaviour,
)
from mousegpt_core.pipeline.evaluation import bouts_of_scheme
from mousegpt_core.pipeline.exporting import export_study
from mousegpt_core.study import Study


def _names(study: Study) -> list[str]:
    return profiled(study).behaviours["name"].tolist()


def _seconds(study: Study) -> dict[str, float]:
    bouts = profile_bouts(study)
    return (bouts["stop_s"] - bouts["start_s"]).groupby(bouts["behaviour_id"]).sum().to_dict()


def test_a_renamed_behaviour_keeps_its_id_and_bouts(study: Study) -> None:
    before, seconds = profiled(study).behaviours, _seconds(study)
    id = rename_behaviour(study, before["name"][0], "  going   about ")
    assert id == before["behaviour_id"][0]
    after = profiled(study).behaviours
    assert after["name"].tolist() == ["going about", *before["name"][1:]]
    assert after.drop(columns="name").equals(before.drop(columns="name"))
    assert _seconds(study) == seconds
    run_study(Work(study))  # made again, it is still called so
    assert _names(study)[0] == "going about"
    report = (study.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "going about" in report
    (table,) = export_study(study, "behaviours")
    assert "going about" in table.read_text(encoding="utf-8")


def test_merged_behaviours_are_one_in_bouts_and_shares(study: Study) -> None:
    before, seconds = profiled(study).behaviours, _seconds(study)
    kept, gone = before["behaviour_id"][:2]
    merge_behaviours(study, before["name"][0], [before["name"][1]])
    labels, after = profiled(study)
    assert len(after) == len(before) - 1
    assert gone not in set(labels["behaviour_id"])
    merged = after.set_index("behaviour_id").loc[kept]
    assert merged["size"] == before["size"][:2].sum()
    assert after["share"].sum() == pytest.approx(1.0)
    assert _seconds(study)[kept] == pytest.approx(seconds[kept] + seconds[gone])
    one = study.recording("M1")
    mine = bouts_of_scheme(study, one, "profile")
    assert set(mine["recording"]) == {"M1"}
    assert gone not in set(mine["behaviour_id"])


def test_chosen_clips_become_a_behaviour(study: Study) -> None:
    labels, before = profiled(study)
    chosen = labels["clip_id"][:10].tolist()
    id = make_behaviour(study, chosen, "special")
    assert id == make_behaviour(study, chosen, "special ones"), "the same clips, the same id"
    labels, after = profiled(study)
    assert labels.set_index("clip_id").loc[chosen, "behaviour_id"].eq(id).all()
    assert (labels["behaviour_id"] == id).sum() == 10
    row = after.set_index("behaviour_id").loc[id]
    assert (row["name"], row["size"]) == ("special ones", 10)
    assert after["size"].sum() == before["size"].sum()


def test_a_behaviour_is_split_by_what_is_told(study: Study) -> None:
    before = profiled(study).behaviours
    id = before["behaviour_id"][0]
    made = split_behaviour(study, id, 3)
    labels, after = profiled(study)
    assert len(made) == 2
    assert {id, *made} <= set(labels["behaviour_id"])
    assert after["name"].is_unique
    sizes = after.set_index("behaviour_id")["size"]
    assert sizes.loc[[id, *made]].sum() == before["size"][0]
    assert sizes[id] >= sizes.loc[made].max()
    # No odd few are split off.
    assert sizes.loc[made].min() >= before["size"][0] * 0.2 / 3
    seconds = _seconds(study)
    assert set(made) <= set(seconds)
    rename_behaviour(study, made[0], "a part")
    undo_behaviour(study)
    assert undo_behaviour(study) == "split", "one act, whatever the number of parts"
    assert profiled(study).behaviours.equals(before)
    assert behaviours_mark(study) == ""


def test_everything_can_be_taken_back_in_turn(study: Study) -> None:
    labels, before = profiled(study)
    assert behaviours_mark(study) == ""
    rename_behaviour(study, before["name"][0], "one")
    merge_behaviours(study, "one", [before["name"][1]])
    make_behaviour(study, labels["clip_id"][:5].tolist(), "few")
    marks = [behaviours_mark(study)]
    for done in ("split", "merged", "renamed"):
        assert undo_behaviour(study) == done
        marks.append(behaviours_mark(study))
    assert len(set(marks)) == 4
    again = profiled(study)
    assert again.behaviours.equals(before)
    assert again.labels.equals(labels)
    with pytest.raises(DataError, match="no behaviour was changed"):
        undo_behaviour(study)


def test_acts_on_what_is_gone_do_nothing(study: Study) -> None:
    before = profiled(study)
    study.log.add_edit("behaviour", "b00000000", "name", "ghost")
    study.log.add_edit("behaviour", "b00000001", "merge", "[]")
    ghost = '{"name": "ghost", "clips": ["nowhere"]}'
    study.log.add_edit("behaviour", "s0", "split", ghost)
    study.log.add_edit("behaviour", "b00000000", "parts", f'{{"s0": {ghost}}}')
    after = profiled(study)
    assert after.labels["behaviour_id"].tolist() == before.labels["behaviour_id"].tolist()
    assert after.behaviours["name"].tolist() == before.behaviours["name"].tolist()


def test_what_is_not_possible_is_refused(study: Study) -> None:
    first, second, *_ = _names(study)
    with pytest.raises(DataError, match="no behaviour is called 'flying'"):
        rename_behaviour(study, "flying", "new")
    with pytest.raises(DataError, match="another behaviour"):
        rename_behaviour(study, first, second.upper())
    with pytest.raises(DataError, match="needs a name"):
        rename_behaviour(study, first, "  ")
    with pytest.raises(DataError, match="nothing to merge"):
        merge_behaviours(study, first, [first])
    with pytest.raises(DataError, match="no clip 'x'"):
        make_behaviour(study, ["x"], "new")
    with pytest.raises(DataError, match="no clips"):
        make_behaviour(study, [], "new")
    assert _names(study)[:2] == [first, second]
