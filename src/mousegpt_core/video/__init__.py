"""Films: exact frames by number or time, clocks, several views in step, stills, writing."""

from mousegpt_core.video.clock import Clock, rate_of_timestamps, read_timestamps
from mousegpt_core.video.film import Film, write_film
from mousegpt_core.video.stills import crop_to_animal, draw_skeleton, encode_jpeg, still
from mousegpt_core.video.sync import NO_FRAME, frames_at, in_step

__all__ = [
    "NO_FRAME",
    "Clock",
    "Film",
    "crop_to_animal",
    "draw_skeleton",
    "encode_jpeg",
    "frames_at",
    "in_step",
    "rate_of_timestamps",
    "read_timestamps",
    "still",
    "write_film",
]
