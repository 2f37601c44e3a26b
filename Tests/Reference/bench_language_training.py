#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speed of a training step beside PyTorch: SmolLM2-135M's shape with adapters of rank 8 on the attention of all blocks and a projector, steps of 8 lessons of
1 to 8 supports a label, as `lcl train --method mllm` takes them. PyTorch's weights are random: only time is measured, of its padded batch and of lesson after
lesson, whichever is faster. lcl's rate is what its progress line says.

  bench_language_training.py LCL PICTURES/train SMOLLM2.gguf [--seconds 60] [--threads 2]      (`make peers`, and there `pip install transformers`)
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time

LESSONS, RANK, POSITIONS = 8, 8, 4  # positions of a support: its picture, its label's two tokens, the line's end


def torch_rate(threads, seconds):
    import torch
    import torch.nn.functional as F
    from torch import nn
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(threads)
    torch.manual_seed(1)

    class Adapted(nn.Module):
        def __init__(self, linear):
            super().__init__()
            self.linear = linear
            self.a = nn.Parameter(0.02 * torch.randn(RANK, linear.in_features))
            self.b = nn.Parameter(torch.zeros(linear.out_features, RANK))

        def forward(self, x):
            return self.linear(x) + 2 * F.linear(F.linear(x, self.a), self.b)

    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, tie_word_embeddings=True))
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for layer in model.model.layers:
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(layer.self_attn, name, Adapted(getattr(layer.self_attn, name)))
    projector, head = nn.Linear(768, 576), model.model.embed_tokens.weight
    learned = [p for p in model.parameters() if p.requires_grad] + list(projector.parameters())
    optimizer = torch.optim.AdamW(learned, lr=1e-3)
    draw = random.Random(1)

    def loss(lengths):
        """Of lessons run as one padded batch."""
        longest = max(lengths) * POSITIONS + 1
        tokens = torch.randint(0, 49152, (len(lengths), longest))
        x = F.embedding(tokens, head)
        seen = projector(torch.randn(len(lengths), (longest - 1) // POSITIONS, 768))
        x = torch.cat([x[:, :1], torch.stack([seen, *(x[:, 1 + i :: POSITIONS] for i in range(1, POSITIONS))], 2).flatten(1, 2)], 1)
        hidden = model.model(inputs_embeds=x, use_cache=False).last_hidden_state
        total = 0
        for row, length in enumerate(lengths):
            asked = torch.arange(2 * POSITIONS + 1, length * POSITIONS + 1, POSITIONS)
            total = total + F.cross_entropy(hidden[row, asked] @ head[tokens[row, :2]].T, torch.randint(0, 2, asked.shape))
            last = torch.arange((length - 1) * POSITIONS + 1, length * POSITIONS)
            total = total + 0.1 * F.cross_entropy(hidden[row, last] @ head.T, tokens[row, last + 1])
        return total / LESSONS

    def step(together):
        lengths = [2 * draw.randint(1, 8) + 1 for _ in range(LESSONS)]
        for part in [lengths] if together else [[length] for length in lengths]:
            loss(part).backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    rates = {}
    for together in (True, False):
        step(together)
        begin, steps = time.time(), 0
        while time.time() - begin < seconds / 2:
            step(together)
            steps += 1
        rates["padded batch" if together else "one by one"] = steps * LESSONS / (time.time() - begin)
    return rates


def lcl_rate(lcl, pictures, language, threads, seconds):
    """What its progress line says at the end; it has one on a terminal only."""
    terminal, end = os.openpty()
    with tempfile.TemporaryDirectory() as directory:
        command = [lcl, "train", pictures, "--method", "mllm", "--language", language, "--cache", "--threads", str(threads), "--output", directory]
        program, said, begin = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=end), b"", None
        os.close(end)
        while begin is None or time.time() - begin < seconds:
            try:
                said += os.read(terminal, 65536)
            except OSError:  # nobody has the other end any more
                sys.exit(f"lcl has ended: {said.decode(errors='replace')}")
            if begin is None and b"episodes/s" in said:
                begin = time.time()
        program.kill()
        program.wait()
    return float(re.findall(rb"([\d.]+) episodes/s", said)[-1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lcl")
    parser.add_argument("pictures")
    parser.add_argument("language")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    for round in (1, 2):
        torch = torch_rate(arguments.threads, arguments.seconds)
        ours = lcl_rate(arguments.lcl, arguments.pictures, arguments.language, arguments.threads, arguments.seconds)
        lines = ", ".join(f"{name} {rate:.1f}" for name, rate in torch.items())
        print(f"round {round}, {arguments.threads} threads: lcl {ours:.1f} lessons/s; PyTorch {lines}: {ours / max(torch.values()):.2f} x", flush=True)
