#!/usr/bin/env bash
# Converts the PSDs of a matrix to OpenRaster and opens those with GIMP 3 and Krita: ora.sh MATRIX DIR [EDITOR]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
matrix=$1 folder=$2 editor=${3:-asset-editor}
python=${PSD_TOOLS:-/opt/psdtools}/bin/python
mkdir -p "$folder"
for file in "$matrix"/*.psd "$matrix"/*.psb; do
    name=$(basename "${file%.*}")
    "$editor" convert "$file" "$folder/$name.ora"
    # psd-tools' tree, which run.sh finds equal to ours, knows the pixels too.
    "$python" "$here/read_psd_tools.py" "$file" > "$folder/$name.json"
done
exec "$python" "$here/check.py" "$folder" --files "*.ora"
