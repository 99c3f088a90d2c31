package screen

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"pktscope/reports"
)

// Styles. Whatever one says is said by words or characters, too: bubbletea leaves colours out where they are not wanted.
var (
	plain    = lipgloss.NewStyle()
	strong   = lipgloss.NewStyle().Bold(true)
	weak     = lipgloss.NewStyle().Faint(true)
	chosen   = lipgloss.NewStyle().Reverse(true)
	bad      = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
	notable  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Yellow)
	drawn    = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
	gap      = "  "
	ellipsis = "…"
)

// Options say what the terminal can do, and how to print.
type Options struct {
	ASCII bool           // it understands no other characters
	Clock *reports.Clock // nil for RFC 3339 in UTC
}

// text makes what a stranger may have written harmless, in characters that the terminal understands.
func (o *Options) text(s string) string { return o.chars(reports.Printable(s)) }

// chars is s in characters that the terminal understands.
func (o *Options) chars(s string) string {
	if o.ASCII {
		return reports.ASCII(s)
	}
	return s
}

// cut takes the end off a line that is wider than width.
func (o *Options) cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if ansi.StringWidth(s) <= width {
		return s
	}
	return ansi.Truncate(s, width, o.chars(ellipsis))
}

// fill cuts a line, or adds spaces, so that it is as wide as width.
func (o *Options) fill(s string, width int) string {
	s = o.cut(s, width)
	return s + strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
}

// sides puts left and right at both ends of a line. Where there is no room for both, left loses its end.
func (o *Options) sides(left, right string, width int) string {
	right = o.cut(right, width)
	return o.fill(left, width-ansi.StringWidth(right)) + right
}

// number prints a value as reports do.
func (o *Options) number(c reports.Cell, kind reports.Kind) string { return o.chars(kind.Text(c)) }

func (o *Options) count(n uint64) string { return o.number(reports.Int(n), reports.KindCount) }

// rates are packets and bits of a second.
func (o *Options) rates(s Second) (packets, bits string) {
	return o.number(reports.PacketRate(s.Packets, 1e9), reports.KindPacketRate), o.number(reports.BitRate(s.Bytes, 1e9), reports.KindBitRate)
}
