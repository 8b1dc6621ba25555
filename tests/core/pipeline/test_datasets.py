"""Data sets of what was described: whole, told truly, apart, the same again."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from commands import mousegpt, start
from core.pipeline.test_add import write_poses
from mousegpt_core.errors import DataError
from mousegpt_core.pipeline import NewRecording, Work, add_recording, run_recordings
from mousegpt_core.pipeline.datasets import LIKE_PICTURE, UNSHOWN, DatasetSettings, export_dataset
from mousegpt_core.progress import CancelledError, Progress
from mousegpt_core.study import Study
from mousegpt_core.video import write_film

FRAMES = 60


def write_busy_film(path: Path, seed: int) -> Path:
    """Every frame another pattern, so that pictures differ."""
    chance = np.random.default_rng(seed)
    patterns = chance.integers(0, 255, (FRAMES, 10, 10), dtype=np.uint8)
    return write_film(
        path,
        (np.kron(one, np.ones((20, 20), np.uint8))[..., None].repeat(3, 2) for one in patterns),
        30.0,
    )


@pytest.fixture(scope="module")
def filmed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three mice with films, of which `c` has that of `a`, and one without; to be copied."""
    folder = tmp_path_factory.mktemp("filmed")
    study = Study.create(folder / "study")
    poses = write_poses(folder / "poses.csv", FRAMES)
    for seed, name in enumerate("abc"):
        film = folder / f"{name}.mp4"
        if name == "c":
            shutil.copy(folder / "a.mp4", film)
        else:
            write_busy_film(film, seed)
        new = NewRecording(name, films=[("top", film)], poses=[("top", poses)])
        add_recording(study, new)
    study.set_animal("a", treatment="saline")
    run_recordings(Work(study), "descriptions")
    return folder


@pytest.fixture
def filmed(filmed_once: Path, tmp_path: Path) -> Study:
    shutil.copytree(filmed_once, tmp_path / "copy")
    return Study.open(tmp_path / "copy" / "study")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def size(encoded: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(encoded)) as picture:
        return picture.size


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_rows_have_all_that_was_shown_and_said(filmed: Study) -> None:
    made = export_dataset(Work(filmed), DatasetSettings(test=0))
    folder = Path(made["folder"])
    rows, facts = lines(folder / "train.jsonl"), lines(folder / "train-facts.jsonl")
    assert len(rows) == len(facts) == made["rows"]["train"] == 30
    assert not (folder / "test.jsonl").exists()
    for row, fact in zip(rows, facts, strict=True):
        (name,) = row["images"]
        assert size((folder / name).read_bytes()) == (448, 448)
        assert row["messages"][1]["content"].startswith("<image>\nMeasured speeds")
        said = json.loads(row["messages"][-1]["content"])
        assert said["Overall"] == fact["overall"]
        assert fact["describer"] == "kinematic"
        assert {each["region"] for each in fact["speeds"]} >= {"overall"}
        assert {each["keypoint"] for each in fact["keypoints"]} == {"nose", "tailbase"}
        assert fact["start_frame"] <= fact["keypoints"][0]["frame"] < fact["stop_frame"]
    assert {f["treatment"] for f in facts if f["individual"] == "a"} == {"saline"}
    # Equal frames are one file: `c` shows what `a` shows.
    assert len(list(folder.glob("images/*/*.jpg"))) == 20


def test_no_animal_is_in_both_and_the_same_film_does_not_leak(filmed: Study) -> None:
    for seed in (0, 1):
        settings = DatasetSettings(seed=seed)
        made = export_dataset(Work(filmed), settings, overwrite=True)
        folder = Path(made["folder"])
        test = {f["individual"] for f in lines(folder / "test-facts.jsonl")}
        train = {f["individual"] for f in lines(folder / "train-facts.jsonl")}
        assert len(test) == 1
        assert not test & train
        pictures = [
            {name for row in lines(folder / f"{part}.jsonl") for name in row["images"]}
            for part in ("test", "train")
        ]
        assert not pictures[0] & pictures[1]
        leaks = test <= {"a", "c"}
        assert made["left_out"].get(LIKE_PICTURE, 0) == (10 if leaks else 0)
        assert made["rows"] == {"test": 10, "train": 10 if leaks else 20}


