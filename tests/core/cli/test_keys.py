"""A key of a server is in no file, result, message or report that a command leaves behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from commands import mousegpt
from core.pipeline.test_add import write_blank_film, write_poses
from loopback import Fault, LoopbackServer
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.study import Study

KEY = "sk-verysecret-0123456789"
LABELS = """
[moving]
definition = "walking or running"
[resting]
definition = "anything else"
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for the user lies in this folder; the keyring is empty."""
    pytest.importorskip("openai")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("LAB_KEY", KEY)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    # It repeats its key where it refuses.
    with LoopbackServer(answer=says, key=KEY) as running:
        yield running


def says(body: dict[str, Any]) -> dict[str, Any]:
    return {"Overall": "The mouse walks.", "Keywords": "walking"}


@pytest.fixture
def study(tmp_path: Path, server: LoopbackServer) -> Study:
    """Two seconds of a mouse; describer, embedder and namer ask the server."""
    made = Study.create(tmp_path / "study")
    film, poses = write_blank_film(tmp_path / "m.mp4"), write_poses(tmp_path / "m.csv")
    add_recording(made, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    asked = {"model": "tiny", "base_url": server.url, "key_variable": "LAB_KEY"}
    made.set_section("describe", describer="openai", protocol="mousegpt", **asked)
    made.set_section("embed", embedder="openai", **asked)
    made.set_section("profile", namer="openai", namer_options=asked)
    (tmp_path / "mine.toml").write_text(LABELS)
    return made


def everything(folder: Path) -> Iterator[tuple[Path, str]]:
    """All files, and what tables and logs hold, as text."""
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        yield file, file.read_bytes().decode("utf-8", errors="replace")
        if file.suffix == ".parquet":
            yield file, pd.read_parquet(file).to_csv()
        if file.suffix == ".sqlite":
            with sqlite3.connect(file) as connection:
                yield file, "".join(connection.iterdump())


@pytest.mark.parametrize("as_json", [True, False])
def test_all_that_asks_a_server_keeps_its_key_to_itself(
    study: Study, server: LoopbackServer, tmp_path: Path, as_json: bool
) -> None:
    folder = study.folder
    more = ["--json"] if as_json else []
    model = ["--describer", "openai", "--model", "tiny"]
    judge = ["--judge", "openai", "--model", "tiny", "--base-url", server.url]
    judge += ["--option", "key_variable=LAB_KEY"]
    orders: list[list[str | Path]] = [
        ["preview", folder],
        ["describe", folder, "--dry-run"],
        ["describe", folder, "--limit", "4"],
        ["describe", folder],
        ["curate", folder, *judge, "--dry-run"],
        ["curate", folder, *judge, "--threshold", "accuracy=0"],
        ["run", folder],
        ["classify", folder, *model, "--labels", tmp_path / "mine.toml"],
        ["search", folder, "walking"],
        ["export", folder, "descriptions"],
        ["export", folder, "dataset", "--test", "0"],
        ["doctor"],
        ["backends"],
    ]
    said = []
    server.faults.extend(Fault(kind) for kind in ("429", "500", "drop"))
    for order in orders:
        answer = mousegpt(*order, *more)
        assert answer.code == 0, (order, answer.out, answer.err)
        said.append(f"{order}: {answer.out} {answer.err}")
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    asked = [str(body) for body in server.bodies]
    for sign in ("'input'", "Measured speeds", "Score it.", "the name of the behaviour"):
        assert any(sign in body for body in asked), sign
    server.key = "another"  # from now on it refuses, and repeats the key that it was given
    for section in ("describe", "embed"):
        study.set_section(section, model="other")
    for order in (["describe", folder], ["embed", folder]):
        answer = mousegpt(*order, *more)
        assert answer.code != 0
        said.append(f"{order}: {answer.out} {answer.err}")
    assert "[key]" in "".join(said)
    assert (folder / "results" / "report.html").is_file()
    assert [each for each in said if KEY in each] == []
    assert [file for file, text in everything(tmp_path) if KEY in text] == []
