#!/usr/bin/env bash
# Measures and checks the build for NVIDIA's cards on a machine that has one:
#
#   tests/tools/bench/gpu.sh PROGRAM [OUT]
#
# PROGRAM is what `cargo xtask cuda --carried` makes, beside the tests of the kernels. Needed here: NVIDIA's driver, and
# cuBLAS and cuRAND of CUDA 13, from the system or from PyTorch's packages. With Python 3, the table and
# ratios are made; with diffusers, its times are taken in turn with ours. Results lie in OUT [default: ./gpu-bench].
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program="$(realpath "${1:?say which program, as target/cuda/carried/asset-editor}")"
out="$(realpath -m "${2:-gpu-bench}")"
models="${MODELS:-$out/models}" # full-size models; 16 GB and more each, one after the other
mkdir -p "$out" "$models"
rm -f "$out"/*.jsonl # of a run before this one

# Libraries that PyTorch's packages bring, where the system has none.
python="$(command -v python3 || true)"
if [ -n "$python" ]; then
  folders="$("$python" - <<'PYTHON'
import glob, site, sys
places = site.getsitepackages() + [site.getusersitepackages()] + sys.path
print(":".join(sorted({f for p in places for f in glob.glob(p + "/nvidia/*/lib")})))
PYTHON
)"
  export LD_LIBRARY_PATH="${folders}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

command -v nvidia-smi >/dev/null || { echo "There is no driver of NVIDIA here." >&2; exit 1; }
nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv,noheader | tee "$out/card.txt"

# The card paints what the processor paints.
failed=0
for fixture in "$here"/../../../src-tauri/starter "$here"/../../reference/flux2-klein; do
  for size in 64x64 128x96; do
    "$program" bench compare --model "$fixture" --size "$size" | tee -a "$out/compare.jsonl" || failed=1
  done
done
[ "$failed" = 0 ] || echo "The card paints other pictures: times below mean nothing." >&2

# The kernels beside the processor's operations, where the tests of `nn` were carried too.
if [ -x "$(dirname "$program")/nn-tests" ]; then
  "$(dirname "$program")/nn-tests" cuda --test-threads 1 2>&1 | tee "$out/kernels.txt" || failed=1
fi

# Full-size models, each as many formats as there is time for.
for model in ${RUNS:-klein-4b:bf16 klein-4b:fp8 klein-4b:q8_0 klein-9b:bf16 qwen-image-layered:fp8}; do
  shape="${model%%:*}" dtype="${model##*:}" folder="$models/$shape-$dtype"
  starter=starter sizes="${SIZES:-1024x1024 512x512}" steps=4 repeat=6 kind=()
  if [ "$shape" = qwen-image-layered ]; then
    starter=starter-layered sizes=640x640 steps=20 repeat=2 kind=(--layers --steps 20)
  fi
  [ -d "$folder" ] || "$program" bench create --shape "$shape" --dtype "$dtype" --out "$folder" \
    --tokenizer "$here/../../../src-tauri/$starter/tokenizer"
  for size in $sizes; do
    reference=()
    if [ -n "$python" ] && [ "$dtype" = bf16 ] && "$python" -c 'import diffusers' 2>/dev/null; then
      reference=(--reference)
    fi
    if [ -n "$python" ]; then
      "$python" "$here/gpu.py" run --program "$program" --model "$folder" --size "$size" \
        --out "$out/results.jsonl" "${kind[@]}" "${reference[@]}" || failed=1
      # What the ways gain that a card must prove first, and what to fall back on where they fail.
      [ "${#kind[@]}" != 0 ] || "$python" "$here/gpu.py" run --program "$program" --model "$folder" \
        --size "$size" --out "$out/results.jsonl" "${kind[@]}" --ordinary-kernels || failed=1
      [ "$dtype" != fp8 ] || "$python" "$here/gpu.py" run --program "$program" --model "$folder" \
        --size "$size" --out "$out/results.jsonl" "${kind[@]}" --fp8-products || failed=1
    else
      "$program" bench run --model "$folder" --size "$size" --steps "$steps" --max-sequence-length 512 \
        --repeat "$repeat" | tee -a "$out/ours.jsonl" || failed=1
    fi
  done
  [ -n "${KEEP:-}" ] || rm -r "$folder"
done
[ -z "$python" ] || "$python" "$here/gpu.py" table --out "$out/results.jsonl" | tee "$out/table.txt"
exit "$failed"
