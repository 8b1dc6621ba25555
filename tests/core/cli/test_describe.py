"""`mousegpt describe` by a model, as a user orders it, from film to answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commands import Answer, mousegpt
from core.pipeline.test_add import write_blank_film, write_poses
from loopback import LoopbackServer
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.study import Study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Two seconds of one mouse; what is remembered of servers stays in this folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Study.create(tmp_path / "study")
    film, poses = write_blank_film(tmp_path / "m.mp4"), write_poses(tmp_path / "m.csv")
    add_recording(made, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    return made


def says(body: dict[str, Any]) -> dict[str, str]:
    return {}  # the server fills in what the schema asks for


def describe(study: Study, server: LoopbackServer, *more: str) -> Answer:
    orders = ("--describer", "openai", "--model", "tiny", "--base-url", server.url)
    return mousegpt("describe", study.folder, *orders, "--json", *more)


def test_from_a_film_to_a_models_descriptions(study: Study) -> None:
    with LoopbackServer(answer=says) as server:
        reckoned = describe(study, server, "--dry-run").json
        assert reckoned["requests"] == reckoned["clips"] == 10
        assert server.count == 0
        first = describe(study, server, "--limit", "4").json
        assert (first["stopped"], first["all"]["asked"], first["all"]["not_asked"]) == (
            "limit",
            4,
            6,
        )
        rest = describe(study, server).json
        assert (rest["all"]["described"], rest["all"]["there_already"]) == (10, 4)
        assert len(server.asked) == 10
        again = describe(study, server).json
        assert again["all"]["asked"] == 0
        assert len(server.asked) == 10
    study.set_section(
        "describe", describer="openai", model="tiny", base_url="http://nowhere", protocol="mousegpt"
    )
    assert mousegpt("profile", study.folder, "--json").code == 0
    said = study.recording("m").store.read_table("descriptions")
    assert said["describer"].tolist() == ["openai"] * 10


def test_people_see_how_every_clip_ended(study: Study) -> None:
    with LoopbackServer(answer=says) as server:
        orders = ("--describer", "openai", "--model", "tiny", "--base-url", server.url)
        told = mousegpt("describe", study.folder, *orders, "--max-tokens", "1")
        assert "budget" in told.out
        assert "cost" in mousegpt("describe", study.folder, *orders, "--dry-run").out


def test_people_see_why_clips_are_not_described(study: Study) -> None:
    with LoopbackServer(answer=says) as server:
        orders = ("--describer", "openai", "--model", "tiny", "--base-url", server.url)
        examples = ("--protocol", "fear")  # nobody has labelled any
        for more in (("--dry-run",), ()):
            told = mousegpt("describe", study.folder, *orders, *examples, *more)
            assert "no labelled clips" in told.out
        assert server.count == 0


def test_what_it_would_take_is_told_without_a_key(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    orders = ("--describer", "openai", "--model", "gpt-4o", "--json")
    reckoned = mousegpt("describe", study.folder, *orders, "--dry-run")
    assert reckoned.code == 0, reckoned.err
    assert reckoned.json["requests"] == 10
    assert reckoned.json["cost"] > 0
    asked = mousegpt("describe", study.folder, *orders)
    assert asked.code != 0
    assert "OPENAI_API_KEY" in asked.err


@pytest.mark.parametrize(
    ("orders", "told"),
    [
        (["--limit", "3"], "kinematic"),
        (["--describer", "openai"], "model"),
        (["--describer", "openai", "--model", "nobodys", "--max-cost", "1"], "price"),
        (["--describer", "openai", "--model", "x", "--protocol", "none-such"], "none-such"),
        (["--describer", "none-such"], "none-such"),
    ],
)
def test_what_cannot_be_ordered(study: Study, orders: list[str], told: str) -> None:
    answer = mousegpt("describe", study.folder, *orders, "--json")
    assert answer.code in (2, 5)
    assert told in answer.json["message"]
