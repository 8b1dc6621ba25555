"""What a user can do wrong ends in a message, a remedy and an exit code, never in a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from commands import Answer, differences, finish, mousegpt, start
from mousegpt_core.cli.app import app
from mousegpt_core.errors import typed
from mousegpt_core.study import Study
from mousegpt_core.video import write_film

INPUT, LOCKED, MISSING, BACKEND, STOPPED = 2, 3, 4, 5, 130


def assert_explained(answer: Answer, code: int, *words: str) -> None:
    """For people: one line of what, one of what to do."""
    assert answer.code == code, answer
    assert answer.out == ""
    assert "\n  -> " in answer.err
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["run", "{nowhere}"], INPUT, "no such folder"),
        (["run", "{nowhere}.mp4"], INPUT, "check the path"),
        (["run", "{empty}"], INPUT, "not a study"),
        (["import-descriptions", "{study}", "{nowhere}", "--name", "a"], INPUT, "no such file"),
        (["describe", "{files}"], INPUT, "not a study"),
        (["new", "{study}"], INPUT, "a study already"),
        (["kinematics", "{study}", "-r", "M9"], INPUT, "M1, M2"),
        (["describe", "{study}", "-r", "../M1"], INPUT, "cannot be the id"),
        (["search", "{study}", ""], INPUT, "words"),
        (["search", "{study}", "grooming", "--animal", "m"], INPUT, "--like"),
        (["search", "{study}", "grooming", "--by", "words"], INPUT, "--like"),
        (["export", "{study}", "poses", "--into-files"], INPUT, "--format own"),
        (["export", "{study}", "dataset", "--into-files"], INPUT, "--format own"),
        (["export", "{study}", "everything"], INPUT, "descriptions, bouts"),
        (["export", "{study}", "bouts", "--format", "doc"], INPUT, "csv, parquet"),
        (["export", "{study}", "bouts", "--format", "nwb"], INPUT, "csv, parquet"),
        (["export", "{study}", "poses", "--format", "sleap-slp"], INPUT, "2D"),
        (["export", "{study}", "poses", "--format", "openpose"], INPUT, "dlc-h5"),
        (["import", "{nowhere}"], INPUT, "nowhere"),
        (["import", "{truth}"], INPUT, "no known format"),
        (["import", "{poses}", "--out", "{nowhere}.nc"], INPUT, "--fps"),
        (["import", "{poses}", "--fps", "30", "--to", "nwb"], INPUT, "--out"),
        (["import", "{poses}", "--fps", "30", "--out", "{poses}"], INPUT, "there already"),
        (["import", "{poses}", "--fps", "30", "--out", "{nowhere}.doc"], INPUT, "dlc-h5"),
        (["evaluate", "{study}", "--truth", "M1"], INPUT, "KEY=VALUE"),
        (["evaluate", "{study}", "--truth", "M1={nowhere}", "--scheme", "activities"],
         INPUT, "nowhere"),
        (["evaluate", "{study}", "--truth", "M9={truth}", "--scheme", "activities"], INPUT, "M9"),
        (["evaluate", "{study}", "--truth", "M1={truth}", "--scheme", "activities",
          "--model", "m"], INPUT, "--describer"),
        (["evaluate", "{study}", "--truth", "M1={truth}", "--scheme", "activities",
          "--describer", "scripted"], INPUT, "--scheme"),
        (["evaluate", "{study}", "--truth", "M1={truth}"], MISSING, "mousegpt classify"),
        (["behaviours", "split", "{study}"], INPUT, "--clips"),
        (["behaviours", "split", "{study}", "walking", "--name", "x"], INPUT, "--clips"),
        (["behaviours", "split", "{study}", "--clips", "{truth}", "--parts", "3"],
         INPUT, "--parts"),
        (["preview", "{study}", "--clip", "1", "--animal", "m"], INPUT, "--at"),
        (["preview", "{study}", "--clip", "1", "--at", "2"], INPUT, "--clip"),
        (["evaluate", "{study}", "--truth", "M1={truth}", "--truth", "M1={truth}"],
         INPUT, "twice"),
        (["evaluate", "{study}", "--truth", "M1={truth}", "--scheme", "mine"], MISSING, "mine"),
        (["classify", "{study}", "--labels", "{nowhere}"], INPUT, "nowhere"),
        (["classify", "{study}", "--labels", "{truth}"], INPUT, "TOML"),
        (["add", "{study}", "--id", "M1", "--poses", "{poses}"], INPUT, "taken"),
        (["add", "{study}", "--id", "x", "--poses", "{nowhere}"], INPUT, "no such file"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}"], INPUT, "--fps"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}", "--fps", "0"], INPUT, "--fps"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}", "--fps", "nan"], INPUT, "--fps"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}", "--fps", "30",
          "--px-per-cm", "-2"], INPUT, "--px-per-cm"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}", "--fps", "30",
          "--seen-from", "behind"], INPUT, "above"),
        (["add", "{study}", "--id", "x", "--poses", "a/b={poses}", "--fps", "30"], INPUT, "view"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}", "--fps", "30",
          "--unit", "furlong"], INPUT, "furlong"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}", "--format", "doc"],
         INPUT, "wide-csv"),
        (["add", "{study}", "--id", "x", "--film", "{poses}", "--poses", "{poses}"],
         INPUT, "not a film"),
        (["add", "{study}", "--id", "x", "--poses", "{poses}", "--animal", "red"],
         INPUT, "treatment=saline"),
        (["add", "{study}", "--id", "x"], INPUT, "--poses"),
        (["run", "{truth}", "--fps", "30"], INPUT, "no known format"),
        (["run", "{poses}"], INPUT, "--fps"),
        (["run", "{study}", "--fps", "30"], INPUT, "mousegpt add"),
        (["demo", "--out", "{files}"], INPUT, "not empty"),
        (["synth", "--out", "{nowhere}", "--size", "3x3"], INPUT, "size: sides of pictures"),
    ],
)  # fmt: skip
def test_wrong_arguments(
    run_once: Path, files: Path, tmp_path: Path, arguments: list[str], code: int, word: str
) -> None:
    (tmp_path / "empty").mkdir()
    poses = tmp_path / "mine.csv"
    poses.write_bytes((files / "M1.csv").read_bytes())
    places = {
        "nowhere": tmp_path / "nowhere", "empty": tmp_path / "empty", "files": files,
        "study": run_once, "truth": files / "M1.truth.csv", "poses": poses,
    }  # fmt: skip
    filled = [text.format(**places) for text in arguments]
    assert_explained(mousegpt(*filled), code, word)
    as_json = mousegpt(*filled, "--json")
    assert as_json.code == code
    assert set(as_json.json) == {"error", "message", "hint"}
    assert as_json.json["hint"]
    assert as_json.events[-1] == {"event": "error", **as_json.json}


@pytest.mark.parametrize("arguments", [["run"], ["run", "x", "--nope"], ["dance"], ["add", "x"]])
def test_wrong_usage(arguments: list[str]) -> None:
    told = mousegpt(*arguments)
    assert told.code == INPUT
    assert "Usage: mousegpt" in told.err
    answer = mousegpt(*arguments, "--json")
    assert answer.code == INPUT
    assert answer.json["message"]


def test_no_study_is_made_with_animals_that_cannot_be_read(tmp_path: Path) -> None:
    sheet, study = tmp_path / "animals.csv", tmp_path / "study"
    sheet.write_bytes(bytes(range(256)))
    assert_explained(mousegpt("new", study, "--animals", sheet), INPUT, "save it as csv")
    sheet.write_text("animal;treatment\nMäuschen;saline\n", encoding="utf-8")
    assert mousegpt("new", study, "--animals", sheet).code == 0
    assert Study.open(study).treatment_of("Mäuschen") == "saline"


def test_commands_in_hints_can_be_copied(tmp_path: Path) -> None:
    folder = tmp_path / "Mäuse & Käfige"
    folder.mkdir()
    assert_explained(mousegpt("run", folder), INPUT, f'`mousegpt new "{folder}"`')
    assert typed(Path("a-b/c_d.2/Mäuse")) == str(Path("a-b/c_d.2/Mäuse"))


def _with_out(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that takes ``--out``, by its words."""
    for name, sub in getattr(command, "commands", {}).items():
        yield from _with_out(sub, (*words, name))
    if any("--out" in option.opts for option in command.params):
        yield words


