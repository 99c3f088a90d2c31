package flows

// Direction is one of a flow's two, in conntrack's words: the original direction is that of who spoke first.
type Direction uint8

const (
	Original Direction = iota
	Reply
)

func (d Direction) String() string { return [...]string{"original", "reply"}[d] }

// Other is the opposite direction.
func (d Direction) Other() Direction { return 1 - d }
