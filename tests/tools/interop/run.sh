#!/usr/bin/env bash
# Writes the matrix of documents into a folder and opens it with every program that is installed: run.sh DIR
# Under /tmp or /work, which the programs of the Debian 13 see as well; further options go to check.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
cd "$here/../../.."
cargo run --quiet --package psd --example matrix -- "$folder"
exec "${PSD_TOOLS:-/opt/psdtools}/bin/python" "$here/check.py" "$folder" "$@"
