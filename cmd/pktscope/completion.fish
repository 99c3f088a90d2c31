# Asks pktscope itself what may stand at the cursor.
function __pktscope_complete
    set -l before (commandline -opc)
    set -l cur (commandline -ct)
    set -l flag ''
    if string match -qr '^--[^=]*=' -- $cur # the answer has the value only
        set flag (string match -r '^--[^=]*=' -- $cur)
    end
    if string match -qr '^["\']' -- $cur # in quotes that are still open
        set cur (string sub -s 2 -- $cur)
    else
        set cur (string unescape -- $cur; or echo -- $cur)
    end
    set -l lines ($before[1] __complete $before[2..-1] "$cur" 2>/dev/null)
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]
    if test (count $lines) -gt 0
        printf '%s\n' $flag$lines
    else if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path $cur
    end
end
complete -c pktscope -e
complete -c pktscope -f -a '(__pktscope_complete)'
