# fish completion for escalate. Print it with: escalate completion fish

function __escalate_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    if test "$before[2]" = run; and set -l at (contains -i -- -- $before)
        # The words after `escalate run --` are another command's.
        set -l command (string escape -- $before[(math $at + 1)..-1])
        complete -C (string join -- ' ' $command "$current")
        return
    end
    command escalate __complete fish "$current" $before[2..-1] 2>/dev/null </dev/null
end

complete -c escalate -f -k -a '(__escalate_complete)'
