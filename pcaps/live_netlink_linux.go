package pcaps

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// What happens to interfaces comes by netlink (RTMGRP_LINK of rtnetlink(7)), which needs no privilege.

func (c *capture) openLinks() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("netlink", err)
	}
	c.links, c.message = fd, make([]byte, 64<<10)
	return os.NewSyscallError("netlink", unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}))
}

// readLinks reads what has happened to interfaces.
func (c *capture) readLinks() {
	for {
		n, _, err := unix.Recvfrom(c.links, c.message, 0)
		if err == unix.ENOBUFS { // some of it is lost
			c.lookAtLinks()
			continue
		}
		if err != nil {
			return
		}
		messages, err := syscall.ParseNetlinkMessage(c.message[:n])
		if err != nil {
			continue
		}
		for i := range messages {
			c.linkMessage(&messages[i])
		}
	}
}

// linkMessage follows a message on one interface: struct ifinfomsg, and attributes.
func (c *capture) linkMessage(m *syscall.NetlinkMessage) {
	kind := m.Header.Type
	if kind != unix.RTM_NEWLINK && kind != unix.RTM_DELLINK || len(m.Data) < unix.SizeofIfInfomsg || m.Data[0] != unix.AF_UNSPEC {
		return // that of a bridge is on its port
	}
	ne := binary.NativeEndian
	hardware, index, flags := ne.Uint16(m.Data[2:]), int(ne.Uint32(m.Data[4:])), ne.Uint32(m.Data[8:])
	attributes, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return
	}
	name := ""
	for _, a := range attributes {
		if a.Attr.Type == unix.IFLA_IFNAME {
			name = unix.ByteSliceToString(a.Value)
		}
	}
	for _, r := range c.rings {
		switch {
		case r.index == 0: // all; the name may be another one from now on
			for key, p := range r.points {
				if int(key.index) == index && (kind == unix.RTM_DELLINK || p.Name != name) {
					delete(r.points, key)
					r.last = nil
				}
			}
		case kind == unix.RTM_DELLINK && index == r.index:
			c.gone(r)
		case kind == unix.RTM_NEWLINK && index == r.index:
			c.called(r, name)
			c.state(r, flags&unix.IFF_UP != 0)
		case kind == unix.RTM_NEWLINK && name == r.name && r.index < 0:
			c.back(r, link{index, hardware}, flags&unix.IFF_UP != 0)
		}
	}
}

// lookAtLinks finds out what has happened, where messages are missing.
func (c *capture) lookAtLinks() {
	for _, r := range c.rings {
		if r.index == 0 {
			clear(r.points)
			r.last = nil
			continue
		}
		l, err := findLink(r.called)
		if err != nil || l.index != r.index {
			if r.index > 0 {
				c.gone(r)
			}
			if err == nil {
				c.back(r, l, true)
			}
		}
	}
}

func (c *capture) gone(r *liveRing) {
	r.index, r.up, r.called = -1, false, r.name
	c.log(r.name + " has disappeared; capturing goes on when it is back")
}

// called notes what the interface is called now. It is the same capture point, with the name that it had.
func (c *capture) called(r *liveRing, name string) {
	if name == r.called || name == "" {
		return
	}
	r.called = name
	if name == r.name {
		c.log(name + " has its name back")
	} else {
		c.log(fmt.Sprintf("%s is called %s now; capturing goes on, as %s", r.name, name, r.name))
	}
}

func (c *capture) state(r *liveRing, up bool) {
	if up == r.up {
		return
	}
	r.up = up
	if up {
		c.log(r.name + " is up again")
	} else {
		c.log(r.name + " is down; capturing goes on when it is up")
	}
}

// back captures again at an interface that has come back.
func (c *capture) back(r *liveRing, l link, up bool) {
	r.index, r.up = l.index, up
	err := c.prepare(r, l.hardware)
	if err == nil {
		err = r.bind(l.index)
	}
	if err != nil {
		r.index = -1
		c.log(fmt.Sprintf("%s is back, but cannot be captured at: %v", r.name, err))
		return
	}
	if up {
		c.log(r.name + " is back")
	} else {
		c.log(r.name + " is back, but down")
	}
}
