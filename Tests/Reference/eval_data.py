#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the pictures that `lcl train` and `lcl eval` are measured on, from drawings in Debian packages.

    eval_data.py OUT [--cache DIR] [--jobs N]

writes OUT/{train,test}/SOURCE/CLASS/NNN.png, 224 x 224 RGB: each drawing cut out, varied a little and laid on another
background. Sources: wesnoth (unit sprites), icons (one concept as drawn by several themes), clipart and stamps (one
drawing a class, varied more). 30 % of each source's classes are test classes.

For the mask of `lcl train --method mask` it also writes OUT/masks/SOURCE/NNN.png, drawings of training classes in more sizes, half of them
over parts of photographs and some left out, and beside each NNN.mask.png: white where the drawing is. The same packages give the same bytes.

Needs Debian's python3-pil and librsvg2-bin; downloads with `apt-get download` (829 MB) into the cache, no root needed.
"""
import argparse
import collections
import functools
import hashlib
import multiprocessing
import os
import pathlib
import random
import re
import subprocess
import sys

from PIL import Image, ImageEnhance

PACKAGES = """wesnoth-1.16-data openclipart-png tuxpaint-stamps-default papirus-icon-theme oxygen-icon-theme
breeze-icon-theme adwaita-icon-theme gnome-icon-theme tango-icon-theme elementary-icon-theme elementary-xfce-icon-theme
faenza-icon-theme numix-icon-theme numix-icon-theme-circle moka-icon-theme mate-icon-theme obsidian-icon-theme
deepin-icon-theme paper-icon-theme suru-icon-theme yaru-theme-icon""".split()
WALLPAPERS = ["mate-backgrounds", "lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04"]  # photographs for masks
THEMES = """Adwaita Faenza Moka Numix Numix-Circle Obsidian Paper Papirus Tango Vintage Sea Yaru bloom bloom-classic breeze
elementary elementary-xfce gnome mate menta nuoveXT2 oxygen suru""".split()
SIDE = 224
TEST_SHARE = 0.3
FEWEST = 6  # pictures that a class needs
VARIANTS = {"train": 8, "test": 17}  # of a class that has one drawing only
MASKS = 700  # pictures with a mask, of each source
Image.MAX_IMAGE_PIXELS = None  # one clip art has 168 million, and all come from Debian


# --- packages -------------------------------------------------------------------------------------------------------

def fetch(cache, packages=PACKAGES):
    """Unpacks the packages under cache/root; returns that folder and one line `name version sha256` for each."""
    debs, root, lines = cache / "debs", cache / "root", []
    for folder in (debs, root, cache / "unpacked"):
        folder.mkdir(parents=True, exist_ok=True)
    for name in packages:
        found = sorted(debs.glob(f"{name}_*.deb"))
        if not found:
            print(f"fetching {name}", file=sys.stderr)
            subprocess.run(["apt-get", "download", "-qq", name], cwd=debs, check=True)
            found = sorted(debs.glob(f"{name}_*.deb"))
        deb = found[-1]
        mark = cache / "unpacked" / deb.name
        if not mark.exists():
            subprocess.run(["dpkg", "-x", deb, root], check=True)
            mark.touch()
        version = deb.name.split("_")[1].replace("%3a", ":")
        lines.append(f"{name} {version} {digest(deb, 'sha256')}")
    return root / "usr/share", lines


def digest(path, kind="md5"):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


# --- classes: {name: [drawing, ...]} --------------------------------------------------------------------------------

def wesnoth_classes(share):
    """A class is one unit: the file `NAME.png` and its frames `NAME-*.png` in the same folder, at most 20."""
    data = next(share.glob("games/wesnoth/*/data"))
    not_the_unit = re.compile("die|death|projectile|halo|missile|magic|lightning-|fire-ball")
    classes, seen = {}, set()
    for folder in sorted({path.parent for path in data.glob("**/images/units/**/*.png")}):
        stems = sorted(path.stem for path in folder.glob("*.png"))
        units = collections.defaultdict(list)
        for stem in stems:
            parts = stem.split("-")
            prefixes = ("-".join(parts[:n]) for n in range(1, len(parts) + 1))
            units[next(p for p in prefixes if p in stems)].append(stem)
        for unit, frames in units.items():
            paths = []
            for path in (folder / f"{f}.png" for f in frames if not not_the_unit.search(f)):
                if (content := digest(path)) not in seen:
                    seen.add(content)
                    paths.append(path)
            if len(paths) >= FEWEST:
                name = f"{folder.relative_to(data)}/{unit}"
                classes[name] = shuffled(paths, name)[:20]
    return classes


def icon_classes(share, most=520):
    """A class is one icon name; its pictures are the largest drawing of each theme that is not another theme's copy."""
    best = collections.defaultdict(dict)
    for theme in THEMES:
        for folder, _, files in sorted(os.walk(share / "icons" / theme)):
            if "symbolic" in folder or "animations" in folder:
                continue
            for file in sorted(files):
                name, kind = os.path.splitext(file)
                real = pathlib.Path(os.path.realpath(os.path.join(folder, file)))
                inside = real.is_relative_to(share.resolve()) and real.exists()
                if kind not in (".png", ".svg") or "symbolic" in file or not inside:
                    continue
                size = icon_size(os.path.join(folder, file))
                rank = min(size, 256) + (0.5 if real.suffix == ".png" else 0)
                if size >= 32 and (theme not in best[name] or rank > best[name][theme][0]):
                    best[name][theme] = (rank, real)
    classes, taken = {}, set()
    for name in sorted(best, key=lambda n: (-len(best[n]), n)):
        if len(best[name]) <= FEWEST or len(classes) == most:
            break
        drawings = {digest(path): path for _, path in best[name].values()}
        fresh = {content: path for content, path in drawings.items() if content not in taken}
        if len(fresh) >= FEWEST:
            taken.update(fresh)
            classes[name] = shuffled(fresh.values(), name)[:12]
    return classes


