# Completion for bash. Commands and options are those of mxpull --help, names those of the configuration; a faulty one has none.

_mxpull() {
    local program=${1/#\~/$HOME} word option command='' config=() flags usage candidate candidates='' i
    # The word as it stands in the line: bash parts words at = and : too.
    word=${COMP_LINE:0:COMP_POINT}
    word=${word##*[[:blank:]]}
    option=$3
    if [[ $word == --*=* ]]; then
        option=${word%%=*} word=${word#*=}
    elif [[ $3 == '=' ]]; then
        option=
    fi
    COMPREPLY=()

    local commands
    commands=$("$program" --help 2>/dev/null </dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config)
            ((i++))
            [[ ${COMP_WORDS[i]} != '=' ]] || ((i++))
            # What is typed is not run: of what a shell expands only the home folder.
            config=(--config "${COMP_WORDS[i]/#\~/$HOME}")
            ;;
        *) [[ -n $command || $'\n'$commands$'\n' != *$'\n'"${COMP_WORDS[i]}"$'\n'* ]] || command=${COMP_WORDS[i]} ;;
        esac
    done
    # shellcheck disable=SC2086 # no word where there is no command
    usage=$("$program" $command --help 2>/dev/null </dev/null)
    flags=$(sed -n 's/^  \(-.,\|   \) \(--[a-z-]*\).*/\1 \2/p' <<<"$usage" | tr -d ,)

    case $option in
    -c | --config | -o | --output | --html)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --color) candidates=$'auto\nalways\nnever' ;;
    --outcome)
        candidates=started' empty pending received held refused deferred unreachable timeout interrupted protocol tls unsupported'
        candidates=${candidates// /$'\n'}$'\nmisunderstood\nmisconfigured\ndenied\nauthentication'
        ;;
    *)
        # Nothing is known of another argument.
        if [[ $option == -* ]] && grep -qE -- "^ .*$option [A-Z]" <<<"$usage" 2>/dev/null; then
            return
        elif [[ $word == -* ]]; then
            candidates=$(tr ' ' '\n' <<<"$flags" | grep .)
        elif [[ -z $command ]]; then
            candidates=$commands
        elif [[ ${usage%%$'\n'*} == *'[BACKUP|DOMAIN'* ]]; then
            candidates=$("$program" config --names "${config[@]}" 2>/dev/null </dev/null)
        fi
        ;;
    esac

    # Not by compgen -W, which would run what stands in a name; and without what bash takes for words before this one.
    local typed=${word//\\/} before=${word%"$2"}
    while IFS= read -r candidate; do
        [[ -n $candidate && $candidate == "$typed"* ]] || continue
        printf -v candidate %q "${candidate#"${before//\\/}"}"
        COMPREPLY+=("$candidate")
    done <<<"$candidates"
}
complete -F _mxpull mxpull
