"""A cohort of synthetic mice under several treatments, whose effects are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from mousegpt_core.errors import SettingsError
from mousegpt_core.settings import Settings
from mousegpt_core.synthetic.behaviours import BEHAVIOURS
from mousegpt_core.synthetic.noise import NoiseSettings
from mousegpt_core.synthetic.script import check_behaviours
from mousegpt_core.synthetic.simulate import SimulationSettings, SyntheticRecording, simulate


class Effect(Settings):
    """What a treatment changes.

    Attributes
    ----------
    rates : dict of str to float
        Multipliers of how often behaviours begin, against `behaviours.BEHAVIOURS`.
    speed : float
        Multiplier of walking and running speed.
    dose : str
        Written into the table of animals.
    """

    rates: dict[str, float] = Field(default_factory=dict)
    speed: float = Field(default=1.0, gt=0)
    dose: str = ""


#: Treatments with effects of the kind the literature reports for such drugs.
EFFECTS: Mapping[str, Effect] = {
    "saline": Effect(dose="0 mg/kg"),
    "stimulant": Effect(
        rates={
            "walking": 2.0, "running": 4.0, "turning": 1.6, "rearing": 1.3, "grooming": 0.3,
            "freezing": 0.2, "crouching": 0.3, "sleeping": 0.0,
        },
        speed=1.35,
        dose="2 mg/kg",
    ),
    "sedative": Effect(
        rates={
            "walking": 0.5, "running": 0.1, "rearing": 0.3, "rearing_supported": 0.3,
            "jumping": 0.0, "crouching": 5.0, "standing": 1.8, "sleeping": 5.0, "grooming": 0.6,
        },
        speed=0.75,
        dose="1 mg/kg",
    ),
    "hallucinogen": Effect(
        rates={
            "scratching": 7.0, "walking": 0.7, "rearing": 0.5, "stretching": 2.5, "grooming": 0.6,
        },
        speed=0.9,
        dose="3 mg/kg",
    ),
    "stress": Effect(
        rates={"freezing": 9.0, "crouching": 2.5, "rearing": 0.4, "walking": 0.7, "grooming": 1.6},
        speed=0.9,
        dose="6 h",
    ),
}  # fmt: skip


def _three_groups() -> dict[str, int]:
    return {"saline": 4, "stimulant": 4, "sedative": 4}


class CohortSettings(Settings):
    """Which animals, and how they are recorded.

    Attributes
    ----------
    treatments : dict of str to int
        Treatment to number of animals.
    effects : dict of str to Effect
        What a treatment does; those of `EFFECTS` need not be given.
    duration_s, fps : float
        Length (s) and frames per second of every recording.
    seed : int
        Seed of the whole cohort.
    variation : float
        How much animals of one treatment differ: standard deviation of the logarithm of each
        behaviour's rate.
    noise : NoiseSettings
        What the pose estimator adds.
    """

    treatments: dict[str, int] = Field(default_factory=_three_groups)
    effects: dict[str, Effect] = Field(default_factory=dict)
    duration_s: float = Field(default=300.0, gt=0)
    fps: float = Field(default=30.0, gt=0)
    seed: int = 0
    variation: float = Field(default=0.2, ge=0)
    noise: NoiseSettings = NoiseSettings(jitter_cm=0.03, dropouts=0.01, jumps=0.001)

    @model_validator(mode="after")
    def _check(self) -> CohortSettings:
        unknown = sorted(set(self.treatments) - set(EFFECTS) - set(self.effects))
        if unknown:
            raise ValueError(f"no effects are given for {unknown}; known: {sorted(EFFECTS)}")
        if not self.treatments or min(self.treatments.values()) < 1:
            raise ValueError("a cohort needs at least one animal in every treatment")
        return self

    def effect(self, treatment: str) -> Effect:
        """What a treatment changes; the cohort's own word goes before `EFFECTS`."""
        found = self.effects.get(treatment) or EFFECTS[treatment]
        try:
            check_behaviours(found.rates)
        except SettingsError as error:
            raise SettingsError(
                f"effects of {treatment}: {error.message}", hint=error.hint
            ) from error
        return found


@dataclass(frozen=True)
class Animal:
    """One animal of a cohort: its row in the table of animals, and how it behaves."""

    animal: str
    treatment: str
    sex: str
    age: str
    dose: str
    simulation: SimulationSettings

    def row(self) -> dict[str, str]:
        """Its row in ``animals.csv``."""
        return {
            "animal": self.animal,
            "treatment": self.treatment,
            "sex": self.sex,
            "age": self.age,
            "dose": self.dose,
        }


def draw_animals(settings: CohortSettings) -> list[Animal]:
    """The animals of a cohort, each with rates of its own."""
    animals = []
    for group, (treatment, count) in enumerate(settings.treatments.items()):
        effect = settings.effect(treatment)
        for index in range(count):
            rng = np.random.default_rng([settings.seed, 6, group, index])
            rates = {
                name: effect.rates.get(name, 1.0) * float(np.exp(rng.normal(0, settings.variation)))
                for name in BEHAVIOURS
            }
            simulation = SimulationSettings(
                duration_s=settings.duration_s,
                fps=settings.fps,
                seed=int(rng.integers(2**31)),
                rates=rates,
                speed=effect.speed * float(np.exp(rng.normal(0, 0.3 * settings.variation))),
                size=float(np.clip(rng.normal(1.0, 0.03), 0.9, 1.1)),
                noise=settings.noise,
            )
            sex = "male" if index % 2 == 0 else "female"
            age = f"{int(rng.integers(9, 14))} weeks"
            name = f"{treatment}-{index + 1:02d}"
            animals.append(Animal(name, treatment, sex, age, effect.dose, simulation))
    return animals


def simulate_cohort(settings: CohortSettings) -> Iterator[tuple[Animal, SyntheticRecording]]:
    """Simulate every animal, one at a time.

    Yields
    ------
    (Animal, SyntheticRecording)
    """
    for animal in draw_animals(settings):
        yield animal, simulate(settings=animal.simulation)


def effects_table(settings: CohortSettings) -> pd.DataFrame:
    """The truth for the statistics: what each treatment multiplies.

    Returns
    -------
    DataFrame
        Columns ``treatment``, ``quantity`` (``rate of walking``, ..., ``speed``), ``multiplier``.
    """
    rows = []
    for treatment in settings.treatments:
        effect = settings.effect(treatment)
        rows += [(treatment, f"rate of {name}", effect.rates.get(name, 1.0)) for name in BEHAVIOURS]
        rows.append((treatment, "speed", effect.speed))
    return pd.DataFrame(rows, columns=["treatment", "quantity", "multiplier"])
