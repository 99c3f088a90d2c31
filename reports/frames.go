package reports

import "strconv"

// firstFrames keeps the five lowest frame numbers that it is given, in order, and counts all of them. The zero value is ready.
type firstFrames struct {
	count   uint64
	numbers [5]uint64
}

// add counts a frame. A frame that is added again right after itself counts again, but has its number kept once.
func (f *firstFrames) add(number uint64) {
	f.count++
	f.keep(number)
}

func (f *firstFrames) keep(number uint64) {
	last := len(f.numbers) - 1
	if f.numbers[last] != 0 && number >= f.numbers[last] {
		return
	}
	for i := range f.numbers {
		switch at := &f.numbers[i]; {
		case *at == number:
			return
		case *at == 0:
			*at = number
			return
		case number < *at:
			number, *at = *at, number
		}
	}
}

// absorb adds what from counted.
func (f *firstFrames) absorb(from *firstFrames) {
	f.count += from.count
	for _, number := range from.numbers {
		if number == 0 {
			return
		}
		f.keep(number)
	}
}

// cell returns the numbers as a cell of [KindNumbers], absent where nothing was counted.
func (f *firstFrames) cell() Cell {
	if f.count == 0 {
		return Cell{}
	}
	var texts []string
	for _, number := range f.numbers {
		if number != 0 {
			texts = append(texts, strconv.FormatUint(number, 10))
		}
	}
	return List(texts...)
}

func (f *firstFrames) reset() { *f = firstFrames{} }
