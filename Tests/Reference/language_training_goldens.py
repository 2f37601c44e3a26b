#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a tiny random Llama with adapters, a projector and pictures as GGUF (F32), with the loss of two sequences and its gradients
by PyTorch's autograd beside them. Needs torch, transformers, gguf. Usage: language_training_goldens.py language-training.gguf"""
import math
import sys

import gguf
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

WIDTH, FEATURES, RANK, SCALE, EMBEDDING = 32, 20, 8, 2.0, 0.4
# Tokens (negative: picture -1 - row), questions (position, candidates, truth), answers (position, token, weight). The same stand in
# LanguageTrainingTests.swift.
SEQUENCES = [
    ([1, -1, 7, 9, 4, -3, 8, 4, -2, 7, 9, 4, -4, 8, 4], [(8, [7, 8], 0), (12, [7, 8], 1)], [(12, 8, 1.0), (13, 4, 1.0)]),
    ([1, -5, 20, 21, 4, -6, 20, 22], [(6, [21, 22, 23], 1)], [(5, 20, 0.5), (6, 22, 0.5)]),
]


def add_tokenizer(w):
    """Byte pairs of small letters, in which ' bada', ' dobe' ... are two tokens each."""
    syllables = [(c, v) for c in "bd" for v in "aeiou"]
    tokens = ["<s>", "Ġ", "Ċ"] + [chr(c + case) for c in range(26) for case in (65, 97)] + [str(d) for d in range(10)]
    merges = [f"Ġ {c}" for c in "bd"] + [f"Ġ{c} {v}" for c, v in syllables] + [f"{c} {v}" for c, v in syllables]
    tokens += [merge.replace(" ", "") for merge in merges]
    tokens += [f"<unused{i}>" for i in range(96 - len(tokens))]
    w.add_tokenizer_model("gpt2"), w.add_tokenizer_pre("gpt-2"), w.add_token_list(tokens), w.add_token_merges(merges)
    w.add_token_types([3 if token.startswith("<") else 1 for token in tokens]), w.add_bos_token_id(0), w.add_add_bos_token(True)


class Adapted(nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.linear = linear
        self.a = nn.Parameter(0.3 * torch.randn(RANK, linear.in_features))
        self.b = nn.Parameter(0.3 * torch.randn(linear.out_features, RANK))

    def forward(self, x):
        return self.linear(x) + SCALE * F.linear(F.linear(x, self.a), self.b)


def permuted(weight, heads):
    """llama.cpp stores rotary pairs side by side; so are an adapter's outputs then."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


torch.manual_seed(1)
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=96, hidden_size=WIDTH, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=256, initializer_range=EMBEDDING, rms_norm_eps=1e-5, tie_word_embeddings=True,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0)))
for name, p in model.named_parameters():
    p.requires_grad_(False)
    if "norm" in name:
        p.data = 1 + 0.3 * torch.randn_like(p)
w = gguf.GGUFWriter(sys.argv[1], "llama")
w.add_block_count(2), w.add_context_length(256), w.add_embedding_length(WIDTH), w.add_feed_forward_length(48)
w.add_head_count(4), w.add_head_count_kv(2), w.add_layer_norm_rms_eps(1e-5), w.add_rope_freq_base(10000.0), w.add_rope_dimension_count(8)
add_tokenizer(w)
add = lambda name, value: w.add_tensor(name, np.ascontiguousarray(value.detach().float().numpy()))
add("token_embd.weight", model.model.embed_tokens.weight), add("output_norm.weight", model.model.norm.weight)
adapted = []
for i, layer in enumerate(model.model.layers):
    add(f"blk.{i}.attn_norm.weight", layer.input_layernorm.weight), add(f"blk.{i}.ffn_norm.weight", layer.post_attention_layernorm.weight)
    for part, name in [("gate_proj", "ffn_gate"), ("up_proj", "ffn_up"), ("down_proj", "ffn_down")]:
        add(f"blk.{i}.{name}.weight", getattr(layer.mlp, part).weight)
    for part, name, heads in [("q_proj", "attn_q", 4), ("k_proj", "attn_k", 2), ("v_proj", "attn_v", 0), ("o_proj", "attn_output", 0)]:
        linear = Adapted(getattr(layer.self_attn, part))
        setattr(layer.self_attn, part, linear)
        turn = (lambda x, heads=heads: permuted(x, heads)) if heads else (lambda x: x)
        add(f"blk.{i}.{name}.weight", turn(linear.linear.weight))
        add(f"{i}.{name}.a", linear.a), add(f"{i}.{name}.b", turn(linear.b))
        adapted.append((f"{i}.{name}", linear, turn))

projector = nn.Linear(FEATURES, WIDTH)
gain, shift = nn.Parameter(1 + 0.2 * torch.randn(WIDTH)), nn.Parameter(0.2 * torch.randn(WIDTH))
pictures = F.normalize(torch.randn(6, FEATURES), dim=1)
add("projector.weights", projector.weight), add("projector.bias", projector.bias), add("projector.gain", gain), add("projector.shift", shift)
add("pictures", pictures)

head, questions, answers = model.model.embed_tokens.weight, [], []
for tokens, asked, told in SEQUENCES:
    seen = (F.layer_norm(projector(pictures), (WIDTH,)) * gain + shift) * EMBEDDING
    x = torch.stack([seen[-1 - t] if t < 0 else head[t] for t in tokens])
    hidden = model.model(inputs_embeds=x[None], use_cache=False).last_hidden_state[0]
    for position, candidates, truth in asked:
        questions.append(F.cross_entropy((head[candidates] @ hidden[position])[None], torch.tensor([truth])))
    for position, token, weight in told:
        answers.append(weight * F.cross_entropy((head @ hidden[position])[None], torch.tensor([token])))
parts = torch.stack([torch.stack(questions).mean(), torch.stack(answers).mean()])
parts.sum().backward()
add("loss", parts)
for name, value in [("weights", projector.weight), ("bias", projector.bias), ("gain", gain), ("shift", shift)]:
    add(f"projector.{name}.gradient", value.grad)
for name, linear, turn in adapted:
    add(f"{name}.a.gradient", linear.a.grad), add(f"{name}.b.gradient", turn(linear.b.grad))
w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()
assert math.isfinite(parts.sum().item())
