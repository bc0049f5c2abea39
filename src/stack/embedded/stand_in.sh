#!/bin/sh
# Stands in for the claude command where there is no model: it says back what it was asked, word by word, in the lines that
# `claude --print --output-format stream-json` prints.
set -f
prompt=$(cat)
session=
previous=
for argument; do
  [ "$previous" != --resume ] || session=$argument
  previous=$argument
done
[ -n "$session" ] || read -r session </proc/sys/kernel/random/uuid || session=00000000-0000-4000-8000-000000000000

# As the inside of a string in JSON; characters that can't stand there are left out.
tab=$(printf '\t')
text=$(printf 'You said: %s' "$prompt" | tr -d '\000-\010\013-\037' |
  sed -e ':more' -e '$!{' -e 'N' -e 'b more' -e '}' \
    -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$tab/\\\\t/g" -e 's/\n/\\n/g')

event() { printf '{"type":"stream_event","event":%s}\n' "$1"; }
printf '{"type":"system","subtype":"init","session_id":"%s"}\n' "$session"
event '{"type":"message_start","message":{"usage":{"input_tokens":1}}}'
event '{"type":"content_block_start","index":0,"content_block":{"type":"text"}}'
words=0
rest=$text
while [ -n "$rest" ]; do
  case $rest in
    *' '*) word="${rest%%' '*} " rest=${rest#*' '} ;;
    *) word=$rest rest= ;;
  esac
  [ "$words" = 0 ] || sleep 0.03
  words=$((words + 1))
  event "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"$word\"}}"
done
event '{"type":"content_block_stop","index":0}'
printf '{"type":"assistant","message":{"content":[{"type":"text","text":"%s"}]}}\n' "$text"
printf '{"type":"result","subtype":"success","is_error":false,"result":"%s","session_id":"%s","usage":{"input_tokens":%s,"output_tokens":%s}}\n' \
  "$text" "$session" "$words" "$words"
