"""`mousegpt describe` killed at a random moment, and what is left of it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from commands import mousegpt
from filmed_study import CLIPS
from loopback import Body, LoopbackServer
from mousegpt_core.study import Study

#: How long the server takes for an answer.
DELAY_S = 0.03
SEEN = ["clip_id", "request_key", "attempt", "status", "reason", "raw", "overall", "keywords"]


def server() -> LoopbackServer:
    """A server whose answers tell the question."""
    return LoopbackServer(answer=lambda body: {"Overall": digest(body)}, delay_s=DELAY_S)


def digest(body: Body) -> str:
    """What tells a question from another."""
    return hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:16]


def orders(study: Study, url: str) -> tuple[str | Path, ...]:
    """The command."""
    asked = ("--describer", "openai", "--model", "tiny", "--base-url", url)
    # Few at once, so that there is something left to kill.
    return ("describe", study.folder, *asked, "--option", "most_at_once=4", "--json")


def copied(prepared: Path, folder: Path) -> Study:
    """A copy of a prepared study with its film."""
    shutil.copytree(prepared, folder)
    return Study.open(folder / "study")


def prepare(study: Study) -> None:
    """Make what is needed to ask, and ask nothing."""
    reckoned = mousegpt(*orders(study, "http://127.0.0.1:9/v1"), "--dry-run")
    assert reckoned.json["requests"] == CLIPS, reckoned.err


def describe(study: Study, url: str) -> dict[str, Any]:
    """Run it to its end, in this process."""
    answer = mousegpt(*orders(study, url))
    assert answer.code == 0, answer.err
    return dict(answer.json["all"])


def answers(study: Study) -> pd.DataFrame:
    """All that is stored."""
    return study.recording("m").log.answers()


def table(study: Study) -> pd.DataFrame:
    """What is described, by clip; nothing of it depends on when it was asked."""
    return answers(study)[SEEN].sort_values("clip_id", ignore_index=True)


def kill_at_random(study: Study, asked: LoopbackServer, draw: random.Random) -> str:
    """Kill it at a random moment between its start and its end; returns when it was."""
    before, enough = len(asked.asked), draw.randrange(CLIPS + 1)
    process, said = _started(study, asked.url)
    began = time.monotonic()
    if enough == 0:
        time.sleep(draw.uniform(0, 1.5))  # before it asks anything
    while len(asked.asked) - before < enough and process.poll() is None:
        if time.monotonic() - began > 300:
            process.kill()
            raise AssertionError(f"it does not ask: {said.read_text()[-2000:]}")
        time.sleep(0.001)
    time.sleep(draw.uniform(0, 2 * DELAY_S))
    process.kill()
    process.wait()
    return f"{len(asked.asked) - before:2d} asked, {len(answers(study)):2d} stored"


def _until_quiet(asked: LoopbackServer) -> None:
    """Wait until what was under way when its asker was killed has been counted."""
    before = -1
    while before != asked.count:
        before = asked.count
        time.sleep(10 * DELAY_S)


def _started(study: Study, url: str) -> tuple[subprocess.Popen[bytes], Path]:
    """The command in a process of its own, and the file of what it says: a pipe would fill."""
    said = study.folder.parent / "said.jsonl"
    command = [sys.executable, "-m", "mousegpt_core.cli", *map(str, orders(study, url))]
    with said.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
    return process, said


def kill_and_go_on(study: Study, asked: LoopbackServer, draw: random.Random) -> tuple[str, str]:
    """Kill it, run it to its end, and compare.

    Returns
    -------
    when, wrong : str
        When it was killed; what is wrong with what is left, "" = nothing.
    """
    when = kill_at_random(study, asked, draw)
    _until_quiet(asked)
    stored = answers(study)
    known, count = set(stored["overall"]), len(asked.asked)
    result = describe(study, asked.url)
    again = [digest(body) for body in asked.asked[count:]]
    wrong = []
    if result["described"] != CLIPS or result["there_already"] != len(stored):
        wrong.append(f"the numbers: {result}")
    if known & set(again) or len(set(again)) < len(again):
        wrong.append("asked again, though it was stored")
    if not answers(study)["clip_id"].is_unique or len(answers(study)) != CLIPS:
        wrong.append("answers stored twice, or lost")
    if not answers(study).iloc[: len(stored)].equals(stored):
        wrong.append("what was stored has changed")
    return when, "; ".join(wrong)
