#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The link-context workload by `lcl bench mllm` and, where its driver is given, by llama.cpp, in turns; medians and ratios.
Usage: bench_mllm.py MODEL.gguf --lcl PROGRAM [--peer bench_llama] [--threads 2] [--rounds 3] [--others MODEL ...]"""
import argparse
import os
import re
import statistics
import subprocess

p = argparse.ArgumentParser()
p.add_argument("model")
p.add_argument("--lcl", required=True)
p.add_argument("--peer", help="the driver that build_llama.sh makes")
p.add_argument("--threads", type=int, default=2)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--others", nargs="*", default=[], help="the model in other weight types: without the route that reads the whole prompt")
o = p.parse_args()
QUERIES = 64
median = statistics.median


def ours(model):
    out = subprocess.run([o.lcl, "bench", "mllm", "--model", model, "--threads", str(o.threads), "--rounds", "1"], check=True, capture_output=True, text=True).stdout
    line = [x for x in out.splitlines() if x.startswith("median:")][0]
    prefix, queries = (float(x) for x in re.search(r"support set ([\d.]+) s, queries ([\d.]+) s", line).groups())
    return prefix, queries, float(re.search(r"prefill of 256: ([\d.]+)", line).group(1))


def peer(model, route):
    out = subprocess.run([o.peer, model, route, str(o.threads)], check=True, capture_output=True, text=True).stdout
    return tuple(float(x) for x in out.split())


def compare(model, routes):
    """Prints what both make of a model. Returns our seconds, and llama.cpp's by its batch (infinite without a peer)."""
    runs, found = [], {route: [] for route in routes}
    for _ in range(o.rounds):
        runs.append(ours(model))
        for route in routes if o.peer else []:
            found[route].append(peer(model, route))
    total, resident, prefill = median(a + b for a, b, _ in runs), QUERIES / median(b for _, b, _ in runs), median(c for _, _, c in runs)
    print(f"{os.path.basename(model)}, {o.threads} thread(s), load {os.getloadavg()[0]:.1f}: lcl {total:.2f} s in all, "
          f"{resident:.1f} queries/s with the support set read, prefill {prefill:.0f} tokens/s", flush=True)
    if not o.peer:
        return total, float("inf")
    for route in routes[:-1]:
        time = median(a + b for a, b in found[route])
        rate = "" if route == "naive" else f", {QUERIES / median(b for _, b in found[route]):.1f} queries/s with the support set read"
        print(f"  llama.cpp {route}: {time:.2f} s in all{rate}; lcl is {time / total:.2f} times as fast")
    rate = median(x for x, in found["prefill"])
    print(f"  llama.cpp prefill of 256: {rate:.0f} tokens/s; lcl {prefill / rate:.2f} times", flush=True)
    return total, median(a + b for a, b in found["batch"])


results = {o.model: compare(o.model, ["naive", "cache", "batch", "prefill"])}
results.update((model, compare(model, ["cache", "batch", "prefill"])) for model in o.others)
if o.peer:
    mine, theirs = (min(results, key=lambda model: results[model][i]) for i in (0, 1))
    print(f"best of all weight types: lcl {results[mine][0]:.2f} s with {os.path.basename(mine)}, llama.cpp's batch {results[theirs][1]:.2f} s with "
          f"{os.path.basename(theirs)}: {results[theirs][1] / results[mine][0]:.2f} times as fast")
