# SPDX-License-Identifier: Apache-2.0
"""Makes the photographs that the benchmarks read, out of Debian's mate-backgrounds package (Pillow and numpy needed).

    python3 Tests/Reference/bench_photos.py OUT

OUT/12mp/*.jpg: 20 of 4032x3024 or 3024x4032, baseline 4:2:0, quality 90, with a little sensor noise, as a phone writes.
OUT/640/*.jpg: 100 of 640x480 or 480x640 from the same. The package (46 MB) is fetched by apt-get, no root needed.
"""
import glob
import os
import subprocess
import sys

import numpy
from PIL import Image, ImageEnhance, ImageOps

PACKAGE = "mate-backgrounds"


def fetch(cache):
    os.makedirs(cache, exist_ok=True)
    if not glob.glob(f"{cache}/{PACKAGE}_*.deb"):
        subprocess.run(["apt-get", "download", PACKAGE], cwd=cache, check=True)
    subprocess.run(["dpkg-deb", "-x", sorted(glob.glob(f"{cache}/{PACKAGE}_*.deb"))[-1], f"{cache}/{PACKAGE}"], check=True)
    pictures = sorted(glob.glob(f"{cache}/{PACKAGE}/usr/share/backgrounds/mate/nature/*.jpg"))
    if not pictures:
        sys.exit(f"no photographs in {cache}/{PACKAGE}")
    return pictures


def main(out):
    sources = fetch(f"{out}/cache")
    os.makedirs(f"{out}/12mp", exist_ok=True)
    os.makedirs(f"{out}/640", exist_ok=True)
    random = numpy.random.default_rng(0)
    for k in range(20):
        picture = Image.open(sources[k % len(sources)]).convert("RGB")
        if k >= len(sources):
            picture = ImageOps.mirror(picture)
        portrait = k % 4 == 3
        size = (3024, 4032) if portrait else (4032, 3024)
        picture = ImageOps.fit(picture, size, Image.BICUBIC)
        noise = random.normal(0, 4, (size[1], size[0], 1)).astype(numpy.int16)
        pixels = numpy.clip(numpy.asarray(picture, numpy.int16) + noise, 0, 255).astype(numpy.uint8)
        picture = Image.fromarray(pixels)
        picture.save(f"{out}/12mp/{k:02d}.jpg", quality=90, subsampling=2)
        small = picture.resize((480, 640) if portrait else (640, 480), Image.BICUBIC)
        for r in range(5):
            ImageEnhance.Brightness(small).enhance(0.8 + 0.1 * r).save(f"{out}/640/{k:02d}_{r}.jpg", quality=90, subsampling=2)
    for kind in ("12mp", "640"):
        files = glob.glob(f"{out}/{kind}/*.jpg")
        print(f"{kind}: {len(files)} files, {sum(map(os.path.getsize, files)) / len(files) / 1e6:.2f} MB each")


if __name__ == "__main__":
    main(sys.argv[1])
