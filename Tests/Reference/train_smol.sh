#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Teaches SmolLM2-135M to see and to link on the training pictures of eval_data.py; goes on where it was interrupted.
#   train_smol.sh PICTURES/train CACHE [LCL]
# CACHE/models has SmolLM2's GGUF file; CACHE/lcl-smol gets adapter.gguf, vision.gguf, curve.svg and the checkpoints.
set -eu
pictures=$1 cache=$2
lcl=${3:-.build/release/lcl}
mkdir -p "$cache/lcl-smol"
"$lcl" train "$pictures" --method mllm --language "$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf" --cache \
  --checkpoints "$cache/lcl-smol/checkpoints" --curve "$cache/lcl-smol/curve.svg" --output "$cache/lcl-smol"