@pytest.mark.parametrize("words", list(_with_out(typer.main.get_command(app))), ids=" ".join)
def test_a_place_that_cannot_be_written_is_refused_before_all_else(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    taken = tmp_path / "mine.txt"
    taken.write_text("mine")
    for place in (taken, taken / "below" / "it.csv"):
        # What else the command needs is not looked at, so nothing was computed.
        assert_explained(mousegpt(*words, "--out", place), INPUT, "mine.txt", "choose another")
    assert taken.read_text() == "mine"


@pytest.mark.parametrize("verb", ["search", "report", "export"])
def test_before_the_first_run(fresh: Study, verb: str) -> None:
    more = {"search": ["walking"], "export": ["descriptions"]}.get(verb, [])
    assert_explained(mousegpt(verb, fresh.folder, *more), MISSING, "mousegpt ")


@pytest.mark.parametrize(
    "arguments",
    [["run"], ["embed"], ["profile"], ["report"], ["search", "walking"], ["export", "bouts"],
     ["classify", "--labels", "{labels}"]],
)  # fmt: skip
def test_a_study_without_recordings(tmp_path: Path, arguments: list[str]) -> None:
    labels = tmp_path / "labels.toml"
    labels.write_text("[a]\ndefinition = 'walks'\n[b]\ndefinition = 'rears'\n")
    Study.create(tmp_path / "study")
    verb, *rest = (text.format(labels=labels) for text in arguments)
    answer = mousegpt(verb, tmp_path / "study", *rest)
    assert_explained(answer, INPUT, "mousegpt ")


def _change(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(study: Path) -> None:
        text = (study / name).read_text(encoding="utf-8")
        assert old in text
        (study / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _write(name: str, content: str | bytes) -> Callable[[Path], None]:
    data = content.encode() if isinstance(content, str) else content
    return lambda study: Path(study, name).write_bytes(data) and None


FIRST = "recordings/M1/recording.toml"


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        (_write("study.toml", "x = ["), INPUT, ["study.toml", "TOML"]),
        (_write("study.toml", ""), INPUT, ["study.toml", "format_version"]),
        (_write("study.toml", b"\xff\xfe\x00x"), INPUT, ["study.toml"]),
        (_change("study.toml", "format_version = 1", "format_version = 99"), INPUT, ["update"]),
        (_change("study.toml", "[clips]", "[clip]"), INPUT, ["did you mean [clips]"]),
        (_change("study.toml", "rate = 5.0", 'rate = "often"'), INPUT, ["[clips]", "rate"]),
        (_change("study.toml", "rate = 5.0", "rate = -1"), INPUT, ["[clips]", "rate"]),
        (_change("study.toml", "rate = 5.0", "rate = nan"), INPUT, ["[clips]", "rate"]),
        (_change("study.toml", "rate = 5.0", "speed = 5"), INPUT, ["[clips]", "known keys: rate"]),
        (_change("study.toml", "[clips]\n", "clips = 3\n[profile]\n"), INPUT, ["[clips]"]),
        (_change("study.toml", "[kinematics]", "[kinematics]\nfoo = 1"), INPUT, ["[kinematics]"]),
        (_change("study.toml", '"lsa"', '"bert"'), BACKEND, ["bert", "lsa, minilm"]),
        (_change("study.toml", '"kinematic"', '"poet"'), BACKEND, ["poet", "kinematic"]),
        (_change("study.toml", 'nose = "Snout"', 'nose = "Snoot"'), INPUT, ["Snoot"]),
        (_change("study.toml", 'nose = "Snout"', 'noise = "Snout"'), INPUT, ["noise", "roles"]),
        (_change("study.toml", 'nose = "Snout"', "nose = 3"), INPUT, ["3"]),
        (_change("study.toml", 'keypoints = ["EarL", ', "keypoints = ["), INPUT, ["EarL"]),
        (_write("ethogram.toml", "[freezing"), INPUT, ["ethogram.toml", "TOML"]),
        (_write("ethogram.toml", "[freezing]\ncolour = 1"), INPUT, ["ethogram.toml", "freezing"]),
        (_write("ethogram.toml", "freezing = 3"), INPUT, ["ethogram.toml", "freezing"]),
        (_write("animals.csv", "a,b\n1,2\n"), INPUT, ["animals.csv", "animal"]),
        (_write("recordings/M1/log.sqlite", "no database" * 999), INPUT, ["log.sqlite", "backup"]),
    ],
)
def test_damaged_studies(
    study: Study, damage: Callable[[Path], None], code: int, words: list[str]
) -> None:
    damage(study.folder)
    assert_explained(mousegpt("run", study.folder), code, *words)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_change(FIRST, 'individuals = ["M1"]', 'individuals = ["a", "b"]'), ["differ"]),
        (_change(FIRST, "fps = 30.0", "fps = 1e9"), ["frames per second"]),
        (_change(FIRST, "skeleton = ", "skeleton = 'cat' # "), ["cat"]),
        (_write(FIRST, "id = 'M1"), ["recording.toml", "TOML"]),
        (_change(FIRST, 'unit = "cm"', 'unit = "ells"'), ["recording.toml", "space.unit"]),
        (_change(FIRST, 'seen_from = "above"', "cm_per_unit = 0"), ["space.cm_per_unit"]),
        (_change(FIRST, 'shape = "none"', 'shape = "polygon"'), ["three corners"]),
        (_change(FIRST, 'individuals = ["M1"]', "individuals = 3"), ["individuals"]),
        (_change(FIRST, 'individuals = ["M1"]', "individual = 1"), ["individual"]),
        (_write("recordings/M1/manifest.json", "{"), ["manifest.json", "delete this file"]),
    ],
)
def test_damaged_recordings_do_not_stop_the_others(
    study: Study, damage: Callable[[Path], None], words: list[str]
) -> None:
    damage(study.folder)
    answer = mousegpt("run", study.folder)
    assert answer.code == INPUT
    assert "Report: " in answer.out
    assert "M1: " in answer.err
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[a]\ndefinition = 'walks'\n", ["at least two"]),
        ("[a]\nmeaning = 'walks'\n[b]\ndefinition = 'rears'\n", ["[a]", "meaning"]),
        ("[a]\ndefinition = 3\n[b]\ndefinition = 'rears'\n", ["[a]", "definition"]),
        ("a = 1\n[b]\ndefinition = 'rears'\n", ["a is not a behaviour"]),
        ("[a]\ndefinition = 'walks'\nexamples = [{recording = 'M9', start_s = 1, stop_s = 2}]\n"
         "[b]\ndefinition = 'rears'\n", ["M9", "M1, M2"]),
        ("[a]\ndefinition = 'walks'\nexamples = [{recording = 'M1', start_s = 99, stop_s = 100}]\n"
         "[b]\ndefinition = 'rears'\n", ["M1"]),
        ("[a]\ndefinition = 'walks'\nexamples = [{recording = 'M1', start_s = 1, stop_s = 2, "
         "individual = 'nobody'}]\n[b]\ndefinition = 'rears'\n", ["nobody", "M1"]),
        ("[a]\ndefinition = 'walks'\nexamples = [{recording = 'M1', start_s = 2, stop_s = 1}]\n"
         "[b]\ndefinition = 'rears'\n", ["examples"]),
        ("reaction_s = 'long'\n[a]\ndefinition = 'walks'\n[b]\ndefinition = 'rears'\n",
         ["reaction_s"]),
    ],
)  # fmt: skip
def test_damaged_labels(study: Study, tmp_path: Path, content: str, words: list[str]) -> None:
    labels = tmp_path / "labels.toml"
    labels.write_text(content, encoding="utf-8")
    assert_explained(
        mousegpt("classify", study.folder, "--labels", labels), INPUT, "labels", *words
    )
    assert mousegpt("run", study.folder).code == 0, "labels that are refused are not kept"


