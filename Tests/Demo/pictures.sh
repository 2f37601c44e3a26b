#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds a job of real pictures: pictures.sh JOBDIR
#
# Eight concepts that many hands have drawn, out of Debian's icon themes (44 MB, fetched once by apt-get, which checks
# them): supports from three themes, queries from three others, so that no query's hand is in the supports. Of each
# theme it takes every concept's two largest PNGs of at least 32 pixels, whatever they look like. This shows how a job
# goes; it measures nothing: the default model's link map was fitted on icons too. For figures see docs/accuracy.md.
# JOBDIR gets support/CONCEPT/THEME-SIZE.png, queries/THEME-CONCEPT-SIZE.png and a job.json that names the right answers.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 JOBDIR" >&2; exit 64; }
job=$1
cache=${LCL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lcl}/demo
concepts="folder:folder trash:user-trash printer:printer camera:camera-photo keyboard:input-keyboard disc:media-optical
    magnifier:edit-find warning:dialog-warning"
known="tango-icon-theme:Tango gnome-icon-theme:gnome lxde-icon-theme:nuoveXT2"
asked="faenza-icon-theme:Faenza elementary-xfce-icon-theme:elementary-xfce adwaita-icon-theme:Adwaita"

[ ! -e "$job" ] || { echo "$0: '$job' exists already; remove it or name another" >&2; exit 73; }

# The package lists, where they are missing or old.
update() { if [ "$(id -u)" = 0 ]; then apt-get -qq update; else sudo apt-get -qq update; fi; }

# fetch PACKAGE: unpacked at $cache/PACKAGE once it returns
fetch() {
    [ ! -d "$cache/$1" ] || return 0
    mkdir -p "$cache/new.$$"
    echo "fetching $1" >&2
    (cd "$cache/new.$$" && { apt-get -qq download "$1" 2>/dev/null || { update && apt-get -qq download "$1"; }; } >&2) || {
        echo "$0: apt-get could not fetch $1; put its .deb's contents at $cache/$1" >&2
        rm -rf "$cache/new.$$"
        exit 69
    }
    dpkg-deb -x "$cache/new.$$"/*.deb "$cache/new.$$/tree"
    dpkg-deb -f "$cache/new.$$"/*.deb Package Version >"$cache/new.$$/tree/VERSION"
    mv "$cache/new.$$/tree" "$cache/$1"
    rm -rf "$cache/new.$$"
}

# pictures PACKAGE THEME ICON: "SIZE PATH" of the two largest, larger first; the size is the folder's name, 48x48 or 48
pictures() {
    find -L "$cache/$1/usr/share/icons/$2" -name "$3.png" 2>/dev/null | grep -v symbolic |
        sed -n 's#^.*/\([0-9][0-9]*\)\(x[0-9]*\)\{0,1\}/.*$#\1 &#p' |
        awk '$1 >= 32' | LC_ALL=C sort -k1,1nr -k2 | awk '!seen[$1]++' | head -n 2
}

mkdir -p "$job/queries"
for theme in $known $asked; do fetch "${theme%%:*}"; done

labels='' queries=''
for concept in $concepts; do
    label=${concept%%:*} icon=${concept#*:} list=''
    mkdir -p "$job/support/$label"
    for theme in $known; do
        found=$(pictures "${theme%%:*}" "${theme#*:}" "$icon")
        while read -r size path; do
            [ -n "$path" ] || continue
            cp -L "$path" "$job/support/$label/${theme#*:}-$size.png"
            list="$list, \"support/$label/${theme#*:}-$size.png\""
        done <<EOF
$found
EOF
    done
    [ -n "$list" ] || { echo "$0: no theme has '$icon'; remove '$cache' and try again" >&2; exit 69; }
    labels="$labels,
    {\"name\": \"$label\", \"support\": [${list#, }]}"
    for theme in $asked; do
        found=$(pictures "${theme%%:*}" "${theme#*:}" "$icon")
        while read -r size path; do
            [ -n "$path" ] || continue
            name=${theme#*:}-$label-$size
            cp -L "$path" "$job/queries/$name.png"
            queries="$queries,
    {\"id\": \"$name\", \"image\": \"queries/$name.png\", \"expected\": \"$label\"}"
        done <<EOF
$found
EOF
    done
done

cat >"$job/job.json" <<EOF
{
  "schema": "lcl/job/1",
  "name": "icons of eight concepts, by hands not seen",
  "labels": [${labels#,}
  ],
  "queries": [${queries#,}
  ],
  "options": {"unknown": "off", "top": 3}
}
EOF

cat "$cache"/*/VERSION | awk '/^Package/ {p = $2} /^Version/ {print "from " p " " $2}' >&2
echo "$job: $(find "$job/support" -name '*.png' | wc -l) supports, $(find "$job/queries" -name '*.png' | wc -l) queries" >&2
