package dissect

import "testing"

func TestRecent(t *testing.T) {
	r := newRecent[string, int](2)
	*r.put("a") = 1
	*r.put("b") = 2
	if v := r.get("a"); v == nil || *v != 1 {
		t.Error("a is gone")
	}
	*r.put("c") = 3 // b was asked for least recently
	if r.get("b") != nil || *r.get("a") != 1 || *r.put("c") != 3 || r.evicted != 1 {
		t.Errorf("b %v, a %v, c %v, %d evicted", r.get("b"), r.get("a"), r.get("c"), r.evicted)
	}
	if v := r.put("b"); *v != 0 {
		t.Errorf("b came back with %d", *v)
	}
}
