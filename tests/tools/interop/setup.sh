#!/usr/bin/env bash
# Installs everything on Debian 12 from its registries, as root: setup.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive

apt-get update
apt-get install -y --no-install-recommends imagemagick gimp krita python3-pyqt5 xvfb xauth debootstrap

python3 -m venv "${PSD_TOOLS:-/opt/psdtools}"
"${PSD_TOOLS:-/opt/psdtools}/bin/pip" install -r "$here/requirements.txt"

mkdir -p "${AG_PSD:-/tmp/agpsd}"
cp "$here/package.json" "${AG_PSD:-/tmp/agpsd}/"
npm install --prefix "${AG_PSD:-/tmp/agpsd}"

# Debian 12's GIMP 2.10 has no OpenRaster and no PSB; GIMP 3 and Krita 5.2 live in a Debian 13 beside it.
trixie=${TRIXIE:-/opt/trixie}
[ -d "$trixie/usr" ] || debootstrap --variant=minbase trixie "$trixie"
chroot "$trixie" apt-get install -y --no-install-recommends \
    gimp gir1.2-gimp-3.0 python3-gi python3-gi-cairo krita python3-pyqt5 xvfb xauth
mkdir -p "$trixie/work"
