#!/usr/bin/env bash
# What handlers.sh does on good days and on bad ones: `./test.sh`, with a mock that listens.
# The tests run side by side; each has a world of its own.
set -uo pipefail
cd "${BASH_SOURCE[0]%/*}" && . ./mock.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
CREATED='operation=create_notification_handler&status=201'

is() { [ "$1" = "$2" ] || { echo "  expected '$2', got '$1'"; return 1; }; }
sync() { PAUSE=./advance.sh ./handlers.sh <wanted.txt; }

test_creates_what_is_missing_and_leaves_it_alone_then() {
  is "$(sync)" '3 created, 0 unchanged' && is "$(sync)" '0 created, 3 unchanged' && is "$(calls "$CREATED")" 3
}

test_reads_the_list_to_its_last_page() {
  local rows='{"type": "slack", "name": "Team channel", "settings": {"slack": "https://example.com/hook"}}'
  for number in $(seq 60); do rows+=", {\"type\": \"slack\", \"name\": \"Filler $number\"}"; done
  seed "[$rows]" && is "$(sync)" '2 created, 1 unchanged' && is "$(calls method=GET)" 3
}

test_waits_out_a_quota_of_an_hour() {
  freeze && mock PATCH /quota '{"requests": 2, "seconds": 3600}' >/dev/null
  is "$(sync)" '3 created, 0 unchanged' && is "$(<"$PAUSES")" 3600
}

test_survives_an_outage_and_backs_off() {
  arm '{"status": 503, "times": 2}' && is "$(sync)" '3 created, 0 unchanged' && is "$(<"$PAUSES")" $'1\n2'
}

test_creates_nothing_twice_when_a_response_is_lost() {
  arm '{"operation": "create_notification_handler", "wire": "truncate"}'
  sync 2>/dev/null
  is $? 75 && is "$(sync)" '2 created, 1 unchanged' && is "$(calls "$CREATED")" 3
}

test_waits_for_what_a_program_does_in_the_background() {
  sync >/dev/null &
  wait_for 3 "$CREATED" && wait $!
}

test_says_what_the_api_refuses() {
  arm '{"refusal": "plan_limit", "operation": "create_notification_handler"}'
  local said
  said=$(sync 2>&1) && return 1
  [[ $said == *'limits of your current plan'* ]]
}

run() {
  export PAUSES=$scratch/$1.pauses
  { new_world && seed '[]' && "$1"; } >"$scratch/$1.log" 2>&1
  echo $? >"$scratch/$1.exit"
}

passed=0 failed=0
names=$(compgen -A function test_)
for name in $names; do run "$name" & done
wait
for name in $names; do
  if [ "$(cat "$scratch/$name.exit")" = 0 ]; then
    passed=$((passed + 1)) && echo "ok     $name"
  else
    failed=$((failed + 1)) && echo "FAILED $name" && cat "$scratch/$name.log"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
