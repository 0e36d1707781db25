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
python train_text_encoder.py "$work/parts/tokenizer" "$work/parts/text_encoder" --minutes 25 > "$work/text_encoder.log" 2>&1 &
python train_vae.py "$work/parts/vae" --minutes 28 | tee "$work/vae.log"
wait
python train_transformer.py "$work/parts" --minutes 84 --small 0.2 --lr 2.5e-3 --pieces 8000 | tee "$work/transformer.log"
python train_vae.py "$work/parts/vae" --resume "$work/parts/vae" --decoder-only --crops 0.5 --lr 1.5e-3 --minutes 8 --workers 2 | tee "$work/decoder.log"
python export.py "$work/parts" "$out"
python evaluate.py --model "$out"
