"""What is ours is done one at a time, and not where the window is at work already."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

pytest.importorskip("pytestqt")

from qtpy.QtCore import (
    QAbstractEventDispatcher,
    QCoreApplication,
    QEvent,
    QEventLoop,
    QObject,
    Qt,
    QTimer,
)
from qtpy.QtWidgets import QWidget

from napari_mousegpt._widgets.rounds import Rounds, in_a_round
from napari_mousegpt._widgets.turns import InTurns
from napari_mousegpt.pace import Turns

pytestmark = pytest.mark.usefixtures("qapp")


class Painting(QObject):
    """Stands for what Qt has to do: as long as told, in each round of the loop."""

    def __init__(self, log: list[str], seconds: float) -> None:
        super().__init__()
        self.log, self.seconds, self.is_over = log, seconds, False
        self.ask()

    def ask(self) -> None:
        """Be done in the next round."""
        event = QEvent(QEvent.Type.User)
        QCoreApplication.postEvent(self, event, Qt.EventPriority.LowEventPriority.value)

    def event(self, event: Any) -> bool:
        """Be at work."""
        if event.type() != QEvent.Type.User:
            return bool(super().event(event))
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            pass
        self.log.append("painted")
        if not self.is_over:
            self.ask()
        return True


@pytest.fixture
def log(qapp: Any) -> Iterator[list[str]]:
    """What is done, and where a round ends."""
    found: list[str] = []
    rounds = QAbstractEventDispatcher.instance().awake

    def end() -> None:
        found.append("|")

    rounds.connect(end)
    yield found
    rounds.disconnect(end)


def go_round(log: list[str], *names: str) -> None:
    """As napari's loop, until all these are in the log."""
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: set(names) <= set(log) and loop.quit())
    timer.start(20)
    QTimer.singleShot(20_000, loop.quit)
    loop.exec()
    assert set(names) <= set(log)


def told(log: list[str]) -> list[list[str]]:
    """What was done, round by round."""
    rounds = "".join(f"{each} " for each in log).split("|")
    return [each.split() for each in rounds if each.strip()]


def done(log: list[str]) -> list[str]:
    """What was done, in order."""
    return [each for each in log if each != "|"]


def test_each_has_a_round_of_its_own_in_the_order_of_asking(log: list[str]) -> None:
    rounds = Rounds()
    acts = [partial(log.append, name) for name in "abc"]
    for act in (*acts, acts[0]):
        rounds(act)
    go_round(log, *"abc")
    assert told(log) == [["a"], ["b"], ["c"]]


def test_it_is_done_again_when_asked_for_again(log: list[str]) -> None:
    rounds = Rounds()

    def again() -> None:
        log.append(f"done{len(done(log))}")
        if len(done(log)) < 3:
            rounds(again)

    rounds(again)
    go_round(log, "done2")
    assert told(log) == [["done0"], ["done1"], ["done2"]]


def test_a_busy_window_is_left_alone_but_not_for_ever(log: list[str]) -> None:
    painting, rounds = Painting(log, 0.02), Rounds()

    def ask() -> None:
        for name in "abc":
            rounds(partial(log.append, name))

    QTimer.singleShot(0, ask)
    go_round(log, *"abc")
    painting.is_over = True
    a, b, c = (done(log).index(name) for name in "abc")
    assert 4 <= a <= 8
    assert (b - a, c - b) == (2, 2)  # one a round from then on


def test_threads_do_not_hold_it_up(log: list[str]) -> None:
    """They may have Python for longer than others may paint, without any processor of ours."""
    rounds, over = Rounds(), Event()
    busy = Thread(target=lambda: deque(iter(over.is_set, True), maxlen=0))
    busy.start()
    try:
        QTimer.singleShot(0, lambda: rounds(partial(log.append, "done")))
        go_round(log, "done")
    finally:
        over.set()
        busy.join()
    assert log[: log.index("done")].count("|") <= 3


def test_one_that_fails_stops_no_other(log: list[str], qtbot: Any) -> None:
    rounds = Rounds()

    def fail() -> None:
        raise ValueError("no")

    rounds(fail)
    rounds(partial(log.append, "done"))
    with qtbot.captureExceptions() as errors:
        go_round(log, "done")
    assert [str(error) for _, error, _ in errors] == ["no"]


def test_a_loop_within_an_act_goes_on_with_the_others(log: list[str]) -> None:
    rounds = Rounds()

    def wait() -> None:
        go_round(log, "other")
        log.append("waited")

    rounds(wait)
    rounds(partial(log.append, "other"))
    go_round(log, "waited")
    assert done(log) == ["other", "waited"]


def test_what_is_begun_goes_on_though_others_go_round_within_its_first_turn(
    log: list[str], qtbot: Any
) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    pace = InTurns(widget)

    def given_up() -> Turns:
        yield None
        log.append("given up")

    def begun() -> Turns:
        in_a_round(partial(log.append, "others"))
        go_round(log, "others")
        log.append("first")
        yield None
        log.append("second")

    pace.begin(given_up())
    pace.begin(begun())
    go_round(log, "second")
    assert done(log) == ["others", "first", "second"]
