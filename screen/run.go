package screen

import (
	"context"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// framesPerSecond bounds how often keys draw; what is new does so less often, see pollEvery.
const framesPerSecond = 20

// Run shows the feed on the terminal of the standard input and output, until the user leaves or ctx is done.
func Run(ctx context.Context, feed Feed, o Options) error {
	p := tea.NewProgram(New(feed, o), tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler())
	defer context.AfterFunc(ctx, p.Quit)()
	_, err := p.Run()
	return err
}

// Drawable tells whether a screen can be drawn on a terminal of the kind that TERM names.
func Drawable() bool {
	term := os.Getenv("TERM")
	return term != "" && term != "dumb"
}

// ASCIIOnly tells whether the terminal understands ASCII alone: the locale's characters are others than UTF-8's, or it is Linux's own console, whose
// fonts have no graphs.
func ASCIIOnly() bool {
	if os.Getenv("TERM") == "linux" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := os.Getenv(name); locale != "" {
			return !strings.Contains(strings.ReplaceAll(strings.ToLower(locale), "-", ""), "utf8")
		}
	}
	return true
}
