// Package screen shows a capture that goes on in the whole of a terminal: rates, the tables of reports, packets, and the tree of one.
//
// A [Feed] says what is known of the capture. A [Model] is what is on the screen: it takes keys and what is new, and is drawn as text, without
// reading or writing anything. [Run] puts both on a terminal. Whatever a packet says is made harmless before it is drawn.
package screen
