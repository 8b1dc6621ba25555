"""Ways of asking beside each other: the table knows which is better, and nothing is asked twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from commands import Answer, mousegpt
from loopback import LoopbackServer
from mousegpt_core.cli.ablating import split_values
from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.pipeline import Work, ablate_study
from mousegpt_core.pipeline.ablation import KINEMATICS, Scoring, make_variants
from mousegpt_core.pipeline.answer_labelling import scheme_of_protocol
from mousegpt_core.study import Study
from truth_study import LABELS, SKILLS, Known, make_truth_study

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return make_truth_study(tmp_path_factory.mktemp("made"), seconds=15)


@pytest.fixture
def known(made: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Known:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(made.study.folder.parent, tmp_path / "whole")
    made.model.said.clear()
    return Known(Study.open(tmp_path / "whole" / "study"), made.model)


@pytest.fixture
def server(known: Known) -> Iterator[LoopbackServer]:
    with known.model.server() as running:
        yield running


def ablate(known: Known, server: LoopbackServer, *more: str) -> Answer:
    orders = ("--describer", "openai", "--model", "tiny", "--base-url", server.url)
    return mousegpt("ablate", known.study.folder, "--protocol", "seconds", *orders, *more)


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["variant"]: row for row in result["variants"]}


def test_variants_are_the_same_protocol_with_other_values(known: Known) -> None:
    folder = known.study.folder
    found = make_variants("seconds", folder, (), {"frames.contrast": ["none", "local"]})
    assert len(found) == 8
    assert len({one.protocol.hash for one in found}) == 8
    assert len({one.protocol.name for one in found}) == 8
    assert found[0].name == "zero-shot, frames.contrast=none"
    assert found[0].protocol.examples.shots == 0
    assert {one.protocol.examples.shots for one in found[1:4]} == {1}
    # Values that ask the same are one variant.
    same = make_variants("seconds", folder, ["zero-shot"], {"examples.seed": ["0", "0"]})
    assert len(same) == 1
    with pytest.raises(SettingsError, match="no way of asking"):
        make_variants("seconds", folder, ["one-shot"])
    with pytest.raises(SettingsError, match="no such key"):
        make_variants("seconds", folder, [], {"frames.colour": ["red"]})
    with pytest.raises(SettingsError, match=r"frames\.contrast has no values"):
        make_variants("seconds", folder, [], {"frames.contrast": []})


def test_values_are_parted_by_commas() -> None:
    assert split_values("none, local") == ["none", "local"]
    assert split_values("[448, 448],[224, 224]") == ["[448, 448]", "[224, 224]"]
    assert split_values('"a,b",c') == ['"a,b"', "c"]


def test_the_better_way_is_found_and_nothing_is_asked_twice(
    known: Known, server: LoopbackServer
) -> None:
    ways = ("--way", "zero-shot", "--way", "autoregressive")
    reckoned = ablate(known, server, *ways, "--dry-run", "--json").json
    assert reckoned["total"]["requests"] == 120
    assert server.count == 0
    told = ablate(known, server, *ways, "--ensemble", "--json")
    assert told.code == 0, told.err
    result = told.json
    rows = by_name(result)
    assert rows["autoregressive"]["macro_f1"] > rows["zero-shot"]["macro_f1"] + 0.1
    assert rows["zero-shot"]["clips"] == 60
    for way in ("zero-shot", "autoregressive"):
        assert rows[f"{way} + kinematics"]["macro_f1"] > rows[way]["macro_f1"]
        assert rows[way]["film_s"] == pytest.approx(30.0)
        assert rows[way]["tokens_in_per_hour"] > 0
        assert set(rows[way]["f1"]) == set(LABELS)
        assert {"macro_f1", "mcc", "f1 freezing"} <= set(rows[way]["interval"])
    assert rows[KINEMATICS]["macro_f1"] > 0.7
    assert result["drawn_over"] == "bouts of the human's labels"
    table = pd.read_csv(result["files"]["csv"])
    assert table["variant"].tolist() == list(rows)
    assert "macro_f1 low" in table
    assert Path(result["files"]["svg"]).read_text().startswith("<svg")
    assert json.loads(Path(result["files"]["json"]).read_text())["labels"]
    asked = len(server.asked)
    again = ablate(known, server, *ways)
    assert len(server.asked) == asked
    assert "autoregressive" in again.out
    assert "bootstrap over bouts" in again.out
    best = ("--describer", "openai", "--protocol", "seconds.autoregressive")
    labels = mousegpt("classify", known.study.folder, *best, "--json").json
    assert labels["clips"] == {"labelled": 60}


def test_a_limit_scores_what_all_were_asked(known: Known, server: LoopbackServer) -> None:
    ways = ("--way", "zero-shot", "--way", "few-shot")
    result = ablate(known, server, *ways, "--limit", "30", "--json").json
    assert result["stopped"] == "limit"
    rows = by_name(result)
    assert {rows[way]["clips"] for way in ("zero-shot", "few-shot")} == {30}
    assert {row["frames"] for row in rows.values()} == {rows["zero-shot"]["frames"]}
    assert rows["zero-shot"]["frames"] <= 30 * 15


def test_a_budget_holds_for_the_whole_table(known: Known, server: LoopbackServer) -> None:
    ways = ("--way", "zero-shot", "--way", "few-shot")
    result = ablate(known, server, *ways, "--max-tokens", "12000", "--json").json
    assert result["stopped"] == "budget"
    assert result["not_asked"] == ["few-shot"]


def test_recordings_that_a_limit_left_out_are_not_scored(
    known: Known, server: LoopbackServer
) -> None:
    human = known.study.folder / "labels" / "human" / "M1.csv"
    zero = ("--way", "zero-shot")
    one = ablate(known, server, *zero, "--truth", f"M1={human}", "--json").json
    folder = known.study.recording("M2").store
    assert not any(stage.startswith("asked/") for stage in folder.stages())
    assert one["variants"][0]["clips"] == 30
    run = Scoring(
        Work(known.study),
        {id: human.with_name(f"{id}.csv") for id in ("M1", "M2")},
        ["M1", "M2"],
        scheme_of_protocol(known.study, "seconds"),
        0,
    )
    variants = make_variants("seconds", known.study.folder, ["zero-shot"])
    rows = run.table(variants, {"zero-shot": "asked/openai-tiny-seconds.zero-shot"}, ensemble=True)
    assert [row["scored"] for row in rows] == [1, 1, 1]
    with pytest.raises(DataError, match="in all of the ways"):
        run.table(variants, {"zero-shot": "asked/never"}, ensemble=True)


def test_what_cannot_be_compared(known: Known, server: LoopbackServer) -> None:
    words = ablate(known, server, "--protocol", "mousegpt", "--json")
    assert words.code != 0
    shutil.rmtree(known.study.folder / "labels" / "human")
    none = ablate(known, server, "--json")
    assert "no human labels" in none.json["message"]
    assert server.count == 0


@pytest.mark.slow
def test_matrix_ranking_calibration_and_ensemble_are_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    known = make_truth_study(tmp_path, seconds=60, seed=3)
    known.model.small = 48
    known.model.faults = {"wrong json": 0.03}
    orders: dict[str, Any] = {"describer": "openai", "protocol": "seconds"}
    with known.model.server() as server:
        orders["options"] = {"model": "tiny", "base_url": server.url}
        result = ablate_study(Work(known.study), **orders, ensemble=True)
        sizes = {"frames.size": ["[64, 64]", "[32, 32]"]}
        varied = ablate_study(Work(known.study), **orders, ways=["temporal"], vary=sizes)
    rows = by_name(result)
    large = [rows[way] for way in SKILLS]
    assert [row["macro_f1"] for row in large] == sorted(row["macro_f1"] for row in large)
    wide, narrow = varied["variants"][:2]
    assert wide["macro_f1"] == rows["temporal"]["macro_f1"]
    assert narrow["macro_f1"] < wide["macro_f1"] - 0.1
    for way, row in zip(SKILLS, large, strict=True):
        # Each clip has 15 frames of one label.
        matrix = np.array(row["confusion"]["matrix"]) / 15
        names = row["confusion"]["labels"]
        kept = [names.index(name) for name in LABELS]
        clips = matrix[np.ix_(kept, kept)].round().astype(int)
        for true, shares in zip(clips, SKILLS[way], strict=True):
            for count, share in zip(true, shares, strict=True):
                low, high = binomtest(int(count), int(true.sum())).proportion_ci(0.9999)
                assert low <= share <= high, (way, clips)
        assert 0.01 < row["unknown"] < 0.06
        both = rows[f"{row['variant']} + kinematics"]
        assert both["macro_f1"] >= max(row["macro_f1"], rows[KINEMATICS]["macro_f1"])
