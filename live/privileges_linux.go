package live

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// DropPrivileges gives up what a process needs to open sockets for capturing and nothing else: all capabilities, and the way to new ones
// (no_new_privs). Whoever is root becomes the user of that name, unless it is empty. writes is the file that the process is about to
// create, empty for none: root keeps CAP_DAC_OVERRIDE where its directory is another user's and could not be written to otherwise. It
// changes all threads.
func DropPrivileges(userName, writes string) error {
	if userName != "" {
		if err := become(userName); err != nil {
			return fmt.Errorf("--user %s: %w", userName, err)
		}
	}
	if err := allThreads("PR_SET_NO_NEW_PRIVS", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return err
	}
	held, err := capabilities()
	if err != nil {
		return err
	}
	keep := uint64(0)
	if writes != "" {
		keep = held & (1 << unix.CAP_DAC_OVERRIDE)
	}
	if err := setCapabilities(0, keep); err != nil || keep == 0 {
		return err
	}
	if unix.Faccessat(unix.AT_FDCWD, filepath.Dir(writes), unix.W_OK|unix.X_OK, unix.AT_EACCESS) == nil {
		keep = 0
	}
	return setCapabilities(keep, keep)
}

// become makes root another user.
func become(name string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root can become another user")
	}
	u, err := user.Lookup(name)
	if err != nil {
		return fmt.Errorf("there is no such user")
	}
	ids, err := u.GroupIds()
	if err != nil {
		return err
	}
	var groups []int
	for _, id := range append(ids, u.Uid, u.Gid) {
		n, err := strconv.Atoi(id)
		if err != nil {
			return err
		}
		groups = append(groups, n)
	}
	uid, gid := groups[len(ids)], groups[len(ids)+1]
	if err := syscall.Setgroups(groups[:len(ids)]); err != nil {
		return err
	}
	if err := syscall.Setgid(gid); err != nil {
		return err
	}
	return syscall.Setuid(uid) // and with that all capabilities are gone
}

// capabilities returns those that are permitted, a bit for each.
func capabilities() (permitted uint64, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, os.NewSyscallError("capget", err)
	}
	return uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted), nil
}

// setCapabilities sets those of all threads; none is left that programs would inherit.
func setCapabilities(effective, permitted uint64) error {
	header := &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := &[2]unix.CapUserData{
		{Effective: uint32(effective), Permitted: uint32(permitted)},
		{Effective: uint32(effective >> 32), Permitted: uint32(permitted >> 32)},
	}
	var pinned runtime.Pinner
	defer pinned.Unpin()
	pinned.Pin(header)
	pinned.Pin(data)
	return allThreads("capset", unix.SYS_CAPSET, uintptr(unsafe.Pointer(header)), uintptr(unsafe.Pointer(data)))
}

// allThreads makes a system call in each thread, whether there are some of C or not.
func allThreads(name string, call, a, b uintptr) error {
	if _, _, failed := psx.Syscall6(call, a, b, 0, 0, 0, 0); failed != 0 {
		return os.NewSyscallError(name, failed)
	}
	return nil
}
