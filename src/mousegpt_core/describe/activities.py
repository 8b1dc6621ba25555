"""What the describer knows of each activity of the ethogram: its words and what fits beside it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mousegpt_core.settings import Settings


class Activity(Settings):
    """Words and traits of one activity, see ``phrases.toml``."""

    third: str
    base: str
    ing: str
    keywords: tuple[str, ...] = Field(min_length=1)
    moves: Literal["always", "maybe", "never"] = "maybe"
    calm: bool = False
    says_still: bool = False
    brief: bool = False
    upright: bool = False


@cache
def phrase_table() -> dict[str, Any]:
    """The file ``phrases.toml``."""
    text = Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def known_activities() -> dict[str, Activity]:
    """Name to words of the activities that ``phrases.toml`` lists."""
    return {
        name: Activity.parse(values, source=f"phrases.toml [activity.{name}]")
        for name, values in phrase_table()["activity"].items()
    }


@cache
def activity_of(name: str) -> Activity:
    """Words for an activity, also for one that only a user's own ethogram knows.

    Parameters
    ----------
    name : str
        As in the ethogram; case, spaces, hyphens and underscores do not matter.
    """
    key = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
    found = known_activities().get(key)
    if found is not None:
        return found
    plain = key.replace("_", " ")
    return Activity(
        third=f"shows {plain}", base=f"show {plain}", ing=f"showing {plain}", keywords=(plain,)
    )
