"""Clusters merged and named by a language model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.analysis.test_profile import _planted
from loopback import LoopbackServer
from mousegpt_core.analysis.model_naming import Cluster, model_namer, naming_request
from mousegpt_core.analysis.profile import Profile, ProfileSettings, make_profile
from mousegpt_core.errors import BackendCallError, InvalidResponseError
from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions
from mousegpt_core.language.retrying import Retrying

pytest.importorskip("openai")


def named(url: str, cache: Path) -> Profile:
    options = ServerOptions(
        model="tiny", base_url=url, retrying=Retrying(attempts=2, first_wait_s=0.001)
    )
    described, vectors, _ = _planted()
    namer = model_namer(lambda: OpenAIModel(options, cache_file=cache))
    return make_profile(described, vectors, ProfileSettings(clusters=5), namer=namer)


def by_keywords(body: dict[str, Any]) -> dict[str, Any] | str:
    """Names of the groups by the words that are told of them: turning is a kind of walking."""
    text = str(body["messages"][-1]["content"])
    groups = re.findall(r"Group (\d+): .*?Keywords: (\w+)", text)
    if not groups:
        return "A mouse is a small rodent."
    return {
        f"group_{number}": '"Walking."' if word == "turning" else word for number, word in groups
    }


def test_clusters_of_one_name_are_one_behaviour(tmp_path: Path) -> None:
    with LoopbackServer(answer=by_keywords) as server:
        profile = named(server.url, tmp_path / "means.json")
    behaviours = profile.behaviours
    assert behaviours["name"].tolist() == ["walking", "rearing", "grooming", "freezing"]
    assert behaviours["size"].tolist() == [140, 80, 60, 40]
    assert behaviours["behaviour_id"].is_unique
    assert set(profile.labels["behaviour_id"]) == set(behaviours["behaviour_id"])
    assert profile.examples["behaviour_id"].nunique() == 4


def test_a_model_that_does_not_name_is_told(tmp_path: Path) -> None:
    with (
        LoopbackServer(answer=lambda body: "I cannot.", means="ignores") as server,
        pytest.raises(InvalidResponseError, match="were not named"),
    ):
        named(server.url, tmp_path / "means.json")
    with pytest.raises(BackendCallError):
        named("http://127.0.0.1:9/v1", tmp_path / "means.json")


def test_a_name_that_is_empty_is_none(tmp_path: Path) -> None:
    def empty(body: dict[str, Any]) -> dict[str, Any] | str:
        names = by_keywords(body)
        return names if isinstance(names, str) else dict.fromkeys(names, " ")

    with (
        LoopbackServer(answer=empty) as server,
        pytest.raises(InvalidResponseError, match="empty"),
    ):
        named(server.url, tmp_path / "means.json")


def test_a_model_is_told_shares_activities_keywords_and_sentences() -> None:
    clusters = [
        Cluster(0.75, (("walking", 0.9),), ("walk", "fast"), ("It walks.", "It runs.")),
        Cluster(0.25, (), (), ()),
    ]
    request = naming_request(clusters)
    words = str(request.messages[1].parts[0])
    assert "Group 1: 75.0% of the moments. Activities: walking 90%. Keywords: walk, fast." in words
    assert "It walks. | It runs." in words
    assert "Group 2: 25.0% of the moments.\n" in words
    assert request.schema is not None
    assert [field.name for field in request.schema.fields] == ["group_1", "group_2"]
