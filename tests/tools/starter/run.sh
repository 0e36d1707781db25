#!/bin/sh
# Trains the starter model from nothing into the folder $1 and evaluates it.
# Needs the packages of requirements.txt (and cairo's development files for pycairo).
set -e
cd "$(dirname "$0")"
work=${WORK:-/tmp/starter-training}
out=${1:?usage: run.sh OUT_FOLDER}
export OMP_NUM_THREADS=${THREADS:-2}
mkdir -p "$work/parts"
python tokenizer.py "$work/parts/tokenizer"
python train_text_encoder.py "$work/parts/tokenizer" "$work/parts/text_encoder" | tee "$work/text_encoder.log"
python train_vae.py "$work/parts/vae" | tee "$work/vae.log"
python fold_case.py "$work/parts"
python prepare.py "$work/parts" "$work/cache"
OMP_NUM_THREADS=1 python train_transformer.py "$work/cache" "$work/parts/transformer" | tee "$work/transformer.log"
python export.py "$work/parts" "$out"
python classifier.py
python evaluate.py --model "$out" --json "$work/evaluation.json"
