"""The real command, killed while it asks: no answer is lost, and none is stored twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import describe_kills
from filmed_study import CLIPS, make_filmed_study
from loopback import LoopbackServer

pytest.importorskip("openai")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with describe_kills.server() as one:
        yield one


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with its kinematics, about which nothing was asked."""
    folder = tmp_path_factory.mktemp("prepared")
    describe_kills.prepare(make_filmed_study(folder))
    return folder


@pytest.fixture(scope="module")
def undisturbed(
    server: LoopbackServer, prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> pd.DataFrame:
    """What is described where nothing is killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    study = describe_kills.copied(prepared, folder / "copy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        assert describe_kills.describe(study, server.url)["described"] == CLIPS
    return describe_kills.table(study)


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_description_is_gone_on_with(
    seed: int,
    server: LoopbackServer,
    prepared: Path,
    undisturbed: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    study = describe_kills.copied(prepared, tmp_path / "copy")
    when, wrong = describe_kills.kill_and_go_on(study, server, random.Random(seed))
    assert not wrong, f"killed with {when}: {wrong}"
    pd.testing.assert_frame_equal(describe_kills.table(study), undisturbed)
