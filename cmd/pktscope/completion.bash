# bash 4 or later; nothing else is needed. Asks pktscope itself what may stand at the cursor.
#
# bash cuts the line into words at = and : as well, which belong to our words (--by=vlan.id, frame.len:100), so that they are put together
# again, and it replaces only what stands behind the last of them. In quotes it replaces all that stands behind the opening one.
_pktscope() {
    local i n=-1 word gap rest=$COMP_LINE cur quote= out directive line name
    local -a words=() lines=()
    COMPREPLY=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        gap=${rest%%[![:space:]]*}
        rest=${rest#"$gap"}
        rest=${rest#"$word"}
        if [[ n -ge 0 && -z $gap && ($word == [=:]* || ${words[n]} == *[=:]) ]]; then
            words[n]+=$word
        else
            words[++n]=$word
        fi
    done
    cur=${words[n]}
    unset 'words[n]'
    case $cur in
    [\'\"]*) quote=${cur:0:1} cur=${cur:1} ;;
    --*=[\'\"]*) quote=${cur#*=} && quote=${quote:0:1} && cur=${cur%%=*}=${cur#*=?} ;;
    esac
    for ((i = 1; i < n; i++)); do # as the shell would read them; words with $ or a back quote stay as they are
        if [[ ${words[i]} == *[\'\"\\]* && ${words[i]} != *[\$\`]* ]]; then
            eval "words[i]=${words[i]}" 2>/dev/null || return
        fi
    done
    [[ -z $quote && $cur == *\\* ]] && cur=$(printf '%s' "$cur" | sed 's/\\\(.\)/\1/g')

    out=$("${words[0]}" __complete "${words[@]:1}" "$cur" 2>/dev/null) || return
    directive=${out##*:}
    [[ $cur == --*=* ]] && cur=${cur#*=} # the answer has the value only
    while IFS= read -r line; do
        name=${line%%$'\t'*}
        [[ $line != :[0-9]* && -n $name && $name == "$cur"* ]] && lines+=("$line")
    done <<<"$out"
    ((directive & 2)) && compopt -o nospace
    ((directive & 4)) && compopt +o default
    word=${cur%"${cur##*[=:]}"} # bash leaves this in the line
    for line in "${lines[@]}"; do
        name=${line%%$'\t'*}
        if [[ -z $quote ]]; then
            printf -v name %q "${name#"$word"}"
            name=${name//\\,/,}
        fi
        if ((COMP_TYPE == 63 && ${#lines[@]} > 1)) && [[ $line == *$'\t'* ]]; then # these are listed and not inserted
            printf -v name '%-24s %s' "$name" "${line#*$'\t'}"
            name=${name:0:${COLUMNS:-80}}
        fi
        COMPREPLY+=("$name")
    done
}
complete -o default -F _pktscope pktscope
