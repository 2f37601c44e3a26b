#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the photographs that a change of what the network sees is checked on, from Debian packages: nothing is cut out.

    photo_data.py OUT --drawings PICTURES [--cache DIR] [--jobs N]

writes OUT/test/SOURCE/CLASS/NNN.jpg and a link OUT/train to PICTURES/train (of eval_data.py), so that `lcl eval OUT` fits
on drawings alone. Sources:

    photos     one photograph a class: parts of 45 to 100 % of each side, mirrored, turned, in other light
    regions    one quarter of a photograph a class, varied like that: no subject, and its neighbours are of the same photograph
    scattered  one Tux Paint stamp a class, small and anywhere on a part of a photograph
    kinds      one kind of thing a class, every picture another photograph

The photographs are those of gcompris-qt-data (44 MB): animals, buildings, landscapes, fish, tools. Needs Debian's
python3-pil; the same packages give the same bytes.
"""
import argparse
import collections
import functools
import io
import multiprocessing
import os
import pathlib
import random
import re
import struct

from PIL import Image, ImageEnhance

import eval_data

SIDE = 448  # the short side of a picture, at most
VARIANTS = 9
ACTIVITIES = "categorization explore_farm_animals explore_world_animals explore_world_music explore_monuments erase details clickgame"
NOT_A_PHOTOGRAPH = "/numbers/|/alphabets/|VincentVanGogh|Van_Gogh|Gogh4|Eglise_dAuvers|PereTanguy|blackslate"
KINDS = {
    "windmill": "renewable/windmill|FanoeWindmill", "solar": "renewable/solar", "dam": "renewable/dam", "fish": "/fishes/",
    "hammer": "tools/hammer", "tape": "tools/measuringTape", "scissors": "tools/scissors|tools/sideCutter", "pliers": "tools/plier|cuttingTool",
    "turning": "tools/screwDriver|tools/wrench", "pyramid": "Pyramid|chichenItza", "dome": "tajMahal|TajMahal|usCapitol|victoriaMemorial|goldenTemple",
    "sea": "clickgame/resource/sea",
    "castle": "chateau|Chenonceau|Neuschwanstein|neuschwanstein|schwerin|EgeskovSlot|EilanDonan|Nagoya|georgeWashington",
    "tower": "eiffelTower|TourEiffel|leaningTower|burj|bayterek|empireState|kutubMinar|qutubMinar|jucheTower",
    "church": "cathedral|Cathedral|NDP_|Palatina",
    "bird": "harrier|penguin|swans|kingfisher|heron|toucan|gosling|spoonbills|chicken|duck|owl|macaw",
    "hoofed": "giraffe|calf|ibex|camels|goat|erase/resource/horse|animals/horse|alpaca|cow|sheep|pig|bison|moose|rhinoceros",
    "primate": "gorilla|macaque|monkey|gibbon|lemur",
    "reptile": "chamaeleon|chameleon|crocodile|dragon",
}


# --- photographs ----------------------------------------------------------------------------------------------------

def resources(path):
    """(name, bytes) of every file in one of Qt's binary resource files."""
    data = path.read_bytes()
    version, tree, contents, names = struct.unpack(">4I", data[4:20])
    node = 22 if version >= 2 else 14

    def name(offset):
        length, = struct.unpack_from(">H", data, names + offset)
        return data[names + offset + 6:names + offset + 6 + 2 * length].decode("utf-16-be")

    def walk(index, folder):
        at = tree + index * node
        offset, flags = struct.unpack_from(">IH", data, at)
        path = f"{folder}/{name(offset)}" if index else ""
        if flags & 2:
            count, first = struct.unpack_from(">II", data, at + 6)
            for child in range(first, first + count):
                yield from walk(child, path)
        elif not flags & 5:  # neither zlib nor zstd: pictures are stored as they are
            start = contents + struct.unpack_from(">I", data, at + 10)[0]
            yield path, data[start + 4:start + 4 + struct.unpack_from(">I", data, start)[0]]

    return walk(0, "")


def photographs(share, cache):
    """{name: path} of the photographs, unpacked into cache/photographs."""
    found, folder = {}, cache / "photographs"
    folder.mkdir(parents=True, exist_ok=True)
    for activity in ACTIVITIES.split():
        for name, data in resources(share / f"gcompris-qt/rcc/{activity}.rcc"):
            if len(data) < 5000 or not name.endswith((".webp", ".jpg")) or re.search(NOT_A_PHOTOGRAPH, name):
                continue
            image = Image.open(io.BytesIO(data))
            if min(image.size) < 200 or is_cut_out(image):
                continue
            short = name.split("activities/")[-1]
            path = folder / (re.sub("[^A-Za-z0-9]+", "-", short.rsplit(".", 1)[0]) + ".png")
            if not path.exists():
                image.convert("RGB").save(path, compress_level=1)
            found[short] = path
    return found


def is_cut_out(image):
    return "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 250


