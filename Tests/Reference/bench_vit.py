#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures a second through a vision transformer with random weights: ours, OpenVINO and PyTorch in turns, fp32, with ratios; for information
also OpenVINO at the precision that it chooses by itself (bf16 where the processor has it).
Usage: bench_vit.py LCL [SHAPE...]; shapes b16 and l14, both at 224 pixels. Needs openvino and torch."""
import os
import re
import statistics
import subprocess
import sys
import time

import numpy as np
import openvino
import torch
from torch import nn

SHAPES = {"b16": (16, 768, 12, 12, 16), "l14": (14, 1024, 16, 24, 8)}  # patch, width, heads, blocks, pictures in a batch


class Block(nn.Module):
    def __init__(self, width, heads, quick):
        super().__init__()
        self.heads, self.quick = heads, quick
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.out(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, w))
        y = self.up(self.norm2(x))
        return x + self.down(y * torch.sigmoid(1.702 * y) if self.quick else nn.functional.gelu(y))


class ViT(nn.Module):
    def __init__(self, patch, width, heads, blocks, quick):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (224 // patch) ** 2 + 1, width))
        self.before = nn.LayerNorm(width)
        self.blocks = nn.Sequential(*[Block(width, heads, quick) for _ in range(blocks)])
        self.projector = nn.Linear(width, 16)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = self.before(torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions)
        return self.projector(self.blocks(x)[:, 1:])


def ours(lcl, shape, batch, threads):
    run = subprocess.run([lcl, "bench", "vision", "--shape", shape, "--batch", str(batch), "--threads", str(threads), "--rounds", "3"],
                         capture_output=True, text=True, check=True)
    return float(re.search(r"median ([0-9.]+)", run.stdout)[1])


def timed(run, batch):
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        rates.append(batch / (time.perf_counter() - start))
    return statistics.median(rates)


def main(lcl, shapes):
    torch.set_grad_enabled(False)
    print(f"openvino {openvino.__version__}, torch {torch.__version__}, fp32, load {os.getloadavg()[0]:.1f}")
    for shape in shapes:
        patch, width, heads, blocks, batch = SHAPES[shape]
        model = ViT(patch, width, heads, blocks, shape == "l14").eval()
        pictures = torch.randn(batch, 3, 224, 224)
        converted = openvino.convert_model(model, example_input=pictures)
        for threads in [2, 1]:
            hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
            compiled = openvino.Core().compile_model(converted, "CPU", {**hints, "INFERENCE_PRECISION_HINT": "f32"})
            free = openvino.Core().compile_model(converted, "CPU", hints)
            exact, chosen = (model.get_property("INFERENCE_PRECISION_HINT").get_type_name() for model in (compiled, free))
            assert exact == "f32", exact
            request, other = compiled.create_infer_request(), free.create_infer_request()
            torch.set_num_threads(threads)
            request.infer([pictures.numpy()]), other.infer([pictures.numpy()])
            rates = {"ours": [], "OpenVINO": [], "PyTorch": [], f"OpenVINO's own choice, {chosen},": []}
            for _ in range(3):
                rates["ours"].append(ours(lcl, shape, batch, threads))
                rates["OpenVINO"].append(timed(lambda: request.infer([pictures.numpy()]), batch))
                rates["PyTorch"].append(timed(lambda: model(pictures), batch))
                rates[f"OpenVINO's own choice, {chosen},"].append(timed(lambda: other.infer([pictures.numpy()]), batch))
            found = {name: statistics.median(values) for name, values in rates.items()}
            ratios = np.median(np.array(rates["ours"]) / np.array(rates["OpenVINO"])), np.median(np.array(rates["ours"]) / np.array(rates["PyTorch"]))
            print(f"{shape} {threads} thread(s), batch {batch}, load {os.getloadavg()[0]:.1f}: " + ", ".join(f"{n} {v:.2f}" for n, v in found.items())
                  + f" pictures/s; ours is {ratios[0]:.2f} x OpenVINO, {ratios[1]:.2f} x PyTorch", flush=True)


main(sys.argv[1], sys.argv[2:] or list(SHAPES))
