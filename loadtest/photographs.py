"""Photographs as a phone's camera makes them: a few, drawn once."""

from __future__ import annotations

import io
import random
from typing import Final

from PIL import Image

PHOTO_TYPE: Final = "image/jpeg"
_SIZE: Final = (1280, 960)
_SCENES: Final = 6


def _drawn(scene: int) -> bytes:
    """Large patches of colour; another scene has others."""
    draw = random.Random(scene)
    patches = Image.frombytes("RGB", (8, 6), draw.randbytes(8 * 6 * 3))
    out = io.BytesIO()
    patches.resize(_SIZE, Image.Resampling.BICUBIC).save(out, "JPEG", quality=88)
    return out.getvalue()


_ALBUM: Final = tuple(_drawn(scene) for scene in range(_SCENES))


def a_photograph() -> bytes:
    return random.choice(_ALBUM)
