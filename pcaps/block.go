package pcaps

import (
	"iter"
	"math"
)

// Block is frames that follow each other, and the memory that they lie in. It is used again and again: [Source.Fill] empties it first.
type Block struct {
	Frames []Frame // their Data is valid until the block is filled again
	Damage error   // what a file ends with after the last of Frames: a *[DamageError] or a read error; nil for most
	memory []byte
	batch  *batch // of a live capture, which the frames lie in; nil for frames of files
}

// frame returns one more frame of the block, to be filled in. What it holds is left from another one.
func (b *Block) frame() *Frame {
	n := len(b.Frames)
	if n == cap(b.Frames) {
		b.Frames = append(b.Frames, Frame{})
	}
	b.Frames = b.Frames[:n+1]
	return &b.Frames[n]
}

// add copies a frame into the block. The bytes of the frames before it stay where they are, also when there is no room for the new ones'.
func (b *Block) add(f *Frame) {
	if cap(b.memory)-len(b.memory) < len(f.Data) {
		b.memory = make([]byte, 0, max(2*blockSize, len(f.Data)))
	}
	start := len(b.memory)
	b.memory = append(b.memory, f.Data...)
	to := b.frame()
	*to = *f
	to.Data = b.memory[start:len(b.memory):len(b.memory)]
}

// dropFrame takes the last frame back.
func (b *Block) dropFrame() { b.Frames = b.Frames[:len(b.Frames)-1] }

// empty makes the block ready to be filled.
func (b *Block) empty() {
	b.Frames, b.Damage = b.Frames[:0], nil
	if b.batch != nil {
		b.batch.release()
		b.batch = nil
	}
}

// lay fills the empty block with the frames of a batch, up to the number last, where they are.
func (b *Block) lay(from *batch, last uint64) {
	from.hold()
	b.batch = from
	for i := range from.frames {
		if from.first+uint64(i) > last {
			break
		}
		from.fill(b.frame(), i)
	}
}

// Frames yields the frames of src one by one, each valid until the next, and in its place the damage that ends a file; other files go on
// after it.
func Frames(src Source) iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		var b Block
		for src.Fill(&b, math.MaxUint64, func() {}) {
			for i := range b.Frames {
				if !yield(&b.Frames[i], nil) {
					return
				}
			}
			if b.Damage != nil && !yield(nil, b.Damage) {
				return
			}
		}
	}
}
