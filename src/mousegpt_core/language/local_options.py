"""Options of models that run in this process."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from mousegpt_core.language.contract import ModelOptions
from mousegpt_core.language.cost import Price
from mousegpt_core.language.weights import weights_hash, weights_here
from mousegpt_core.settings import content_hash


class LocalOptions(ModelOptions):
    """Which model, and how many questions at once.

    Attributes
    ----------
    model : str
        Folder of a model, or its name on the hub.
    revision : str
        Of the hub; "" = the newest.
    batch : int
        Most questions answered together. Where they do not fit into the memory it is halved.
    wait_ms : float
        How long a batch that is not full waits for more.
    trust_remote_code : bool
        Whether code that lies beside the weights may be run.
    """

    revision: str = ""
    batch: int = Field(default=8, ge=1)
    wait_ms: float = Field(default=20.0, ge=0)
    trust_remote_code: bool = False

    @property
    def model_name(self) -> str:
        """The last part of its folder, or of its name on the hub; wherever it lies."""
        folder = Path(self.model).expanduser()
        return folder.name or folder.resolve().name

    @property
    def price(self) -> Price | None:
        """Nothing."""
        return Price(models=("*",), input=0.0, output=0.0)

    def named(self, backend: str, folder: Path | None, **changes: object) -> str:
        """What tells its replies from another's: name, weights, and what changes them."""
        folder = folder or weights_here(self.model, self.revision)
        weights = "" if folder is None else weights_hash(folder)
        return f"{backend}/{self.model_name}#{content_hash([weights, changes])}"
