package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"pktscope/dissect/filter"
)

// A page is what one of the digits shows.
type page struct {
	name   string
	tables []string
	pane   func() pane
}

// tables is a page of tables.
func tables(name string, tables ...string) page {
	return page{name, tables, func() pane { return newTablePane(tables...) }}
}

var pages = []page{
	{name: "overview", pane: func() pane { return overview{} }},
	tables("tenants", "tenants"),
	tables("tunnels", "tunnels", "tunnel_health", "replication", "meshes", "sequences"),
	tables("flows", "flows"),
	tables("queues", "queues", "bands", "band_senders", "tunnel_dscp", "flow_dscp"),
	tables("findings", "findings"),
	{name: "packets", pane: func() pane { return newPacketsPane(nil) }},
	{name: "more", pane: func() pane { return tablePane{rest: true} }},
}

// Model is what is on the screen. It is bubbletea's: Update returns another one and changes nothing.
type Model struct {
	feed    Feed
	options Options

	width, height int
	state         *State // that is shown
	newest        *State // it is the same unless the screen is paused
	paused        bool
	total         bool
	page          int
	stacks        [][]pane // of each page, the pane that is shown last
	prompt        *prompt  // nil while nobody types
	earlier       []string // filters that were typed
	help          bool
	say           string // to the user, until the next key
	polls         int    // since packets were asked for
}

// New returns the screen of a capture.
func New(feed Feed, o Options) Model {
	m := Model{feed: feed, options: o, state: &State{}, newest: &State{}}
	for _, p := range pages {
		m.stacks = append(m.stacks, []pane{p.pane()})
	}
	return m
}

// pollMsg is what the feed had to say.
type pollMsg struct {
	state   *State
	packets []Packet
	of      *filter.Filter // the pane that packets are for
	asked   bool           // there was such a pane
	again   bool           // ask again after a while
}

// treeMsg is the tree of a packet that was opened.
type treeMsg struct {
	number uint64
	tree   string
	ok     bool
}

// filterMsg says that another filter is in force; nil is all packets.
type filterMsg struct{ filter *filter.Filter }

type tickMsg struct{}

// pollEvery is how long the screen stays as it is, unless somebody presses a key.
const pollEvery = 250 * time.Millisecond

// packetPolls is how many polls of states there are for one of packets, which takes longer.
const packetPolls = 4

// Init implements [tea.Model].
func (m Model) Init() tea.Cmd { return m.poll(true) }

// poll asks the feed what is new.
func (m Model) poll(again bool) tea.Cmd {
	feed := m.feed
	pane, asked := m.top().(packetsPane)
	asked = asked && (!pane.there || !m.paused && m.polls >= packetPolls)
	return func() tea.Msg {
		msg := pollMsg{state: feed.State(), again: again, asked: asked, of: pane.filter}
		if asked {
			msg.packets = feed.Packets(pane.filter, packetsKept)
		}
		return msg
	}
}

// top is the pane that is shown.
func (m *Model) top() pane {
	stack := m.stacks[m.page]
	return stack[len(stack)-1]
}

// replaceTop makes p the pane that is shown.
func (m *Model) replaceTop(p pane) {
	stack := slices.Clone(m.stacks[m.page])
	stack[len(stack)-1] = p
	m.setStack(stack)
}

func (m *Model) setStack(stack []pane) {
	m.stacks = slices.Clone(m.stacks)
	m.stacks[m.page] = stack
}

// refresh tells the pane that is shown what is known and what room it has.
func (m *Model) refresh() {
	if m.fits() {
		m.replaceTop(m.top().in(m.view()))
	}
}

// view is what panes may show.
func (m *Model) view() *view {
	height := m.height - headLines - 1
	if m.prompt != nil {
		height -= promptLines - 1
	}
	total := m.total
	if s := m.state; len(s.Interval) != len(s.Total) { // one of both was not asked for
		total = len(s.Total) > 0
	}
	return &view{Options: m.options, state: m.state, total: total, width: m.width, height: height}
}

// The smallest terminal on which there is something to see.
const (
	leastWidth  = 40
	leastHeight = 12
)

func (m *Model) fits() bool { return m.width >= leastWidth && m.height >= leastHeight }

// Update implements [tea.Model].
func (m Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.refresh()
	case tickMsg:
		return m, m.poll(true)
	case pollMsg:
		return m.polled(msg)
	case treeMsg:
		if !msg.ok {
			m.say = fmt.Sprintf("packet %d is not kept any more", msg.number)
			break
		}
		m.push(newTreePane(msg.number, msg.tree))
	case filterMsg:
		m.say = "all packets count from now on"
		if msg.filter != nil {
			m.say = "from now on only packets count that match " + msg.filter.String()
		}
		return m, m.poll(false)
	case tea.PasteMsg:
		if m.prompt != nil {
			m.prompt = m.prompt.insert(msg.Content)
		}
	case tea.KeyPressMsg:
		return m.press(msg)
	}
	return m, nil
}

