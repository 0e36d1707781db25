#!/bin/sh
# Trains the starter layered model from nothing into the folder $1 and evaluates it.
# Needs the packages of requirements.txt (and cairo's development files for pycairo).
set -e
cd "$(dirname "$0")"
work=${WORK:-/tmp/layered-training}
out=${1:?usage: run.sh OUT_FOLDER}
export OMP_NUM_THREADS=1
mkdir -p "$work/parts"
python tokenizer.py "$work/parts/tokenizer"
python train_text_encoder.py "$work/parts/tokenizer" "$work/parts/text_encoder" > "$work/text_encoder.log" 2>&1 &
python train_vae.py "$work/parts/vae" | tee "$work/vae.log"
wait
python train_transformer.py "$work/parts" | tee "$work/transformer.log"
python export.py "$work/parts" "$out"
python evaluate.py --model "$out"
