#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tiny, randomly initialised language models as GGUF, F32, with what transformers (5.23.0, fp32) says of some tokens
beside the weights. Usage: language_goldens.py DIRECTORY [NAME...]; all of them where none is named"""
import sys

import gguf
import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

COMMON = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=256,
              initializer_range=0.4, rms_norm_eps=1e-5)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64)
LLAMA3 = dict(rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)


def permuted(weight, heads):
    """llama.cpp stores rotary pairs side by side."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def llama3_factors(c):
    base, n, r = c["rope_theta"], 8, c
    frequencies = 1 / base ** (np.arange(0, n, 2) / n)
    factors = []
    for f in frequencies:
        length = 2 * np.pi / f
        low, high = r["original_max_position_embeddings"] / r["low_freq_factor"], r["original_max_position_embeddings"] / r["high_freq_factor"]
        if length < high:
            factors.append(1)
        elif length > low:
            factors.append(r["factor"])
        else:
            smooth = (r["original_max_position_embeddings"] / length - r["low_freq_factor"]) / (r["high_freq_factor"] - r["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / r["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def write(name, arch, model, kv_heads, scaling=None):
    if sys.argv[2:] and name not in sys.argv[2:]:
        return
    path = f"{sys.argv[1]}/{name}.gguf"
    torch.manual_seed(3)
    for name, p in model.named_parameters():
        if "norm" in name:
            p.data = 1 + 0.3 * torch.randn_like(p)
        elif name.endswith("bias"):
            p.data = 0.5 * torch.randn_like(p)
    model.eval()
    state = {k: v.detach().numpy() for k, v in model.state_dict().items()}
    w = gguf.GGUFWriter(path, arch)
    w.add_block_count(2), w.add_context_length(256), w.add_embedding_length(32), w.add_feed_forward_length(48)
    w.add_head_count(4), w.add_head_count_kv(kv_heads), w.add_layer_norm_rms_eps(1e-5), w.add_rope_freq_base(10000.0)
    w.add_rope_dimension_count(8)
    if scaling == "linear":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR), w.add_rope_scaling_factor(4.0)
    if scaling in ("yarn", "yarn-factor"):
        w.add_rope_scaling_type(gguf.RopeScalingType.YARN), w.add_rope_scaling_factor(4.0), w.add_rope_scaling_orig_ctx_len(64)
    if scaling == "yarn-factor":  # the file's is relative to the paper's
        w.add_rope_scaling_attn_factors(1.5 / (0.1 * np.log(4) + 1))
        w.add_rope_scaling_yarn_beta_fast(2.0), w.add_rope_scaling_yarn_beta_slow(0.5)
    if scaling == "llama3":
        w.add_tensor("rope_freqs.weight", llama3_factors(LLAMA3))
    rename = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
              "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
              "post_attention_layernorm": "ffn_norm"}
    for name, value in state.items():
        if name == "model.embed_tokens.weight":
            w.add_tensor("token_embd.weight", value)
        elif name == "model.norm.weight":
            w.add_tensor("output_norm.weight", value)
        elif name == "lm_head.weight":
            if not model.config.tie_word_embeddings:
                w.add_tensor("output.weight", value)
        else:
            _, _, block, rest = name.split(".", 3)
            part, kind = rest.rsplit(".", 1)
            if arch == "llama" and part.endswith(("q_proj", "k_proj")):
                value = permuted(value, 4 if part.endswith("q_proj") else kv_heads)
            w.add_tensor(f"blk.{block}.{rename[part]}.{kind}", np.ascontiguousarray(value))
    tokens = torch.randint(0, 96, (1, 150), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        log = torch.log_softmax(model(tokens).logits[0].double(), -1)
    w.add_array("golden.tokens", tokens[0].tolist())
    w.add_tensor("golden.last", log[-1].float().numpy())
    w.add_tensor("golden.next", log[:-1].gather(1, tokens[0, 1:, None])[:, 0].float().numpy())
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()


torch.manual_seed(1)
theta = dict(rope_type="default", rope_theta=10000.0)
write("llama", "llama", LlamaForCausalLM(LlamaConfig(
    num_key_value_heads=2, tie_word_embeddings=True, rope_parameters=LLAMA3, **COMMON)), 2, "llama3")
write("llama-linear", "llama", LlamaForCausalLM(LlamaConfig(
    num_key_value_heads=4, tie_word_embeddings=False, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0), **COMMON)), 4, "linear")
write("qwen2", "qwen2", Qwen2ForCausalLM(Qwen2Config(
    num_key_value_heads=1, tie_word_embeddings=False, rope_parameters=theta, **COMMON)), 1)
write("llama-yarn", "llama", LlamaForCausalLM(LlamaConfig(num_key_value_heads=2, tie_word_embeddings=True, rope_parameters=YARN, **COMMON)), 2, "yarn")
write("qwen2-yarn", "qwen2", Qwen2ForCausalLM(Qwen2Config(
    num_key_value_heads=1, tie_word_embeddings=True, rope_parameters=dict(YARN, attention_factor=1.5, beta_fast=2.0, beta_slow=0.5), **COMMON)), 1,
    "yarn-factor")
