"""Films: exact frames by number or time, stills, writing."""

from mousegpt_core.video.film import Film, write_film
from mousegpt_core.video.stills import crop_to_animal, draw_skeleton, encode_jpeg, still

__all__ = ["Film", "crop_to_animal", "draw_skeleton", "encode_jpeg", "still", "write_film"]
