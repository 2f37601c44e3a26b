#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes link.json beside this file: linking, leave-one-out and transductive scores worked out in NumPy, in double
precision, straight from their definitions. Run with any Python that has NumPy; the same numbers come out every time."""
import json
import pathlib

import numpy as np

rng = np.random.default_rng(7)
WIDTHS, OUTPUTS, LABELS = (20, 33), (9, 33), [0, 1, 2, 1, 0, 1, 0, 2, 1, 0]
PICTURES, QUERIES = len(LABELS), 17


def unit(x):
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def numbers(*shape):
    """Values that single precision holds exactly, so that both sides begin with the same."""
    return rng.normal(size=shape).astype(np.float32).astype(np.float64)


def embed(features, means, maps):
    parts, start = [], 0
    for mean, matrix in zip(means, maps):
        block = unit(np.sqrt(np.maximum(features[:, start:start + len(mean)], 0)) - mean)
        parts.append(unit(block @ matrix.T if matrix is not None else block) / np.sqrt(len(means)))
        start += len(mean)
    return parts


def prototypes(sums):
    return [unit(s) / np.sqrt(len(sums)) for s in sums]


def logits(queries, sums):
    return sum(q @ p.T for q, p in zip(queries, prototypes(sums)))


def moved_sums(queries, sums, parts):
    moved = sums
    for _ in range(5):
        votes = 20 * logits(queries, moved)
        votes = np.exp(votes - votes.max(1, keepdims=True))
        votes /= votes.sum(1, keepdims=True)
        moved = [total + min(0.3, 4.2 / QUERIES) * votes.T @ part for total, part in zip(sums, parts)]
    return moved


def reduced(s):
    """The prototype of each support's label without that support, [supports x width]; labels with one support keep it."""
    labels = np.array(LABELS)
    return np.array([np.hstack(prototypes([sum(part[j] for j in range(PICTURES) if labels[j] == labels[i] and (j != i or (labels == labels[i]).sum() == 1))[None]
                                           for part in s]))[0] for i in range(PICTURES)])


def left_out(s, score):
    """Each support against every label without one support: its own without it, another's on average over the one that is missing."""
    labels, points, parts = np.array(LABELS), np.hstack(s), reduced(s)
    scores = score(points, parts)  # [asked x missing]
    table = np.array([[scores[i, labels == label].mean() for label in range(max(LABELS) + 1)] for i in range(PICTURES)])
    table[np.arange(PICTURES), labels] = np.diag(scores)
    return table


def prototype(support, queries, means, maps):
    one_hot = np.eye(max(LABELS) + 1)[LABELS]
    s, q = embed(support, means, maps), embed(queries, means, maps)
    sums = [one_hot.T @ part for part in s]
    return {
        "logits": logits(q, sums), "similarities": sum(a @ b.T for a, b in zip(q, s)), **left_out_scores(s, lambda a, b: a @ b.T, 0),
        "transductive": logits(q, moved_sums(q, sums, q)), "likeness": logits(q, sums).max(1),
    }


def left_out_scores(s, score, familiarity):
    cosines = left_out(s, lambda a, b: a @ b.T)
    return {
        "leftOut": left_out(s, score), "own": cosines[np.arange(PICTURES), LABELS] - familiarity,
        "other": np.array([np.delete(row, label).max() for row, label in zip(cosines, LABELS)]) - familiarity,
    }


LAMBDA, HUBS, SHARE = 0.1, 20, 0.5


def weights(points, labels, centre, importance):
    """Ridge weights [ways x width] from points about a centre; in the primal, by the normal equations."""
    x = points - centre
    targets = np.eye(max(LABELS) + 1)[labels] - 1 / (max(LABELS) + 1)
    covariance = x.T @ (importance[:, None] * x) + LAMBDA * np.eye(x.shape[1])
    return np.linalg.solve(covariance, x.T @ (importance[:, None] * targets)).T


def balanced_centre(points, labels):
    return np.mean([points[labels == label].mean(0) for label in np.unique(labels)], axis=0)


def hubness(points, cohort):
    return np.sort(points @ cohort.T, axis=1)[:, -HUBS:].mean(1)


def metric(support, queries, means, maps, cohort):
    labels, ways = np.array(LABELS), max(LABELS) + 1
    near = prototype(support, queries, means, maps)
    s, q = np.hstack(embed(support, means, maps)), np.hstack(embed(queries, means, maps))
    blocks = embed(support, means, maps)
    sums = [np.eye(ways)[labels].T @ part for part in blocks]
    p = np.hstack(prototypes(sums))
    spread = np.mean([1 - p[a] @ p[b] for a in range(ways) for b in range(ways) if a != b])
    centre, importance = balanced_centre(s, labels), len(labels) / ways / np.bincount(labels)[labels]
    w, hubs = weights(s, labels, centre, importance), SHARE * hubness(np.array([s[labels == label].mean(0) for label in range(ways)]), cohort)
    # What points differ inside labels, once in each point's weight and once in its label's mean: see Ridge.
    noise = sum(((s[labels == label] - s[labels == label].mean(0)) ** 2).sum() for label in range(ways)) / (PICTURES - ways)
    alphas = importance[:, None] * (np.eye(ways)[labels] - 1 / ways - (s - centre) @ w.T) / LAMBDA
    even = noise / ways * (alphas / np.bincount(labels)[labels][:, None]).sum(0)
    query_blocks = embed(queries, means, maps)
    shift = np.hstack(prototypes(moved_sums(query_blocks, sums, query_blocks))) - p
    ridge = spread * ((q - centre) @ w.T + even) - hubs
    corrected = left_out_scores(blocks, lambda a, b: a @ b.T - SHARE * hubness(b, cohort), SHARE * (s @ cohort.T).max(1))
    return {
        "logits": ridge, "similarities": near["similarities"], **corrected, "transductive": ridge + q @ shift.T,
        "likeness": near["likeness"] - SHARE * (q @ cohort.T).max(1),
    }


centres = np.abs(numbers(3, sum(WIDTHS)))
support = (centres[LABELS] + 0.5 * numbers(PICTURES, sum(WIDTHS))).astype(np.float32).astype(np.float64)
queries = (centres[rng.integers(3, size=QUERIES)] + 0.5 * numbers(QUERIES, sum(WIDTHS))).astype(np.float32).astype(np.float64)
means = [0.5 + 0.1 * numbers(w) for w in WIDTHS]
means = [m.astype(np.float32).astype(np.float64) for m in means]
maps = [numbers(o, w) for o, w in zip(OUTPUTS, WIDTHS)]
cohort = unit(numbers(25, sum(OUTPUTS))).astype(np.float32).astype(np.float64)
golden = {
    "labels": LABELS, "support": support, "queries": queries, "means": means, "maps": maps, "cohort": cohort,
    "prototype": prototype(support, queries, means, [None, None]), "metric": metric(support, queries, means, maps, cohort),
}
text = json.dumps(golden, default=lambda a: [[float(f"{v:.9g}") for v in row] if np.ndim(row) else float(f"{row:.9g}") for row in a])
pathlib.Path(__file__).with_name("link.json").write_text(text + "\n")