def test_one_animal_is_divided_by_time_and_that_is_said(filmed: Study) -> None:
    settings = DatasetSettings(test=0.05, gap_s=0.5, drop="none")
    made = export_dataset(Work(filmed), settings, only=["b"])
    folder = Path(made["folder"])
    assert made["split"]["by"] == "time"
    assert "same animals are in both" in (folder / "README.md").read_text(encoding="utf-8")
    test, train = (lines(folder / f"{part}-facts.jsonl") for part in ("test", "train"))
    for one in test:
        for other in train:
            after = other["start_s"] - one["stop_s"]
            assert max(after, one["start_s"] - other["stop_s"]) > 0.5 - 1e-6


@pytest.mark.parametrize("layout", ["swift", "hub"])
def test_the_same_seed_makes_the_same_files(filmed: Study, tmp_path: Path, layout: Any) -> None:
    made = [
        files(
            Path(
                export_dataset(
                    Work(filmed), DatasetSettings(layout=layout), only=["a", "b"], out=out
                )["folder"]
            )
        )
        for out in (tmp_path / "one", tmp_path / "two")
    ]
    assert made[0] == made[1]


def test_a_persons_edits_win(filmed: Study) -> None:
    recording = filmed.recording("b")
    clip = str(recording.store.read_table("clips")["clip_id"].iloc[3])
    recording.log.add_edit("description", clip, "overall", "It sneezes.", who="me")
    recording.log.add_edit("description", clip, "keywords", "", who="me")
    made = export_dataset(Work(filmed), DatasetSettings(test=0))
    facts = {f["clip_id"]: f for f in lines(Path(made["folder"]) / "train-facts.jsonl")}
    assert facts[clip]["overall"] == "It sneezes."
    assert [id for id, fact in facts.items() if fact["edited"]] == [clip]
    assert made["edited"]["edited"] == 1


def test_the_hub_has_the_pictures_inside(filmed: Study) -> None:
    made = export_dataset(Work(filmed), DatasetSettings(layout="hub", licence="cc-by-4.0"))
    folder = Path(made["folder"])
    table = pq.read_table(folder / "data" / "train-00000.parquet")
    assert table.num_rows == made["rows"]["train"]
    image = table["images"][0].as_py()[0]
    assert size(image["bytes"]) == (448, 448)
    assert "license: cc-by-4.0" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_hubs_library_reads_it(filmed: Study, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="run by `nox -s formats`")
    made = export_dataset(Work(filmed), DatasetSettings(layout="hub"))
    found = datasets.load_dataset(made["folder"], cache_dir=str(tmp_path / "cache"))
    assert {part: len(rows) for part, rows in found.items()} == made["rows"]
    row = found["train"][0]
    assert row["images"][0].size == (448, 448)
    assert row["messages"][0]["role"] == "system"
    assert row["speeds"][0]["region"] == "overall"


def test_poses_alone_give_words_alone(study: Study) -> None:
    made = export_dataset(Work(study), DatasetSettings(by="time", gap_s=1.0, test=0.1))
    assert made["text_only"] == ["M1", "M2"]
    folder = Path(made["folder"])
    for row in lines(folder / "train.jsonl"):
        assert row["images"] == []
        assert row["messages"][1]["content"].startswith("Measured speeds in cm/s: whole body")
    assert "Without pictures" in (folder / "README.md").read_text(encoding="utf-8")


def test_a_film_that_ends_early_leaves_its_clips_out(filmed: Study, tmp_path: Path) -> None:
    film = write_film(
        tmp_path / "d.mp4", (np.full((200, 200, 3), n, np.uint8) for n in range(30)), 30.0
    )
    new = NewRecording("d", films=[("top", film)], poses=[("top", write_poses(tmp_path / "d.csv"))])
    add_recording(filmed, new)
    made = export_dataset(Work(filmed), DatasetSettings(test=0), only=["d"])
    assert made["rows"]["train"] == 5
    assert made["left_out"] == {UNSHOWN: 5}