// polled takes what is new.
func (m Model) polled(msg pollMsg) (tea.Model, tea.Cmd) {
	m.newest = msg.state
	m.polls++
	if msg.asked {
		m.polls = 0
	}
	if !m.paused {
		m.state = m.newest
	}
	if p, ok := m.top().(packetsPane); ok && msg.asked && p.filter == msg.of {
		m.replaceTop(p.with(msg.packets))
	}
	m.refresh()
	if !msg.again {
		return m, nil
	}
	return m, tea.Tick(pollEvery, func(time.Time) tea.Msg { return tickMsg{} })
}

// push shows another pane, until back.
func (m *Model) push(p pane) {
	m.setStack(append(slices.Clone(m.stacks[m.page]), p))
	m.refresh()
}

func (m Model) press(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	m.say = ""
	if m.prompt != nil {
		return m.typed(msg)
	}
	key := msg.String()
	if n := len(msg.Text); n == 1 && '1' <= key[0] && int(key[0]-'1') < len(pages) {
		return m.show(int(key[0] - '1'))
	}
	a := actions[key]
	if m.help && a != quit && a != suspend {
		m.help = a == none
		return m, nil
	}
	switch a {
	case none:
		return m, nil
	case quit:
		return m, tea.Quit
	case suspend:
		return m, tea.Suspend
	case showHelp:
		m.help = true
		return m, nil
	case editFilter:
		m.prompt = newPrompt(m.newest.Filter, m.earlier)
		m.refresh()
		return m, nil
	case pause:
		m.paused = !m.paused
		if !m.paused {
			m.state = m.newest
		}
		m.refresh()
		return m, m.poll(false)
	case toggleSpan:
		m.total = !m.total
		m.refresh()
		return m, nil
	case nextPage:
		return m.show((m.page + 1) % len(pages))
	case previousPage:
		return m.show((m.page + len(pages) - 1) % len(pages))
	}
	if !m.fits() {
		return m, nil
	}
	pane, step := m.top().press(a, m.view())
	m.replaceTop(pane)
	return m.took(step)
}

// show goes to a page, and from a page to where it begins.
func (m Model) show(page int) (tea.Model, tea.Cmd) {
	m.help = false
	if page == m.page {
		m.setStack(m.stacks[page][:1:1])
	}
	m.page = page
	m.refresh()
	return m, m.poll(false)
}

// took does what came of a key.
func (m Model) took(s step) (tea.Model, tea.Cmd) {
	stack := m.stacks[m.page]
	switch {
	case s.back && len(stack) > 1:
		m.setStack(stack[: len(stack)-1 : len(stack)-1])
		m.refresh()
		return m, m.poll(false)
	case s.push != nil:
		m.push(s.push)
		return m, m.poll(false)
	case s.tree != 0:
		feed, number := m.feed, s.tree
		return m, func() tea.Msg {
			tree, ok := feed.Tree(number)
			return treeMsg{number, tree, ok}
		}
	}
	m.say = s.say
	return m, nil
}

// typed takes a key into the prompt.
func (m Model) typed(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	switch key := msg.String(); key {
	case "ctrl+c":
		return m, tea.Quit
	case "esc":
		m.prompt = nil
		m.refresh()
	case "enter":
		f := m.prompt.check()
		if m.prompt.mistake != nil {
			return m, nil
		}
		if f != nil {
			text := f.String()
			m.earlier = append(slices.DeleteFunc(slices.Clone(m.earlier), func(s string) bool { return s == text }), text)
			m.earlier = m.earlier[max(0, len(m.earlier)-earlierKept):]
		}
		m.prompt = nil
		m.refresh()
		feed := m.feed
		return m, func() tea.Msg {
			feed.SetFilter(f)
			return filterMsg{f}
		}
	default:
		if p, done := m.prompt.edit(key); done {
			m.prompt = p
		} else if msg.Text != "" {
			m.prompt = m.prompt.insert(msg.Text)
		}
	}
	return m, nil
}

// earlierKept is how many filters are there to go back to.
const earlierKept = 20

// View implements [tea.Model].
func (m Model) View() tea.View {
	lines, cursor := m.Lines()
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen = true
	v.Cursor = cursor
	return v
}

// Lines is the screen, from its first line to its last, and where the cursor is; nil if it is not to be seen. No line is wider than the screen.
func (m *Model) Lines() (lines []string, cursor *tea.Cursor) {
	o := &m.options
	if m.width <= 0 || m.height <= 0 {
		return nil, nil
	}
	if !m.fits() {
		return m.tooSmall(), nil
	}
	lines = m.head()
	v := m.view()
	var body []string
	if m.help {
		body = m.helpLines(v)
	} else {
		body = m.top().lines(v)
	}
	for i := range v.height {
		line := ""
		if i < len(body) {
			line = o.cut(body[i], m.width)
		}
		lines = append(lines, line)
	}
	if m.prompt == nil {
		return append(lines, m.foot()), nil
	}
	typed, at := m.prompt.lines(o, m.width)
	cursor = tea.NewCursor(at, len(lines))
	return append(lines, typed...), cursor
}
