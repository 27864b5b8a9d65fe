#!/bin/bash
# cluster.sh [BUILD-FOLDER]: 100,000 backups in 100 included files, asked in ten shards on loopback: what reading them costs, what a
# shard costs, and whether each is asked exactly once. Exit status: 0 when everything that is wanted was met, 1 when something was
# missed, 70 when something could not be measured at all.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
mxpull=$build/src/cli/mxpull
MXSIM=$build/tests/mxsim/mxsim

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

count=100000 files=100 shards=10 slowest=0 cpu=0 peak=0
choose_cores
runs=1
keep_wire=yes
serve 'server herd 127.0.0.1:0' '  reply ETRN "250 OK"'
mkdir "$tmp/conf.d"
configuration "$tmp/mxpull.conf" 'include = "conf.d/*.conf"' 'primary { preflight = off }'
awk -v count=$count -v files=$files -v port="$(port herd)" -v folder="$tmp/conf.d" 'BEGIN { for (i = 1; i <= count; i++)
    printf "backup mx%d {\n    host = \"127.0.0.1\"\n    port = %d\n    domains = d%d.example\n}\n", i, port, i >(folder "/" i % files ".conf") }'

say 'measuring: reading'
measure "$mxpull" config -q -c "$tmp/mxpull.conf"
row '100,000 backups in 100 files: mxpull config -q, CPU' "$(seconds $cpu_us)" '' '' '<= 3.000 s' "$(at_most $cpu_us 3000000)"
row '    memory in all' "$((peak_kb / 1024)) MB" '' '' '<= 200 MB' "$(at_most $peak_kb 204800)"
say 'measuring: shards'
for ((shard = 1; shard <= shards; shard++)); do
    measure "$mxpull" pull -q --shard $shard/$shards -c "$tmp/mxpull.conf"
    [ $wall_us -le $slowest ] || slowest=$wall_us
    [ $cpu_us -le $cpu ] || cpu=$cpu_us
    [ $peak_kb -le $peak ] || peak=$peak_kb
done
row 'the slowest of ten shards: wall' "$(seconds $slowest)" '' '' '' ''
row '    CPU' "$(seconds $cpu)" '' '' '<= 6.000 s' "$(at_most $cpu 6000000)"
row '    memory' "$((peak / 1024)) MB" '' '' '<= 250 MB' "$(at_most $peak 256000)"
once=$(sed -n 's/.* < ETRN //p' "$tmp/journal.sim" | tr -d '\r' | sort | uniq -c | awk '$1 == 1 { once++ } END { print once + 0 }')
row 'backups that were asked exactly once' "$once" '' '' "$count" "$([ "$once" -eq $count ] && echo met || echo MISSED)"
print_table
print_machine
[ "$missed" -eq 0 ]
