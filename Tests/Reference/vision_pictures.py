#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small pictures, and the bytes that transformers' (5.24.0) Pillow processors make of them for squares of 24 pixels.
Usage: vision_pictures.py DIRECTORY"""
import sys

import numpy as np
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil

SIDE, LONGEST = 24, 60
RAW = dict(do_rescale=False, do_normalize=False)
random = np.random.default_rng(6)


def picture(width, height, channels):
    y, x = np.mgrid[:height, :width]
    base = np.stack([(x * 11 + c * 40) % 256 if c % 2 else (y * 13 + x * x) % 256 for c in range(channels)], -1)
    values = np.clip(base + random.integers(-60, 60, base.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(values[..., 0] if channels == 1 else values)


PICTURES = {"wide": picture(71, 30, 3), "tall": picture(23, 90, 3), "tiny": picture(3, 2, 3), "exact": picture(24, 24, 3), "odd": picture(49, 48, 3),
            "grey": picture(40, 33, 1), "alpha": picture(37, 52, 4)}
PROCESSORS = {
    "crop": CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, **RAW),
    "pad": LlavaImageProcessorPil(do_pad=True, size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE},
                                  image_mean=(0.48145466, 0.4578275, 0.40821073), **RAW),
    "whole": Idefics3ImageProcessorPil(size={"longest_edge": LONGEST}, max_image_size={"longest_edge": SIDE}, do_image_splitting=False, **RAW),
    "split": Idefics3ImageProcessorPil(size={"longest_edge": LONGEST}, max_image_size={"longest_edge": SIDE}, do_image_splitting=True, **RAW),
}
out = sys.argv[1]
for name, image in PICTURES.items():
    image.save(f"{out}/vision-{name}.png")
    if image.mode == "RGBA":  # transformers drops alpha; here it is laid over white
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    for kind, processor in PROCESSORS.items():
        values = np.asarray(processor([image], return_tensors="np")["pixel_values"])
        values = values.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        assert np.array_equal(values, values.round())
        values.astype(np.uint8).tofile(f"{out}/vision-{name}.{kind}")
