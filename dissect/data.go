package dissect

import "strconv"

// Bytes whose meaning is not known, or that are somebody's payload.
var data = Protocol{
	Name:    "data",
	Title:   "Data",
	Fields:  []*Field{dataData, dataLen},
	Dissect: dissectData,
	Walk:    walkData,
	Summary: summarizeData,
}

var (
	dataData = &Field{Name: "data.data", Kind: Bytes, Doc: "the bytes"}
	dataLen  = &Field{Name: "data.len", Bits: 32, Doc: "their number"}
)

func dissectData(d *Decoder, b []byte) ID {
	d.header(len(b))
	return done
}

func walkData(w *Walker) {
	w.Add(dataData, 0, len(w.Body))
	w.Num(dataLen, 0, 0, uint64(w.Layer.Len()))
}

func summarizeData(dst []byte, p *Packet, i int) []byte {
	dst = strconv.AppendInt(append(dst, "data "...), int64(p.Layers[i].Len()), 10)
	return append(dst, " bytes"...)
}
