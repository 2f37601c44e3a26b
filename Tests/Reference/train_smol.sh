#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Teaches SmolLM2-135M to see and to link on the training pictures of eval_data.py; goes on where it was interrupted.
#   train_smol.sh PICTURES/train CACHE [LCL]
# CACHE/models has SmolLM2's GGUF file, and gets the model lcl-smol; CACHE/training gets the checkpoints and the learning curve.
set -eu
pictures=$1 cache=$2
lcl=${3:-.build/release/lcl}
language=$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf work=$cache/training
mkdir -p "$work"
"$lcl" train "$pictures" --method mllm --language "$language" --cache --checkpoints "$work/checkpoints" --curve "$work/lcl-smol.svg" --output "$work"
"$lcl" model import lcl-smol --language "$language" --vision "$work/vision.gguf" --adapter "$work/adapter.gguf" --into "$cache/models" \
  --template compact --length sum --calibration none --context 2048 --licence Apache-2.0 --description "SmolLM2-135M, taught to link"
