"""Films of every awkward kind, whose pictures show their own numbers."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

HEIGHT, WIDTH, BITS = 32, 96, 12


def picture(number, *, height=HEIGHT, moving=False):
    """A picture that shows its number as black and white blocks.

    A moving one has things in its lower half that make it depend on other pictures.
    """
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bits, dtype=np.uint8) * 255, WIDTH // BITS)
    image = np.broadcast_to(row[None, :, None], (height, WIDTH, 3)).copy()
    if moving:
        y, x = np.mgrid[height // 2 + 2 : height, :WIDTH]
        wave = 127 + 100 * np.sin((x + 2.5 * number) / 9) * np.cos((y - 1.5 * number) / 7)
        image[height // 2 + 2 :] = wave[:, :, None]
    return image


def number_in(image):
    """The number that a picture shows."""
    height, width = image.shape[:2]
    cells = image[height // 8 : height * 3 // 8].reshape(height * 3 // 8 - height // 8, width, -1)
    columns = cells.mean(axis=(0, 2))[: width // BITS * BITS].reshape(BITS, -1)
    return int(
        sum(1 << bit for bit, cell in enumerate(columns[:, 2:-2].mean(axis=1)) if cell > 127)
    )


def numbers_in(images):
    return [number_in(image) for image in images]


def encode(
    path, n, *, codec="libx264", gop=250, b_frames=0, pts=None, rate=25, options=None,
    pixels="yuv420p", moving=False, shift=0, height=HEIGHT, drop=(), muxer=None, sound=False,
    all_keyframes=False,
):  # fmt: skip
    """Write a film of pictures 0 to n - 1.

    Parameters
    ----------
    pts : sequence of int, optional
        Times of the frames in ms.
    shift : int
        Frames that come before time 0: cut off by an edit list where the container has these.
    drop : collection of int
        Packets that are lost, counted as they are written.
    muxer : dict, optional
        Options of the container.
    """
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, height, pixels
        stream.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.time_base = Fraction(1, 1000 if pts is not None else rate)
        audio = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        packets = []
        for number in range(n):
            image = np.ascontiguousarray(picture(number, height=height, moving=moving))
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number if pts is None else int(pts[number])
            frame.time_base = stream.codec_context.time_base
            packets += stream.encode(frame)
            if audio is not None:
                container.mux(audio.encode(_tone(number, rate)))
        packets += stream.encode()
        for place, packet in enumerate(packets):
            if shift:
                packet.pts -= shift
                packet.dts -= shift
            if all_keyframes:
                packet.is_keyframe = True
            if place not in drop:
                container.mux(packet)
        if audio is not None:
            container.mux(audio.encode())
    return path


def _tone(number, rate):
    count = 8000 // rate
    frame = av.AudioFrame.from_ndarray(np.zeros((1, count), np.float32), "fltp", "mono")
    frame.rate, frame.pts, frame.time_base = 8000, number * count, Fraction(1, 8000)
    return frame


def decoded_in_order(path):
    """Every frame as a plain reader decodes it, in one thread and with nothing left out."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        stream.codec_context.thread_count = 1
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]


RNG = np.random.default_rng(0)
UNEVEN = np.cumsum(RNG.integers(10, 90, 120))
#: Always as many B-frames as asked for, whatever the picture.
FIXED_B = {"x264-params": "b-adapt=0"}