def test_a_film_that_is_gone_is_told(filmed: Study) -> None:
    (filmed.folder.parent / "b.mp4").unlink()
    work = Work(filmed)
    made = export_dataset(work, DatasetSettings(test=0))
    assert set(work.failed) == {"b"}
    assert "b" in made["failed"]
    assert made["rows"]["train"] == 20


def test_another_protocol_leaves_out_what_does_not_fit_it(filmed: Study) -> None:
    settings = DatasetSettings(test=0)
    with pytest.raises(DataError, match="nothing to make a data set of"):
        export_dataset(Work(filmed), settings, protocol="fear")
    made = export_dataset(Work(filmed), settings, protocol="clip-caption")
    assert made["rows"]["train"] == 30


def test_nothing_is_replaced_unasked(filmed: Study, tmp_path: Path) -> None:
    settings = DatasetSettings(test=0)
    made = export_dataset(Work(filmed), settings, only=["b"])
    before = files(Path(made["folder"]))
    with pytest.raises(DataError, match="one already"):
        export_dataset(Work(filmed), settings, only=["b"])
    assert files(Path(made["folder"])) == before
    export_dataset(Work(filmed), settings, only=["b"], overwrite=True)
    assert files(Path(made["folder"])) == before
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all my work")
    with pytest.raises(DataError, match="something else"):
        export_dataset(Work(filmed), settings, only=["b"], out=mine, overwrite=True)
    assert (mine / "thesis.txt").read_text() == "all my work"


def stopping(work: Work, after: int) -> Callable[[Progress], None]:
    def notify(step: Progress) -> None:
        if step.stage == "dataset" and step.done >= after:
            work.cancellation.cancel()

    return notify


def test_stopped_it_leaves_nothing_and_keeps_what_was(filmed: Study) -> None:
    settings = DatasetSettings(test=0)
    folder = Path(export_dataset(Work(filmed), settings)["folder"])
    before = files(folder)
    quiet = Work(filmed)
    work = Work(filmed, stopping(quiet, 20), quiet.cancellation)
    with pytest.raises(CancelledError):
        export_dataset(work, settings, overwrite=True)
    assert files(folder) == before
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


def test_killed_it_leaves_nothing_that_looks_finished(filmed: Study) -> None:
    folder = filmed.folder / "results" / "dataset-swift"
    process = start("export", filmed.folder, "dataset", "-r", "b", "--test", "0", "--json")
    assert process.stderr is not None
    for line in process.stderr:
        if '"dataset"' in line:
            break
    process.kill()
    process.communicate()
    # Nothing, or all of it where the kill came too late.
    assert not folder.exists() or len(lines(folder / "train.jsonl")) == 10
    answer = mousegpt(
        "export", filmed.folder, "dataset", "-r", "b", "--test", "0", "--overwrite", "--json"
    )
    assert answer.code == 0
    assert not list(folder.parent.glob(".writing-*"))
    assert len(lines(folder / "train.jsonl")) == 10


def test_two_at_once_are_refused(filmed: Study) -> None:
    with filmed.store.lease("dataset"):
        process = start("export", filmed.folder, "dataset", "--json")
        out, _ = process.communicate(timeout=300)
    assert process.returncode == 3
    assert "worked on" in json.loads(out)["message"]


def test_the_command(filmed: Study, tmp_path: Path) -> None:
    answer = mousegpt(
        "export", filmed.folder, "dataset", "--format", "hub", "--by", "time", "--gap", "0.5",
        "--drop", "none", "--out", tmp_path / "set", "-r", "b", "--json",
    )  # fmt: skip
    assert answer.code == 0
    assert answer.json["split"]["by"] == "time"
    wrong = mousegpt("export", filmed.folder, "dataset", "--test", "2", "--json")
    assert wrong.code == 2
    assert "test" in wrong.json["message"]
    assert mousegpt("export", filmed.folder, "shares", "--seed", "1", "--json").code == 2


def test_nothing_described_by_the_study_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to make"):
        export_dataset(Work(Study.create(tmp_path / "study")))
    assert not list((tmp_path / "study" / "results").glob("*"))
