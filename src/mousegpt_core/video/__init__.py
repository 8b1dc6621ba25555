"""Films: exact frames by number or time, clocks, several views in step, stills, writing."""

from mousegpt_core.video.clock import Clock, rate_of_timestamps, read_timestamps
from mousegpt_core.video.contract import FilmLike, Image
from mousegpt_core.video.film import Film
from mousegpt_core.video.folder import ImageFolder
from mousegpt_core.video.opening import is_film_folder, open_film
from mousegpt_core.video.stills import (
    Box,
    animal_box,
    crop_to_animal,
    draw_skeleton,
    encode_jpeg,
    still,
)
from mousegpt_core.video.sync import NO_FRAME, frames_at, in_step
from mousegpt_core.video.writing import write_film
from mousegpt_core.video.zarr_film import ZarrFilm

__all__ = [
    "NO_FRAME",
    "Box",
    "Clock",
    "Film",
    "FilmLike",
    "Image",
    "ImageFolder",
    "ZarrFilm",
    "animal_box",
    "crop_to_animal",
    "draw_skeleton",
    "encode_jpeg",
    "frames_at",
    "in_step",
    "is_film_folder",
    "open_film",
    "rate_of_timestamps",
    "read_timestamps",
    "still",
    "write_film",
]
