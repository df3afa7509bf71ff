# bash completion for escalate (bash 3.2 and later). Print it with: escalate completion bash
#
# `@`, `:` and `=` are word breaks of bash, so the line is handed over whole and read there; COMP_WORDBREAKS is
# everybody's and stays as it is. What comes back is quoted already.

_escalate() {
    local line found at
    COMPREPLY=()
    if [[ ${COMP_WORDS[1]} == run ]]; then
        for ((at = 2; at < COMP_CWORD; at++)); do
            if [[ ${COMP_WORDS[at]} == -- ]]; then
                _escalate_command $((at + 1))
                return
            fi
        done
    fi
    found=$(command escalate __complete bash "${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]}" \
        "$COMP_LINE" "$COMP_POINT" "$2" 2>/dev/null </dev/null) || return 0
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY[${#COMPREPLY[@]}]=$line
    done <<<"$found"
    return 0
}

# The words after `escalate run --` are another command's. $1: where they begin.
_escalate_command() {
    local line bare='' cur=${COMP_WORDS[COMP_CWORD]}
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    else
        compopt -o filenames 2>/dev/null || bare=1 # bash 3.2 has no compopt, so nothing will quote them
        while IFS= read -r line; do
            [[ -n $line ]] || continue
            [[ -n $bare ]] && printf -v line %q "$line"
            COMPREPLY[${#COMPREPLY[@]}]=$line
        done <<<"$(if ((COMP_CWORD == $1)); then compgen -c -- "$cur"; else compgen -f -- "$cur"; fi)"
    fi
}

complete -o nosort -F _escalate escalate 2>/dev/null || complete -F _escalate escalate
