#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Teaches SmolLM2-135M to see and to link on the training pictures of eval_data.py; goes on where it was interrupted.
#   train_smol.sh PICTURES/train CACHE [LCL]
# CACHE/training gets the checkpoints, the learning curve, adapter.gguf and projector.gguf; those two are what var/lib/lcld/models/lcl-smol has.
set -eu
pictures=$1 cache=$2
lcl=${3:-.build/release/lcl}
work=$cache/training
mkdir -p "$work"
"$lcl" train "$pictures" --method mllm --language "$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf" --epochs 10 --cache --checkpoints "$work/checkpoints" \
  --curve "$work/lcl-smol.svg" --output "$work"
