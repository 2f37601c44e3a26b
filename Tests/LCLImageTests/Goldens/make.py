# SPDX-License-Identifier: Apache-2.0
"""Makes the golden pictures of LCLImageTests with Pillow and numpy: python3 make.py, in this folder.

Each case is NAME.jpg or NAME.png and NAME.rgb: what the network should see, SIDE x SIDE x 3 bytes, from Pillow's own
decoder and antialiased bicubic resize. `draft` lets Pillow decode at the DCT scale that lcl chooses too.
"""
import os

import numpy
from PIL import Image, ImageOps

SIDE = 64


def scene(width, height, seed):
    """Smooth colours, edges and grain: what a photograph has, in a few lines."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64) / max(width, height)
    picture = numpy.zeros((height, width, 3))
    for channel in range(3):
        for _ in range(6):
            fx, fy, phase = random.uniform(-25, 25), random.uniform(-25, 25), random.uniform(0, 6.3)
            picture[..., channel] += random.uniform(5, 30) * numpy.sin(fx * x + fy * y + phase)
    for _ in range(8):
        cx, cy, radius = random.uniform(0, 1), random.uniform(0, height / width), random.uniform(0.05, 0.2)
        picture[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] += random.uniform(-90, 90, 3)
    picture += 128 + random.normal(0, 3, (height, width, 1))
    return Image.fromarray(numpy.clip(picture, 0, 255).astype(numpy.uint8))


def over_white(picture):
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    return white.convert("RGB")


def prepare(path):
    picture = Image.open(path)
    if path.endswith(".jpg"):
        picture.draft(None, (2 * SIDE, 2 * SIDE))
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        levels = (numpy.asarray(picture).astype(numpy.int64) * 255 + 32767) // 65535
        picture = Image.fromarray(levels.astype(numpy.uint8))
    picture = over_white(picture) if path.endswith(".png") else picture.convert("RGB")
    width, height = picture.size
    short = min(width, height)
    width, height = ((2 * n * SIDE + short) // (2 * short) for n in (width, height))
    picture = picture.resize((width, height), Image.BICUBIC)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return picture.crop((left, top, left + SIDE, top + SIDE))


def alpha(width, height, seed):
    picture = scene(width, height, seed).convert("RGBA")
    y, x = numpy.mgrid[0:height, 0:width]
    picture.putalpha(Image.fromarray(((x * 3 + y * 2) % 256).astype(numpy.uint8)))
    return picture


def main():
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, picture, options in [
        ("full.jpg", scene(250, 190, 1), {"quality": 85}),
        ("full444.jpg", scene(171, 233, 2), {"quality": 85, "subsampling": 0, "progressive": True}),
        ("half.jpg", scene(401, 300, 3), {"quality": 75}),
        ("quarter.jpg", scene(700, 561, 4), {"quality": 60}),
        ("eighth.jpg", scene(1030, 1201, 5), {"quality": 40}),
        ("grey.jpg", scene(200, 180, 6).convert("L"), {"quality": 85}),
        ("cmyk.jpg", scene(200, 180, 7).convert("CMYK"), {"quality": 90}),
        ("turned.jpg", scene(235, 181, 8), {"quality": 85, "exif": exif}),
        ("wide.jpg", scene(400, 41, 9), {"quality": 85}),
        ("tiny.jpg", scene(20, 31, 10), {"quality": 90}),
        ("one.jpg", scene(1, 1, 11), {}),
        ("rgb.png", scene(133, 101, 12), {}),
        ("alpha.png", alpha(120, 97, 13), {}),
        ("greyalpha.png", alpha(97, 120, 14).convert("LA"), {}),
        ("palette.png", alpha(150, 131, 15).convert("RGB").quantize(64), {"transparency": 5}),
        ("sixteen.png", Image.fromarray(numpy.asarray(scene(110, 105, 16).convert("L")).astype(numpy.uint16) * 257 - 100), {}),
        ("bilevel.png", scene(140, 120, 17).convert("1"), {}),
    ]:
        picture.save(name, **options)
        with open(os.path.splitext(name)[0] + ".rgb", "wb") as out:
            out.write(prepare(name).tobytes())


if __name__ == "__main__":
    main()
