#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pictures.sh JOBDIR: a job of icons from Debian packages (40 MB, fetched once into $LCL_CACHE, never committed).
# Every theme draws the same concepts by its own hands: three themes give the supports, two others the queries, each
# concept once in each, so 3 shots per class. Nothing is left out or picked: a concept is a file name of the freedesktop.org icon naming standard.
set -eu
job=$1
cache=${LCL_CACHE:-$HOME/.cache/lcl}/demo
packages="gnome-icon-theme tango-icon-theme adwaita-icon-theme faenza-icon-theme elementary-xfce-icon-theme"
concepts="folder user-trash camera-photo printer input-keyboard input-mouse drive-harddisk media-optical accessories-calculator utilities-terminal"
supports="gnome Tango Adwaita"
queries="Faenza elementary-xfce"

mkdir -p "$cache"
cd "$cache"
for package in $packages; do
    [ -e "$package.unpacked" ] && continue
    echo "fetching $package"
    apt-get download -qq "$package" 2>/dev/null || {
        if [ "$(id -u)" = 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
        apt-get download -qq "$package"
    }
    dpkg-deb -x "$package"_*.deb .
    rm -f "$package"_*.deb
    touch "$package.unpacked"
done

# The largest PNG of concept $2 in theme $1.
icon() {
    find -L "usr/share/icons/$1" -path '*[0-9]*' -name "$2.png" ! -path '*symbolic*' ! -path '*@*' |
        sed -n 's|.*/\([0-9][0-9]*\)\(x[0-9]*\)\{0,1\}/.*|\1 &|p' | sort -k1,1nr -k2 | head -n 1 | cut -d' ' -f2-
}

mkdir -p "$job/queries"
labels=
list=
for concept in $concepts; do
    mkdir -p "$job/support/$concept"
    files=
    for theme in $supports; do
        cp -L "$(icon "$theme" "$concept")" "$job/support/$concept/$theme.png"
        files="$files${files:+, }\"support/$concept/$theme.png\""
    done
    labels="$labels${labels:+,
  }{\"name\": \"$concept\", \"support\": [$files]}"
    for theme in $queries; do
        cp -L "$(icon "$theme" "$concept")" "$job/queries/$concept-$theme.png"
        list="$list${list:+,
  }{\"id\": \"$concept by $theme\", \"image\": \"queries/$concept-$theme.png\", \"expected\": \"$concept\"}"
    done
done
cat >"$job/job.json" <<JSON
{"schema": "lcl/job/1", "name": "icons", "labels": [
  $labels],
 "queries": [
  $list]}
JSON
echo "$(find "$job/support" -type f | wc -l) supports of $(echo $concepts | wc -w) concepts, $(find "$job/queries" -type f | wc -l) queries"
