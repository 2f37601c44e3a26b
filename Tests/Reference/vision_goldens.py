#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tiny, randomly initialised vision models as GGUF, with what transformers (5.24.0, fp32) makes of one square beside the
weights, and language models that read it. Usage: vision_goldens.py DIRECTORY"""
import sys

import gguf
import numpy as np
import torch
from transformers import (CLIPVisionConfig, Idefics3Config, Idefics3ForConditionalGeneration, LlavaConfig, LlavaForConditionalGeneration,
                          Qwen2Config)

SIDE, PATCH, WIDTH, IMAGE = 28, 7, 32, 95
MEAN = {"mlp": [0.48145466, 0.4578275, 0.40821073], "idefics3": [0.5, 0.5, 0.5]}
STD = {"mlp": [0.26862954, 0.26130258, 0.27577711], "idefics3": [0.5, 0.5, 0.5]}
TEXT = Qwen2Config(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2,
                   max_position_embeddings=128, initializer_range=0.3, rms_norm_eps=1e-5, tie_word_embeddings=False,
                   pad_token_id=None, rope_parameters=dict(rope_type="default", rope_theta=10000.0))


def shake(model):
    """Norms and biases that matter."""
    generator = torch.Generator().manual_seed(3)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            p.data = 1 + 0.3 * noise
        elif name.endswith("bias") or "class_embedding" in name or "position_embedding" in name:
            p.data = 0.3 * noise
        elif p.ndim >= 2:
            p.data = noise * (1.0 / p[0].numel() ** 0.5)
    return model.eval()


def square():
    y, x = np.mgrid[:SIDE, :SIDE]
    picture = np.stack([9 * x, 255 - 9 * y, (x * y * 7) % 256], -1)
    return np.clip(picture + np.random.default_rng(4).integers(-20, 20, picture.shape), 0, 255).astype(np.uint8)


def normalised(picture, kind):
    values = (picture * np.float32(1 / 255)).astype(np.float32)
    return torch.tensor((values - np.float32(MEAN[kind])) / np.float32(STD[kind])).permute(2, 0, 1)[None]


RENAMED = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.out_proj": "attn_out",
           "layer_norm1": "ln1", "layer_norm2": "ln2", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down"}
STEM = {"embeddings.patch_embedding": "v.patch_embd", "embeddings.position_embedding": "v.position_embd", "pre_layrnorm": "v.pre_ln",
        "post_layernorm": "v.post_ln"}


def vision_writer(path, kind, blocks, config, **keys):
    w = gguf.GGUFWriter(path, "clip")
    w.add_bool("clip.has_vision_encoder", True)
    w.add_string("clip.projector_type", kind)
    for key, value in dict(image_size=SIDE, patch_size=PATCH, embedding_length=WIDTH, feed_forward_length=config.intermediate_size,
                           block_count=blocks).items():
        w.add_uint32(f"clip.vision.{key}", value)
    w.add_uint32("clip.vision.attention.head_count", config.num_attention_heads)
    w.add_float32("clip.vision.attention.layer_norm_epsilon", config.layer_norm_eps)
    w.add_array("clip.vision.image_mean", MEAN[kind])
    w.add_array("clip.vision.image_std", STD[kind])
    for key, value in keys.items():
        key = f"clip.{key.replace('__', '.')}"
        {bool: w.add_bool, int: w.add_uint32, list: w.add_array}[type(value)](key, value)
    return w


def vision_tensors(w, tower, old=False, blocks=None):
    """`old`: the names and types of llama.cpp's older converter."""
    for name, value in tower.state_dict().items():
        value = value.numpy()
        part, _, kind = name.rpartition(".")
        if name == "embeddings.class_embedding":
            new = "v.class_embd"
        elif part in STEM:
            if old and part == "post_layernorm":
                continue
            new = f"{STEM[part]}.{kind}"
        elif name.startswith("encoder.layers."):
            _, _, block, rest = part.split(".", 3)
            if blocks is not None and int(block) >= blocks:
                continue
            new = RENAMED[rest]
            if old and new.startswith("ffn"):
                new = {"ffn_up": "ffn_down", "ffn_down": "ffn_up"}[new]
            new = f"v.blk.{block}.{new}.{kind}"
        else:
            continue
        w.add_tensor(new, np.ascontiguousarray(value.astype(np.float16) if old and value.ndim > 1 else value))


def finish(w, **goldens):
    for name, value in goldens.items():
        w.add_tensor(f"golden.{name}", np.ascontiguousarray(value, dtype=np.float32))
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()


def halve(module):
    """Matrices as an F16 file keeps them."""
    for p in module.parameters():
        if p.ndim > 1:
            p.data = p.data.half().float()


