"""The user's own behaviours, as a labels file gives them: definitions in words, maybe examples."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from mousegpt_core.analysis.definitions import Claim, match_behaviours
from mousegpt_core.describe.rules import Rules
from mousegpt_core.errors import SettingsError
from mousegpt_core.settings import Settings, content_hash, read_toml

#: Keys of a labels file that are not behaviours.
_OPTIONS = ("reaction_s",)


class Example(Settings):
    """A stretch of a recording in which a behaviour is seen."""

    recording: str
    start_s: float
    stop_s: float
    individual: str = ""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.stop_s <= self.start_s:
            raise ValueError(f"stop_s must be after start_s ({self.start_s} to {self.stop_s} s)")
        return self


class Behaviour(Settings):
    """One of the user's behaviours."""

    definition: str = Field("", description="what it is, in plain English")
    examples: tuple[Example, ...] = ()
    activities: tuple[str, ...] = Field(
        (), description="activities of the ethogram that it is made of, where words do not suffice"
    )


@dataclass(frozen=True)
class LabelScheme:
    """The user's behaviours.

    Attributes
    ----------
    behaviours : dict of str to Behaviour
        By name, in the order of the file.
    reaction_s : float or None
        By how much the human scorer's marks lag behind the movement, for all behaviours; None: as
        the rules of the ethogram say (0.35 s for postures, 0 for freezing).
    """

    behaviours: dict[str, Behaviour]
    reaction_s: float | None = None

    @classmethod
    def from_toml(cls, path: Path) -> LabelScheme:
        """Read a labels file: one table per behaviour, with a ``definition`` or ``examples``.

        Raises
        ------
        SettingsError
            Names the file, the behaviour and what is wrong with it.
        """
        return cls.parse(read_toml(Path(path)), source=str(path))

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, source: str = "labels") -> LabelScheme:
        """A scheme from what a labels file holds.

        Raises
        ------
        SettingsError
            Names the behaviour and what is wrong with it.
        """
        behaviours = {}
        for name, table in values.items():
            if name in _OPTIONS:
                continue
            if not isinstance(table, dict):
                raise SettingsError(
                    f"{source}: {name} is not a behaviour",
                    hint=f'write a table: [{name}] and below it definition = "..."',
                )
            behaviours[name] = Behaviour.parse(table, source=f"{source} [{name}]")
        if len(behaviours) < 2:
            raise SettingsError(
                f"{source}: at least two behaviours are needed, found {len(behaviours)}",
                hint='add what is left over: [other] with definition = "anything else"',
            )
        reaction = values.get("reaction_s")
        if reaction is not None and not (isinstance(reaction, int | float) and 0 <= reaction <= 2):
            raise SettingsError(
                f"{source}: reaction_s must be 0 to 2 seconds, found {reaction!r}",
                hint="leave reaction_s out to take that of the ethogram",
            )
        return cls(behaviours, None if reaction is None else float(reaction))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the behaviours."""
        return tuple(self.behaviours)

    @property
    def silent(self) -> dict[str, int]:
        """Behaviours without examples, and their places."""
        each = enumerate(self.behaviours.items())
        return {name: place for place, (name, one) in each if not one.examples}

    @cached_property
    def scheme_id(self) -> str:
        """Changes whenever a behaviour does."""
        return content_hash(self.fingerprint())

    def fingerprint(self) -> dict[str, Any]:
        """JSON-able values."""
        each = {name: behaviour.fingerprint() for name, behaviour in self.behaviours.items()}
        return {"behaviours": each, "reaction_s": self.reaction_s}

    def match(self, rules: Rules) -> dict[str, Claim]:
        """The activities that make each behaviour, and why.

        Raises
        ------
        SettingsError
            If a behaviour names an activity that the ethogram does not have.
        """
        given = {activity: name for name, b in self.behaviours.items() for activity in b.activities}
        unknown = sorted(set(given) - set(rules.activities))
        if unknown:
            raise SettingsError(
                f"labels: no activity is called {', '.join(unknown)}",
                hint="activities: " + ", ".join(rules.activities),
            )
        texts = {name: behaviour.definition for name, behaviour in self.behaviours.items()}
        return match_behaviours(texts, rules, given=given)

    def taught(self, claims: Mapping[str, Claim], judged: Collection[str]) -> tuple[str, ...]:
        """Behaviours that are known by their examples alone.

        Parameters
        ----------
        claims : Mapping of str to Claim
            From `match`.
        judged : collection of str
            The activities that the keypoints show.

        Returns
        -------
        tuple of str
            Empty if there is no other behaviour that they can be told from.
        """
        worded = {name for name, claim in claims.items() if set(claim.activities) & set(judged)}
        shown = set(self.names) - set(self.silent)
        return tuple(
            name for name in self.names if name in shown - worded and len(shown | worded) > 1
        )

    def learned_from(self, claims: Mapping[str, Claim], judged: Collection[str]) -> tuple[str, ...]:
        """Behaviours whose examples teach something: at least two, or known by them alone.

        Parameters
        ----------
        claims, judged
            As in `taught`.
        """
        shown = tuple(name for name in self.names if name not in self.silent)
        return shown if len(shown) > 1 or self.taught(claims, judged) else ()