def test_a_file_where_a_folder_must_be(study: Study, tmp_path: Path) -> None:
    shutil.rmtree(study.folder / "results")
    (study.folder / "results").write_text("in the way")
    for words in (["report"], ["search", "walking"], ["export", "bouts"]):
        answer = mousegpt(words[0], study.folder, *words[1:])
        assert_explained(answer, INPUT, "results", "writable")
    assert_explained(mousegpt("new", study.folder / "study.toml" / "x"), INPUT, "study.toml")


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0),
    reason="root may write everywhere",
)
def test_a_folder_that_cannot_be_written(fresh: Study) -> None:
    fresh.folder.chmod(0o500)
    try:
        assert_explained(mousegpt("run", fresh.folder), INPUT, "cannot be written")
    finally:
        fresh.folder.chmod(0o700)


def test_damaged_films_say_so_once(files: Path, fresh: Study, tmp_path: Path) -> None:
    """Nothing of FFmpeg's own comes through, whatever the damage."""
    film, rng = tmp_path / "whole.mp4", np.random.default_rng(0)
    frames = (rng.integers(0, 255, (64, 64, 3)).astype(np.uint8) for _ in range(40))
    write_film(film, frames, 30.0)
    whole = film.read_bytes()
    noisy = bytearray(whole)
    noisy[len(whole) // 4 : len(whole) // 2 : 7] = bytes(
        len(noisy[len(whole) // 4 : len(whole) // 2 : 7])
    )
    for number, content in enumerate((whole[: len(whole) // 2], bytes(noisy), b"\0" * 999)):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(content)
        answer = finish(
            start("add", fresh.folder, "--id", f"x{number}", "--film", path,
                  "--poses", files / "M1.csv", "--json")
        )  # fmt: skip
        assert answer.code in (0, INPUT)
        assert all(json.loads(line) for line in answer.err.splitlines())
        assert len(answer.out.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_stops_and_the_next_run_goes_on(fresh: Study, run_once: Path, as_json: bool) -> None:
    process = start("run", fresh.folder, *(["--json"] if as_json else []))
    folder, deadline = fresh.recording("M1").folder, time.monotonic() + 60
    while not list(folder.glob("kinematics-*")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    answer = finish(process)
    assert answer.code == STOPPED
    assert "Traceback" not in answer.err
    assert "the same command to go on" in answer.err
    if as_json:
        assert answer.json["error"] == "Stopped"
        assert answer.events[-1]["hint"] == "run the same command to go on"
    assert mousegpt("run", fresh.folder).code == 0
    assert not differences(fresh.folder, run_once)


def test_names_of_any_script_are_told_whatever_the_system_writes(
    files: Path, fresh: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where what goes to a file or a program has 256 letters."""
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    words = ("--poses", files / "M1.csv", "--fps", "30", "--unit", "cm")
    answer = finish(start("add", fresh.folder, "--id", "走", *words))
    assert answer.code == 0, answer.err
    assert "走" in answer.out
    answer = finish(start("kinematics", fresh.folder, "-r", "走", "--json"))
    assert answer.code == 0, answer.err
    assert {event["recording"] for event in answer.events} == {"走"}
