#!/bin/bash
# Many backups in ten shards, by the lines of contrib/cluster: each is asked exactly once. CLUSTER_BACKUPS: how many, in CLUSTER_FILES included files.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
# shellcheck disable=SC2034
PULL_SECONDS=500
count=${CLUSTER_BACKUPS:-2000} files=${CLUSTER_FILES:-20}
cluster=$(dirname "$0")/../../contrib/cluster

start_sim sim <<'END'
server herd 127.0.0.1:0
  reply ETRN "250 OK"
END
mkdir "$tmp/conf.d" "$tmp/bin"
printf '%s\n' 'primary { preflight = off }' "state_dir = \"$theirs/state\"" "metrics_file = \"$theirs/mxpull.prom\"" 'include = "conf.d/*.conf"' >"$tmp/mxpull.conf"
awk -v count="$count" -v files="$files" -v port="$(port herd)" -v folder="$tmp/conf.d" 'BEGIN { for (i = 1; i <= count; i++)
    printf "backup mx%d { host = \"127.0.0.1\" port = %d domains = d%d.example }\n", i, port, i >(folder "/" i % files ".conf") }'
# The program under its own name, with the configuration: as the lines of contrib/cluster call it.
printf '#!/bin/sh\nexec "%s" "$@" </dev/null\n' "$MXPULL" >"$tmp/bin/mxpull"
chmod +x "$tmp/bin/mxpull"
export MXPULL_CONFIG=$theirs/mxpull.conf PATH=$tmp/bin:$PATH

# asked: how many ETRNs there were, and how many different ones.
asked() { sed -n 's/.* < ETRN //p' "$tmp/journal.sim" | tr -d '\r' | sort | uniq -c | awk '{ all += $1; different++ } END { print all + 0, different + 0 }'; }

# --- the files are read as one
run 0 config --names
expect 'backups and domains' $((2 * count)) "$(wc -l <"$tmp/out" | tr -d ' ')"

# --- a shard; with names; bad ones
run 64 pull --shard 11/10
expect_match 'a shard that is none' '^mxpull: error: --shard is I/N, the I-th of N parts, such as 3/10, of up to 100000; not "11/10"$' "$(cat "$tmp/err")"
run 64 pull --shard 1/10 nobody
expect_match 'an unknown name' 'is neither a backup nor a domain' "$(cat "$tmp/err")"
for shard in 1/2 2/2; do
    run 0 pull --shard $shard --dry-run mx1 d1.example
    cat "$tmp/out" >>"$tmp/both"
    run 0 pull --shard $shard --dry-run --json mx1
    expect_match 'JSON names the shard' ",\"shard\":\"$shard\"}" "$(cat "$tmp/out")"
done
run 0 pull --dry-run --json mx1
expect_match 'JSON without shards' '"held":0}}' "$(cat "$tmp/out")"
expect 'one of two shards has the name' 1 "$(grep -c '^nothing to ask in this shard$' "$tmp/both")"
expect 'nothing was asked' '0 0' "$(asked)"

# --- each exactly once, by the line for GNU parallel, two at a time
if [ -z "$DRIVE" ] && command -v parallel >/dev/null; then
    line=$(sed -n 's/^ *\(parallel .*\)/\1/p' "$cluster/README.md")
    (eval "$line") >"$tmp/out" 2>"$tmp/err"
    expect "exit status of: $line" 0 $?
else
    for ((shard = 1; shard <= 10; shard++)); do
        run 0 pull -q --shard $shard/10
    done
fi
expect 'all backups, each once' "$count $count" "$(asked)"
expect 'one metrics file for each shard' 10 "$(find "$tmp" -name 'mxpull.*-of-10.prom' | wc -l | tr -d ' ')"
expect 'all backups in all of them' "$count" "$(cat "$tmp"/mxpull.*-of-10.prom | grep -c '^mxpull_poll_success.* 1')"
expect 'a label' 'mxpull_round_seconds{shard="3/10"}' "$(sed -n 's/^\(mxpull_round_seconds.*\) .*/\1/p' "$tmp/mxpull.3-of-10.prom")"

