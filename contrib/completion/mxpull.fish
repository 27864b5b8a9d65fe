# Completion for fish. Commands and options are those of mxpull --help, names those of the configuration; a faulty one has none.

function __mxpull_names
    set -l words (commandline -opc)
    set -l config
    for i in (seq 2 (count $words))
        switch $words[$i]
            case -c --config
                set config --config $words[(math $i + 1)]
            case '--config=*'
                set config --config (string replace -- --config= '' $words[$i])
        end
    end
    mxpull config --names (string replace -r '^~/' "$HOME/" -- $config) 2>/dev/null </dev/null
end

# __mxpull_options CONDITION [COMMAND]: the options of the command, or those that may stand before it.
function __mxpull_options
    set -l condition $argv[1]
    for line in (mxpull $argv[2..] --help 2>/dev/null </dev/null | string match -r '^  (?:-.,|   ) --.*')
        string match -rq '^  (?:-(?<letter>.),|   ) --(?<name>[a-z-]+)(?: (?<argument>[A-Z/]+))? +(?<help>.*)$' -- $line
        set -l option -l $name -d $help
        test -z "$letter"; or set -a option -s $letter
        switch $name
            case config output html
                set -a option -r -F
            case color
                set -a option -x -a 'auto always never'
            case outcome
                set -a option -x -a 'started empty pending received held refused deferred unreachable timeout interrupted protocol tls unsupported misunderstood misconfigured denied authentication'
            case '*'
                test -z "$argument"; or set -a option -x
        end
        complete -c mxpull -n $condition $option
    end
end

if command -q mxpull
    complete -c mxpull -f
    set -l commands (mxpull --help 2>/dev/null </dev/null | string match -rg '^  ([a-z]+) +')
    __mxpull_options "not __fish_seen_subcommand_from $commands"
    for command in $commands
        set -l summary (mxpull --help </dev/null | string match -rg "^  $command +(.*)")
        complete -c mxpull -n "not __fish_seen_subcommand_from $commands" -a $command -d "$summary"
        __mxpull_options "__fish_seen_subcommand_from $command" $command
        if mxpull $command --help </dev/null | string match -q 'Usage:*[BACKUP|DOMAIN*'
            complete -c mxpull -n "__fish_seen_subcommand_from $command" -a '(__mxpull_names)'
        end
    end
    functions -e __mxpull_options
end
