#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the model lcl-smol together in MODELS: SmolLM2-135M (fetch_smollm2.sh), the default model's encoder, and what train_smol.sh taught.
#   model_smol.sh SMOLLM2 MODELS [LCL]
set -eu
language=$1 models=$2
lcl=${3:-.build/release/lcl} installed=$(dirname "$0")/../../var/lib/lcld
rm -rf "$models/lcl-smol"
"$lcl" model import lcl-smol --language "$language" --vision "$installed/models/default/encoder.gguf" \
  --projector "$installed/parts/lcl-smol/projector.gguf" --adapter "$installed/parts/lcl-smol/adapter.gguf" --into "$models" \
  --template compact --names invented --orders 2 --length sum --calibration none --context 2048 --licence Apache-2.0 --description "SmolLM2-135M, taught to see and to link"