# --- the other two ask the same shards
third=$(grep -c '^mxpull_poll_success' "$tmp/mxpull.3-of-10.prom")
if [ -z "$DRIVE" ]; then
    SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MAX=10 "$cluster/slurm.sh" >"$tmp/out" 2>"$tmp/err"
    expect 'exit status of slurm.sh' 0 $?
    expect 'what it has asked' "$((count + third)) $count" "$(asked)"
    # shellcheck disable=SC2016
    command=$(sed -n 's/^ *- \(exec mxpull .*\)/\1/p' "$cluster/kubernetes.yaml")
    JOB_COMPLETION_INDEX=2 SHARDS=10 sh -c "${command/'-c /etc/mxpull/mxpull.conf'/}" >"$tmp/out" 2>"$tmp/err"
    expect "exit status of: $command" 0 $?
    expect 'what it has asked' "$((count + 2 * third)) $count" "$(asked)"
fi

# --- a file by another name, and a file that leads round about
if [ -z "$DRIVE" ]; then
    mkdir "$tmp/loop.d"
    printf 'include = "loop.d/*.conf"\nbackup a { host = "127.0.0.1" domains = a.example }\n' >"$tmp/loop.conf"
    ln "$tmp/loop.conf" "$tmp/loop.d/hard.conf"
    ln -s ../loop.conf "$tmp/loop.d/soft.conf"
    run 78 config -c "$tmp/loop.conf"
    expect 'both are the file itself' "$tmp/loop.conf:1: include: $tmp/loop.d/hard.conf: includes itself; a file is read once
$tmp/loop.conf:1: include: $tmp/loop.d/soft.conf: includes itself; a file is read once" "$(cat "$tmp/err")"

    # --- the daemon reads all of them anew
    mkdir "$tmp/daemon.d"
    told() { grep -c "$1" "$tmp/log"; }
    asked_for() { grep -c " < ETRN $1" "$tmp/journal.sim"; }
    one() { printf 'backup %s { host = "127.0.0.1" port = %s domains = %s.example }\n' "$1" "$(port herd)" "$1" >"$tmp/daemon.d/$1.conf"; }
    printf '%s\n' 'primary { preflight = off }' "state_dir = \"$tmp/daemon\"" 'include = "daemon.d/*.conf"' >"$tmp/daemon.conf"
    one first
    "$MXPULL" daemon -c "$tmp/daemon.conf" >"$tmp/log" 2>&1 </dev/null &
    daemon=$!
    processes+=("$daemon")
    expect_soon 'the daemon asks what is included' 1 asked_for first
    one second
    kill -HUP "$daemon"
    expect_soon 'and after SIGHUP what is included now' 1 asked_for second
    one third
    echo 'nonsense = 1' >>"$tmp/daemon.d/third.conf"
    kill -HUP "$daemon"
    expect_soon 'but not what is faulty' 1 told "daemon.d/third.conf:2: nonsense: is not an option"
    one third
    kill -HUP "$daemon"
    expect_soon 'until that is mended' 1 asked_for third
    kill "$daemon"
    wait "$daemon" 2>/dev/null
fi

# --- what Kubernetes reads
if python3 -c 'import yaml' 2>/dev/null; then
    expect 'the Indexed Job' 'CronJob Indexed 10 10 10 Never' "$(python3 -c '
import sys, yaml
job = yaml.safe_load(open(sys.argv[1]))
spec = job["spec"]["jobTemplate"]["spec"]
pod = spec["template"]["spec"]
container = pod["containers"][0]
assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
print(job["kind"], spec["completionMode"], spec["completions"], spec["parallelism"], container["env"][0]["value"], pod["restartPolicy"])' \
        "$cluster/kubernetes.yaml" | tr -d '\r')"
fi
finish
