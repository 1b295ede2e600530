#!/usr/bin/env bash
# Stands in for `sleep` in a test: moves the world's clock instead.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/mock.sh"
mock PATCH /clock "{\"advance\": \"$1s\"}" >/dev/null
echo "$1" >>"$PAUSES"
