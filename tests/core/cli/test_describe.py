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


def try_on(study: Study, server: LoopbackServer, *more: str) -> Answer:
    orders = ("--describer", "openai", "--model", "tiny", "--base-url", server.url)
    return mousegpt("try", study.folder, *orders, "--json", *more)


def test_a_model_is_tried_on_one_clip_and_not_asked_again(study: Study) -> None:
    with LoopbackServer(answer=says) as server:
        first = try_on(study, server, "--at", "0.5", "--animal", "m").json
        assert (first["status"], first["start_s"], first["there_already"]) == (
            "described",
            0.4,
            False,
        )
        assert first["sections"]["overall"]
        again = try_on(study, server, "--clip", "3").json
        assert (again["clip_id"], again["there_already"]) == (first["clip_id"], True)
        assert again["sections"] == first["sections"]
        assert len(server.asked) == 1
        anew = try_on(study, server, "--clip", "3", "--again").json
        assert not anew["there_already"]
        assert len(server.asked) == 2
        rest = describe(study, server).json["all"]
        assert (rest["there_already"], rest["asked"]) == (1, 9)


def test_what_is_wrong_with_a_server_is_told_when_it_is_tried(study: Study) -> None:
    with LoopbackServer(answer=says, key="secret") as server:
        refused = try_on(study, server)
        assert refused.code == 5
        assert "401" in refused.json["message"]
        assert "key_variable" in refused.json["hint"]
        assert mousegpt("server", server.url, "--model", "tiny").code == 5
    away = try_on(study, server)
    assert "cannot be reached" in away.json["message"]
    # What was not answered is not counted as failed.
    assert study.recording("m").log.answers().empty


def test_a_server_is_looked_at(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", "secret")
    with LoopbackServer(key="secret") as server:
        found = mousegpt(
            "server", server.url, "--model", "tiny", "--option", "key_variable=LAB_KEY", "--json"
        )
    told = found.json
    assert (told["models"], told["key"], told["answer"]) == (
        ["tiny"],
        "environment",
        "The mouse walks.",
    )
    assert "secret" not in found.out + found.err
