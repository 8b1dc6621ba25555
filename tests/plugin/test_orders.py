"""What is ordered in the dock Describe, as arguments of the command and as words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.errors import SettingsError
from mousegpt_core.study import Study
from napari_mousegpt.orders import (
    Order,
    keep_order,
    order_of,
    protocol_words,
    reckoning_words,
    result_words,
)

SERVER = Order(
    describer="openai", protocol="fear", model="m", base_url="http://x/v1", key_variable="LAB_KEY"
)
FOLDER = Path("study")
PLACE = {"recording": "M1", "moment": 1.25, "individual": "m"}


def test_arguments_are_those_of_the_command() -> None:
    who = (
        "--describer", "openai", "--protocol", "fear", "--model", "m", "--base-url", "http://x/v1",
        "--option", "key_variable=LAB_KEY",
    )  # fmt: skip
    place = ("--recording", "M1", "--at", "1.250000", "--animal", "m")
    assert SERVER.try_on(FOLDER, PLACE) == ("try", "study", *who, *place)
    assert SERVER.preview(FOLDER, PLACE) == ("preview", "study", "--protocol", "fear", *place)
    assert SERVER.server()[-1] == "http://x/v1"
    assert SERVER.describe(FOLDER, dry_run=True) == ("describe", "study", *who, "--dry-run")
    limited = Order(
        **{
            **vars(SERVER), "limit": 20, "max_tokens": 1_000_000, "max_cost": 2.5,
            "recording": "M1", "retry": ("failed",),
        }
    )  # fmt: skip
    assert limited.describe(FOLDER)[len(who) + 2 :] == (
        "--recording", "M1", "--limit", "20", "--max-tokens", "1000000", "--max-cost", "2.5",
        "--retry", "failed",
    )  # fmt: skip
    assert limited.describe(FOLDER, goes_on=True) == limited.describe(FOLDER)
    assert SERVER.describe(FOLDER, goes_on=True)[-2:] == ("--retry", "failed")
    assert "--max-tokens" not in limited.describe(FOLDER, dry_run=True)
    assert Order().describe(FOLDER) == ("describe", "study", "--describer", "kinematic")


def test_what_is_missing_is_said() -> None:
    assert not Order().missing
    assert "address" in Order(describer="openai", model="m").missing
    assert "name" in Order(describer="openai", base_url="http://x").missing
    assert not Order(describer="transformers", model="folder").missing
    assert not SERVER.missing


def test_an_order_is_kept_without_any_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", "sk-verysecret")
    study = Study.create(tmp_path / "s")
    assert order_of(study) == Order()
    SERVER.use(study)
    assert order_of(study) == SERVER
    begun = Order(**{**vars(SERVER), "retry": ("failed", "invalid"), "unfinished": True})
    keep_order(study, begun)
    assert order_of(study) == begun
    Order().use(study)
    assert study.section("describe") == {"describer": "kinematic"}
    study.set_section("describe", sure_score=0.6)
    with pytest.raises(SettingsError, match="sure_score"):
        SERVER.use(study)
    study.set_section("describe", sure_score=None)
    SERVER.use(study)
    Order().use(study)
    files = [file for file in study.folder.rglob("*") if file.is_file()]
    assert not any(b"verysecret" in file.read_bytes() for file in files)
    (study.folder / "results" / "describe.json").write_text('{"of another": "version"}')
    assert order_of(study).describer == "kinematic"


@pytest.mark.parametrize(
    ("name", "words"),
    [("mousegpt", "5 clips a second; 1 frame"), ("fear", "clips of 1 s; 8 frames"),
     ("clip-caption", "a clip for each bout; 9 frames")],
)  # fmt: skip
def test_protocols_are_told_shortly(name: str, words: str) -> None:
    assert words in protocol_words(load_protocol(name))


def reckoned(**changes: Any) -> dict[str, Any]:
    return {
        "clips": 150, "there_already": 12, "unshown": 0, "reasons": {}, "requests": 138,
        "images": 138, "tokens_in": 620_000, "tokens_out": 20_000, "cost": 1.5, "seconds": 95.0,
        "estimated": False, **changes,
    }  # fmt: skip


def test_what_it_takes_is_told() -> None:
    told = reckoning_words(reckoned())
    assert "138 requests with 138 pictures" in told
    assert "620,000 tokens asked" in told
    assert "1.50 US dollars" in told
    assert "2 min" in told
    unknown = reckoning_words(reckoned(cost=None, seconds=None, estimated=True))
    assert "price is not known" in unknown
    assert "about 620,000" in unknown
    nothing = reckoning_words(reckoned(requests=0, unshown=3, reasons={"no film": 3}))
    assert nothing.startswith("Nothing to ask")
    assert "3 cannot be shown: no film" in nothing


def test_how_a_run_ended_is_told() -> None:
    tally = {
        "described": 9, "clips": 12, "asked": 5, "tokens_in": 10, "tokens_out": 2, "invalid": 1,
        "failed": 1, "reasons": {"no film": 1, "no JSON": 1},
    }  # fmt: skip
    told = result_words({"all": tally, "stopped": "budget"})
    assert "9 of 12 clips" in told
    assert "1 x no film" in told
    assert "Stopped at the budget" in told
    assert "movement" in result_words({"made": 1})
