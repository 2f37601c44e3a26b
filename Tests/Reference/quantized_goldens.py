#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/LCLModelTests/Goldens/quantized.gguf: random blocks of every format that lcl reads, and beside each tensor
what the PyPI package gguf (0.19.0) makes of it. Usage: quantized_goldens.py OUT"""
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2],
          T.Q6_K: [208], T.BF16: [0]}

writer = gguf.GGUFWriter(sys.argv[1], "golden")
random = np.random.default_rng(7)
for kind, halves in HALVES.items():
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    rows, blocks = 2, 4 if elements == 32 else 1 if elements == 256 else 64
    raw = random.integers(0, 256, (rows, blocks, size), dtype=np.uint8)
    if kind != T.BF16:
        # Scales of every size, the largest and subnormal ones included; no NaN, which has no one right answer.
        scales = random.normal(size=(rows, blocks, len(halves))) * 10.0 ** random.integers(-7, 4, (rows, blocks, len(halves)))
        for i, at in enumerate(halves):
            raw[:, :, at:at + 2] = scales[:, :, i:i + 1].astype(np.float16).view(np.uint8)
    else:
        raw[:, :, 1] &= 0x3f
    raw = raw.reshape(rows, blocks * size)
    writer.add_tensor(kind.name, raw, raw_dtype=kind)
    expected = gguf.dequantize(raw, kind).astype(np.float32)
    assert np.isfinite(expected).all() and expected.shape == (rows, blocks * elements)
    writer.add_tensor(kind.name + ".expected", expected)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
