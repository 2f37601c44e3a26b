# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that build modules under sanitizers, without the package manager. They set out (a directory), c_flags and swift_flags
# before; afterwards objects has every object file.
: "${SWIFTC:=swiftc}" "${CLANG:=$(dirname "$(readlink -f "$(command -v "$SWIFTC")")")/clang}"
mkdir -p "$out"
swift_flags+=(-g -O -wmo -parse-as-library -swift-version 6 -package-name lcl -I "$out"
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility -Xcc "-fmodule-map-file=Sources/COpenBLAS/module.modulemap")
objects=()

c_module() { # NAME DIRECTORY [FLAG...]
  local name=$1 directory=$2 source object
  shift 2
  printf 'module %s {\n  header "%s"\n  export *\n}\n' "$name" "$PWD/$directory/include/$name.h" > "$out/$name.modulemap"
  swift_flags+=(-Xcc "-fmodule-map-file=$out/$name.modulemap")
  for source in "$directory"/*.c; do
    object=$out/$name-$(basename "$source" .c).o
    objects+=("$object")
    [ "$object" -nt "$source" ] && [ "$object" -nt "$directory/include/$name.h" ] || "$CLANG" "${c_flags[@]}" "$@" -I "$directory/include" -c "$source" -o "$object"
  done
}

newest= # a module is built again when one before it was
swift_module() { # NAME SOURCE...
  local name=$1 object=$out/$1.o
  shift
  objects+=("$object")
  local sources
  mapfile -t sources < <(find "$@" -name '*.swift' | sort)
  if [ ! -e "$object" ] || [ -n "$newest" ] || [ -n "$(find "${sources[@]}" "$0" -newer "$object" -print -quit)" ]; then
    echo "compiling $name"
    "$SWIFTC" "${swift_flags[@]}" -module-name "$name" -emit-module -emit-module-path "$out/$name.swiftmodule" -c "${sources[@]}" -o "$object"
    newest=$object
  fi
}
