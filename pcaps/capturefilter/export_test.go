package capturefilter

// Run is the machine, for programs of others.
var Run = run
