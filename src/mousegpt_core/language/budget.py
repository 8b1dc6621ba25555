"""A limit in money or tokens that a run keeps to, though many requests are under way at once."""

from __future__ import annotations

import math

from pydantic import Field

from mousegpt_core.errors import SettingsError
from mousegpt_core.settings import Settings


class Limits(Settings):
    """What may be spent; None = any amount.

    Attributes
    ----------
    money : float, optional
        In the currency of the price list.
    tokens : int, optional
        Asked and replied together.
    """

    money: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)


class Budget:
    """Keeps count of what is spent, and says when to stop.

    A question is allowed if all that are under way may cost as much as the dearest until then
    and the limit still holds. Until the first is paid nothing is known: one is asked alone.

    Parameters
    ----------
    limits : Limits
        What may be spent.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.money = 0.0
        self.tokens = 0
        self.under_way = 0
        self._dearest = (0.0, 0)
        self._paid = 0

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.limits.money is not None or self.limits.tokens is not None

    @property
    def spent(self) -> bool:
        """Whether not one question more fits, even when nothing is under way."""
        return self.limited and not self._fits(1)

    def take(self) -> bool:
        """Take leave for one question, to be settled later; False = not now, or never."""
        alone = self._paid > 0 or self.under_way == 0
        if self.limited and not (alone and self._fits(self.under_way + 1)):
            return False
        self.under_way += 1
        return True

    def settle(self, cost: float, tokens: int) -> None:
        """Pay for a question for which leave was taken; 0, 0 if it failed.

        Raises
        ------
        SettingsError
            If money is limited and nobody knows what the model costs.
        """
        self.under_way -= 1
        self.tokens += tokens
        if math.isnan(cost):
            if self.limits.money is not None:
                raise SettingsError(
                    "a limit in money needs a price, and none is known for this model",
                    hint="give the model a price in your prices.toml, or limit tokens instead",
                )
        else:
            self.money += cost
        if tokens:
            self._paid += 1
            known = 0.0 if math.isnan(cost) else cost
            self._dearest = (max(self._dearest[0], known), max(self._dearest[1], tokens))

    def _fits(self, more: int) -> bool:
        money, tokens = self._dearest
        within_money = self.limits.money is None or self.money + more * money <= self.limits.money
        within_tokens = (
            self.limits.tokens is None or self.tokens + more * tokens <= self.limits.tokens
        )
        return within_money and within_tokens
