"""A server that fails while the dock Describe asks it: told, nothing hangs, what came is kept."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("openai")

from napari.components import ViewerModel
from qtpy.QtCore import Qt

from loopback import Body, Fault, FaultKind, LoopbackServer
from mousegpt_core.study import Log, Study
from napari_mousegpt._widgets.describe import Describe
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt.orders import order_of
from napari_mousegpt.session import Session

pytestmark = pytest.mark.slow

#: Far more than any job takes (ms).
LONG = 120_000
#: Clips of the recording that has films, and of these what is answered before the trouble begins.
CLIPS, ANSWERED = 18, 15
#: What is said of faults that do not end, and what to do.
SAID: dict[FaultKind, str] = {
    "429": "refused with status 429.*→ .*server",
    "500": "refused with status 500.*→ .*server",
    "not json": "no reply of a model.*→ .*server",
    "no choices": "→ .*server",
    "trickle": "did not answer within.*→ .*server",
}


@pytest.fixture
def study(study_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = shutil.copytree(study_folder.parent, tmp_path / "copy")  # films lie beside it
    study = Study.open(folder / study_folder.name)
    study.set_section(
        "describe",
        describer="openai",
        model="tiny",
        base_url="http://127.0.0.1:9/v1",
        timeout_s=600.0,
        most_at_once=2,
        retrying={"attempts": 2, "first_wait_s": 0.01, "longest_wait_s": 1.0},
    )
    return study


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(answer=lambda body: {}) as server:
        yield server


@pytest.fixture
def window(qtbot: Any, study: Study) -> Iterator[Callable[[LoopbackServer], Describe]]:
    """Makes a window's dock, as it is before a person presses a button."""
    runners, viewers = [], []

    def make(server: LoopbackServer) -> Describe:
        viewer, runner = ViewerModel(), Runner()
        viewers.append(viewer)
        runners.append(runner)
        session = Session(viewer)
        dock = Describe(session, runner)
        qtbot.addWidget(dock)
        session.open_study(study.folder, recording="flat")
        session.go_to(1.1)
        form = dock.asking._form
        form.describer.setCurrentIndex(form.describer.findData("openai"))
        form.address.setText(server.url)
        form.model.setEditText("tiny")
        dock.asking._limits._here.setChecked(True)
        return dock

    yield make
    for runner in runners:
        runner.close()


def press(qtbot: Any, dock: Describe, name: str) -> None:
    qtbot.mouseClick(getattr(dock.asking, name), Qt.MouseButton.LeftButton)


def ended(qtbot: Any, dock: Describe) -> None:
    """Wait until nothing runs."""
    qtbot.waitUntil(lambda: not dock.asking._runner.busy, timeout=LONG)


def forever(server: LoopbackServer, kind: FaultKind, *, after: int) -> None:
    """All goes wrong once so many questions were answered."""
    fault = Fault(kind, retry_after="600", seconds=600.0)
    server.fault_of = lambda number, body: fault if len(server.asked) > after else None


def go_on(qtbot: Any, dock: Describe, server: LoopbackServer, log: Log) -> None:
    """The server is well again: only what has no answer is asked."""
    server.fault_of = lambda number, body: None
    asked = len(server.asked)
    press(qtbot, dock, "_go")
    ended(qtbot, dock)
    assert len(log.answers(status="described")) == CLIPS
    assert len(server.asked) - asked == CLIPS - ANSWERED


@pytest.mark.parametrize("kind", SAID)
def test_a_server_that_fails_within_a_run_is_told_and_the_run_is_gone_on_with(
    kind: FaultKind, qtbot: Any, window: Any, server: LoopbackServer, study: Study, told: list[str]
) -> None:
    dock, log = window(server), study.recording("flat").log
    if kind == "trickle":
        study.set_section("describe", timeout_s=4.0, retrying={"attempts": 1})
    forever(server, kind, after=ANSWERED)
    press(qtbot, dock, "_go")
    ended(qtbot, dock)
    assert len(log.answers(status="described")) == ANSWERED
    assert len(told) == 1, told
    (said,) = told
    assert re.search(f"(?s)3 of 18 clips got no answer.*{SAID[kind]}", said)
    assert dock.asking._go.text() == "Go on"
    assert order_of(study).unfinished
    go_on(qtbot, dock, server, log)
    assert "18 of 18 clips are described" in dock.asking._told.text()
    assert dock.asking._go.text() == "Describe"
    assert len(told) == 1


