"""Photos as a phone's camera makes them."""

from __future__ import annotations

import io
import random

from PIL import Image

PHOTO_TYPE = "image/jpeg"


def photo(*, seed: int = 1, size: tuple[int, int] = (800, 600)) -> bytes:
    """A JPEG of large patches of colour; another seed is another scene."""
    rng = random.Random(seed)
    patches = Image.frombytes("RGB", (8, 6), rng.randbytes(8 * 6 * 3))
    out = io.BytesIO()
    patches.resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=88)
    return out.getvalue()
