#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares ways of reading the features that lcl's encoder gives, in NumPy and apart from the Swift code: which taps, which look, which views,
and what pictures of neither label add to the likeness that unknowns are told by.

  lcl train PICTURES/train --strategy lda --cache --output /tmp/link.gguf      # leaves PICTURES/train/.features.gguf
  features_study.py PICTURES/train [--episodes 3000] [--view NAME=TREE]...

TREE is the same pictures seen otherwise (features_study.py PICTURES/train --make mirror TREE), encoded by the same command. All episodes are of *training*
classes of a source whose pictures the space was not fitted on; the mask has seen the source, so compare within a line only.
Needs numpy, pillow and gguf (`make peers`, and there `pip install gguf`). Closed form and scores as in Sources/LCLTraining/DiscriminantFit.swift and Sources/LCLLink/RidgeLink.swift.
"""
import argparse
import os

import numpy as np

TAPS = {"d11.max": 672, "d15.max": 1152, "closer.d11.max": 672, "closer.d11.mean": 672, "doubt": 1, "head.mean": 1280}
SHRINKAGE, DIRECTIONS, LAMBDA, HUBS, SHARE, SURE, HARDEST = 0.3, 384, 0.1, 20, 0.5, 0.5, 5


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


class Tree:
    """Features of a folder SOURCE/CLASS/PICTURE, in the order in which lcl lists it."""

    def __init__(self, path):
        import gguf

        self.features = np.array(gguf.GGUFReader(f"{path}/.features.gguf").tensors[0].data)
        self.classes, row = [], 0
        for source in folders(path):
            for name in folders(f"{path}/{source}"):
                count = len(pictures(f"{path}/{source}/{name}"))
                self.classes.append((source, np.arange(row, row + count)))
                row += count
        assert self.features.shape == (row, sum(TAPS.values())), f"{path}: not the features of the default model"

    def tap(self, name):
        start = sum(width for tap, width in TAPS.items() if list(TAPS).index(tap) < list(TAPS).index(name))
        return self.features[:, start : start + TAPS[name]]


def folders(path):
    return sorted(name for name in os.listdir(path) if os.path.isdir(f"{path}/{name}"))


def pictures(path):
    return sorted(name for name in os.listdir(path) if name.lower().endswith((".png", ".jpg", ".jpeg")))


def fit(tree, taps, classes):
    """Of each tap: its mean over the pictures of `classes`, and the map that tells them apart."""
    parts = []
    for tap in taps:
        roots = np.sqrt(np.maximum(tree.tap(tap), 0))
        mean = roots[np.concatenate([rows for _, rows in classes])].mean(0)
        points = unit(roots - mean)
        means = np.stack([points[rows].mean(0) for _, rows in classes])
        residuals = np.concatenate([points[rows] - mean for (_, rows), mean in zip(classes, means)])
        values, vectors = np.linalg.eigh(residuals.T @ residuals / (len(residuals) - len(classes)))
        whitening = (vectors / np.sqrt((1 - SHRINKAGE) * np.maximum(values, 0) + SHRINKAGE * values.mean())).T
        spread = means @ whitening.T
        spread -= spread.mean(0)
        directions = np.linalg.eigh(spread.T @ spread)[1][:, ::-1][:, :DIRECTIONS]
        parts.append((tap, mean, directions.T @ whitening))
    return parts


def embed(tree, parts):
    """All pictures in that space: [n x width]."""
    embedded = [unit(unit(np.sqrt(np.maximum(tree.tap(tap), 0)) - mean) @ transform.T) for tap, mean, transform in parts]
    return np.concatenate(embedded, 1) / np.sqrt(len(parts))


def background(tree, parts, classes):
    """All pictures in that space, and the classes' means there."""
    embedded = embed(tree, parts)
    return embedded, cohort(embedded, classes)


def cohort(embedded, classes):
    return unit(np.stack([embedded[rows].mean(0) for _, rows in classes]))


def scores(supports, labels, query, background):
    """Ridge scores of two labels of as many supports, less half of their hubness."""
    means = np.stack([supports[labels == label].mean(0) for label in (0, 1)])
    centre, directions = means.mean(0), unit(means)
    centred, targets = supports - centre, np.where(np.stack([labels == 0, labels == 1], 1), 0.5, -0.5)
    weights = centred.T @ np.linalg.solve(centred @ centred.T + LAMBDA * np.eye(len(centred)), targets)
    hubness = np.sort(directions @ background.T, 1)[:, -HUBS:].mean(1)
    return (query - centre) @ weights * (1 - directions[0] @ directions[1]) - SHARE * hubness


