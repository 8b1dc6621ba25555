"""Closed labels: a behaviour of the user's own for every clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.analysis.classify import (
    behaviour_scores,
    classify,
    collect_scheme_examples,
    later,
)
from mousegpt_core.analysis.evaluate import evaluate
from mousegpt_core.analysis.examples import Examples, learn
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.clips import BOUTS, LABELS, cut_clips, validate_table
from mousegpt_core.describe.ethogram import compute_ethogram
from mousegpt_core.describe.measures import AnimalReference, Reference, skeleton_of
from mousegpt_core.describe.rules import load_rules
from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.kinematics import compute_kinematics, prepare_scene
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, simulate

FPS = 20.0
RULES = load_rules()
FOUR = {
    "walking": {"definition": "moves forward"},
    "rearing": {"definition": "lifts its forepaws off the floor"},
    "standing": {"definition": "still on all fours"},
    "grooming": {"definition": "licks its fur"},
}
FREEZING = {
    "freezing": {"definition": "does not move at all except for breathing"},
    "other": {"definition": "anything else"},
}


def ethogram(seconds: dict[str, float], extra: dict[str, np.ndarray] | None = None) -> xr.Dataset:
    """Postures one after the other, each sure; and scores of other activities."""
    order = [name for name, length in seconds.items() for _ in range(round(length * FPS))]
    names = [*RULES.postures, *(extra or {})]
    scores = np.zeros((len(order), len(names), 1), dtype=np.float32)
    for column, name in enumerate(names):
        if extra and name in extra:
            scores[:, column, 0] = extra[name]
        else:
            scores[:, column, 0] = np.where(np.asarray(order) == name, 0.9, 0.02)
    times = np.arange(len(order)) / FPS
    reference = Reference(animals={"mouse": AnimalReference(body_length_cm=8.0)})
    return xr.Dataset(
        {"activity_score": (("time", "activity", "individual"), scores)},
        coords={"time": times, "activity": names, "individual": ["mouse"]},
        attrs={"fps": FPS, "reference": reference.to_json()},
    )


def clips(data: xr.Dataset) -> object:
    times = data["time"].values
    return cut_clips(times, np.arange(len(times)), recording="M1", individual="mouse")


def frames_of(bouts: object, count: int) -> np.ndarray:
    found = np.full(count, "", dtype=object)
    times = np.arange(count) / FPS
    for bout in bouts.itertuples():  # type: ignore[attr-defined]
        found[(times > bout.start_s - 1e-6) & (times < bout.stop_s - 1e-6)] = bout.behaviour_id
    return found


def write(folder: Path, text: str) -> Path:
    path = folder / "labels.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_clip_gets_a_behaviour() -> None:
    data = ethogram({"walking": 4, "rearing": 3, "standing": 3, "grooming": 5})
    table = clips(data)
    found = classify(data, table, LabelScheme.parse(FOUR))
    labels = validate_table(LABELS, found.labels)
    assert labels["clip_id"].tolist() == table["clip_id"].tolist()  # type: ignore[index]
    assert labels["source"].eq("kinematic").all()
    assert labels["score"].between(0, 1).all()
    bouts = validate_table(BOUTS, found.bouts)
    assert bouts["behaviour_id"].tolist() == ["walking", "rearing", "standing", "grooming"]
    assert bouts["source"].eq("classified").all()
    assert (bouts["stop_s"] - bouts["start_s"]).sum() == pytest.approx(15.0)
    assert found.notes == ()
    assert "name" in found.mapping["walking"].why


def test_human_scorers_react_late_and_a_scheme_can_say_otherwise() -> None:
    data = ethogram({"walking": 4, "rearing": 3})
    late = classify(data, clips(data), LabelScheme.parse(FOUR)).bouts
    assert late["stop_s"].iloc[0] == pytest.approx(4 + RULES.activities["walking"].reaction_s)
    prompt = LabelScheme.parse({**FOUR, "reaction_s": 0.0})
    assert classify(data, clips(data), prompt).bouts["stop_s"].iloc[0] == pytest.approx(4.0)


def test_later_by_hand() -> None:
    assert later(np.array([1.0, 2.0, 3.0]), 1).tolist() == [1.0, 1.0, 2.0]
    assert later(np.array([1.0, 2.0]), 9).tolist() == [1.0, 1.0]
    assert later(np.array([1.0, 2.0]), 0).tolist() == [1.0, 2.0]


def test_freezing_is_taken_from_whatever_posture_and_without_delay() -> None:
    still = np.zeros(200, dtype=np.float32)
    still[60:100] = 0.8
    data = ethogram({"standing": 6, "grooming": 4}, {"freezing": still})
    found = frames_of(classify(data, clips(data), LabelScheme.parse(FREEZING)).bouts, 200)
    assert (found[60:100] == "freezing").all()
    assert (np.delete(found, np.arange(60, 100)) == "other").all()
    # Where nobody asks for freezing, it is standing.
    four = frames_of(classify(data, clips(data), LabelScheme.parse(FOUR)).bouts, 200)
    assert "freezing" not in set(four)
    assert (four[60:100] == "standing").all()


def test_brief_events_count() -> None:
    scratch = np.zeros(160, dtype=np.float32)
    scratch[80:84] = 0.9
    data = ethogram({"standing": 8}, {"scratching": scratch})
    scheme = LabelScheme.parse(
        {"scratching": {"definition": "scratches itself"}, "other": {"definition": "all else"}}
    )
    bouts = classify(data, clips(data), scheme).bouts
    assert bouts["behaviour_id"].tolist() == ["other", "scratching", "other"]


def test_kinds_of_one_posture_share_it() -> None:
    wall = np.where(np.arange(80) < 40, 0.85, 0.03).astype(np.float32)
    free = np.where(np.arange(80) < 40, 0.03, 0.85).astype(np.float32)
    data = ethogram({"rearing": 4}, {"rearing_supported": wall, "rearing_unsupported": free})
    scheme = LabelScheme.parse(
        {
            "supported": {"definition": "rears on the wall"},
            "unsupported": {"definition": "rears freely"},
            "other": {"definition": "anything else"},
            "reaction_s": 0,
        }
    )
    found = frames_of(classify(data, clips(data), scheme).bouts, 80)
    assert (found[:40] == "supported").all()
    assert (found[40:] == "unsupported").all()


def test_scores_of_a_frame_add_to_one_and_unknown_stays_unknown() -> None:
    data = ethogram({"walking": 2, "grooming": 2})
    data["activity_score"][30:50] = np.nan
    scheme = LabelScheme.parse({**FOUR, "reaction_s": 0})
    scores = behaviour_scores(data.isel(individual=0), scheme, scheme.match(RULES), RULES)
    known = np.isfinite(scores).all(axis=1)
    assert np.flatnonzero(~known).tolist() == list(range(30, 50))
    assert scores[known].sum(axis=1) == pytest.approx(1.0)
    labels = classify(data, clips(data), scheme).labels
    assert len(labels) < len(clips(data))  # type: ignore[arg-type]


def test_a_behaviour_that_cannot_be_seen_is_told() -> None:
    data = ethogram({"walking": 2, "standing": 2})
    scheme = LabelScheme.parse({**FOUR, "sleeping": {"definition": "sleeps"}})
    (note,) = classify(data, clips(data), scheme).notes
    assert note.startswith("sleeping:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[walking]\ndefinition = 'walks'", "two behaviours"),
        ("[walking]\ndefinition = 3\n[other]\ndefinition = 'else'", "definition"),
        ("walking = 'walks'\nother = 'else'", "walking is not a behaviour"),
        ("[a]\ndefinition = 'x'\ncolour = 1\n[b]\ndefinition = 'y'", "colour"),
        (
            "[a]\ndefinition='x'\nexamples=[{recording='r', start_s=2.0, stop_s=1.0}]\n"
            "[b]\ndefinition='y'",
            "stop_s",
        ),
        ("reaction_s = 'late'\n[a]\ndefinition='x'\n[b]\ndefinition='y'", "reaction_s"),
        ("[a", "TOML"),
    ],
)
def test_faults_of_a_labels_file(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError, match=r"labels\.toml") as caught:
        LabelScheme.from_toml(path)
    assert told in str(caught.value)


def test_activities_can_be_named_outright(tmp_path: Path) -> None:
    text = "[risk]\ndefinition='?'\nactivities=['stretching']\n[other]\ndefinition='anything else'"
    claims = LabelScheme.from_toml(write(tmp_path, text)).match(RULES)
    assert claims["risk"].activities == ("stretching",)
    wrong = LabelScheme.from_toml(write(tmp_path, text.replace("stretching", "swimming")))
    with pytest.raises(SettingsError, match="swimming"):
        wrong.match(RULES)


def test_scheme_id_follows_the_definitions() -> None:
    scheme = LabelScheme.parse(FOUR)
    assert scheme.scheme_id == LabelScheme.parse(FOUR).scheme_id
    assert scheme.scheme_id != LabelScheme.parse({**FOUR, "reaction_s": 0}).scheme_id


def test_unknown_individual_or_mixed_clips() -> None:
    data = ethogram({"walking": 2})
    scheme = LabelScheme.parse(FOUR)
    with pytest.raises(DataError, match="rat"):
        classify(data, clips(data), scheme, individual="rat")
    with pytest.raises(DataError, match="one recording"):
        classify(data, clips(data).iloc[:0], scheme)  # type: ignore[attr-defined]


def kinematics(data: xr.Dataset, length: np.ndarray) -> xr.Dataset:
    """A body length that the definitions do not speak of."""
    still = (
        ("time", "space", "keypoint", "individual"),
        np.zeros((len(length), 2, 1, 1), dtype=np.float32),
    )
    return xr.Dataset(
        {
            "body_length": (("time", "individual"), length[:, None]),
            "position": still,
            "unsmoothed": still,
        },
        coords={
            "time": data["time"],
            "space": ["x", "y"],
            "keypoint": ["nose"],
            "individual": ["mouse"],
        },
        attrs={"fps": FPS},
    )


def test_examples_teach_what_words_do_not() -> None:
    data = ethogram({"standing": 30})
    length = np.where(np.arange(600) % 100 < 50, 4.0, 8.0)
    spans = [(5.0 * i, 5.0 * i + 2.4) for i in range(6)]
    examples = {
        "short": [{"recording": "M1", "start_s": a, "stop_s": b} for a, b in spans[:5]],
        "long": [{"recording": "M1", "start_s": a + 2.5, "stop_s": b + 2.5} for a, b in spans[:5]],
    }
    scheme = LabelScheme.parse(
        {n: {"definition": "zzz", "examples": e} for n, e in examples.items()} | {"reaction_s": 0}
    )
    found = classify(data, clips(data), scheme, kinematics=kinematics(data, length))
    frames = frames_of(found.bouts, 600)
    assert (frames[510:545] == "short").all()
    assert (frames[560:590] == "long").all()


def test_examples_change_nothing_where_words_say_it_all() -> None:
    data = ethogram({"walking": 10, "rearing": 10, "standing": 10, "grooming": 10})
    starts = {"walking": 0, "rearing": 10, "standing": 20, "grooming": 30}
    table = {
        name: {
            **FOUR[name],
            "examples": [
                {"recording": "M1", "start_s": at + 1.0 + 2 * i, "stop_s": at + 2.0 + 2 * i}
                for i in range(4)
            ],
        }
        for name, at in starts.items()
    }
    rng = np.random.default_rng(0)
    measured = kinematics(data, rng.uniform(4, 9, 800))
    scheme = LabelScheme.parse(table)
    examples = collect_scheme_examples(data, measured, scheme, recording="M1")
    learned = learn([examples], list(scheme.names))
    assert learned is not None
    assert learned.examples == 16
    assert np.abs(learned.weights).max() < 1e-3
    plain = classify(data, clips(data), LabelScheme.parse(FOUR))
    taught = classify(data, clips(data), scheme, kinematics=measured)
    assert taught.bouts["behaviour_id"].tolist() == plain.bouts["behaviour_id"].tolist()


def test_examples_outside_the_recording_are_refused() -> None:
    data = ethogram({"walking": 2, "standing": 2})
    outside = [{"recording": "M1", "start_s": 90.0, "stop_s": 91.0}]
    table = {**FOUR, "walking": {**FOUR["walking"], "examples": outside}}
    with pytest.raises(DataError, match=r"90.0 to 91.0 s"):
        classify(
            data, clips(data), LabelScheme.parse(table), kinematics=kinematics(data, np.ones(80))
        )
    elsewhere = [{"recording": "M2", "start_s": 0.0, "stop_s": 1.0}]
    table = {**FOUR, "walking": {**FOUR["walking"], "examples": elsewhere}}
    scheme = LabelScheme.parse(table)
    found = collect_scheme_examples(data, kinematics(data, np.ones(80)), scheme, recording="M1")
    assert found.labels == []
    assert learn([found, Examples.joined([])], list(scheme.names)) is None


def test_examples_of_one_behaviour_alone_teach_nothing() -> None:
    rng = np.random.default_rng(0)
    one = Examples(
        rng.dirichlet([1, 1], 30), rng.normal(size=(30, 3)), ["still"] * 30, np.arange(30) // 10
    )
    assert learn([one], ["walking", "still"]) is None
    both = Examples(one.scores, one.features, ["still"] * 10 + ["walking"] * 20, one.groups)
    assert learn([both], ["walking", "still"]) is not None


def test_behaviours_that_nothing_points_to_get_nothing_and_say_so() -> None:
    data = ethogram({"walking": 4, "rearing": 3})
    scheme = LabelScheme.parse({"blorf": {}, "zwick": {"definition": "zwicks"}})
    found = classify(data, clips(data), scheme)
    assert len(found.labels) == len(found.bouts) == 0
    assert [note.partition(":")[0] for note in found.notes] == ["blorf", "zwick"]
    assert all("in English" in note for note in found.notes)
    # What is known is found, and nothing else.
    scheme = LabelScheme.parse({"blorf": {}, "rearing": {}, "reaction_s": 0})
    bouts = classify(data, clips(data), scheme).bouts
    assert bouts["behaviour_id"].tolist() == ["rearing"]
    assert bouts["start_s"].iloc[0] == pytest.approx(4.0, abs=0.1)


def _example(start: float, stop: float) -> dict[str, object]:
    return {"recording": "M1", "start_s": start, "stop_s": stop}


@pytest.fixture(scope="module")
def synthetic() -> tuple[xr.Dataset, xr.Dataset, np.ndarray]:
    """Kinematics, ethogram and truth of a mouse that does four things, again and again."""
    script = [("walking", 4.0), ("grooming", 4.0), ("rearing", 4.0), ("freezing", 4.0)] * 6
    made = simulate(BehaviourScript(tuple(script)), SimulationSettings(fps=30.0, seed=3))
    skeleton = skeleton_of(made.poses)
    measured = compute_kinematics(made.poses, skeleton, prepare_scene(made.poses, skeleton))
    return measured, compute_ethogram(measured, RULES), made.labels


@pytest.mark.parametrize("rest", [False, True], ids=["four examples", "one and the rest"])
def test_examples_alone_find_a_behaviour(
    synthetic: tuple[xr.Dataset, xr.Dataset, np.ndarray], rest: bool
) -> None:
    measured, found, truth = synthetic
    names = {"walking": "blorf", "grooming": "zwick", "rearing": "murnu", "freezing": "tapok"}
    table: dict[str, object] = {"reaction_s": 0}
    for place, word in enumerate(names.values()):
        starts = [16.0 * turn + 4.0 * place + 1.0 for turn in range(3)]
        table[word] = {"examples": [_example(start, start + 2.0) for start in starts]}
    if rest:
        names = dict.fromkeys(names, "other") | {"grooming": "zwick"}
        table = {"reaction_s": 0, "zwick": table["zwick"], "other": {}}
    scheme = LabelScheme.parse(table)
    times = measured["time"].values
    table_of_clips = cut_clips(times, measured["frame"].values, recording="M1")
    said = classify(found, table_of_clips, scheme, kinematics=measured)
    frames = np.full(len(times), "", dtype=object)
    for bout in said.bouts.itertuples():
        frames[(times > bout.start_s - 1e-6) & (times < bout.stop_s - 1e-6)] = bout.behaviour_id
    unseen = times > 48.0
    scores = evaluate(
        times[unseen],
        frames[unseen],
        np.array([names.get(str(name), "na") for name in truth], dtype=object)[unseen],
    ).to_json()
    assert scores["macro_f1"] > 0.9
    assert said.notes == ()


def test_examples_of_what_nothing_can_be_told_from_are_not_used() -> None:
    data = ethogram({"walking": 4, "rearing": 3})
    scheme = LabelScheme.parse({"blorf": {"examples": [_example(0.0, 2.0)]}, "zwick": {}})
    found = classify(data, clips(data), scheme, kinematics=kinematics(data, np.ones(140)))
    assert len(found.bouts) == 0
    assert all("in English" in note for note in found.notes)
