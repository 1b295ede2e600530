# shellcheck shell=bash
# A world of a running mock, for one test: source this file. It needs bash and curl, and nothing of ours.

BITPEAK_MOCK_URL=${BITPEAK_MOCK_URL:-http://127.0.0.1:4055}

# new_world: from here on, a world that no other test has. Programs find the API by the variables.
new_world() {
  BITPEAK_API_KEY=mock-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  export BITPEAK_API_KEY BITPEAK_API_URL=$BITPEAK_MOCK_URL/api
}

# mock METHOD PATH [JSON]: a control request. Fails if the mock refuses, and says why. A mock in a container asks for a
# token.
mock() {
  local response url=$BITPEAK_MOCK_URL/_mock$2
  [[ $url == *\?* ]] && url+="&key=$BITPEAK_API_KEY" || url+="?key=$BITPEAK_API_KEY"
  response=$(curl --silent --show-error --request "$1" ${3:+--data "$3"} --write-out '\n%{http_code}' \
    ${BITPEAK_MOCK_CONTROL_TOKEN:+--header "X-Bitpeak-Mock-Token: $BITPEAK_MOCK_CONTROL_TOKEN"} "$url") || return
  printf '%s\n' "${response%$'\n'*}"
  [ "${response##*$'\n'}" -lt 400 ]
}

seed() { mock PUT /state "{\"handlers\": $1}" >/dev/null; }
arm() { mock POST /faults "$1" >/dev/null; }
freeze() { mock PATCH /clock '{"frozen": true}' >/dev/null; }
advance() { mock PATCH /clock "{\"advance\": \"$1\"}" >/dev/null; }

# calls QUERY: how many exchanges of the journal fit. wait_for COUNT QUERY: waits until there are so many.
calls() { mock GET "/journal?$1" | grep -o '"milliseconds":' | wc -l | tr -d ' '; }
wait_for() { mock GET "/journal?wait=10s&count=$1&$2" >/dev/null; }
