"""The rules of the ethogram: what each activity is, in words and in measured quantities.

The built-in rules are in ``ethogram.toml`` beside this file. A study may hold a file of the same
form with only what it changes: a key of an activity or of one of its named conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from mousegpt_core.describe.measures import MEASURES, UNITS
from mousegpt_core.errors import SettingsError
from mousegpt_core.settings import Settings, content_hash, read_toml

BUILT_IN_RULES = Path(__file__).with_name("ethogram.toml")

#: posture: what the whole animal does; exactly one holds at a time.
#: refinement: a kind of its parent. stillness: the same, but judged in any posture.
#: event: brief, and interrupts whatever else goes on.
ActivityKind = Literal["posture", "refinement", "stillness", "event"]


class Condition(Settings):
    """A soft threshold on one quantity.

    Its score is 0.5 at the threshold. With `softness` it is 0.73 that much beyond it; with `factor`
    it is 0.73 at that many times the threshold.
    """

    quantity: str = Field(description="name of a measure")
    above: float | None = Field(None, description="threshold it should exceed")
    below: float | None = Field(None, description="threshold it should stay under")
    unit: str
    softness: float | None = Field(None, gt=0)
    factor: float | None = Field(None, gt=1)
    window_s: float = Field(0.0, ge=0, le=120, description="width of the window around a frame (s)")
    statistic: Literal["mean", "log_mean", "std", "max", "min"] = "mean"
    required: bool = Field(False, description="without the quantity there is no such activity")
    any_of: str = Field("", description="of the conditions with the same name here the best counts")
    only_without: str = Field("", description="stands in where this quantity is absent")
    meaning: str = Field("", description="the condition in words")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name in filter(None, (self.quantity, self.only_without)):
            if name not in MEASURES:
                raise ValueError(f"unknown quantity {name!r}; there are: {', '.join(MEASURES)}")
        units = UNITS[MEASURES[self.quantity].kind]
        if self.unit not in units:
            raise ValueError(
                f"{self.quantity} has no unit {self.unit!r}; give {' or '.join(units)}"
            )
        if self.above is None and self.below is None:
            raise ValueError("give a threshold: above, below, or both")
        if (self.softness is None) == (self.factor is None):
            raise ValueError("give either softness (an amount) or factor (times the threshold)")
        if self.factor is not None and min(self._thresholds) <= 0:
            raise ValueError("a factor needs thresholds above 0")
        return self

    @property
    def _thresholds(self) -> list[float]:
        return [value for value in (self.above, self.below) if value is not None]


class ActivityRule(Settings):
    """One activity: its definition and when it is seen."""

    definition: str = Field(min_length=1, description="one sentence of plain English")
    synonyms: tuple[str, ...] = Field((), description="other words people use for it")
    cues: tuple[str, ...] = Field((), description="words that point to it in a definition")
    kind: ActivityKind = "posture"
    parent: str = Field("", description="the activity that it is a kind of")
    min_duration_s: float = Field(0.0, ge=0, le=60, description="shorter bouts are not counted (s)")
    pause_s: float = Field(0.0, ge=0, le=5, description="shorter pauses do not end a bout (s)")
    reaction_s: float = Field(
        0.0, ge=0, le=2, description="how long after it a human scorer usually marks it (s)"
    )
    validation: str = Field("", description="what its rule was checked against")
    conditions: dict[str, Condition] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_parent(self) -> Self:
        if self.kind == "posture" and self.parent:
            raise ValueError("a posture has no parent")
        if self.kind != "posture" and not self.parent:
            raise ValueError(f"a {self.kind} needs a parent")
        return self


@dataclass(frozen=True)
class Rules:
    """All activities, in the order of the file.

    Attributes
    ----------
    activities : dict of str to ActivityRule
        By name.
    """

    activities: dict[str, ActivityRule]

    @property
    def postures(self) -> tuple[str, ...]:
        """Names of the activities without a parent."""
        return tuple(name for name, rule in self.activities.items() if rule.kind == "posture")

    def posture_of(self, name: str) -> str:
        """The posture that an activity belongs to."""
        while self.activities[name].parent:
            name = self.activities[name].parent
        return name

    def children(self, name: str) -> tuple[str, ...]:
        """Activities whose parent is `name`."""
        return tuple(child for child, rule in self.activities.items() if rule.parent == name)

    @cached_property
    def halo_s(self) -> float:
        """Seconds around a frame on which its scores and activity depend."""
        windows = [
            c.window_s for rule in self.activities.values() for c in rule.conditions.values()
        ]
        bouts = [rule.min_duration_s + rule.pause_s for rule in self.activities.values()]
        # Half a window, the filters of the rhythms, and bouts beside bouts.
        return max(windows, default=0.0) / 2 + 2.0 + 3 * max(bouts, default=0.0)

    def fingerprint(self) -> dict[str, Any]:
        """JSON-able values, for provenance and hashing."""
        return {name: rule.fingerprint() for name, rule in self.activities.items()}

    @property
    def hash(self) -> str:
        """Changes whenever a rule does."""
        return content_hash(self.fingerprint())


def load_rules(path: Path | None = None) -> Rules:
    """The built-in rules, with a study's own laid over them.

    Parameters
    ----------
    path : Path, optional
        TOML of the same form as the built-in file: a table per activity, a table
        ``NAME.conditions.CONDITION`` per condition. What is not given stays as built in; a new name
        makes a new activity or condition; ``enabled = false`` takes one away.

    Raises
    ------
    SettingsError
        Names file, activity, condition and what is allowed there.
    """
    values = read_toml(BUILT_IN_RULES)
    source = str(BUILT_IN_RULES)
    if path is not None:
        values = _overlaid(values, read_toml(Path(path)), str(path))
        source = str(path)
    return parse_rules(values, source=source)


def parse_rules(values: Mapping[str, Any], *, source: str) -> Rules:
    """Rules from what a TOML file holds.

    Raises
    ------
    SettingsError
        Names the place.
    """
    activities = {
        name: ActivityRule.parse(table, source=f"{source} [{name}]")
        for name, table in values.items()
        if _is_table(table, source, name)
    }
    for name, rule in activities.items():
        seen = [name]
        while rule.parent:
            if rule.parent not in activities or rule.parent in seen:
                raise SettingsError(
                    f"{source} [{name}]: parent {rule.parent!r} is not an activity above it",
                    hint="activities: " + ", ".join(activities),
                )
            seen.append(rule.parent)
            rule = activities[rule.parent]
    if not any(rule.kind == "posture" for rule in activities.values()):
        raise SettingsError(f"{source}: no activity is left", hint='keep one with kind = "posture"')
    return Rules(activities)


def _is_table(table: object, source: str, name: str) -> bool:
    if not isinstance(table, dict):
        raise SettingsError(
            f"{source}: {name} is not an activity",
            hint=f"write a table: [{name}], with a definition",
        )
    return True


def _overlaid(base: dict[str, Any], over: dict[str, Any], source: str) -> dict[str, Any]:
    """`over` laid over `base`: keys of activities and of conditions one by one."""
    result = dict(base)
    for name, table in over.items():
        _is_table(table, source, name)
        if table.get("enabled") is False:
            if name not in base:
                raise SettingsError(
                    f"{source} [{name}]: no such activity", hint="activities: " + ", ".join(base)
                )
            result.pop(name)
            continue
        built_in = result.get(name, {})
        merged = {
            **built_in,
            **{k: v for k, v in table.items() if k not in ("enabled", "conditions")},
        }
        merged["conditions"] = _conditions(
            built_in.get("conditions", {}), table.get("conditions", {}), f"{source} [{name}]"
        )
        result[name] = merged
    return result


def _conditions(base: dict[str, Any], over: Any, source: str) -> dict[str, Any]:
    if not isinstance(over, dict):
        raise SettingsError(
            f"{source}: conditions must be tables", hint="[NAME.conditions.CONDITION]"
        )
    result = dict(base)
    for name, table in over.items():
        if not isinstance(table, dict):
            raise SettingsError(
                f"{source}: {name} is not a condition",
                hint=f"write a table: [...conditions.{name}]",
            )
        if table.get("enabled") is False:
            result.pop(name, None)
            continue
        changed = {k: v for k, v in table.items() if k != "enabled"}
        result[name] = {**result.get(name, {}), **changed}
        # A softness given anew replaces a factor, and the other way round.
        if "softness" in changed:
            result[name].pop("factor", None)
        elif "factor" in changed:
            result[name].pop("softness", None)
    return result


def soft_score(values: np.ndarray, condition: Condition, scale: np.ndarray) -> np.ndarray:
    """Score 0-1 of a condition.

    Parameters
    ----------
    values : array of shape (time, individual)
        The quantity after its statistic, in the measure's own unit.
    condition : Condition
        Thresholds.
    scale : array of shape (1, individual)
        One of the condition's units in the measure's own unit.

    Returns
    -------
    array of shape (time, individual)
        NaN where the quantity is unknown.
    """
    score = np.ones_like(values)
    for threshold, sign in ((condition.above, 1.0), (condition.below, -1.0)):
        if threshold is None:
            continue
        if condition.factor is not None:
            with np.errstate(divide="ignore"):
                ratio = np.log(np.maximum(values, 1e-9) / (threshold * scale))
            beyond = sign * ratio / np.log(condition.factor)
        else:
            beyond = sign * (values - threshold * scale) / ((condition.softness or 1.0) * scale)
        score = score / (1.0 + np.exp(-np.clip(beyond, -30.0, 30.0)))
    return np.asarray(score)
