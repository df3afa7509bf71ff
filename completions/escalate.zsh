#compdef escalate
# zsh completion for escalate: a file `_escalate` in a folder of $fpath, or sourced after compinit.
# Print it with: escalate completion zsh

_escalate() {
    local line found
    local -a values shown
    if [[ ${words[2]} == run ]]; then
        local -i at=${words[(ie)--]}
        if ((at < CURRENT)); then # the words after it are another command's
            shift $at words
            ((CURRENT -= at))
            _normal
            return
        fi
    fi
    found=$(command escalate __complete zsh "${(Q)PREFIX}" "${(@Q)words[2,CURRENT-1]}" 2>/dev/null </dev/null) ||
        return 1
    for line in "${(@f)found}"; do
        [[ -n $line ]] || continue
        values+=("${line%%$'\t'*}")
        shown+=("${line%%$'\t'*}${${line#*$'\t'}:+  -- ${line#*$'\t'}}")
    done
    # Its own quoting, in whatever quotes are open; the order is ours: the newest message, the nearest member first.
    compadd -V escalate -l -d shown -a -- values
}

if [[ "${funcstack[@]:0:1}" == _escalate ]]; then # the file itself is the function, the first time
    _escalate "$@"
elif ((${+functions[compdef]})); then
    compdef _escalate escalate
fi
