"""A server that fails in all ways, and a process that is killed: the table is the same."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from loopback import Body, Fault, FaultKind, LoopbackServer
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions
from mousegpt_core.language.retrying import Retrying
from mousegpt_core.pipeline import Work
from mousegpt_core.pipeline.describing import Questions, describe_study
from mousegpt_core.pipeline.recording_stages import run_ethogram
from mousegpt_core.study import Recording, Study
from scripted_model import MadeUpShowing, read, says
from served import clip_of, truthful
from small_study import make_files, make_study

COUNT = 60
KEY = "sk-never-to-be-written-7f3a"
#: What lasts (stalls) or holds for all (a wrong key) is tested for itself.
PASSING: list[FaultKind] = [
    kind
    for kind in get_args(FaultKind)
    if kind not in ("401", "403", "404", "quota", "stall", "slow")
]
SEEN = ["clip_id", "status", "overall", "label", "request_key"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with its kinematics, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    study = make_study(folder / "study", make_files(folder))
    for recording in study.recordings.values():
        run_ethogram(Work(study), recording)
    return folder


@pytest.fixture
def study(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("MADE_UP_KEY", KEY)
    shutil.copytree(prepared, tmp_path / "copy")
    return Study.open(tmp_path / "copy" / "study")


def show(recording: Recording, stack: ExitStack) -> MadeUpShowing:
    return MadeUpShowing(recording.id, COUNT)


def describe(study: Study, url: str, cache: Path, **options: Any) -> dict[str, Any]:
    server = ServerOptions(
        model="tiny",
        base_url=url,
        key_variable="MADE_UP_KEY",
        retrying=Retrying(first_wait_s=0.001),
    )
    describer = ModelDescriber(OpenAIModel(server, cache_file=cache), at_once=8)
    asked = Questions("made-up", "f" * 12, show, read)
    return describe_study(Work(study), describer, asked, **options)


def table(study: Study) -> pd.DataFrame:
    """What is described, which must be once."""
    logs = [one.log.answers(status="described") for one in study.recordings.values()]
    described = pd.concat(logs)[SEEN].sort_values("clip_id", ignore_index=True)
    assert described["clip_id"].is_unique
    return described


def truth() -> dict[str, str]:
    clips = [one for id in ("M1", "M2") for one in MadeUpShowing(id, COUNT).clips()["clip_id"]]
    return {clip: says(clip)["overall"] for clip in clips}


def files_with(folder: Path, text: str) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def faulty(seed: int) -> Any:
    """One request in five goes wrong."""

    def fault_of(number: int, body: Body) -> Fault | None:
        draw = random.Random(seed * 100_000 + number)
        if not clip_of(body) or draw.random() > 0.2:
            return None
        return Fault(draw.choice(PASSING), retry_after=draw.choice(["", "0.001"]))

    return fault_of


def test_a_server_with_faults_gives_the_table_of_one_without(study: Study, tmp_path: Path) -> None:
    with LoopbackServer(answer=truthful, key=KEY, fault_of=faulty(1)) as server:
        result = describe(study, server.url, tmp_path / "means.json")["all"]
        assert result["described"] + result["invalid"] + result["failed"] == 2 * COUNT
        assert result["not_asked"] == 0
        assert result["retries"] > 0
        for _ in range(10):
            if result["described"] == 2 * COUNT:
                break
            again = ["failed", "invalid"]
            result = describe(study, server.url, tmp_path / "means.json", retry=again)["all"]
    described = table(study)
    assert dict(zip(described["clip_id"], described["overall"], strict=True)) == truth()
    assert files_with(tmp_path, KEY) == []


def test_a_wrong_key_is_told_and_never_written(study: Study, tmp_path: Path) -> None:
    with (
        LoopbackServer(answer=truthful, key="another") as server,
        pytest.raises(BackendCallError) as told,
    ):
        describe(study, server.url, tmp_path / "means.json")
    assert KEY not in f"{told.value!r} {told.value}"
    assert files_with(tmp_path, KEY) == []


PROCESS = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[4:]
from core.pipeline.test_describing_faults import describe
from mousegpt_core.study import Study
describe(Study.open(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3]))
"""


@pytest.mark.slow
def test_a_killed_run_loses_nothing_and_asks_nothing_twice(study: Study, tmp_path: Path) -> None:
    tests = Path(__file__).resolve().parents[2]
    draw = random.Random(5)
    with LoopbackServer(answer=truthful, key=KEY, delay_s=0.02) as server:
        command = [sys.executable, "-c", PROCESS, str(study.folder), server.url]
        command += [str(tmp_path / "means.json"), str(tests)]
        for _ in range(5):
            before = len(server.asked)
            process = subprocess.Popen(command)
            enough = before + draw.randrange(5, 25)
            while len(server.asked) < enough and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            process.wait()
            known = set(table(study)["clip_id"])
            server.bodies.append({"messages": [], "known": sorted(known)})
        subprocess.run(command, check=True, timeout=300)
    described = table(study)
    assert dict(zip(described["clip_id"], described["overall"], strict=True)) == truth()
    _check_none_asked_after_it_was_known(server.bodies)
    assert files_with(tmp_path, KEY) == []


def _check_none_asked_after_it_was_known(bodies: list[Body]) -> None:
    known: set[str] = set()
    for body in bodies:
        known |= set(body.get("known", ()))
        assert clip_of(body) not in known, json.dumps(body)[:200]