def test_a_key_that_is_refused_within_a_run_is_told_and_the_run_is_gone_on_with(
    qtbot: Any, window: Any, server: LoopbackServer, study: Study, told: list[str]
) -> None:
    dock, log = window(server), study.recording("flat").log
    forever(server, "401", after=ANSWERED)
    press(qtbot, dock, "_go")
    ended(qtbot, dock)
    assert len(log.answers(status="described")) == ANSWERED
    assert len(told) == 1, told
    assert re.search("(?s)refused with status 401.*→ this server wants a key", told[0])
    assert dock.asking._go.text() == "Go on"
    assert order_of(study).unfinished
    go_on(qtbot, dock, server, log)
    assert dock.asking._go.text() == "Describe"
    assert len(told) == 1


def test_a_wrong_key_is_told_without_the_key(
    qtbot: Any,
    window: Any,
    server: LoopbackServer,
    study: Study,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dock, server.key = window(server), "the-right-key"
    dock.asking._form.key.setText("LAB_KEY")
    monkeypatch.setenv("LAB_KEY", "a-wrong-key")
    press(qtbot, dock, "_go")
    ended(qtbot, dock)
    (said,) = told
    assert re.search("(?s)refused with status 401.*→ the key is wrong", said)
    assert "LAB_KEY" in said
    assert "a-wrong-key" not in said + dock.asking._told.text()
    assert dock.asking._go.text() == "Go on"
    monkeypatch.setenv("LAB_KEY", "the-right-key")
    press(qtbot, dock, "_go")
    ended(qtbot, dock)
    assert "18 of 18 clips are described" in dock.asking._told.text()


@pytest.mark.parametrize("kind", ["wrong json", "other schema"])
def test_answers_that_do_not_fit_are_told_and_asked_again_where_a_person_says_so(
    kind: FaultKind, qtbot: Any, window: Any, server: LoopbackServer, study: Study
) -> None:
    dock, log = window(server), study.recording("flat").log
    forever(server, kind, after=ANSWERED)
    press(qtbot, dock, "_go")
    ended(qtbot, dock)
    assert len(log.answers(status="described")) == ANSWERED
    words = dock.asking._told.text()
    assert "15 of 18 clips are described" in words
    assert "3 invalid, 0 failed" in words
    again = dock.asking._limits._retry
    assert f"tick “{again.text()}”" in words
    server.fault_of = lambda number, body: None
    again.setChecked(True)
    press(qtbot, dock, "_go")
    ended(qtbot, dock)
    assert "18 of 18 clips are described" in dock.asking._told.text()


@pytest.mark.parametrize("kind", ["quota"])
def test_a_server_that_fails_on_a_single_clip_is_told(
    kind: FaultKind, qtbot: Any, window: Any, server: LoopbackServer, told: list[str]
) -> None:
    dock = window(server)
    forever(server, kind, after=0)
    press(qtbot, dock, "_try")
    ended(qtbot, dock)
    assert len(told) == 1, told
    (said,) = told
    assert "→ " in said
    assert said.partition("→ ")[2] in html.unescape(dock.asking._clip.answer.text())
    server.fault_of = lambda number, body: None
    press(qtbot, dock, "_try")
    ended(qtbot, dock)
    assert "The mouse walks." in dock.asking._clip.answer.text()


def test_a_run_whose_server_never_answers_can_be_broken_off(
    qtbot: Any, window: Any, server: LoopbackServer, study: Study, told: list[str]
) -> None:
    dock, log = window(server), study.recording("flat").log
    forever(server, "stall", after=ANSWERED)
    press(qtbot, dock, "_go")
    qtbot.waitUntil(lambda: len(server.asked) > ANSWERED, timeout=LONG)
    qtbot.waitUntil(lambda: len(log.answers()) == ANSWERED, timeout=LONG)
    press(qtbot, dock, "_cancel")
    ended(qtbot, dock)
    assert "Paused" in dock.asking._told.text()
    assert len(log.answers()) == ANSWERED
    assert dock.asking._go.text() == "Go on"


def test_two_windows_describe_one_study(
    qtbot: Any, window: Any, server: LoopbackServer, study: Study, told: list[str]
) -> None:
    first, second = window(server), window(server)
    held = Event()

    def answer(body: Body) -> dict[str, Any]:
        if len(server.asked) > ANSWERED:
            held.wait(LONG / 1000)
        return {}

    server.answer = answer
    press(qtbot, first, "_go")
    qtbot.waitUntil(lambda: len(server.asked) > ANSWERED, timeout=LONG)
    press(qtbot, second, "_go")
    ended(qtbot, second)
    assert len(told) == 1, told
    (said,) = told
    assert re.search(r"(?s)recording flat: 'answers' is being worked on by process \d+", said)
    assert "another window" in said
    assert first.asking._runner.busy
    held.set()
    ended(qtbot, first)
    press(qtbot, second, "_go")
    ended(qtbot, second)
    for dock in (first, second):
        assert "18 of 18 clips are described" in dock.asking._told.text()
    assert len(server.asked) == len(study.recording("flat").log.answers()) == CLIPS
    assert len(told) == 1
