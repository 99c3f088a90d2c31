//go:build !linux

package live

// DropPrivileges has nothing to do: there is no live capture.
func DropPrivileges(user, writes string) error { return nil }