# --- pictures -------------------------------------------------------------------------------------------------------

def part(image, rng, least):
    """A part of the photograph, `least` to 1 of each side, mirrored or not, turned a little, in other light."""
    width, height = (max(32, int(length * rng.uniform(least, 1))) for length in image.size)
    x, y = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    turned = image.rotate(rng.uniform(-8, 8), resample=Image.BICUBIC, center=(x + width / 2, y + height / 2))
    image = relit(turned.crop((x, y, x + width, y + height)), rng)
    return image.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def relit(image, rng):
    for enhance, reach in ((ImageEnhance.Brightness, 0.3), (ImageEnhance.Contrast, 0.3), (ImageEnhance.Color, 0.5)):
        image = enhance(image).enhance(rng.uniform(1 - reach, 1 + reach))
    return image


def scattered(path, photograph, cache, rng):
    """The stamp at a fifth to a half of the side, anywhere on a part of a photograph."""
    ground = part(Image.open(photograph), rng, 0.45)
    rgb, alpha = eval_data.vary(eval_data.drawing(path, cache), rng, False)
    scale = rng.uniform(0.2, 0.5) * min(ground.size) / max(rgb.size)
    size = tuple(max(8, int(length * scale)) for length in rgb.size)
    square, spare = min(ground.size), [max(0, length - min(ground.size)) // 2 for length in ground.size]
    place = tuple(rng.randint(edge, edge + square - length) for edge, length in zip(spare, size))
    ground.paste(rgb.resize(size, Image.BICUBIC), place, alpha.resize(size, Image.BICUBIC))
    return ground


def paint(task, cache):
    source, path, variant, photograph, out = task
    rng = random.Random(f"{source}/{path.name}/{variant}")
    if source == "scattered":
        image = scattered(path, photograph, cache, rng)
    else:
        image = Image.open(path)
        if source == "regions":
            right, low = variant[0]
            width, height = image.width // 2, image.height // 2
            image = image.crop((right * width, low * height, (right + 1) * width, (low + 1) * height))
        image = relit(image, rng) if source == "kinds" else part(image, rng, 0.45)
    if min(image.size) > SIDE:
        scale = SIDE / min(image.size)
        image = image.resize(tuple(round(length * scale) for length in image.size), Image.BICUBIC)
    out.parent.mkdir(parents=True, exist_ok=True)
    image.save(out, quality=92)


def tasks(photos, stamps, out):
    names = sorted(photos)
    grounds = [photos[name] for name in names]
    rng = random.Random("grounds")
    for name in names:
        for variant in range(VARIANTS):
            yield "photos", photos[name], variant, None, out / "photos" / photos[name].stem / f"{variant:03}.jpg"
    for name in eval_data.shuffled(names, "regions")[:60]:
        for region in ((0, 0), (1, 0), (0, 1), (1, 1)):
            folder = out / "regions" / f"{photos[name].stem}-{region[0]}{region[1]}"
            for variant in range(VARIANTS):
                yield "regions", photos[name], (region, variant), None, folder / f"{variant:03}.jpg"
    for stamp, (path,) in stamps.items():
        folder = out / "scattered" / re.sub("[^A-Za-z0-9]+", "-", stamp)
        for variant in range(VARIANTS):
            yield "scattered", path, variant, rng.choice(grounds), folder / f"{variant:03}.jpg"
    for kind, pattern in KINDS.items():
        for number, name in enumerate(n for n in names if re.search(pattern, n)):
            yield "kinds", photos[name], number, None, out / "kinds" / kind / f"{number:03}.jpg"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--drawings", type=pathlib.Path, required=True, help="the folder that eval_data.py made")
    parser.add_argument("--cache", type=pathlib.Path, default=os.environ.get("LCL_CACHE", "~/.cache/lcl") + "/packages")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    cache = pathlib.Path(options.cache).expanduser().resolve()
    share, lines = eval_data.fetch(cache, ["gcompris-qt-data", "tuxpaint-stamps-default"])
    stamps = eval_data.single_classes(share / "tuxpaint/stamps", "/symbols/|/cartoon/|_mirror|_flip", 260)
    tests = {name for part, name in eval_data.split(stamps) if part == "test"}
    work = list(tasks(photographs(share, cache), {n: p for n, p in stamps.items() if n in tests}, options.out / "test"))
    with multiprocessing.Pool(options.jobs) as pool:
        for _ in pool.imap_unordered(functools.partial(paint, cache=cache), work, 16):
            pass
    (options.out / "test" / "packages.txt").write_text("\n".join(lines) + "\n")
    train = options.out / "train"
    if not train.is_symlink():
        train.symlink_to((options.drawings / "train").resolve(), target_is_directory=True)
    for source in ("photos", "regions", "scattered", "kinds"):
        classes = collections.Counter(task[4].parent for task in work if task[0] == source)
        print(f"{source:9} {len(classes):4} classes, {sum(classes.values()):5} pictures")


if __name__ == "__main__":
    main()
