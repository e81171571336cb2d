#!/usr/bin/env bash
# Checks each endpoint of a running server from outside. It registers one trade key of its own, and removes it at the end.
#
#   ./test_server.sh [--data-dir DIR] [--endpoint URL] [--mostro-pubkey HEX] [URL]
#
#   URL                 the address of the server; http://localhost:8080 by default
#   --data-dir DIR      the server's DATA_DIR on this machine: checks that the registration is written there, sealed
#   --endpoint URL      a UnifiedPush endpoint of yours, which gets one push; without this option no push is sent
#   --mostro-pubkey HEX the instance to name, if TRUSTED_WHITELIST_ENABLED requires one
#
# Needs bash, curl and od. Ends with 0 if every check has passed, with 1 if not, and with 64 for wrong arguments.
set -uo pipefail

url=http://localhost:8080
data_dir=
endpoint=
instance=

usage() {
  sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
  exit 64
}

while [ $# -gt 0 ]; do
  case "$1" in
    --data-dir | --endpoint | --mostro-pubkey)
      [ $# -ge 2 ] || usage
      case "$1" in
        --data-dir) data_dir=$2 ;;
        --endpoint) endpoint=$2 ;;
        --mostro-pubkey) instance=$2 ;;
      esac
      shift 2
      ;;
    -*) usage ;;
    *)
      url=${1%/}
      shift
      ;;
  esac
done

# 256 random bits: nobody's trade key, and nobody's endpoint.
key=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
# Nothing is ever sent to the default one: its key is not registered when the notification is tried.
pushes=$endpoint
[ -n "$endpoint" ] || endpoint="https://push.example.com/up$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"

failures=0
pass() { printf '  ok    %s\n' "$1"; }
fail() {
  printf '  FAIL  %s\n' "$1"
  failures=$((failures + 1))
}

# ask METHOD PATH [BODY]: sets $status and $body.
ask() {
  local answer
  if [ $# -eq 3 ]; then
    answer=$(curl -sS --max-time 10 -w '\n%{http_code}' -X "$1" -H 'Content-Type: application/json' -d "$3" "$url$2" 2>&1)
  else
    answer=$(curl -sS --max-time 10 -w '\n%{http_code}' -X "$1" "$url$2" 2>&1)
  fi
  status=${answer##*$'\n'}
  body=${answer%$'\n'*}
}

# expect NAME STATUS TEXT: whether the last answer has the status and contains the text.
expect() {
  if [ "$status" = "$2" ] && [[ "$body" == *"$3"* ]]; then
    pass "$1"
  else
    fail "$1: expected $2 with $3, got $status: ${body:0:200}"
  fi
}

printf 'Checking %s\n' "$url"

ask GET /api/health
expect 'GET /api/health' 200 '{"status":"ok"}'
if [ "$status" = 000 ]; then
  printf '\nThere is no server: is it started, and is this its address?\n'
  exit 1
fi

ask GET /api/info
expect 'GET /api/info gives the key to seal tokens to' 200 '{"server_pubkey":"0'

ask GET /api/status
expect 'GET /api/status' 200 '"status":"running"'
if [[ "$body" == *'"state":"live"'* ]]; then pass 'a relay is live'; else fail 'no relay is live'; fi

started=$(mktemp)
[ -z "$instance" ] || instance=",\"mostro_pubkey\":\"$instance\""
ask POST /api/register "{\"trade_pubkey\":\"$key\",\"token\":\"$endpoint\",\"platform\":\"android\"$instance}"
if [[ "$body" == *'Plaintext tokens are disabled'* || "$body" == *'Invalid authorization'* ]]; then
  pass "POST /api/register refuses what it is told to refuse ($status)"
  registered=
else
  expect 'POST /api/register a UnifiedPush endpoint' 200 '"message":"Token registered successfully"'
  registered=$([ "$status" = 200 ] && echo yes)
fi

if [ -n "$data_dir" ] && [ -n "$registered" ]; then
  written=$(find "$data_dir" -type f -newer "$started" ! -name 'server.key' ! -name '*.tmp' 2>/dev/null)
  if [ -n "$written" ]; then
    pass "the registration is written: $(basename -a $written | tr '\n' ' ')"
    if grep -qaF -e "$key" -e "$endpoint" $written; then
      fail 'the key or the endpoint can be read in it'
    else
      pass 'neither the key nor the endpoint can be read in it'
    fi
  else
    fail "no file in $data_dir was written since the registration: is it the DATA_DIR of this server?"
  fi
fi
rm -f "$started"

ask POST /api/register "{\"trade_pubkey\":\"not a key\"}"
expect 'POST /api/register refuses what is no key' 400 'Invalid trade_pubkey format (expected 64 hex characters)'

if [ -n "$registered" ]; then
  ask POST /api/unregister "{\"trade_pubkey\":\"$key\"}"
  expect 'POST /api/unregister' 200 '"message":"Token unregistered successfully"'
  ask POST /api/unregister "{\"trade_pubkey\":\"$key\"}"
  expect 'POST /api/unregister once more finds nothing' 200 'Token not found (may have already been unregistered)'
fi

# The notification, last. Its answer is the same for a key that is registered and one that is not; with an endpoint of
# yours the key is registered again, and the push arrives there.
if [ -n "$pushes" ] && [ -n "$registered" ]; then
  ask POST /api/register "{\"trade_pubkey\":\"$key\",\"token\":\"$endpoint\",\"platform\":\"android\"$instance}"
  expect 'POST /api/register your endpoint' 200 '"message":"Token registered successfully"'
fi
ask POST /api/notify "{\"trade_pubkey\":\"$key\"}"
expect 'POST /api/notify takes the notification' 202 '{"accepted":true}'
if [ -n "$pushes" ] && [ -n "$registered" ]; then
  sleep 2 # The server looks keys up a moment after its answer.
  ask POST /api/unregister "{\"trade_pubkey\":\"$key\"}"
  printf '  look  one push should be at your endpoint by now\n'
fi

if [ "$failures" -gt 0 ]; then
  printf '\n%d of the checks failed.\n' "$failures"
  exit 1
fi
printf '\nAll is well.\n'
