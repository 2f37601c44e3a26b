#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goldens of the metric's training: loss and gradients from PyTorch's autograd, and three steps of its AdamW.

    python3 Tests/Reference/metric_goldens.py Tests/LCLTrainingTests/Goldens/metric.gguf

The lessons are those of Tests/LCLTrainingTests/MetricLossTests.swift. Needs torch, numpy and gguf.
"""
import sys

import gguf
import numpy
import torch
from torch.nn.functional import cross_entropy, normalize

torch.manual_seed(4)
ROWS, WIDTHS, CLASSES = 20, (5, 7), 4
EPISODES = [  # supports of each label, then (row, label) of each query
    ([[0, 1, 2], [3, 4]], [(5, 0), (6, 1), (7, 1)]),
    ([[2, 8], [9], [10, 11, 12]], [(13, 2), (0, 0)]),
]
PICTURES = [(14, 3), (5, 0), (15, 1)]


def units(width):
    return normalize(torch.randn(ROWS, width), dim=1)


inputs = [units(width) for width in WIDTHS]
maps = [(torch.eye(width) + 0.3 * torch.randn(width, width)).requires_grad_() for width in WIDTHS]
temperatures = torch.tensor([2.0, 1.5], requires_grad=True)
vectors = [(0.7 * torch.randn(CLASSES, width)).requires_grad_() for width in WIDTHS]

embedded = [normalize(x @ m.T, dim=1) for x, m in zip(inputs, maps)]
losses = []
for supports, queries in EPISODES:
    prototypes = [torch.stack([normalize(u[rows].sum(0), dim=0) for rows in supports]) for u in embedded]
    for row, label in queries:
        cosines = sum(p @ u[row] for p, u in zip(prototypes, embedded)) / len(WIDTHS)
        losses.append(cross_entropy(temperatures[0].exp() * cosines, torch.tensor(label)))
for row, label in PICTURES:
    cosines = sum(normalize(v, dim=1) @ u[row] for v, u in zip(vectors, embedded)) / len(WIDTHS)
    losses.append(cross_entropy(temperatures[1].exp() * cosines, torch.tensor(label)))
loss = torch.stack(losses).mean()
loss.backward()

writer = gguf.GGUFWriter(sys.argv[1], "goldens")


def put(name, tensor):
    values = tensor.detach().numpy().astype(numpy.float32)
    writer.add_tensor(name, numpy.atleast_2d(values).copy())


put("loss", loss[None])
put("temperatures", temperatures)
put("temperatures.gradient", temperatures.grad)
for tap in range(len(WIDTHS)):
    for name, tensor in (("map", maps[tap]), ("vectors", vectors[tap])):
        put(f"{name}.{tap}", tensor)
        put(f"{name}.{tap}.gradient", tensor.grad)
    put(f"inputs.{tap}", inputs[tap])

weights = torch.nn.Parameter(torch.randn(3, 4))
put("adamw.0", weights)
optimizer = torch.optim.AdamW([weights], lr=0.01, weight_decay=0.1)
for step in range(3):
    weights.grad = torch.randn(3, 4)
    put(f"adamw.gradient.{step}", weights.grad)
    optimizer.step()
put("adamw.3", weights)

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