def text(path, language, head, log, tokens):
    w = gguf.GGUFWriter(path, "qwen2")
    w.add_block_count(1), w.add_context_length(128), w.add_embedding_length(32), w.add_feed_forward_length(48)
    w.add_head_count(4), w.add_head_count_kv(2), w.add_layer_norm_rms_eps(1e-5), w.add_rope_freq_base(10000.0)
    names = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
             "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
             "post_attention_layernorm": "ffn_norm"}
    for name, value in language.state_dict().items():
        part, _, kind = name.rpartition(".")
        if part.startswith("layers."):
            part = f"blk.{part.split('.')[1]}.{names[part.split('.', 2)[2]]}"
        else:
            part = {"embed_tokens": "token_embd", "norm": "output_norm"}[part]
        w.add_tensor(f"{part}.{kind}", value[:96].numpy() if part == "token_embd" else value.numpy())
    w.add_tensor("output.weight", head.weight.detach()[:96].numpy())
    w.add_array("golden.tokens", tokens)
    finish(w, last=log)


def tokens(positions):
    """Some text, the picture, and some text."""
    return [5, 17, 60, 2] + [IMAGE] * positions + [33, 8, 71]


@torch.no_grad()
def llava(path, feed_forward, hidden_act, old):
    vision = CLIPVisionConfig(hidden_size=WIDTH, intermediate_size=feed_forward, num_hidden_layers=3, num_attention_heads=2, image_size=SIDE,
                              patch_size=PATCH, hidden_act=hidden_act)
    model = shake(LlavaForConditionalGeneration(LlavaConfig(
        vision_config=vision, text_config=TEXT, image_token_index=IMAGE, image_seq_length=16)))
    projector, tower = model.model.multi_modal_projector, model.model.vision_tower
    tower = getattr(tower, "vision_model", tower)
    if old:
        projector.act, projector.linear_2 = torch.nn.Identity(), torch.nn.Identity()
        halve(tower), halve(projector)
        w = vision_writer(path, "mlp", 2, vision, has_llava_projector=True, use_gelu=hidden_act == "gelu")
    else:
        w = vision_writer(path, "mlp", 3, vision, use_gelu=hidden_act == "gelu", vision__feature_layer=[2])
    vision_tensors(w, tower, old, blocks=2 if old else None)
    for number, linear in [("0", projector.linear_1), ("2", projector.linear_2)]:
        if isinstance(linear, torch.nn.Linear):
            name = "mm" if old else f"mm.{number}"
            weight = linear.weight.numpy()
            w.add_tensor(f"{name}.weight", weight.astype(np.float16) if old else weight)
            w.add_tensor(f"{name}.bias", linear.bias.numpy())
    picture = square()
    pixels = normalised(picture, "mlp")
    hidden = tower(pixels, output_hidden_states=True).hidden_states
    embeddings = projector(hidden[-2][:, 1:])[0]
    finish(w, square=picture.reshape(-1), embeddings=embeddings, **{f"hidden.{i}": hidden[i][0] for i in range(3)})
    if old or hidden_act == "gelu":
        return
    ids = tokens(16)
    log = torch.log_softmax(model(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0, -1, :96].double(), -1)
    text(path.replace(".gguf", "-text.gguf"), model.model.language_model, model.lm_head, log, ids)


@torch.no_grad()
def idefics3(path):
    config = Idefics3Config(
        vision_config=dict(hidden_size=WIDTH, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=SIDE, patch_size=PATCH),
        text_config=TEXT, image_token_id=IMAGE, scale_factor=2, pad_token_id=0)
    model = shake(Idefics3ForConditionalGeneration(config))
    tower, vision = model.model.vision_model, config.vision_config
    w = vision_writer(path, "idefics3", 2, vision, use_gelu=True, vision__projector__scale_factor=2, vision__preproc_image_size=4 * SIDE)
    vision_tensors(w, tower)
    w.add_tensor("mm.model.fc.weight", model.model.connector.modality_projection.proj.weight.numpy())
    picture = square()
    pixels = normalised(picture, "idefics3")
    states = tower(pixel_values=pixels, output_hidden_states=True)
    embeddings = model.model.connector(states.last_hidden_state)[0]
    finish(w, square=picture.reshape(-1), embeddings=embeddings, **{f"hidden.{i}": h[0] for i, h in enumerate(states.hidden_states)})
    ids = tokens(4)
    log = torch.log_softmax(model(input_ids=torch.tensor([ids]), pixel_values=pixels[None]).logits[0, -1, :96].double(), -1)
    text(path.replace(".gguf", "-text.gguf"), model.model.text_model, model.lm_head, log, ids)


out = sys.argv[1]
torch.manual_seed(1)
llava(f"{out}/llava.gguf", 48, "quick_gelu", old=False)
llava(f"{out}/llava-gelu.gguf", 48, "gelu", old=False)
llava(f"{out}/llava-old.gguf", WIDTH, "quick_gelu", old=True)
idefics3(f"{out}/idefics3.gguf")
