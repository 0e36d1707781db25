#!/usr/bin/env bash
# Converts the PSDs of a matrix to OpenRaster and opens those with GIMP 3 and Krita: ora.sh MATRIX DIR [EDITOR]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
matrix=$1 folder=$2 editor=${3:-asset-editor}
mkdir -p "$folder"
for file in "$matrix"/*.psd "$matrix"/*.psb; do
    name=$(basename "${file%.*}")
    "$editor" convert "$file" "$folder/$name.ora"
    cp "$matrix/$name.json" "$folder/"
done
exec "${PSD_TOOLS:-/opt/psdtools}/bin/python" "$here/check.py" "$folder" --files "*.ora"
