//go:build !linux

package live

// dropPrivileges has nothing to do: there is no live capture.
func dropPrivileges(user, writes string) error { return nil }
