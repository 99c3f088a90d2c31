package capturefilter

// node is a condition in the tree.
type node interface {
	where() span
	block(c *compiler) *block
}

// junction is two conditions with and or or between them.
type junction struct {
	span
	left, right node
	and         bool
}

func (n *junction) block(c *compiler) *block {
	left := n.left.block(c) // first: it may move where the right one looks
	right := n.right.block(c)
	if n.and {
		return left.and(right)
	}
	return left.or(right)
}

// negation is a condition with not before it.
type negation struct {
	span
	of node
}

func (n *negation) block(c *compiler) *block { return n.of.block(c).not() }
