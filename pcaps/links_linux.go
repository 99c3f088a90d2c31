package pcaps

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What is known of network interfaces: by net, and in /sys/class/net.

// link is a network interface of the machine.
type link struct {
	index    int
	hardware uint16 // ARPHRD_
}

// findLink finds an interface by name.
func findLink(name string) (link, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		all, failed := net.Interfaces()
		if failed != nil {
			return link{}, fmt.Errorf("%s: %w", name, failed)
		}
		var names []string
		for _, one := range all {
			names = append(names, one.Name)
		}
		return link{}, fmt.Errorf("there is no interface %s; there are %s, and %s", name, strings.Join(names, ", "), AnyInterface)
	}
	l := link{i.Index, unix.ARPHRD_ETHER}
	if kind, err := strconv.ParseUint(sysfs(name, "type"), 10, 16); err == nil {
		l.hardware = uint16(kind)
	}
	return l, nil
}

// linkName is the name of the interface with that number.
func linkName(index int) string {
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return "interface " + strconv.Itoa(index) // gone since
}

// linkSpeed is in bits per second, 0 if nobody knows.
func linkSpeed(name string) uint64 {
	megabits, err := strconv.ParseInt(sysfs(name, "speed"), 10, 64)
	if err != nil || megabits < 0 {
		return 0
	}
	return uint64(megabits) * 1e6
}

// sysfs reads an attribute of an interface, empty if there is none.
func sysfs(name, attribute string) string {
	b, err := os.ReadFile(filepath.Join("/sys/class/net", filepath.Base(name), attribute))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
