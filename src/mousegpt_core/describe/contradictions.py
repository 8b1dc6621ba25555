"""A description held against what was measured of its clip, and against itself.

Only where a quantity is known, and clearly beyond what the claim needs, is there a contradiction.
So none found is no proof: much of what a description says is not measured, or not in these words.
Left and right are the animal's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mousegpt_core.describe.claims import Claim, Condition, Said, find_claims
from mousegpt_core.describe.clip_quantities import UNITS, column
from mousegpt_core.describe.fact_settings import FactSettings


@dataclass(frozen=True)
class Contradiction:
    """A claim that what was measured contradicts.

    Attributes
    ----------
    section, words, claim : str
        Where it is said, by which words, and what that claims.
    quantity : str
        What was measured.
    value : float
        What it was in the clip, in `unit`.
    unit : str
        Of the value.
    needed : str
        What the claim would need.
    strength : float
        0.5 = a margin beyond what is needed; 1 = two margins or more; half of it if hedged.
    """

    section: str
    words: str
    claim: str
    quantity: str
    value: float
    unit: str
    needed: str
    strength: float

    def sentence(self) -> str:
        """For people."""
        quantity = self.quantity.replace("_", " ")
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"{self.section}: {self.words!r}, but {quantity} is {self.value:.3g}{unit} "
            f"(needed: {self.needed})"
        )


@dataclass(frozen=True)
class Conflict:
    """Two claims of one description that cannot both hold.

    Attributes
    ----------
    first, second : Said
        In the order of the sections.
    """

    first: Said
    second: Said

    def sentence(self) -> str:
        """For people."""
        one, other = self.first, self.second
        return f"{one.section}: {one.words!r}, but {other.section}: {other.words!r}"


@dataclass(frozen=True)
class Checked:
    """What came of checking one description.

    Attributes
    ----------
    claims : int
        Claims that were found.
    checkable : int
        Of them, those about which something is measured in this clip.
    contradictions : tuple of Contradiction
        The strongest first.
    conflicts : tuple of Conflict
        Within the description.
    """

    claims: int
    checkable: int
    contradictions: tuple[Contradiction, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def strongest(self) -> float:
        """Strength of the strongest contradiction; 0 = none was found, nan = nothing is known."""
        if not self.checkable:
            return float("nan")
        return max((each.strength for each in self.contradictions), default=0.0)


def check_description(
    sections: Mapping[str, str],
    label: str,
    measured: Mapping[str, float],
    settings: FactSettings | None = None,
) -> Checked:
    """Hold one description against the numbers of its clip.

    Parameters
    ----------
    sections : mapping of str to str
        `clips.SECTIONS` to texts.
    label : str
        ``""`` = none.
    measured : mapping of str to float
        A row of `clip_quantities.clip_quantities`; nan = not known.
    settings : FactSettings, optional
        Thresholds of the kinematic describer, from which those of contradictions are taken.
    """
    settings = settings or FactSettings()
    said = find_claims(sections, label)
    checkable, found = 0, []
    for one in said:
        known = [_known(line, measured) for line in one.claim.against]
        checkable += any(known)
        worst = max(
            (_contradiction(one, line, measured, settings) for line in known if line),
            key=lambda each: 0.0 if each is None else each.strength,
            default=None,
        )
        if worst is not None:
            found.append(worst)
    found.sort(key=lambda each: -each.strength)
    return Checked(len(said), checkable, tuple(found), tuple(conflicts(said)))


def conflicts(said: Sequence[Said]) -> list[Conflict]:
    """Claims that cannot hold at the same time, each pair of claims once."""
    found: dict[frozenset[str], Conflict] = {}
    for number, one in enumerate(said):
        for other in said[number + 1 :]:
            if _oppose(one.claim, other.claim):
                pair = frozenset((one.claim.name, other.claim.name))
                found.setdefault(pair, Conflict(one, other))
    return list(found.values())


def _oppose(one: Claim, other: Claim) -> bool:
    return other.name in one.opposite or one.name in other.opposite


def _known(line: Sequence[Condition], measured: Mapping[str, float]) -> list[Condition]:
    """Conditions of a line whose quantity is known."""
    return [each for each in line if np.isfinite(_value(each, measured))]


def _value(condition: Condition, measured: Mapping[str, float]) -> float:
    return float(measured.get(column(condition.quantity, condition.statistic), np.nan))


def _contradiction(
    said: Said, line: Sequence[Condition], measured: Mapping[str, float], settings: FactSettings
) -> Contradiction | None:
    """The contradiction, if all conditions are beyond their margins."""
    beyond = [each.beyond(_value(each, measured), settings) for each in line]
    if min(beyond) < 1.0:
        return None
    condition = line[0]
    unit = UNITS[condition.quantity]
    word = "at most" if condition.below is None else "at least"
    needed = f"{word} {condition.limit(settings):.3g}{' ' + unit if unit else ''}"
    return Contradiction(
        said.section,
        said.words,
        said.claim.name,
        condition.quantity,
        _value(condition, measured),
        unit,
        needed,
        min(min(beyond) / 2.0, 1.0) * said.weight,
    )
