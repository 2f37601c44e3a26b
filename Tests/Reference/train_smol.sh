#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Teaches SmolLM2-135M to see and to link on the training pictures of eval_data.py; goes on where it was interrupted.
#   train_smol.sh PICTURES/train CACHE MODELS [LCL]
# CACHE/models has SmolLM2's GGUF file; CACHE/training gets the checkpoints and the learning curve, MODELS the model lcl-smol.
set -eu
pictures=$1 cache=$2 models=$3
lcl=${4:-.build/release/lcl}
language=$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf work=$cache/training
mkdir -p "$work"
"$lcl" train "$pictures" --method mllm --language "$language" --epochs 10 --cache --checkpoints "$work/checkpoints" --curve "$work/lcl-smol.svg" --output "$work"
rm -rf "$models/lcl-smol"
"$lcl" model import lcl-smol --language "$language" --vision "$(dirname "$0")/../../var/lib/lcld/models/default/encoder.gguf" \
  --projector "$work/projector.gguf" --adapter "$work/adapter.gguf" --into "$models" \
  --template compact --length sum --calibration none --context 2048 --licence Apache-2.0 --description "SmolLM2-135M, taught to link"
