package main

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pktscope/dissect"
	"pktscope/pcaps"
)

func corpusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "corpus",
		Short: "List captures that come with pktscope, explain one, or write one to a file",
		Long: `Corpus lists the captures that come with pktscope, with a line about each. Real systems made most of them in networks that were built
for it: switches, routers, NAT, IPsec, queues; the rest is generated.

  corpus show NAME          explains a scenario: who is there, what happens, and what to look for
  corpus write NAME [FILE]  writes a capture to a file

Each command that reads captures reads these, too, by the name corpus:NAME. (A file of such a name is ./corpus:NAME.)`,
		Example: `  pktscope corpus
  pktscope corpus show overlay
  pktscope read corpus:overlay
  pktscope packets corpus:overlay -Y 'vxlan.vni == 5001'`,
		Args: noCorpusCommand,
		RunE: func(*cobra.Command, []string) error { return listCorpus() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:               "show NAME",
			Short:             "Explain a scenario: who is there, what happens, and what to look for",
			Args:              recordingAnd(0),
			ValidArgsFunction: candidates(recordingWords).argument,
			RunE:              func(_ *cobra.Command, args []string) error { return showRecording(args[0]) },
		},
		&cobra.Command{
			Use:   "write NAME [FILE]",
			Short: "Write a capture to a file",
			Long: `Write writes a capture to FILE, as packets corpus:NAME -w FILE does: to .pcapng or .pcap, and .zst or .gz behind that; - is standard
output. Without FILE it is NAME.pcapng here, which must not be there yet.`,
			Args:              recordingAnd(1),
			ValidArgsFunction: recordingOrFile,
			RunE: func(_ *cobra.Command, args []string) error {
				if len(args) == 1 {
					args = append(args, args[0]+".pcapng")
					if _, err := os.Lstat(args[1]); !errors.Is(err, fs.ErrNotExist) {
						return fmt.Errorf("%s is there already; name a file to write to", args[1])
					}
				}
				return writeRecording(args[0], args[1])
			},
		})
	return cmd
}

// noCorpusCommand is the error for a word behind corpus that is no command of it. It may well be a recording.
func noCorpusCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if _, err := pcaps.FindRecording(args[0]); err == nil {
		return fmt.Errorf("did you mean %s show %s, or %s read corpus:%[2]s?", cmd.CommandPath(), args[0], cmd.Root().Name())
	}
	return fmt.Errorf("%s is no command of corpus; there are show and write", args[0])
}

// recordingAnd tells that a command wants a recording, and takes so many words behind it.
func recordingAnd(more int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s needs the name of a recording; pktscope corpus lists them", cmd.Name())
		case len(args) > 1+more && more == 0:
			return fmt.Errorf("%s takes one recording", cmd.Name())
		case len(args) > 1+more:
			return fmt.Errorf("%s takes a recording and a file, and nothing else", cmd.Name())
		}
		return nil
	}
}

func listCorpus() error {
	all := pcaps.Corpus()
	width := 0
	for _, r := range all {
		width = max(width, len(r.Name))
	}
	var s strings.Builder
	for _, r := range all {
		fmt.Fprintf(&s, "%-*s  %s\n", width, r.Name, unmarked(r.Title))
	}
	_, err := os.Stdout.WriteString(s.String())
	return err
}

func showRecording(name string) error {
	r, err := pcaps.FindRecording(name)
	if err != nil {
		return suggesting(err)
	}
	page := r.Text + "\n## Try it\n\n" +
		"    pktscope read " + r.Path() + "\n" +
		"    pktscope packets " + r.Path() + "\n\n" +
		"## Made by\n\n" + r.MadeBy + "\n"
	_, err = os.Stdout.WriteString(plainText(page, readingWidth()))
	return err
}

func writeRecording(name, file string) error {
	r, err := pcaps.FindRecording(name)
	if err != nil {
		return suggesting(err)
	}
	var in input
	in.dissect.Cookie = -1
	return in.write([]string{r.Path()}, &writing{path: file})
}

// open opens captures, which may be of the corpus.
func open(files []string) (pcaps.Source, error) {
	src, err := pcaps.OpenAll(files, pcaps.Options{})
	return src, suggesting(err)
}

// suggesting names the recording that somebody may have meant who wrote one that the corpus does not have.
func suggesting(err error) error {
	var unknown *pcaps.NoRecordingError
	if !errors.As(err, &unknown) {
		return err
	}
	if near := dissect.Nearest(unknown.Name, recordingNames()); near != "" {
		return fmt.Errorf("%w; did you mean %s?", err, near)
	}
	return fmt.Errorf("%w; pktscope corpus lists them", err)
}

func recordingNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, r := range pcaps.Corpus() {
			if !yield(r.Name) {
				return
			}
		}
	}
}

func recordingWords(prefix string) (found []cobra.Completion) {
	for _, r := range pcaps.Corpus() {
		if strings.HasPrefix(r.Name, prefix) {
			found = append(found, cobra.CompletionWithDesc(r.Name, unmarked(r.Title)))
		}
	}
	return found
}

// recordingOrFile completes a recording, and leaves the file behind it to the shell.
func recordingOrFile(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return candidates(recordingWords).argument(cmd, args, typed)
}

// captureFile completes recordings of the corpus where captures are named. Other files are the shell's to complete, and come first.
func captureFile(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const prefix = "corpus:"
	if name, ok := strings.CutPrefix(typed, prefix); ok {
		found := recordingWords(name)
		for i := range found {
			found[i] = prefix + found[i]
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
	if typed != "" && strings.HasPrefix(prefix, typed) {
		if files, err := filepath.Glob(typed + "*"); err == nil && len(files) == 0 {
			return []cobra.Completion{prefix}, cobra.ShellCompDirectiveNoSpace
		}
	}
	return nil, cobra.ShellCompDirectiveDefault
}
