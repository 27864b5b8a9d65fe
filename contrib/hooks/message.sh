# What the other hooks have in common, read by them: a title and a text of what happened, from the environment that mxpull gives (README.md).
# shellcheck shell=sh disable=SC2034
: "${MXPULL_EVENT:?is not set: this is for on_failure, on_recovery, on_mail or on_drill}" "${MXPULL_BACKUP:?is not set}"
about=$MXPULL_BACKUP${MXPULL_DOMAIN:+ for $MXPULL_DOMAIN}
case $MXPULL_EVENT in
failure) title="mxpull: $about fails" urgency=high ;;
silence) title="mxpull: $about is silent" urgency=high ;;
recovery | answer) title="mxpull: $about works again" urgency=normal ;;
mail)
    title="mxpull: ${MXPULL_MESSAGES:-?} messages came back from $about" urgency=low
    [ "${MXPULL_MESSAGES:-}" != 1 ] || title="mxpull: 1 message came back from $about"
    ;;
drill)
    title="mxpull: drill of $about: ${MXPULL_OUTCOME:-?}" urgency=high
    [ "${MXPULL_OUTCOME:-}" != ok ] || urgency=low
    ;;
*) title="mxpull: $MXPULL_EVENT: $about" urgency=normal ;;
esac
text=$(
    printf '%s on %s\n' "$title" "$(uname -n)"
    [ -z "${MXPULL_OUTCOME:-}" ] || printf 'outcome: %s %s %s\n' "$MXPULL_OUTCOME" "${MXPULL_CODE:-}" "${MXPULL_TEXT:-}"
    [ -z "${MXPULL_ADVICE:-}" ] || printf 'what to do: %s\n' "$MXPULL_ADVICE"
    [ -z "${MXPULL_SINCE:-}" ] || printf 'since: %s\n' "$MXPULL_SINCE"
    [ -z "${MXPULL_BYTES:-}" ] || printf 'bytes: %s\n' "$MXPULL_BYTES"
    [ -z "${MXPULL_EVIDENCE:-}" ] || printf 'seen by: %s\n' "$MXPULL_EVIDENCE"
)

# json TEXT: as a string of JSON. mxpull's values hold no control characters; lines become \n.
json() {
    printf '%s' "$1" | awk 'BEGIN { printf "\"" } NR > 1 { printf "\\n" } { gsub(/\\/, "&&"); gsub(/"/, "\\\""); printf "%s", $0 } END { printf "\"" }'
}

# send ARGUMENT…: by curl, which says nothing but what is wrong, and is done in time.
send() { curl -fsS -o /dev/null --max-time 20 --retry 1 "$@"; }
