#!/usr/bin/env bash
set -euo pipefail

source_folder="${1:?which folder}"
target="${2:?which archive}"

count_files() {
  local folder="$1"
  find "$folder" -type f | wc -l
}

if [ ! -d "$source_folder" ]; then
  echo "there is no folder $source_folder" >&2
  exit 2
fi

for part in documents pictures; do
  if [ -d "$source_folder/$part" ]; then
    echo "$part: $(count_files "$source_folder/$part") files"
  fi
done

tar -C "$source_folder" -czf "$target" .
echo "wrote $target"
