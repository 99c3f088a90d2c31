package flows

import "testing"

// A translation has its side and its score in JSON, other links have neither.
func TestLinksInJSON(t *testing.T) {
	v := Value{Kind: KindLinks, Links: []Link{
		{Kind: ReplyOf, Flow: 2, Evidence: TCPNumbers, Packets: 1, Frame: 9},
		{Kind: NATOf, Flow: 3, Evidence: SamePayload, Packets: 4, Frame: 7, After: true, Score: 0.98765},
	}}
	want := `[{"kind":"reply-of","flow":2,"evidence":"tcp-numbers","packets":1,"frame":9},` +
		`{"kind":"nat-of","flow":3,"evidence":"same-payload","packets":4,"frame":7,"after":true,"score":0.988}]`
	if got := string(v.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
