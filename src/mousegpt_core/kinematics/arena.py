"""The arena: its wall, given or fitted from where the animal has been."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator
from scipy.ndimage import label
from scipy.spatial import ConvexHull, QhullError

from mousegpt_core.kinematics.signals import Floats
from mousegpt_core.settings import Settings

#: Size of the cells in which places are counted (cm); cells with fewer places, and separate grounds
#: with less than this share of all places, are errors of the tracking.
_CELL_CM = 3.0
_FEWEST = 3
_SMALL_GROUND = 0.002
#: A circle fitted to a piece of it may be larger than the smallest around the places by this much.
_LARGER = 1.3


class Arena(Settings):
    """The wall around the animal, in centimetres, in the coordinates of the kinematics."""

    shape: Literal["circle", "polygon"] = Field(
        description="A rectangle is a polygon of four corners"
    )
    centre: tuple[float, float] = Field(default=(0.0, 0.0), description="Centre of the circle (cm)")
    radius: float = Field(default=0.0, ge=0, description="Radius of the circle (cm)")
    corners: tuple[tuple[float, float], ...] = Field(
        default=(), description="Corners of the polygon (cm)"
    )
    fitted: bool = Field(default=False, description="Estimated from where the animal has been")

    @model_validator(mode="after")
    def _whole(self) -> Arena:
        if self.shape == "circle" and self.radius <= 0:
            raise ValueError("a circle needs a radius above 0")
        if self.shape == "polygon" and len(self.corners) < 3:
            raise ValueError("a polygon needs at least three corners")
        return self


class ArenaWanted(Settings):
    """An arena as a user gives it: what is left out is fitted.

    Sizes are in centimetres; places are in the unit of the poses, as read off the picture.
    """

    shape: Literal["circle", "rectangle", "polygon"] = Field(description="Shape of the wall")
    diameter_cm: float | None = Field(default=None, gt=0, description="Diameter of a circle (cm)")
    width_cm: float | None = Field(default=None, gt=0, description="One side of a rectangle (cm)")
    height_cm: float | None = Field(
        default=None, gt=0, description="The other side of a rectangle (cm)"
    )
    centre: tuple[float, float] | None = Field(
        default=None, description="Centre, in the poses' unit"
    )
    corners: tuple[tuple[float, float], ...] = Field(
        default=(), description="Corners, in the poses' unit"
    )


def wall_distance(places: Floats, arena: Arena) -> Floats:
    """Distance to the nearest wall in cm; negative outside.

    Parameters
    ----------
    places : array of shape (time, 2, individual)
        Horizontal positions in cm.
    arena : Arena
        The wall.

    Returns
    -------
    array of shape (time, individual)
    """
    x, y = places[:, 0].astype(np.float64), places[:, 1].astype(np.float64)
    if arena.shape == "circle":
        return arena.radius - np.hypot(x - arena.centre[0], y - arena.centre[1])
    corners = np.asarray(arena.corners)
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        dx, dy = bx - ax, by - ay
        share = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - ax - share * dx, y - ay - share * dy))
        if ay != by:
            crosses = ((ay > y) != (by > y)) & (x < dx * (y - ay) / dy + ax)
            inside ^= crosses
    signed = np.where(inside, nearest, -nearest)
    signed[np.isnan(x)] = np.nan
    return signed


def make_arena(
    wanted: Arena | Mapping[str, Any] | None, places: Floats, to_cm: Any
) -> Arena | None:
    """The arena as given, completed by fitting, or fitted altogether.

    Parameters
    ----------
    wanted : Arena, mapping with the keys of `ArenaWanted`, or None
        What the user knows.
    places : array of shape (n, 2)
        Where keypoints have been, cm.
    to_cm : callable
        From places in the poses' unit, shape (n, 2), to cm in the coordinates of the kinematics.

    Raises
    ------
    SettingsError
        If the mapping has unknown keys or impossible values.
    """
    if isinstance(wanted, Arena):
        return wanted
    if wanted is None:
        return fit_arena(places)
    asked = ArenaWanted.parse(dict(wanted), source="arena")
    if asked.corners:
        corners = to_cm(np.asarray(asked.corners, dtype=np.float64))
        return Arena(shape="polygon", corners=_pairs(corners))
    centre = (
        None if asked.centre is None else to_cm(np.asarray([asked.centre], dtype=np.float64))[0]
    )
    return _complete(asked, centre, places)


def fit_arena(places: Floats) -> Arena | None:
    """The circle or rectangle to whose wall the outermost of these places lie closest.

    Returns None where there are too few places, or none apart.
    """
    hull = _hull(places)
    if hull is None:
        return None
    centre, radius = _circle(hull)
    corners, _ = _smallest_rectangle(hull)
    circle = Arena(shape="circle", centre=(centre[0], centre[1]), radius=radius, fitted=True)
    rectangle = Arena(shape="polygon", corners=_pairs(corners), fitted=True)
    return min((circle, rectangle), key=lambda arena: _slack(hull, arena))


def _slack(hull: Floats, arena: Arena) -> float:
    """Mean distance of the hull's corners from the wall."""
    return float(np.abs(wall_distance(hull[:, :, None], arena)).mean())


