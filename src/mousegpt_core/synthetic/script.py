"""Scripts: which behaviour follows which, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from mousegpt_core.errors import SettingsError
from mousegpt_core.synthetic.behaviours import BEHAVIOURS


@dataclass(frozen=True)
class BehaviourScript:
    """Behaviours in order.

    Attributes
    ----------
    steps : tuple of (str, float)
        Behaviour and its duration in seconds.
    seed : int
        Decides how bouts of the same behaviour differ, and the way through the arena.

    Raises
    ------
    SettingsError
        If a behaviour is unknown or a duration is not positive.
    """

    steps: tuple[tuple[str, float], ...]
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.steps:
            raise SettingsError("a script needs at least one behaviour")
        check_behaviours(name for name, _ in self.steps)
        for name, duration in self.steps:
            if not np.isfinite(duration) or duration <= 0:
                raise SettingsError(f"{name}: a duration must be positive, not {duration}")

    @property
    def duration_s(self) -> float:
        """Length of the whole script in seconds."""
        return float(sum(duration for _, duration in self.steps))


def check_behaviours(names: Iterable[str]) -> None:
    """Raise `SettingsError` if a name is not that of a behaviour."""
    unknown = sorted(set(names) - set(BEHAVIOURS))
    if unknown:
        raise SettingsError(
            f"unknown behaviour {', '.join(map(repr, unknown))}",
            hint="behaviours: " + ", ".join(BEHAVIOURS),
        )


def draw_script(
    duration_s: float, *, seed: int = 0, rates: Mapping[str, float] | None = None
) -> BehaviourScript:
    """Draw a script from a semi-Markov chain.

    The next behaviour is drawn by the rates, never the same twice in a row; its duration from a
    gamma distribution of shape 3 around the behaviour's mean. A supported rearing is led up to by
    a walk, for it needs the wall.

    Parameters
    ----------
    duration_s : float
        Length of the script (s).
    seed : int
        Seed.
    rates : Mapping of str to float, optional
        Multipliers of the behaviours' own rates; 1 where not given.

    Raises
    ------
    SettingsError
        If a behaviour is unknown, or fewer than two can occur.
    """
    rates = dict(rates or {})
    check_behaviours(rates)
    names = list(BEHAVIOURS)
    weights = np.array([BEHAVIOURS[name].rate * rates.get(name, 1.0) for name in names])
    if np.any(weights < 0) or np.count_nonzero(weights) < 2:
        raise SettingsError("rates must not be negative, and two of them positive")
    rng = np.random.default_rng([seed, 1])
    steps: list[tuple[str, float]] = []
    left = duration_s
    while left > 0:
        name = _draw_next(names, weights, steps, rng)
        behaviour = BEHAVIOURS[name]
        duration = max(rng.gamma(3.0, behaviour.duration / 3.0), behaviour.shortest)
        if name == "rearing_supported" and (not steps or steps[-1][0] != "walking"):
            walk = rng.uniform(0.8, 1.8)
            steps.append(("walking", walk))
            left -= walk
        steps.append((name, round(duration, 3)))
        left -= duration
    return BehaviourScript(tuple(steps), seed)


def _draw_next(
    names: list[str], weights: np.ndarray, steps: list[tuple[str, float]], rng: np.random.Generator
) -> str:
    allowed = weights.copy()
    if steps:
        allowed[names.index(steps[-1][0])] = 0.0
    return str(rng.choice(names, p=allowed / allowed.sum()))
