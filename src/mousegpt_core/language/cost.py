"""What tokens cost: list prices by model name, and a user's own before them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from pydantic import Field

from mousegpt_core.settings import Settings


class Price(Settings):
    """Price of one family of models, per million tokens.

    Attributes
    ----------
    models : tuple of str
        Patterns of names; ``*`` stands for anything.
    input, output : float
        Of what is asked, and of what is replied.
    cached : float, optional
        Of what is asked and the server had kept; `input` if not given.
    """

    models: tuple[str, ...] = Field(min_length=1)
    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)

    def of(self, tokens_in: int, tokens_out: int, cached: int = 0) -> float:
        """Cost of one reply; `cached` of `tokens_in` were kept by the server."""
        kept = self.input if self.cached is None else self.cached
        cost = (tokens_in - cached) * self.input + cached * kept + tokens_out * self.output
        return cost / 1e6


class PriceList(Settings):
    """Prices, as ``prices.toml`` has them."""

    currency: str = "USD"
    as_of: str = ""
    price: tuple[Price, ...] = ()

    def find(self, model: str) -> Price | None:
        """The price under the longest pattern that matches; None = not known."""
        matching = [
            (len(pattern), price)
            for price in self.price
            for pattern in price.models
            if fnmatchcase(model.lower(), pattern.lower())
        ]
        return max(matching, key=lambda found: found[0])[1] if matching else None


def price_of(model: str) -> Price | None:
    """What a model costs; the user's list comes before ours.

    Raises
    ------
    SettingsError
        If the user's list is damaged.
    """
    for prices in _lists(user_prices()):
        found = prices.find(model)
        if found is not None:
            return found
    return None


def user_prices() -> Path:
    """Where a user's own list lies, if there is one."""
    from platformdirs import user_config_path

    return Path(user_config_path("mousegpt", appauthor=False)) / "prices.toml"


@cache
def _lists(own: Path) -> tuple[PriceList, ...]:
    built_in = PriceList.from_toml(Path(__file__).with_name("prices.toml"))
    return (PriceList.from_toml(own), built_in) if own.is_file() else (built_in,)
