// Package pcaps reads packet captures: pcap, pcapng and snoop files, plain or compressed with gzip, zstd, lz4, xz or
// bzip2, from a file or a pipe. Both the format and the compression are told by the first bytes, never by the name.
//
// A [Reader] reads one file, [OpenAll] merges several by time; both are a [Source], which fills a [Block] with frames, for any number of
// goroutines at a time. Frames stay where they were read, and need no allocation. Who has no use for several goroutines ranges over
// [Frames]:
//
//	src, err := pcaps.OpenAll(paths, pcaps.Options{})
//	...
//	defer src.Close()
//	for frame, err := range pcaps.Frames(src) {
//		if err != nil {
//			... // report it and go on: other files may follow
//		}
//		... // frame.Data is valid until the next frame
//	}
//
// The package holds the reference corpus, too: [Corpus] lists recordings of real networks, each of which opens under the name "corpus:NAME".
//
// A capture is hostile input. Every length in it is checked against what the file really holds before it is believed,
// memory grows only with bytes that were read, and what is wrong is a [DamageError] that names the place; whatever
// stood before it has been read by then. A file that is no capture is a [FormatError] that says what it looks like.
package pcaps
