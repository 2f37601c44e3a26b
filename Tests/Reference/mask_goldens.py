# SPDX-License-Identifier: Apache-2.0
"""Writes a random foreground mask, what NumPy and SciPy make of random maps by it, and enlarged parts of three synthetic pictures: the
goldens of ForegroundMaskTests and, with the gradient of its loss, of MaskFitTests.

    pip install numpy scipy gguf
    python Tests/Reference/mask_goldens.py Tests/LCLModelTests/Goldens/mask.gguf Tests/LCLTrainingTests/Goldens/mask.gguf
"""
import sys

import gguf
import numpy as np
from scipy.ndimage import correlate, map_coordinates
from scipy.special import expit

from synthetic_pictures import pictures

CHANNELS, HIDDEN, SIDE, PICTURE, MAPS = 112, 32, 14, 224, 3
BOXES = [(0, 0, 224), (10, 100, 96), (53, 24, 171)]  # x, y, side


def units(map, weights, bias):
    """[hidden, 14, 14] before they are cut off; weights are [hidden, 3, 3, channels]."""
    return np.stack([b + sum(correlate(map[:, :, c], w[:, :, c], mode="constant") for c in range(CHANNELS)) for w, b in zip(weights, bias)])


def enlarged(picture, x, y, side):
    places = np.clip((np.arange(PICTURE) + 0.5) * side / PICTURE - 0.5, 0, side - 1)
    rows, columns = np.meshgrid(places + y, places + x, indexing="ij")
    # Beyond the part its last row and column repeat.
    part = picture[y:y + side, x:x + side]
    return np.stack([map_coordinates(part[:, :, c], [rows - y, columns - x], order=1, mode="nearest") for c in range(3)], 2)


def write(path, tensors):
    writer = gguf.GGUFWriter(path, "goldens")
    for name, value in tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(value, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    random = np.random.default_rng(1)
    maps = random.normal(1, 2, (MAPS, SIDE, SIDE, CHANNELS)).astype(np.float32)
    mean = random.normal(1, 0.2, CHANNELS).astype(np.float32)
    weights = random.normal(0, 0.04, (HIDDEN, 3, 3, CHANNELS)).astype(np.float32)
    bias, sum = random.normal(0, 0.5, HIDDEN).astype(np.float32), random.normal(0, 0.3, HIDDEN).astype(np.float32)
    offset, shares = np.float32(-0.4), random.random((MAPS, SIDE * SIDE)).astype(np.float32)

    def logits(weights, bias, sum, offset):
        cut = np.stack([np.clip(units(map - mean, weights, bias), 0, 6) for map in maps.astype(np.float64)])
        return (cut * sum[:, None, None]).sum(1).reshape(MAPS, -1) + offset

    def loss(*parameters):
        p = expit(logits(*parameters))
        return -(shares * np.log(p) + (1 - shares) * np.log(1 - p)).mean()

    parameters = [weights.astype(np.float64), bias.astype(np.float64), sum.astype(np.float64), np.float64(offset)]
    # Central differences of the loss at some of the weights, and at all others' parameters.
    places = [tuple(random.integers(0, n) for n in weights.shape) for _ in range(24)]

    def slope(index, place):
        changed = [np.array(p) for p in parameters]
        sides = []
        for step in (1e-5, -1e-5):
            changed[index] = np.array(parameters[index])
            changed[index][place] += step
            sides.append(loss(*changed))
        return (sides[0] - sides[1]) / 2e-5

    stored = {"mean": mean, "weights": weights.reshape(HIDDEN, -1), "bias": bias, "sum": sum, "offset": np.array([offset]),
              "maps": maps.reshape(MAPS * SIDE * SIDE, CHANNELS)}
    write(sys.argv[1], stored | {
        "golden.shares": expit(logits(*parameters)),
        "boxes": np.array(BOXES),
        "golden.parts": np.stack([enlarged(picture, *box) for picture, box in zip(pictures().astype(np.float64), BOXES)])[:, ::7].reshape(3, -1),
    })
    write(sys.argv[2], stored | {
        "shares": shares,
        "golden.loss": np.array([loss(*parameters)]),
        "places": np.array([[p[0], np.ravel_multi_index(p[1:], weights.shape[1:])] for p in places]),
        "golden.weights": np.array([slope(0, p) for p in places]),
        "golden.bias": np.array([slope(1, (i,)) for i in range(HIDDEN)]),
        "golden.sum": np.array([slope(2, (i,)) for i in range(HIDDEN)]),
        "golden.offset": np.array([slope(3, ())]),
    })


if __name__ == "__main__":
    main()
