#compdef pktscope
# Asks pktscope itself what may stand at the cursor. What zsh completes in quotes stands without the opening one in PREFIX.
_pktscope() {
    local cur=$PREFIX out directive line
    local -a names shown space
    [[ -z $QIPREFIX ]] && cur=${(Q)PREFIX}
    out=$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "$cur" 2>/dev/null) || return
    directive=${out##*:}
    for line in "${(@f)out}"; do
        if [[ -n $line && $line != :<-> ]]; then
            names+=("${line%%$'\t'*}")
            shown+=("${line/$'\t'/ -- }")
        fi
    done
    (( directive & 2 )) && space=(-S '')
    if (( $#names )); then
        [[ $cur == --*=* ]] && compset -P 1 '*=' # the answer has the value only
        compadd "${space[@]}" -l -d shown -a names
    elif (( ! (directive & 4) )); then
        _files
    fi
}
if [[ $funcstack[1] == _pktscope ]]; then # this file is in the fpath
    _pktscope "$@"
else
    compdef _pktscope pktscope
fi
