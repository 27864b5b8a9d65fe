#!/bin/bash
# Completion in the shell $2 (bash, zsh or fish), at a terminal: what is typed is begun words and tabs, and a program of this test's writes down what
# the shell then runs. All commands and options of $1, the program, are tried; the files under test stand in $3.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
program=$1 shell=$2 files=$3
command -v "$shell" >/dev/null || skip "$shell is not installed (contrib/packages.sh test)"
command -v script >/dev/null || skip 'script is not installed (contrib/packages.sh test)'
begin
outcomes=$(sed -n 's/.*X([A-Z]*, "\([a-z]*\)", .*/\1/p' "$(dirname "$0")/../../include/mxpull/smtp/outcome.h")
cd "$tmp" || exit 1
mkdir bin home
mkfifo keys typed

# Typed at the terminal, it writes its words down; called by the completion, it is the program itself.
cat >bin/mxpull <<END
#!/bin/bash
[ -t 0 ] || exec "$program" "\$@"
{ printf '<%s>' "\$@"; echo; } >"$tmp/typed"
END
chmod 755 bin/mxpull
cat >home/mxpull.conf <<'END'
backup "mxone" { host = "mx1.example.net" domains = {"example.com", "@below.example", "#queue"} }
backup "second" { host = "mx2.example.net" domains = {"example.com"} }
backup "co:lon x" { host = "mx4.example.net" domains = {"colon.example"} }
backup 'zz$(touch run)"q' { host = "mx3.example.net" domains = {"zz.example"} }
END
sed 's/mxone/other/' home/mxpull.conf >home/other.conf
export HOME=$tmp/home XDG_CONFIG_HOME=$tmp/home/.config XDG_DATA_HOME=$tmp/home/.local PATH=$tmp/bin:$PATH TERM=xterm \
    MXPULL_CONFIG=$tmp/home/mxpull.conf LC_ALL=C.UTF-8

case $shell in
bash)
    printf 'source "%s/mxpull.bash"\nPS1="> "\nbind "set bell-style none"\n' "$files" >rc
    started="bash --noprofile --rcfile $tmp/rc -i"
    ;;
zsh)
    # shellcheck disable=SC2016
    printf 'fpath=("%s" $fpath)\nautoload -Uz compinit\ncompinit -u -D\nPS1="> "\nunsetopt beep\n' "$files" >home/.zshrc
    started="env ZDOTDIR=$tmp/home zsh -d -i"
    ;;
fish)
    mkdir -p home/.config/fish/completions
    cp "$files/mxpull.fish" home/.config/fish/completions/
    printf 'set fish_greeting\nfunction fish_prompt; echo "> "; end\n' >home/.config/fish/config.fish
    started='fish -i'
    ;;
esac

script -qfec "$started" "$tmp/screen" <keys >/dev/null 2>&1 &
processes+=($!)
exec 8>keys 7<>typed

more_evidence() { [ ! -s "$tmp/screen" ] || { printf -- '--- the terminal:\n'; tail -c 3000 "$tmp/screen"; printf '\n'; }; }
# type_line KEYS: a line at the terminal; what the shell made of it is in $words.
type_line() {
    printf '%b\n' "mxpull $1" >&8
    IFS= read -r -t 120 -u 7 words || die "$shell runs nothing for: mxpull $1"
}
# completes KEYS EXPECTED: each \t is a tab.
completes() {
    type_line "$1"
    [ "$words" = "$2" ] || fail "mxpull $1: expected $2, came $words"
    count=$((count + 1))
}
count=0
type_line ready

# All commands, and all options of each by all but their last letter, which is enough.
commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
flags_of() { "$program" "$@" --help | sed -n 's/^  \(-.,\|   \) --\([a-z-]*\).*/\2/p'; }
common=$(flags_of | sort)
for flag in $common; do
    completes "--${flag%?}\t" "<--$flag>"
done
for command in $commands; do
    completes "${command%?}\t" "<$command>"
    for flag in $(comm -13 <(echo "$common") <(flags_of "$command" | sort)); do
        completes "$command --${flag%?}\t" "<$command><--$flag>"
    done
done
[ "$count" -gt 20 ] || fail "only $count words were tried"
completes 'daemon --nagio\t' '<daemon><--nagio>'

# Arguments.
completes 'status --color nev\t' '<status><--color><never>'
completes 'status --color=nev\t' '<status><--color=never>'
for outcome in $outcomes; do
    completes "history --outcome ${outcome%?}\t" "<history><--outcome><$outcome>"
done
completes 'config -c ~/oth\t' "<config><-c><$HOME/other.conf>"
completes 'init -o ~/oth\t' "<init><-o><$HOME/other.conf>"
completes 'report --html ~/oth\t' "<report><--html><$HOME/other.conf>"

# Names: of backups and domains, of the configuration that is named; none where none is taken.
completes 'pull mxo\t' '<pull><mxone>'
completes 'pull -q sec\t mxo\t' '<pull><-q><second><mxone>'
completes 'check exampl\t' '<check><example.com>'
completes 'status @bel\t' '<status><@below.example>'
completes 'history \\#que\t' '<history><#queue>'
completes 'pull zz.\t' '<pull><zz.example>'
completes 'pull -c ~/other.conf oth\t' "<pull><-c><$HOME/other.conf><other>"
completes "pull --config=$HOME/other.conf oth\\t" "<pull><--config=$HOME/other.conf><other>"
completes '-c ~/other.conf pull oth\t' "<-c><$HOME/other.conf><pull><other>"
completes 'pull co\\:l\t' '<pull><co:lon x>'
completes 'pull co:l\t' '<pull><co:lon x>'
completes 'daemon mxo\t' '<daemon><mxo>'
# shellcheck disable=SC2016
completes 'pull zz\\$\t' '<pull><zz$(touch run)"q>'
expect 'what stands in a name and was run' '' "$(find . -name run)"

# A faulty configuration, and one that is not there, have no names and no words.
echo 'backup {' >home/mxpull.conf
completes 'pull mxo\t' '<pull><mxo>'
rm home/mxpull.conf
completes 'pull mxo\t' '<pull><mxo>'
for word in 'mxpull.conf:' 'cannot be' 'what is allowed' 'command not found'; do
    ! grep -qF "$word" screen || fail "the terminal shows: $word"
done

printf 'exit\n' >&8
exec 8>&-
ok "$count words in $shell"
finish
