"""The command as a user runs it, and studies compared by what is in them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from mousegpt_core.cli import main
from mousegpt_core.study import ResultStore, Study

#: Lines of progress that a run of the small study writes, about.
_EVENTS = 46


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def events(self) -> list[dict[str, Any]]:
        """JSON lines on standard error."""
        return [json.loads(line) for line in self.err.splitlines()]


def mousegpt(*arguments: str | Path) -> Answer:
    """Run the command in this process; whatever would be a traceback is raised here."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["mousegpt", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    return Answer(code, out.getvalue(), err.getvalue())


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Run the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mousegpt_core.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def finish(process: subprocess.Popen[str], *, timeout: float = 60) -> Answer:
    """Wait for a process."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Answer(process.returncode, out, err)


def differences(one: Path, other: Path) -> list[str]:
    """In what two studies differ, ``created`` aside; each must be whole for itself, too."""
    found = [
        f"{folder}: left over {name}" for folder in (one, other) for name in _leftovers(folder)
    ]
    studies = [Study.open(folder) for folder in (one, other)]
    if list(studies[0].recordings) != list(studies[1].recordings):
        return [*found, "recordings"]
    for name in ("study.toml", "animals.csv", "results/report.html"):
        if (one / name).read_bytes() != (other / name).read_bytes():
            found.append(name)
    found += _store_differences(studies[0].store, studies[1].store)
    for id in studies[0].recordings:
        mine, its = (study.recording(id) for study in studies)
        if mine.toml_path.read_bytes() != its.toml_path.read_bytes():
            found.append(f"{id}: recording.toml")
        found += _store_differences(mine.store, its.store)
    return found


def _leftovers(folder: Path) -> list[Path]:
    """What a kill left behind; half a report is swept after an hour."""
    marks = (".writing-", ".trash-", ".new-")
    found = [path for path in folder.rglob("*") if path.name.startswith(marks)]
    return [path for path in found if path.parent.name != "results"]


def _store_differences(mine: ResultStore, its: ResultStore) -> Iterator[str]:
    if mine.stages() != its.stages():
        yield f"{mine.owner}: stages {mine.stages()} and {its.stages()}"
        return
    for stage in mine.stages():
        left, right = mine.entry(stage), its.entry(stage)
        assert left is not None
        assert right is not None
        if (left.key, left.provenance, left.kind) != (right.key, right.provenance, right.kind):
            yield f"{mine.owner}: how {stage} was made: {left.provenance} {right.provenance}"
        elif not _same_content(mine, its, stage, left.kind):
            yield f"{mine.owner}: content of {stage}"


def _same_content(mine: ResultStore, its: ResultStore, stage: str, kind: str) -> bool:
    if kind == "dataset":
        return bool(mine.read_dataset(stage).load().identical(its.read_dataset(stage).load()))
    if kind == "table":
        try:
            pd.testing.assert_frame_equal(mine.read_table(stage), its.read_table(stage))
        except AssertionError:
            return False
        return True
    left, right = mine.folder(stage), its.folder(stage)
    names = [sorted(path.name for path in folder.iterdir()) for folder in (left, right)]
    return names[0] == names[1] and all(
        (left / name).read_bytes() == (right / name).read_bytes() for name in names[0]
    )


def kill_at_random(folder: Path, draw: random.Random) -> str:
    """Kill a run of a study at a random moment; returns the last that it said."""
    process = start("run", folder, "--json")
    assert process.stderr is not None
    last = "nothing"
    for _ in range(draw.randrange(_EVENTS)):
        line = process.stderr.readline()
        if not line:
            break
        event = json.loads(line)
        last = f"{event.get('stage', event['event'])} {event.get('recording', '')}".strip()
    time.sleep(draw.uniform(0, 0.1))
    process.kill()
    process.communicate()
    return last
