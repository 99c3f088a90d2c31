package flows

// Shared is for tests from outside of the package.
var Shared = shared
