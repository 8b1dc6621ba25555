"""The log: append-only, idempotent, safe with two writers."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mousegpt_core.clips import ANSWERS, EDITS, make_table
from mousegpt_core.errors import DataError, MouseGPTError, StudyLockedError
from mousegpt_core.study import Log
from mousegpt_core.study import log as log_module

ADD = """
from pathlib import Path
from mousegpt_core.clips import ANSWERS, make_table
from mousegpt_core.study import Log
log = Log(Path(sys.argv[1]))
first, last = int(sys.argv[2]), int(sys.argv[3])
added = 0
for n in range(first, last):
    row = {"answer_id": [f"a{n}"], "overall": "text", "seed": n, "run_id": sys.argv[4]}
    added += log.add_answers(make_table(ANSWERS, row))
    if n == first:
        print("ready", flush=True)
print(added, flush=True)
"""


def rows(*ids: str, **columns: object) -> pd.DataFrame:
    return make_table(ANSWERS, {"answer_id": list(ids), "status": "described", **columns})


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log.sqlite")


def test_nothing_is_made_before_the_first_row(log: Log) -> None:
    assert log.answers().empty
    assert log.edits().empty
    assert list(log.answers().columns) == list(ANSWERS.columns)
    log.add_answers(rows())
    assert not log.path.exists()


def test_round_trip_in_order(log: Log) -> None:
    made = rows("b", "a", "c", score=[0.5, np.nan, 1.0], raw="ü\n'\"", tokens_in=3)
    assert log.add_answers(made) == 3
    pd.testing.assert_frame_equal(log.answers(), made)


def test_the_same_key_is_added_once(log: Log) -> None:
    log.add_answers(rows("a", "b", created="yesterday", run_id="1"))
    assert log.add_answers(rows("b", "c", created="today", run_id="2")) == 1
    assert log.answers()["created"].tolist() == ["yesterday", "yesterday", "today"]


def test_other_content_of_a_key_is_refused(log: Log) -> None:
    log.add_answers(rows("a", score=[0.25]))
    with pytest.raises(DataError, match="another score"):
        log.add_answers(rows("b", "a", score=[0.5, 0.5]))
    assert log.answers()["answer_id"].tolist() == ["a"]


def test_filters(log: Log) -> None:
    ids = [f"a{n}" for n in range(1500)]
    log.add_answers(rows(*ids, clip_id=[f"c{n % 3}" for n in range(1500)], describer="x"))
    assert len(log.answers(clip_id="c1")) == 500
    assert log.answers(answer_id=ids[::-1], clip_id=["c0", "c2"])["answer_id"].iloc[0] == "a0"
    assert log.answers(describer="y").empty
    assert log.answers(answer_id=[]).empty
    with pytest.raises(DataError, match="no column"):
        log.answers(**{"x; drop table answers": "1"})


def test_edits(log: Log) -> None:
    first = log.add_edit("description", "c1", "overall", "new", old="old", who="me")
    log.add_edit("bout", "b1", "behaviour_id", "rear")
    again = log.add_edit("description", "c1", "overall", "new", old="old", who="me", edit_id=first)
    assert again == first
    assert len(log.edits()) == 2
    assert log.edits("description")["new"].tolist() == ["new"]
    with pytest.raises(DataError):
        log.add_edit("description", "c1", "overall", "other", edit_id=first)


def test_append_only(log: Log) -> None:
    log.add_answers(rows("a"))
    connection = sqlite3.connect(log.path)
    for command in ("UPDATE answers SET overall='x'", "DELETE FROM answers"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(command)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] in ("delete", "truncate")
    connection.close()


def test_backup(log: Log, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        log.backup(tmp_path / "copy.sqlite")
    log.add_answers(rows("a"))
    log.backup(tmp_path / "copy.sqlite")
    log.add_answers(rows("b"))
    log.backup(tmp_path / "copy 2.sqlite")
    assert Log(tmp_path / "copy.sqlite").answers()["answer_id"].tolist() == ["a"]
    assert len(Log(tmp_path / "copy 2.sqlite").answers()) == 2


def test_damage_is_named(log: Log) -> None:
    log.path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(DataError, match=r"log\.sqlite"):
        log.answers()
    with pytest.raises(DataError, match="backup"):
        log.add_answers(rows("a"))


def test_damage_in_the_middle(log: Log) -> None:
    log.add_answers(rows(*[f"a{n}" for n in range(2000)], raw="x" * 100))
    data = bytearray(log.path.read_bytes())
    data[8192:40960] = b"\xaa" * 32768
    log.path.write_bytes(data)
    with pytest.raises(DataError, match=r"log\.sqlite"):
        log.answers()


def test_empty_file_is_an_empty_log(log: Log) -> None:
    log.path.touch()
    assert log.answers().empty
    log.add_answers(rows("a"))
    assert len(log.answers()) == 1


def test_newer_log(log: Log) -> None:
    log.add_answers(rows("a"))
    connection = sqlite3.connect(log.path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(DataError, match="update"):
        log.answers()


def test_nobody_waits_for_ever(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.add_answers(rows("a"))
    monkeypatch.setattr(log_module, "_PATIENCE_S", 0.1)
    connection = sqlite3.connect(log.path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StudyLockedError):
        log.answers()
    with pytest.raises(StudyLockedError):
        log.add_answers(rows("b"))
    connection.close()
    assert len(log.answers()) == 1


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MouseGPTError, match="gone"):
        Log(tmp_path / "gone" / "log.sqlite").add_answers(rows("a"))


def test_text_that_cannot_be_stored(log: Log) -> None:
    with pytest.raises(DataError):
        log.add_answers(rows("a", raw="\ud800"))
    assert log.answers().empty


def test_two_processes_add_the_same_keys(
    log: Log, start: Callable[..., subprocess.Popen[str]]
) -> None:
    pair = [start(ADD, log.path, 0, 25, run) for run in ("one", "two")]
    added = [int(process.communicate(timeout=60)[0].split()[-1]) for process in pair]
    assert sum(added) == 25
    assert log.answers()["answer_id"].nunique() == len(log.answers()) == 25


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_killed_writers_leave_a_whole_log(
    log: Log, start: Callable[..., subprocess.Popen[str]]
) -> None:
    random = np.random.default_rng(3)
    known = 0
    for _ in range(3):
        process = start(ADD, log.path, 0, 1_000_000, "x")
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0.1, 0.5))
        process.kill()
        process.wait()
        found = log.answers()
        assert found["seed"].tolist() == list(range(len(found)))
        assert len(found) >= known
        known = len(found)
    assert known > 0
    shutil.copy(log.path, log.path.with_name("copy.sqlite"))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_edit_round_trip(log: Log, texts: list[tuple[str, str]]) -> None:
    before = len(log.edits())
    for field, new in texts:
        log.add_edit("description", "c", field, new)
    found = log.edits()
    assert list(found.columns) == list(EDITS.columns)
    assert list(zip(found["field"], found["new"], strict=True))[before:] == texts


def test_an_edit_that_is_taken_back_counts_no_more(log: Log) -> None:
    log.add_edit("description", "c", "overall", "one")
    second = log.add_edit("description", "c", "overall", "two")
    log.take_back(second, who="me")
    assert log.edits("description")["new"].tolist() == ["one"]
    assert log.edits()["who"].tolist() == ["", "", "me"]
    log.add_edit("description", "c", "overall", "two")
    assert log.edits("description")["new"].tolist() == ["one", "two"]