class Episodes:
    """Two labels of hard negatives, with one query of the first and one picture of a third class nearby."""

    def __init__(self, tree, source, shots, count):
        classes = [rows for name, rows in tree.classes if name == source and len(rows) >= 5]
        head = tree.tap("head.mean")
        points = unit(head - head.mean(0))
        means = unit(np.stack([points[rows].mean(0) for rows in classes]))
        likeness = means @ means.T - 9 * np.eye(len(classes))
        near, draw = np.argsort(-likeness, 1)[:, :HARDEST], np.random.default_rng(1)
        able = [index for index, rows in enumerate(classes) if len(rows) > shots]
        self.drawn = []
        while len(self.drawn) < count:
            first = draw.choice(able)
            others = [index for index in near[first] if len(classes[index]) >= shots]
            if len(others) < 2:
                continue
            second, third = draw.choice(others, 2, replace=False)
            own = draw.permutation(classes[first])
            rest = np.concatenate([rows for index, rows in enumerate(classes) if index not in (first, second, third)])
            self.drawn.append((own[:shots], draw.permutation(classes[second])[:shots], own[shots], draw.choice(classes[third]), draw.permutation(rest)[:200]))

    def hits(self, look):
        """Whether each query gets its label; `look` gives an episode's embeddings by row, the supports' views, and the background."""
        result = []
        for first, second, query, _, _ in self.drawn:
            views, asked, background = look(np.concatenate([first, second]))
            supports = np.concatenate([view[rows] for rows in (first, second) for view in views])
            labels = np.repeat([0, 1], len(first) * len(views))
            values = scores(supports, labels, unit(sum(view[query] for view in asked)), background)
            result.append(values[0] > values[1])
        return np.array(result, dtype=float)

    def areas(self, embedded, background, counts):
        """Area under the ROC curve of the likeness, for so many pictures of neither label in the background."""
        inside, outside = [[] for _ in counts], [[] for _ in counts]
        for first, second, query, stranger, rest in self.drawn:
            prototypes, asked = unit(np.stack([embedded[first].mean(0), embedded[second].mean(0)])), embedded[[query, stranger]]
            best, familiar, neither = (asked @ prototypes.T).max(1), (asked @ background.T).max(1), asked @ embedded[rest].T
            for place, count in enumerate(counts):
                likeness = best - SHARE * np.maximum(familiar, neither[:, :count].max(1) if count else -1)
                inside[place].append(likeness[0])
                outside[place].append(likeness[1])
        return [area(np.array(own), np.array(other)) for own, other in zip(inside, outside)]


def area(own, other):
    ranks = np.concatenate([own, other]).argsort().argsort() + 1
    return (ranks[: len(own)].sum() - len(own) * (len(own) + 1) / 2) / len(own) / len(other)


def table(title, columns, lines):
    print(f"\n{title}\n\n|  | {' | '.join(columns)} |\n|{' --- |' * (len(columns) + 1)}")
    for line in lines:
        print(f"| {' | '.join(line)} |", flush=True)


def against(hits, base):
    return f"{100 * (hits - base).mean():+.1f} ± {196 * np.std(hits - base) / np.sqrt(len(hits)):.1f}"


def study(path, trees, count):
    tree, seen = Tree(path), [Tree(other) for other in trees.values()]
    both_taps = ["closer.d11.max", "closer.d11.mean"]
    columns = ["shots", "whole: d11.max + d15.max", "closer: d11.max", "closer: d11.max + d11.mean", "the last where the mask is sure"]
    columns += [text for name in trees for text in (f"{name} supports too", f"{name} supports and queries too", f"{name} joined")]
    pooling, unknown, counts = [], [], [0, 10, 50, 200]
    for source in folders(path):
        others = [entry for entry in tree.classes if entry[0] != source and len(entry[1]) >= 2]
        # Taps are fitted each for itself, so the space of one is a part of that of both.
        space, doubt = fit(tree, both_taps, others), tree.tap("doubt")[:, 0]
        whole = background(tree, fit(tree, ["d11.max", "d15.max"], others), others)
        first, best = background(tree, space[:1], others), background(tree, space, others)
        views = [(embed(other, space), embed(other, fit(other, both_taps, others))) for other in seen]
        for shots in (1, 4):
            episodes = Episodes(tree, source, shots, count)
            base = episodes.hits(lambda _: ([whole[0]], [whole[0]], whole[1]))
            line = [source, str(shots), f"{100 * base.mean():.1f}"]
            line += [against(episodes.hits(lambda _, way=way: ([way[0]], [way[0]], way[1])), base) for way in (first, best)]

            def chosen(rows):
                embedded, means = best if doubt[rows].mean() < SURE else whole
                return [embedded], [embedded], means

            line.append(against(episodes.hits(chosen), base))
            for same, own in views:
                both, joined = [best[0], same], np.concatenate([best[0], own], 1) / np.sqrt(2)
                means = cohort(joined, others)
                line.append(against(episodes.hits(lambda _: (both, both[:1], best[1])), base))
                line.append(against(episodes.hits(lambda _: (both, both, best[1])), base))
                line.append(against(episodes.hits(lambda _: ([joined], [joined], means)), base))
            pooling.append(line)
            unknown.append([source, str(shots), *(f"{100 * value:.1f}" for value in episodes.areas(*best, counts))])
    table(f"accuracy, 2 labels, hard negatives, {count} episodes; after the first column what is gained over it", columns, pooling)
    table("AUROC of unknowns of a hard third class, by pictures of neither label (of other classes than the third)", ["shots", *map(str, counts)], unknown)


def make(path, kind, target):
    """The same pictures mirrored, or without colour."""
    from PIL import Image, ImageOps

    for source in folders(path):
        for name in folders(f"{path}/{source}"):
            os.makedirs(f"{target}/{source}/{name}", exist_ok=True)
            for file in pictures(f"{path}/{source}/{name}"):
                image = Image.open(f"{path}/{source}/{name}/{file}")
                image = image.convert("RGBA" if "A" in image.mode or image.mode == "P" else "RGB")
                grey = lambda: Image.merge(image.mode, [image.convert("L")] * 3 + ([image.getchannel("A")] if image.mode == "RGBA" else []))
                seen = ImageOps.mirror(image) if kind == "mirror" else grey()
                seen.save(f"{target}/{source}/{name}/{file}", **({} if file.endswith("png") else {"quality": 92}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures")
    parser.add_argument("--episodes", type=int, default=3000)
    parser.add_argument("--view", action="append", default=[], help="NAME=TREE")
    parser.add_argument("--make", nargs=2, metavar=("mirror|grey", "TREE"))
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.pictures, *arguments.make)
    else:
        study(arguments.pictures, dict(view.split("=", 1) for view in arguments.view), arguments.episodes)
