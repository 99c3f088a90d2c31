package main

import (
	"embed"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/pcaps/capturefilter"
	"pktscope/reports"
)

// Shell completion: what may stand behind flags. File names, which commands take beside them, are the shell's to complete.

// candidates are the words that may stand where somebody has typed prefix, each with a line about it where there is one.
type candidates func(prefix string) []cobra.Completion

// flagValues are the candidates for the values of flags that mean the same in each command that has them. Of a list or an expression it
// is the last word that is completed.
var flagValues = map[string]candidates{
	"capture-filter": words(capturefilter.Words()...),
	"filter":         either(placedFieldWords, protocolWords),
	"gre-key":        words("nvgre", "plain"),
	"l2tp-cookie":    words("0", "4", "8"),
	"by":             placedFieldWords,
	"report":         reportWords,
	"fail-on":        words(findingNames()...),
	"min-severity":   words(reports.Severities()...),
	"threshold":      words(kindNames()...),
	"tos":            words("outer", "inner"),
	"field":          fieldWords,
	"split-by":       fieldWords,
	"time":           words(timeStyles...),
	"diagram":        protocolWords,
	"where":          flowFieldWords,
	"sort":           flowFieldWords,
	"segments":       words(flows.Policies()...),
	"interface":      interfaceWords,
	"direction":      words("both", "in", "out"),
	"time-source":    words("host", "adapter"),
	"tables":         words("both", "interval", "start", "none"),
	"compress":       words("zstd"),
}

// completeFlags lets the shell complete the values of the commands' flags.
func completeFlags(commands []*cobra.Command) {
	for _, cmd := range commands {
		for name, c := range flagValues {
			if cmd.Flags().Lookup(name) != nil {
				cmd.RegisterFlagCompletionFunc(name, c.lastWord)
			}
		}
		if cmd.Flags().Lookup("sum") != nil {
			cmd.RegisterFlagCompletionFunc("sum", completeSum)
		}
	}
}

// completeSum completes a sum, or in its parentheses a field. Behind an opening parenthesis stands no space.
func completeSum(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.LastIndexByte(typed, '(') > strings.LastIndexByte(typed, ')') {
		return candidates(placedFieldWords).lastWord(cmd, args, typed)
	}
	all, directive := candidates(sumWords).lastWord(cmd, args, typed)
	if len(all) == 1 {
		if word, _, _ := strings.Cut(all[0], "\t"); strings.HasSuffix(word, "(") {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
	}
	return all, directive
}

//go:embed completion.bash completion.zsh completion.fish
var shellScripts embed.FS

// completionCommand adds the command that writes scripts for shells to root. They are our own: the usual ones do not complete in quotes, where
// filters stand; that for bash does not complete lists with commas, and needs the package bash-completion.
func completionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for shell, load := range map[string]string{
		"bash": "Bash 4 or later. To load it in this shell:\n\n  source <(pktscope completion bash)\n\n" +
			"and in every new one:\n\n  echo 'source <(pktscope completion bash)' >> ~/.bashrc",
		"zsh": "To load it in this shell, after autoload -U compinit; compinit:\n\n  source <(pktscope completion zsh)\n\n" +
			"and in every new one:\n\n  pktscope completion zsh > \"${fpath[1]}/_pktscope\"",
		"fish": "To load it in this shell:\n\n  pktscope completion fish | source\n\n" +
			"and in every new one:\n\n  pktscope completion fish > ~/.config/fish/completions/pktscope.fish",
	} {
		cmd, _, err := root.Find([]string{"completion", shell})
		if err != nil {
			panic(err)
		}
		cmd.Long = cmd.Short + ".\n\n" + load
		cmd.ResetFlags()
		cmd.RunE = func(*cobra.Command, []string) error {
			script, err := shellScripts.ReadFile("completion." + shell)
			if err != nil {
				return err
			}
			_, err = os.Stdout.Write(script)
			return err
		}
	}
}

// plainUsages takes the quotes out of what flags are for, which mark the names of their values in the help: shells show it as it is.
func plainUsages(commands []*cobra.Command) {
	for _, cmd := range commands {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) })
	}
}

// lastWord completes the last of several words, with anything but letters, digits, '.', '_' and '-' between them.
func (c candidates) lastWord(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	start := 1 + strings.LastIndexFunc(typed, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
	all := c(typed[start:])
	for i := range all {
		all[i] = typed[:start] + all[i]
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// argument completes the first argument, which is the only one.
func (c candidates) argument(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c(typed), cobra.ShellCompDirectiveNoFileComp
}

func words(all ...string) candidates {
	return func(prefix string) (found []cobra.Completion) {
		for _, word := range all {
			if strings.HasPrefix(word, prefix) {
				found = append(found, word)
			}
		}
		return found
	}
}

func either(a, b candidates) candidates {
	return func(prefix string) []cobra.Completion { return append(a(prefix), b(prefix)...) }
}

func fieldWords(prefix string) (found []cobra.Completion) {
	docs := map[string]string{}
	for _, f := range dissect.Fields() {
		docs[f.Name] = f.Doc
	}
	for _, name := range fieldNames() {
		if strings.HasPrefix(name, prefix) {
			found = append(found, cobra.CompletionWithDesc(name, docs[name]))
		}
	}
	return found
}

// placedFieldWords are fields, also behind inner. and outer.
func placedFieldWords(prefix string) []cobra.Completion {
	for _, which := range []string{"inner.", "outer."} {
		if name, ok := strings.CutPrefix(prefix, which); ok {
			found := fieldWords(name)
			for i := range found {
				found[i] = which + found[i]
			}
			return found
		}
	}
	return append(words("inner.", "outer.")(prefix), fieldWords(prefix)...)
}

func flowFieldWords(prefix string) (found []cobra.Completion) {
	for f := range flows.Records.Fields() {
		if strings.HasPrefix(f.Name, prefix) {
			found = append(found, cobra.CompletionWithDesc(f.Name, f.Doc))
		}
	}
	return found
}

func protocolWords(prefix string) (found []cobra.Completion) {
	for _, p := range dissect.Protocols() {
		if strings.HasPrefix(p.Name, prefix) {
			found = append(found, cobra.CompletionWithDesc(p.Name, p.Title))
		}
	}
	return found
}

func reportWords(prefix string) (found []cobra.Completion) {
	for _, r := range reports.All() {
		if strings.HasPrefix(r.Name, prefix) {
			found = append(found, cobra.CompletionWithDesc(r.Name, r.Doc))
		}
	}
	return found
}

// sumWords are what --sum takes. What is summed of a field ends in a parenthesis.
func sumWords(prefix string) (found []cobra.Completion) {
	names, docs := reports.Sums()
	for i, name := range names {
		if name = strings.TrimSuffix(name, "FIELD)"); strings.HasPrefix(name, prefix) {
			found = append(found, cobra.CompletionWithDesc(name, docs[i]))
		}
	}
	return found
}