def _complete(asked: ArenaWanted, centre: Floats | None, places: Floats) -> Arena | None:
    """Fit what a circle or rectangle lacks."""
    hull = _hull(places)
    fitted = centre is None
    if asked.shape == "circle":
        middle, radius = _circle(hull) if hull is not None else (None, 0.0)
        middle = centre if centre is not None else middle
        radius = asked.diameter_cm / 2 if asked.diameter_cm else radius
        if middle is None or radius <= 0:
            return None
        fitted = fitted or asked.diameter_cm is None
        return Arena(
            shape="circle",
            centre=(float(middle[0]), float(middle[1])),
            radius=radius,
            fitted=fitted,
        )
    if hull is None:
        return None
    corners, _ = _smallest_rectangle(hull)
    middle = corners.mean(axis=0) if centre is None else centre
    along, across = corners[1] - corners[0], corners[3] - corners[0]
    sides = [float(np.linalg.norm(along)), float(np.linalg.norm(across))]
    known = [asked.width_cm, asked.height_cm]
    if all(known) and (sides[0] < sides[1]) != (known[0] < known[1]):  # type: ignore[operator]
        known.reverse()
    half = [(wish or side) / 2 for wish, side in zip(known, sides, strict=True)]
    u, v = along / sides[0] * half[0], across / sides[1] * half[1]
    box = np.asarray([middle - u - v, middle + u - v, middle + u + v, middle - u + v])
    return Arena(shape="polygon", corners=_pairs(box), fitted=True)


def _hull(places: Floats) -> Floats | None:
    """Corners of the convex hull of the ground that the animal has covered."""
    places = places[np.isfinite(places).all(axis=1)].astype(np.float64)
    if len(places) < 10:
        return None
    covered = _covered(places)
    try:
        hull = ConvexHull(covered)
    except (QhullError, ValueError):
        return None
    return np.asarray(covered[hull.vertices])


def _covered(places: Floats) -> Floats:
    """Places but those in cells or separate grounds that are hardly ever visited."""
    low = places.min(axis=0)
    cells = np.floor((places - low) / max(_CELL_CM, float(np.ptp(places)) / 1000)).astype(np.intp)
    counts = np.zeros(cells.max(axis=0) + 1, dtype=np.intp)
    np.add.at(counts, (cells[:, 0], cells[:, 1]), 1)
    used = counts >= _FEWEST
    grounds, _ = label(used, structure=np.ones((3, 3)))
    sizes = np.bincount(grounds.ravel(), weights=counts.ravel())
    sizes[0] = 0
    kept = sizes >= min(_SMALL_GROUND * len(places), sizes.max())
    kept[0] = False
    return np.asarray(places[kept[grounds[cells[:, 0], cells[:, 1]]]])


def _circle(hull: Floats) -> tuple[Floats, float]:
    """Circle around the hull through as many of its corners as can be.

    Least squares (Kasa) find the circle of which the animal has only seen a piece; where that is
    out of proportion, the smallest circle around the hull is taken.
    """
    smallest = _smallest_circle(hull)
    origin = hull.mean(axis=0)
    x, y = (hull - origin).T
    design = np.column_stack([2 * x, 2 * y, np.ones(len(x))])
    middle = np.linalg.lstsq(design, x**2 + y**2, rcond=None)[0][:2] + origin
    radius = float(np.linalg.norm(hull - middle, axis=1).max())
    return (middle, radius) if radius <= _LARGER * smallest[1] else smallest


def _smallest_circle(hull: Floats) -> tuple[Floats, float]:
    """Smallest circle around the hull: steps towards the farthest corner (Badoiu and Clarkson)."""
    centre = hull.mean(axis=0)
    for step in range(1, 500):
        farthest = hull[np.argmax(np.linalg.norm(hull - centre, axis=1))]
        centre = centre + (farthest - centre) / (step + 1)
    return centre, float(np.linalg.norm(hull - centre, axis=1).max())


def _smallest_rectangle(hull: Floats) -> tuple[Floats, float]:
    """Smallest rectangle around the hull; one of its sides lies on a side of the hull."""
    edges = np.roll(hull, -1, axis=0) - hull
    best_area, best = np.inf, hull[:4]
    for angle in np.unique(np.round(np.arctan2(edges[:, 1], edges[:, 0]) % (np.pi / 2), 4)):
        turn = np.asarray([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        turned = hull @ turn.T
        low, high = turned.min(axis=0), turned.max(axis=0)
        area = float(np.prod(high - low))
        if area < best_area:
            box = np.asarray([low, (high[0], low[1]), high, (low[0], high[1])])
            best_area, best = area, box @ turn
    return best, best_area


def _pairs(corners: Floats) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in corners)
