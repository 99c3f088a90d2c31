package dissect

import "testing"

func TestRecent(t *testing.T) {
	r := newRecent[int](2)
	*r.put([]byte("a")) = 1
	*r.put([]byte("b")) = 2
	if v := r.get([]byte("a")); v == nil || *v != 1 {
		t.Error("a is gone")
	}
	*r.put([]byte("c")) = 3 // b was asked for least recently
	if r.get([]byte("b")) != nil || *r.get([]byte("a")) != 1 || *r.put([]byte("c")) != 3 || r.evicted != 1 {
		t.Errorf("b %v, a %v, c %v, %d evicted", r.get([]byte("b")), r.get([]byte("a")), r.get([]byte("c")), r.evicted)
	}
	if v := r.put([]byte("b")); *v != 0 {
		t.Errorf("b came back with %d", *v)
	}
}
