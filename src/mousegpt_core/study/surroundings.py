"""Scale, walls and zones: tables of ``recording.toml``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Unit = Literal["px", "mm", "cm", "m", "unknown"]
_CM: dict[str, float] = {"mm": 0.1, "cm": 1.0, "m": 100.0}


class Part(BaseModel):
    """Base of the tables of ``recording.toml``: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KnownLength(Part):
    """Something of known length in the picture.

    Attributes
    ----------
    length_cm : float
        Its true length.
    length : float, optional
        Its length in the unit of the poses (px).
    a, b : (x, y), optional
        Its two ends in the unit of the poses, instead of `length`.
    """

    length_cm: float = Field(gt=0)
    length: float | None = Field(default=None, gt=0)
    a: tuple[float, float] | None = None
    b: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _check_given(self) -> KnownLength:
        points = self.a is not None and self.b is not None
        if points == (self.length is not None) or (self.a is None) != (self.b is None):
            raise ValueError("give either length, or both ends a and b")
        if points and self.a == self.b:
            raise ValueError("the ends a and b are the same point")
        return self

    @property
    def cm_per_unit(self) -> float:
        """The scale that follows from it."""
        if self.length is not None:
            return self.length_cm / self.length
        (ax, ay), (bx, by) = self.a or (0.0, 0.0), self.b or (1.0, 0.0)
        return self.length_cm / float(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5)


class Space(Part):
    """Unit and scale of the poses.

    Attributes
    ----------
    unit : str
        ``"px"``, ``"mm"``, ``"cm"``, ``"m"`` or ``"unknown"`` (as the files say).
    cm_per_unit : float, optional
        The scale, where it is known.
    known_length : KnownLength, optional
        Or something of known length.
    seen_from : str
        ``"above"``, ``"below"`` (left and right are mirrored) or ``"side"``.
    """

    unit: Unit = "unknown"
    cm_per_unit: float | None = Field(default=None, gt=0)
    known_length: KnownLength | None = None
    seen_from: Literal["above", "below", "side"] = "above"

    @property
    def scale(self) -> float | None:
        """Centimetres a unit: as given, by the known length, or by the unit; None = not known."""
        if self.cm_per_unit is not None:
            return self.cm_per_unit
        if self.known_length is not None:
            return self.known_length.cm_per_unit
        return _CM.get(self.unit)


class Arena(Part):
    """The walls: sizes in centimetres, places in the unit of the poses, as read off the picture.

    What is left out is fitted from where the animal has been.

    Attributes
    ----------
    shape : str
        ``"none"`` (all is fitted), ``"circle"``, ``"rectangle"`` or ``"polygon"``.
    diameter_cm : float, optional
        Of a circle.
    width_cm, height_cm : float, optional
        Sides of a rectangle.
    centre : (x, y), optional
        Of a circle or rectangle.
    corners : tuple of (x, y)
        Of a polygon (or a rectangle), in order.
    """

    shape: Literal["none", "circle", "rectangle", "polygon"] = "none"
    diameter_cm: float | None = Field(default=None, gt=0)
    width_cm: float | None = Field(default=None, gt=0)
    height_cm: float | None = Field(default=None, gt=0)
    centre: tuple[float, float] | None = None
    corners: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _check_shape(self) -> Arena:
        if self.shape == "polygon" and len(self.corners) < 3:
            raise ValueError("a polygon needs at least three corners")
        return self


class Zone(Part):
    """A piece of ground, e.g. a corner, the centre or around an object.

    Attributes
    ----------
    name : str
        What people call it.
    view : str
        The view in whose picture the corners lie; empty = in the coordinates of the poses, which
        in 3D are centimetres on the floor.
    corners : tuple of (x, y)
        In order, at least three.
    """

    name: str
    view: str = ""
    corners: tuple[tuple[float, float], ...] = Field(min_length=3)

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("a zone needs a name")
        return name.strip()
