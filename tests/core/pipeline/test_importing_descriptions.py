"""Others' descriptions in a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands import mousegpt
from mousegpt_core.clips import SECTIONS
from mousegpt_core.errors import FormatError, MouseGPTError, StageMissingError
from mousegpt_core.pipeline import Work, export_study, profile_study
from mousegpt_core.pipeline.datasets import DatasetSettings, export_dataset
from mousegpt_core.pipeline.importing_descriptions import import_descriptions
from mousegpt_core.pipeline.study_stages import described_clips, run_all_descriptions
from mousegpt_core.study import Study

COLUMNS = ["clip_id", "individual", "start_s", "stop_s", "start_frame", "stop_frame"]
COLUMNS += [*SECTIONS, "label", "score"]


def said(study: Study, id: str) -> pd.DataFrame:
    table = described_clips(study.recording(id))[COLUMNS]
    return table.sort_values("clip_id").reset_index(drop=True)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def imported(study: Study, file: Path, **options: Any) -> pd.DataFrame:
    import_descriptions(Work(study), [file], "them", use=True, **options)
    run_all_descriptions(Work(study))
    return said(study, "M1")


@pytest.mark.parametrize("layout", ["swift", "hub", "csv", "parquet"])
def test_our_own_exports_come_back_equal(study: Study, tmp_path: Path, layout: Any) -> None:
    first = str(study.recording("M1").store.read_table("clips")["clip_id"].iloc[0])
    study.recording("M1").log.add_edit("description", first, "head", 'It sees; "ü",\n☃.')
    before = {id: said(study, id) for id in ("M1", "M2")}
    if layout in ("swift", "hub"):
        settings = DatasetSettings(layout=layout, drop="none", test=0.2, by="time", gap_s=0)
        files = [Path(export_dataset(Work(study), settings, out=tmp_path / "set")["folder"])]
    else:
        files = export_study(study, "descriptions", out=tmp_path, format=layout)
    import_descriptions(Work(study), files, "again", use=True)
    run_all_descriptions(Work(study))
    for id, table in before.items():
        pd.testing.assert_frame_equal(said(study, id), table)
    assert set(described_clips(study.recording("M1"))["describer"]) == {"imported:again"}


def test_the_analyses_use_them(study: Study, tmp_path: Path) -> None:
    words = ("It runs along the wall.", "It sits and licks its paw.", "It rears high up.")
    rows = [
        {"recording": id, "frame": 6 * n, "text": words[n % 3]}
        for id in ("M1", "M2")
        for n in range(60)
    ]
    table = imported(study, write(tmp_path / "them.jsonl", rows))
    assert table["overall"].tolist() == [words[n % 3] for n in range(60)]
    assert table["start_s"].tolist() == pytest.approx([0.2 * n for n in range(60)])
    assert table["stop_s"].tolist() == pytest.approx([0.2 * (n + 1) for n in range(60)])
    assert profile_study(Work(study))["behaviours"]


def test_seconds_become_frames_and_frames_seconds(study: Study, tmp_path: Path) -> None:
    rows = [
        {"recording": "M1", "start_s": 1.0, "stop_s": 2.5, "text": "a"},
        {"recording": "M1", "start_frame": 90, "stop_frame": 120, "text": "b"},
    ]
    table = imported(study, write(tmp_path / "them.jsonl", rows))
    assert table["start_frame"].tolist() == [30, 90]
    assert table["stop_frame"].tolist() == [75, 120]
    assert table["start_s"].tolist() == pytest.approx([1.0, 3.0])
    assert table["stop_s"].tolist() == pytest.approx([2.5, 4.0])


def test_a_second_import_replaces_the_first_and_loses_nothing(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "them.csv"
    file.write_text("recording;frame;text\nM1;0;first\nM1;6;second\n", encoding="utf-8-sig")
    assert imported(study, file)["overall"].tolist() == ["first", "second"]
    assert imported(study, file)["overall"].tolist() == ["first", "second"]
    assert len(study.recording("M1").log.answers()) == 2
    file.write_text("recording;frame;text\nM1;0;other\n")
    assert imported(study, file)["overall"].tolist() == ["other"]
    assert len(study.recording("M1").log.answers()) == 3


def test_frames_of_json_as_one_object(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "them.json"
    file.write_text(json.dumps({"12": {"Overall": "It walks.", "Keywords": "walking"}}))
    table = imported(study, file, recording="M1")
    assert table["start_frame"].tolist() == [12]
    assert table["keywords"].tolist() == ["walking"]


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        ('{"frame": 1, "text": "x"}', "line 1", "which recording"),
        ('{"recording": "M9", "frame": 1, "text": "x"}', "line 1", "no recording 'M9'"),
        ('\n{"recording": "M1", "frame": 99999, "text": "x"}', "line 2", "not in the recording"),
        ('{"recording": "M1", "start_s": 999, "stop_s": 1000, "text": "x"}', "line 1", "not in"),
        ('{"recording": "M1", "individual": "Bob", "frame": 1, "text": "x"}', "line 1", "animal"),
        ('{"recording": "M1", "frame": 1, "text": "x"', "line 1", "not JSON"),
        ("[1, 2]", "line 1", "not a row"),
        (
            '{"recording": "M1", "frame": 1, "text": "x"}\n{"recording": "M1", "frame": 1, '
            '"text": "y"}',
            "line 2",
            "described already",
        ),
        (
            '{"recording": "M1", "start_s": 0, "stop_s": 1, "start_frame": 90, "stop_frame": 99, '
            '"text": "x"}',
            "line 1",
            "do not fit each other",
        ),
    ],
)
def test_a_wrong_row_is_told_and_nothing_is_kept(
    study: Study, tmp_path: Path, content: str, place: str, message: str
) -> None:
    file = tmp_path / "them.jsonl"
    good = '{"recording": "M2", "frame": 1, "text": "good"}\n'
    file.write_text(content + "\n" + good)
    with pytest.raises(FormatError, match=message) as caught:
        import_descriptions(Work(study), [file], "them")
    assert f"them.jsonl, {place}: " in str(caught.value)
    assert caught.value.hint
    assert all(not one.log.path.exists() for one in study.recordings.values())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b'recording,frame,text\nM1,1,"x\n', "not a csv table"),
        ("a.csv", b"recording,frame,text\nM1,1\n", "not as many values"),
        ("a.csv", b"text,text\nx,y\n", "two columns have one name"),
        ("a.jsonl", b'{"recording": "M1", "frame": 1, "text": "\xff"}', "not UTF-8"),
        ("a.jsonl", b"", "no rows"),
        ("a.json", b'{"a"', "not JSON"),
        ("a.parquet", b"PAR1 no", "not a Parquet table"),
        ("a.txt", b"x", "no descriptions are in this"),
    ],
)
def test_damaged_files(
    study: Study, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MouseGPTError, match=message) as caught:
        import_descriptions(Work(study), [tmp_path / name], "them")
    assert caught.value.hint


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".json", ".jsonl"]))
def test_any_file_is_read_or_refused(
    study: Study, tmp_path: Path, content: bytes, suffix: str
) -> None:
    file = tmp_path / f"any{suffix}"
    file.write_bytes(content)
    with pytest.raises(MouseGPTError):
        import_descriptions(Work(study), [file], "them")


def test_a_describer_that_was_not_imported(study: Study) -> None:
    study.set_section("describe", describer="imported:nobody")
    with pytest.raises(StageMissingError, match="has said nothing yet"):
        run_all_descriptions(Work(study))


def test_the_command(study: Study, tmp_path: Path) -> None:
    file = write(tmp_path / "them.jsonl", [{"recording": "M1", "frame": 1, "text": "It sits."}])
    answer = mousegpt("import-descriptions", study.folder, file, "--name", "alice", "--json")
    assert answer.code == 0
    assert answer.json["recordings"] == {"M1": 1}
    assert study.section("describe")["describer"] == "kinematic"
    answer = mousegpt("import-descriptions", study.folder, file, "--name", "a/b", "--json")
    assert answer.code == 2
