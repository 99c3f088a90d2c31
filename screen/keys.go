package screen

import (
	"maps"
	"slices"
)

// An action is what a key is for.
type action uint8

const (
	none action = iota
	quit
	showHelp
	editFilter
	pause
	toggleSpan
	nextPage
	previousPage
	nextTable
	up
	down
	pageUp
	pageDown
	first
	last
	columnsLeft
	columnsRight
	sortLeft
	sortRight
	reverse
	ownOrder
	open
	details
	notes
	back
	suspend
)

// A binding is keys that do the same, or nearly.
type binding struct {
	shown string // how people call them
	short string // what they do, in the line of keys; empty for those that are only in the help
	doc   string
	keys  map[string]action // as bubbletea calls them
}

// general are for all pages. They are in the order in which the line of keys shows them, as far as there is room.
var general = []binding{
	{"q", "quit", "end the capture and leave", map[string]action{"q": quit, "ctrl+c": quit}},
	{"?", "help", "show this page, or leave it", map[string]action{"?": showHelp, "f1": showHelp}},
	{"/", "filter", "type a display filter (-Y): which packets count from now on", map[string]action{"/": editFilter, "Y": editFilter}},
	{"p", "pause", "pause the screen, and go on; capturing does not stop meanwhile", map[string]action{"p": pause, "space": pause}},
	{"i", "interval", "tables of the last interval, or since the start", map[string]action{"i": toggleSpan}},
	{"1 - 8", "", "go to a page; Tab and Shift-Tab: the next, the one before", map[string]action{"tab": nextPage, "shift+tab": previousPage}},
	{"C-z", "", "stop the program, and come back with fg", map[string]action{"ctrl+z": suspend}},
}

// forRows are for pages with rows, which the overview is not.
var forRows = []binding{
	{"Enter", "open", "flows of a tenant; packets of a flow, tunnel, finding; tree of a packet", map[string]action{"enter": open}},
	{"d", "details", "all that is known of a row, with columns that are not shown", map[string]action{"d": details}},
	{"Esc", "back", "go back to where Enter was pressed", map[string]action{"esc": back, "backspace": back}},
	{"< >", "sort", "sort by the column to the left, to the right", map[string]action{"<": sortLeft, ",": sortLeft, ">": sortRight, ".": sortRight}},
	{"r o", "", "reverse the order; take the table's own order again", map[string]action{"r": reverse, "o": ownOrder}},
	{"t", "next table", "go on to the next table of the page", map[string]action{"t": nextTable}},
	{"n", "", "the notes of a table", map[string]action{"n": notes}},
	{"Up Dn", "", "move; k and j, too", map[string]action{"up": up, "k": up, "down": down, "j": down}},
	{"Pg", "", "PgUp and PgDn move by a screen", map[string]action{"pgup": pageUp, "ctrl+b": pageUp, "pgdown": pageDown, "ctrl+f": pageDown}},
	{"Home", "", "go to the first row, End to the last; packets: stay at the newest",
		map[string]action{"home": first, "g": first, "end": last, "G": last}},
	{"Left", "", "and Right: columns that found no room; in a tree fold, unfold",
		map[string]action{"left": columnsLeft, "h": columnsLeft, "right": columnsRight, "l": columnsRight}},
}

// actions are by key.
var actions = func() map[string]action {
	all := map[string]action{}
	for _, b := range slices.Concat(general, forRows) {
		maps.Copy(all, b.keys)
	}
	return all
}()
