#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What transformers (fp32, 5.23.0) says of a text with the weights of a GGUF file, dequantised: log P of every token, and the
last position's 20 best. Usage: smollm2_goldens.py SmolLM2-135M-Instruct.Q4_1.gguf OUT.json"""
import json
import os
import sys

import torch
os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoModelForCausalLM  # noqa: E402

path = sys.argv[1]
text = json.load(open(os.path.join(os.path.dirname(__file__), "../LCLModelTests/Goldens/tokenizer-strings.json")))["smollm2-135m"]
tokens = [t for ids in text for t in ids][:300]
model = AutoModelForCausalLM.from_pretrained(os.path.dirname(path), gguf_file=os.path.basename(path), dtype=torch.float32).eval()
with torch.no_grad():
    log = torch.log_softmax(model(torch.tensor([tokens])).logits[0].double(), -1)
best = log[-1].topk(20)
json.dump({"tokens": tokens, "next": [round(x, 6) for x in log[:-1].gather(1, torch.tensor(tokens[1:])[:, None])[:, 0].tolist()],
           "best": best.indices.tolist(), "bestLog": [round(x, 6) for x in best.values.tolist()]}, open(sys.argv[2], "w"), separators=(",", ":"))
