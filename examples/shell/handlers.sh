#!/usr/bin/env bash
# Creates the notification handlers that an account lacks, and may be run again at any time.
#
#   BITPEAK_API_URL=http://127.0.0.1:4055/api BITPEAK_API_KEY=mock-key ./handlers.sh < wanted.txt
#
# Each line of the input is `name|type|field=value|…`. A handler is known by its name, and what is there is left alone.
# Names are of plain letters, digits and blanks, since a shell reads no escapes of JSON.
# PAUSE is the command that waits, given a number of seconds.
set -euo pipefail
export LC_ALL=C

handlers=$BITPEAK_API_URL/notification-handlers
pause=${PAUSE:-sleep}
response=$(mktemp -d)
trap 'rm -rf "$response"' EXIT

# Leaves the response in $response/body and $response/head. It goes on while the quota is used up. After an outage or a lost
# response it tries a GET four times, but no create: what a lost create did is unknown.
call() {
  local tries=4 wait=1 again status code
  [ "$1" = GET ] && again=yes || again=no
  while :; do
    code=0
    status=$(curl --silent --max-time 10 --request "$1" --header "Authorization: Bearer $BITPEAK_API_KEY" \
      --output "$response/body" --dump-header "$response/head" --write-out '%{http_code}' "${@:2}") || code=$?
    if [ "$code" = 0 ] && [ "$status" = 429 ]; then
      "$pause" "$(header Retry-After || header X-RateLimit-Reset || echo 1)"
      continue
    fi
    [ "$code" != 0 ] || [ "$status" -ge 500 ] || break
    tries=$((tries - 1))
    if [ "$again" = no ] || [ "$tries" = 0 ]; then
      echo "$1 ${*: -1}: no usable response (curl $code, status $status); run it again" >&2
      exit 75
    fi
    "$pause" "$wait"
    wait=$((wait * 2))
  done
  if [ "$status" -ge 400 ]; then
    echo "$1 ${*: -1}: $status $(cat "$response/body")" >&2
    exit 1
  fi
}

header() { grep -i "^$1:" "$response/head" | tr -cd 0-9 | grep .; }
number() { grep -o "\"$1\":[0-9]*" "$response/body" | head -n 1 | cut -d : -f 2; }

names=
page=1
while :; do
  call GET "$handlers?page=$page"
  names+=$(grep -o '"name":"[^"]*"' "$response/body" | cut -d '"' -f 4 || true)$'\n'
  [ "$page" -lt "$(number total_pages)" ] || break
  page=$((page + 1))
done

created=0 unchanged=0
while IFS='|' read -r name type settings; do
  if [[ ! $name =~ ^[A-Za-z0-9][A-Za-z0-9\ ]*$ ]]; then
    echo "the name '$name' has more than plain letters, digits and blanks" >&2
    exit 65
  fi
  if grep -qxF -- "$name" <<<"$names"; then
    unchanged=$((unchanged + 1))
    continue
  fi
  IFS='|' read -ra fields <<<"$settings"
  form=(--form-string "name=$name" --form-string "type=$type")
  for field in "${fields[@]}"; do form+=(--form-string "$field"); done
  call POST "${form[@]}" "$handlers"
  created=$((created + 1))
done
echo "$created created, $unchanged unchanged"