def icon_size(path):
    """The nominal size in pixels that an icon's folder names; 300 for scalable ones."""
    if "scalable" in path:
        return 300
    found = re.search(r"/(\d+)x\d+(@2x)?/", path) or re.search(r"/(\d+)/[^/]*$", path)
    return int(found[1]) if found else 999 if path.endswith(".svg") else 0


def single_classes(folder, leave_out, most):
    """A class is one drawing."""
    paths = [p for p in sorted(folder.glob("**/*.png")) if not re.search(leave_out, str(p))]
    return {str(p.relative_to(folder)): [p] for p in shuffled(paths, folder.name)[:most]}


def shuffled(items, seed):
    items = list(items)
    random.Random(str(seed)).shuffle(items)
    return items


def split(classes):
    """(split, class) for every class, sorted."""
    names = sorted(classes)
    random.Random(1).shuffle(names)
    tests = set(names[: int(len(names) * TEST_SHARE)])
    return [("test" if name in tests else "train", name) for name in sorted(classes)]


# --- pictures -------------------------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=64)
def drawing(path, cache):
    """The drawing as RGBA, at most 400 pixels a side, cut to what is visible."""
    if path.suffix == ".svg":
        rendered = cache / "svg" / (hashlib.md5(str(path).encode()).hexdigest() + ".png")
        if not rendered.exists():
            rendered.parent.mkdir(exist_ok=True)
            part = rendered.with_suffix(f".{os.getpid()}")
            subprocess.run(["rsvg-convert", "-h", "160", "-a", path, "-o", part], check=True, timeout=60,
                           stderr=subprocess.DEVNULL)
            part.rename(rendered)
        path = rendered
    image = Image.open(path).convert("RGBA")
    image.thumbnail((400, 400), Image.BICUBIC)
    visible = image.getchannel("A").point(lambda a: 255 if a > 8 else 0).getbbox()
    return image.crop(visible) if visible else image


