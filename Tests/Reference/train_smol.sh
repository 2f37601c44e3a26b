#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Teaches SmolLM2-135M to see and to link on the training pictures of eval_data.py; goes on where it was interrupted.
#   train_smol.sh PICTURES/train CACHE [LCL]
# CACHE/models has SmolLM2's GGUF file; CACHE/training gets the checkpoints and the learning curve. What was learned goes to
# var/lib/lcld/parts/lcl-smol, where model_smol.sh takes it from.
set -eu
pictures=$1 cache=$2
lcl=${3:-.build/release/lcl}
work=$cache/training parts=$(dirname "$0")/../../var/lib/lcld/parts/lcl-smol
mkdir -p "$work"
"$lcl" train "$pictures" --method mllm --language "$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf" --epochs 14 --cache \
  --checkpoints "$work/checkpoints" --curve "$work/lcl-smol.svg" --output "$work"
cp "$work/adapter.gguf" "$work/projector.gguf" "$parts"
