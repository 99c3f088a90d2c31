package screen

import "strings"

// graph draws values as an area of so many cells, newest at the right, the largest as high as the area. It returns a line for each row.
// Braille has two values in a cell and four steps in a row, ASCII one value and three steps. What is there but small has one step.
func graph(values []uint64, width, height int, ascii bool) []string {
	across, steps := 2, 4
	if ascii {
		across, steps = 1, 3
	}
	values = values[max(0, len(values)-width*across):]
	var most uint64
	for _, v := range values {
		most = max(most, v)
	}
	offset := width*across - len(values)
	level := func(column int) int {
		if column < offset || most == 0 {
			return 0
		}
		v := values[column-offset]
		n := int(float64(v) / float64(most) * float64(height*steps))
		if v > 0 {
			n = max(n, 1)
		}
		return min(n, height*steps)
	}
	lines := make([]string, height)
	for row := range lines {
		below := (height - 1 - row) * steps
		var b strings.Builder
		for cell := range width {
			if ascii {
				b.WriteByte(" .:#"[min(max(level(cell)-below, 0), steps)])
				continue
			}
			b.WriteRune(braille(min(max(level(2*cell)-below, 0), steps), min(max(level(2*cell+1)-below, 0), steps)))
		}
		lines[row] = b.String()
	}
	return lines
}

// braille is the character with so many dots in its left and in its right column, from the bottom up.
func braille(left, right int) rune {
	const blank = 0x2800
	l, r := [...]rune{0, 0x40, 0x44, 0x46, 0x47}, [...]rune{0, 0x80, 0xa0, 0xb0, 0xb8}
	if left == 0 && right == 0 {
		return ' '
	}
	return blank | l[left] | r[right]
}

// axis is the line below a graph: a mark wherever a second of the cell lost packets.
func axis(dropped []uint64, width int, ascii bool) string {
	across, line := 2, "─"
	if ascii {
		across, line = 1, "-"
	}
	dropped = dropped[max(0, len(dropped)-width*across):]
	offset := width*across - len(dropped)
	var b strings.Builder
	for cell := range width {
		lost := false
		for i := cell * across; i < (cell+1)*across; i++ {
			lost = lost || i >= offset && dropped[i-offset] > 0
		}
		if lost {
			b.WriteByte('!')
		} else {
			b.WriteString(line)
		}
	}
	return b.String()
}
