// Package metrics serves what a live analysis counted to Prometheus, over HTTP.
//
// Counters are those since the start of the run, as of its last interval. Which tenants, tunnels and bands have series of their own is bounded: the
// first maxSeries of each family keep theirs to the end of the run, the largest of an interval first, and what all others have is one series
// whose labels are all "other". So a counter never goes back because somebody else grew.
package metrics
