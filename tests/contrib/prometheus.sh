#!/bin/bash
# What mxpull gives to Prometheus: the metrics that $1, the program, writes, and the alerts and the dashboard of contrib, by promtool,
# which tests/servers/install.sh unpacks. $2: mxsim.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
MXPULL=$1 MXSIM=$2
contrib=$(cd "$(dirname "$0")/../../contrib" && pwd)
promtool=${MXPULL_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-servers}/prometheus/usr/bin/promtool
[ -x "$promtool" ] || skip 'promtool is not there (tests/servers/install.sh)'
command -v jq >/dev/null || skip 'jq is not installed (contrib/packages.sh test)'
begin

# clean WHAT COMMAND...: promtool finds no fault.
clean() {
    local what=$1
    shift
    "$promtool" "$@" >"$tmp/promtool" 2>&1
    expect "promtool on $what" "0" "$?$(grep -v -e SUCCESS -e '^Checking' -e '^Unit Testing' -e '^$' "$tmp/promtool")"
}

start_sim sim <<'END'
server good 127.0.0.1:0
  reply ETRN "253 7 pending messages"
sink primary 127.0.0.1:0
END
cat >"$tmp/mxpull.conf" <<END
state_dir = "$tmp/state"
metrics_file = "$tmp/mxpull.prom"
primary { address = "127.0.0.1:$(port primary)" }
backup good { host = "127.0.0.1" port = $(port good) domains = {a.example, b.example} }
backup 'we"ird\x' { host = "127.0.0.1" port = 1 domains = a.example }
END
run 75 pull -c "$tmp/mxpull.conf"
clean 'the metrics' check metrics <"$tmp/mxpull.prom"
clean 'the alerts' check rules "$contrib/prometheus/mxpull.rules.yml"
clean 'the tests of the alerts' test rules "$contrib/prometheus/mxpull.rules.test.yml"
expect 'alerts without a test' '' "$(grep -o 'alert: .*' "$contrib/prometheus/mxpull.rules.yml" | cut -d' ' -f2 |
    grep -vFf <(grep -o 'alertname="[^"]*' "$contrib/prometheus/mxpull.rules.test.yml" | cut -d'"' -f2))"

# Each query of the dashboard is made a rule, with All for its variables.
dashboard=$contrib/grafana/mxpull.json
{
    printf 'groups:\n- name: dashboard\n  rules:\n'
    # shellcheck disable=SC2016 # variables of the dashboard
    jq -r '.panels[].targets[].expr' "$dashboard" | sed 's/\$instance/.*/g; s/\$backup/.*/g' |
        awk '{ gsub(/\x27/, "\x27\x27"); printf "  - record: panel:query%d:value\n    expr: \x27%s\x27\n", NR, $0 }'
} >"$tmp/dashboard.yml"
clean 'the queries of the dashboard' check rules "$tmp/dashboard.yml"
# With the lines of this pull each of them has data. What such a pull does not write, as drills, is made up.
{
    printf 'tests:\n- interval: 1m\n  input_series:\n'
    {
        grep -v '^#' "$tmp/mxpull.prom" | sed 's/ \([^ ]*\)$/\t\1/'
        sed -n "s/.*series: '\(.*\)'$/\1\t1/p" "$contrib/prometheus/mxpull.rules.test.yml" | grep -vFf <(grep -o '^mxpull[a-z_]*' "$tmp/mxpull.prom")
        printf '%s{backup="mx2"}\t1\n' mxpull_arrival_messages mxpull_arrival_timestamp_seconds mxpull_refused_for_now_messages
        printf 'mxpull_last_outage_seconds\t1\n'
    } | sort -u -k1,1 | awk -F'\t' '{ gsub(/\x27/, "\x27\x27", $1); printf "  - series: \x27%s\x27\n    values: \x27%sx10\x27\n", $1, $2 }'
    printf '  promql_expr_test:\n'
    sed -n "s/^    expr: '\(.*\)'$/  - expr: 'count(\1) > bool 0'\n    eval_time: 5m\n    exp_samples: [{labels: '{}', value: 1}]/p" "$tmp/dashboard.yml"
} >"$tmp/data.yml"
clean 'the data of the dashboard' test rules "$tmp/data.yml"
expect 'panels without a title, a query or a place' '0' \
    "$(jq '[.panels[] | select(.title == "" or (.targets | length) == 0 or .gridPos.w == null)] | length' "$dashboard")"
expect 'panels of one id' '' "$(jq '.panels[].id' "$dashboard" | sort | uniq -d)"

# Alerts and dashboard ask for what is there, and the dashboard shows all but the code and the outcome of answers.
in_source() { grep -o '"mxpull_[a-z_]*' "$contrib/../src/cli/metrics.c" | tr -d '"' | sort -u; }
asked_for() { grep -oh 'mxpull_[a-z_]*' "$@" | sort -u; }
expect 'metrics that are asked for and not there' '' \
    "$(comm -13 <(in_source) <(asked_for "$contrib/prometheus/mxpull.rules.yml" "$dashboard"))"
expect 'metrics that the dashboard does not show' 'mxpull_answer_code mxpull_arrival_bytes mxpull_outcome mxpull_primary_since_timestamp_seconds' \
    "$(comm -23 <(in_source) <(asked_for "$dashboard") | paste -sd' ')"
finish
