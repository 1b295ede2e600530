#!/bin/sh
# curl's own forms: -F for multipart, --data-urlencode for urlencoded; in chunks where the header asks for it.
url=$1 key=$2 form=$3
shift 3
count=$#
while [ "$count" -gt 0 ]; do
  kind=$1 name=$2 value=$3
  shift 3
  count=$((count - 3))
  case $form-$kind in
    urlencoded-text) set -- "$@" --data-urlencode "$name=$value" ;;
    *-text) set -- "$@" --form-string "$name=$value" ;;
    *-file) set -- "$@" --form "$name=@\"$(printf %s "$value" | sed 's/["\\]/\\&/g')\"" ;;
  esac
done
[ "$form" != chunked ] || set -- "$@" --header 'Transfer-Encoding: chunked'
exec curl --silent --show-error --output /dev/null --header "Authorization: Bearer $key" "$@" "$url"
