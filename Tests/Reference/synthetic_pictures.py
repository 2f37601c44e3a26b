# SPDX-License-Identifier: Apache-2.0
"""Three synthetic pictures that goldens are made of, without a file."""
import numpy as np


def pictures():
    """[3, 224, 224, 3]: ramps, discs, and noise; integer arithmetic that any language repeats."""
    y, x, c = np.meshgrid(np.arange(224), np.arange(224), np.arange(3), indexing="ij")
    ramps = (x * (c + 1) + y * (3 - c)) // 2 % 256
    discs = np.where((x % 75 - 37) ** 2 + (y % 75 - 37) ** 2 < 900, 40 + 90 * c, 230 - 60 * c)
    noise = ((x * 73856093 + y * 19349663 + c * 83492791) >> 7) % 256
    return np.stack([ramps, discs, noise]).astype(np.uint8)
