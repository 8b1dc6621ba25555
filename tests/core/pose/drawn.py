"""Films of mice drawn as an outline with a tail, whose places are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mousegpt_core.video import write_film

FPS = 30.0
HEIGHT, WIDTH = 180, 240
#: Half the length and width of the body, in px.
LONG, WIDE = 20.0, 9.0
FLOOR, ANIMAL = 190.0, 40.0


def round_trip(frames: int, *, radius: float = 55.0, phase: float = 0.0) -> np.ndarray:
    """Places (frame, 3: x, y, heading) of a mouse that runs in a circle."""
    angle = phase + 2 * np.pi * np.arange(frames) / 150
    x, y = WIDTH / 2 + radius * np.cos(angle), HEIGHT / 2 + radius * np.sin(angle)
    return np.stack([x, y, angle + np.pi / 2], axis=1)


def with_rest(path: np.ndarray, start: int, frames: int) -> np.ndarray:
    """The same with a rest."""
    return np.concatenate(
        [path[:start], np.repeat(path[start : start + 1], frames, 0), path[start:]]
    )


def draw(
    *places: np.ndarray, floor: float = FLOOR, animal: float = ANIMAL, noise: float = 2.0
) -> np.ndarray:
    """A picture with mice at places (x, y, heading), each with a thin tail behind it."""
    rng = np.random.default_rng(int(abs(places[0][0] * 1000)) if len(places) else 0)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    picture = np.full((HEIGHT, WIDTH), floor) + 15 * np.sin(x / 40)
    for px, py, heading in places:
        along = (x - px) * np.cos(heading) + (y - py) * np.sin(heading)
        across = -(x - px) * np.sin(heading) + (y - py) * np.cos(heading)
        narrow = WIDE * np.where(along > 0, 1 - 0.5 * along / LONG, 1.0)  # the head is pointed
        body = (along / LONG) ** 2 + (across / np.maximum(narrow, 1)) ** 2 < 1
        tail = (along < 0) & (along > -2 * LONG) & (np.abs(across) < 1.2)
        picture[body | tail] = animal
    picture = picture + rng.normal(0, noise, picture.shape)
    return np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def film(path: Path, *paths: np.ndarray, **looks: float) -> Path:
    """A film of mice that follow paths (frame, 3)."""
    frames = (draw(*places, **looks) for places in zip(*paths, strict=True))
    return write_film(path, frames, FPS, crf=18)
