#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The link-context workload by `lcl bench mllm` and, where its driver is given, by llama.cpp, in turns; medians and ratios.
Usage: bench_mllm.py MODEL.gguf --lcl PROGRAM [--peer bench_llama] [--threads 2] [--rounds 3] [--prefill MODEL ...]"""
import argparse
import re
import statistics
import subprocess

p = argparse.ArgumentParser()
p.add_argument("model")
p.add_argument("--lcl", required=True)
p.add_argument("--peer", help="the driver that build_llama.sh makes")
p.add_argument("--threads", type=int, default=2)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--prefill", nargs="*", default=[], help="other weight types: only the prefill of 256 tokens")
o = p.parse_args()
QUERIES = 64


def ours(model):
    out = subprocess.run([o.lcl, "bench", "mllm", "--model", model, "--threads", str(o.threads), "--rounds", "1"], check=True, capture_output=True, text=True).stdout
    line = [x for x in out.splitlines() if x.startswith("median:")][0]
    prefix, queries = (float(x) for x in re.search(r"support set ([\d.]+) s, queries ([\d.]+) s", line).groups())
    return prefix, queries, float(re.search(r"prefill of 256: ([\d.]+)", line).group(1))


def peer(model, route):
    out = subprocess.run([o.peer, model, route, str(o.threads)], check=True, capture_output=True, text=True).stdout
    return tuple(float(x) for x in out.split())


runs, routes = [], {"naive": [], "cache": [], "batch": [], "prefill": []}
for _ in range(o.rounds):
    runs.append(ours(o.model))
    if o.peer:
        for route, results in routes.items():
            results.append(peer(o.model, route))
median = statistics.median
total, resident, prefill = median(a + b for a, b, _ in runs), QUERIES / median(b for _, b, _ in runs), median(c for _, _, c in runs)
print(f"lcl, {o.threads} thread(s): {total:.2f} s in all, {resident:.1f} queries/s with the support set read, prefill {prefill:.0f} tokens/s")
if o.peer:
    for route in ("naive", "cache", "batch"):
        time = median(a + b for a, b in routes[route])
        rate = "" if route == "naive" else f", {QUERIES / median(b for _, b in routes[route]):.1f} queries/s with the support set read"
        print(f"llama.cpp {route}: {time:.2f} s in all{rate}; lcl is {time / total:.1f} times as fast")
    rate = median(x for x, in routes["prefill"])
    print(f"llama.cpp prefill of 256: {rate:.0f} tokens/s; lcl {prefill / rate:.2f} times")
for model in o.prefill:
    pairs = [(ours(model), peer(model, "prefill") if o.peer else (float("nan"),)) for _ in range(o.rounds)]
    mine, theirs = median(a[2] for a, _ in pairs), median(b[0] for _, b in pairs)
    print(f"{model.rsplit('/', 1)[-1]}: prefill {mine:.0f} tokens/s" + (f"; llama.cpp {theirs:.0f}, lcl {mine / theirs:.2f} times" if o.peer else ""))