def background(rng, terrain):
    """A plain colour, white, a gradient of four colours, or ground of the game's maps."""
    def colour():
        return tuple(rng.randrange(256) for _ in range(3))

    kind = rng.random()
    if kind < 0.35:
        return Image.new("RGB", (SIDE, SIDE), colour() if rng.random() < 0.6 else (255, 255, 255))
    if kind < 0.6:
        corners = Image.new("RGB", (2, 2))
        corners.putdata([colour() for _ in range(4)])
        return corners.resize((SIDE, SIDE), Image.BILINEAR)
    for _ in range(5):
        tile = Image.open(rng.choice(terrain)).convert("RGBA")
        width, height = tile.size
        tile = tile.crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))
        if min(width, height) < 50 or tile.getchannel("A").getextrema()[0] < 250:
            continue
        tile = tile.convert("RGB")
        if rng.random() < 0.5:
            return tile.resize((SIDE, SIDE), Image.BICUBIC)
        third = SIDE // 3 + 1
        tile, ground = tile.resize((third, third)), Image.new("RGB", (SIDE, SIDE))
        for cell in range(9):
            ground.paste(tile, (cell % 3 * third, cell // 3 * third))
        return ground
    return Image.new("RGB", (SIDE, SIDE), (128, 128, 128))


def vary(image, rng, strongly):
    """Mirrored or not, cropped, scaled, stretched, turned, recoloured; more so where one drawing is the whole class."""
    if rng.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    share = rng.uniform(0.55 if strongly else 0.85, 1)
    stretch = rng.uniform(0.85, 1.18) if strongly else 1
    width = max(1, min(image.width, max(8, int(image.width * min(1, share * stretch)))))
    height = max(1, min(image.height, max(8, int(image.height * share))))
    x, y = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    image = image.crop((x, y, x + width, y + height))
    scale = rng.uniform(0.5, 1) * SIDE / max(image.size)
    size = (max(4, int(width * scale)), max(4, int(height * scale * rng.uniform(0.9, 1.1))))
    image = image.resize(size, Image.BICUBIC)
    image = image.rotate(rng.uniform(-1, 1) * (25 if strongly else 15), resample=Image.BILINEAR, expand=True)
    alpha, rgb = image.getchannel("A"), image.convert("RGB")
    light, colour = (0.35, 0.7) if strongly else (0.2, 0.3)
    for enhance, reach in ((ImageEnhance.Brightness, light), (ImageEnhance.Contrast, light), (ImageEnhance.Color, colour)):
        rgb = enhance(rgb).enhance(rng.uniform(1 - reach, 1 + reach))
    return rgb, alpha


def place(rng, size):
    """Where something of this size is laid: anywhere inside, or over the edges where it is larger."""
    return tuple(rng.randint(min(0, SIDE - length), max(0, SIDE - length)) for length in size)


def painted(task, cache, paint):
    """Writes what `paint` makes of one drawing, varied; returns the drawing's path where that could not be read."""
    path, out, strongly, seed = task
    rng = random.Random(seed)
    try:
        image = drawing(path, cache)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"{path}: {error}"
    out.parent.mkdir(parents=True, exist_ok=True)
    paint(out, rng, *vary(image, rng, strongly))
    return None


def paint(out, rng, rgb, alpha, terrain):
    picture = background(rng, terrain)
    picture.paste(rgb, place(rng, rgb.size), alpha)
    picture.save(out, compress_level=1)


# --- masks ----------------------------------------------------------------------------------------------------------

def photographs(share):
    """Of the wallpapers, those that are photographs, or nearly; none is in photo_data.py."""
    folders = (share / "backgrounds", share / "backgrounds/mate/nature")
    drawn = "default|Infinite-Sea|Painting|analogpattern|firstgeneration|free_by"
    return [p for folder in folders for p in sorted(folder.glob("*.jpg"))
            if not re.search(drawn, p.name) and ("_by_" in p.name or folder.name == "nature")]


@functools.lru_cache(maxsize=64)
def photograph(path):
    """At most 1200 pixels a side."""
    image = Image.open(path)
    image.draft("RGB", (1200, 1200))
    image = image.convert("RGB")
    image.thumbnail((1200, 1200), Image.BICUBIC)
    return image


def part_of_photograph(rng, photos):
    image = photograph(rng.choice(photos))
    side = int(rng.uniform(0.2, 1) * min(image.size))
    x, y = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
    image = image.crop((x, y, x + side, y + side)).resize((SIDE, SIDE), Image.BICUBIC)
    return image.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def paint_masked(out, rng, rgb, alpha, terrain, photos):
    if rng.random() < 0.5:
        scale = rng.uniform(0.3, 1)
        size = tuple(max(4, int(length * scale)) for length in rgb.size)
        rgb, alpha = rgb.resize(size, Image.BICUBIC), alpha.resize(size, Image.BICUBIC)
    kind = rng.random()
    picture = background(rng, terrain) if kind < 0.5 else part_of_photograph(rng, photos)
    mask = Image.new("L", picture.size)
    if kind < 0.9:
        corner = place(rng, rgb.size)
        picture.paste(rgb, corner, alpha)
        mask.paste(alpha, corner)
    picture.save(out, compress_level=1)
    mask.convert("RGB").save(out.with_suffix(".mask.png"))


def masked_tasks(sources, out):
    for source, classes in sources.items():
        names = [name for part, name in split(classes) if part == "train"]
        order = shuffled(names, "masks") * (MASKS // len(names) + 1)
        for number, name in enumerate(order[:MASKS]):
            path = classes[name][number // len(names) % len(classes[name])]
            yield path, out / "masks" / source / f"{number:03}.png", len(classes[name]) == 1, f"mask/{source}/{name}/{number}"


# --- all of it ------------------------------------------------------------------------------------------------------

def tasks(sources, out):
    for source, classes in sources.items():
        for part, name in split(classes):
            folder = out / part / source / re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")
            single = len(classes[name]) == 1
            drawings = [(path, v) for path in classes[name] for v in range(VARIANTS[part] if single else 1)]
            for number, (path, variant) in enumerate(drawings):
                yield path, folder / f"{number:03}.png", single, f"{source}/{name}/{path.name}/{number}/{variant}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--cache", type=pathlib.Path, default=os.environ.get("LCL_CACHE", "~/.cache/lcl") + "/eval-data")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    cache = pathlib.Path(options.cache).expanduser().resolve()
    share, lines = fetch(cache)
    _, wallpapers = fetch(cache, WALLPAPERS)
    sources = {
        "wesnoth": wesnoth_classes(share),
        "icons": icon_classes(share),
        "stamps": single_classes(share / "tuxpaint/stamps", "/symbols/|/cartoon/|_mirror|_flip", 260),
        "clipart": single_classes(
            share / "openclipart/png",
            "/shapes/|/special/|/icons/|/cards/|/flags/|signs_and|/logos/|/buttons/", 300),
    }
    terrain = [p for p in sorted(next(share.glob("games/wesnoth/*/data")).glob("core/images/terrain/**/*.png"))
               if re.search("/(grass|flat|sand|frozen|swamp|hills|cave|interior)/", str(p))]
    work = list(tasks(sources, options.out))
    if len({task[1] for task in work}) != len(work):
        sys.exit("unable to write the pictures: two classes have the same folder name")
    with multiprocessing.Pool(options.jobs) as pool:
        failed = []
        masked = functools.partial(paint_masked, terrain=terrain, photos=photographs(share))
        for some, paints in ((work, functools.partial(paint, terrain=terrain)), (list(masked_tasks(sources, options.out)), masked)):
            failed += filter(None, pool.imap_unordered(functools.partial(painted, cache=cache, paint=paints), some, 16))
    for part in ("train", "test", "masks"):
        (options.out / part).mkdir(parents=True, exist_ok=True)
        (options.out / part / "packages.txt").write_text("\n".join(lines + (wallpapers if part == "masks" else [])) + "\n")
    for source, classes in sources.items():
        parts = collections.Counter(part for part, _ in split(classes))
        print(f"{source:8} {parts['train']:4} train classes, {parts['test']:4} test classes")
    print(f"{len(work) + len(sources) * MASKS - len(failed)} pictures in {options.out}; {len(failed)} drawings could not be read")
    print(*failed[:10], sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
