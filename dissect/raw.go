package dissect

// Raw IP: the frame starts with the IP header, whose version tells which (LINKTYPE_RAW, 101; files of some BSD systems say 12 or
// 14). LINKTYPE_IPV4 and LINKTYPE_IPV6 name the version and are found at those protocols.
var raw = Protocol{
	Name:    "raw",
	Title:   "Raw IP",
	Ref:     "LINKTYPE_RAW",
	Over:    []Over{{LinkType, 101}, {LinkType, 12}, {LinkType, 14}},
	Dissect: dissectRaw,
}

func dissectRaw(d *Decoder, b []byte) ID {
	if len(b) == 0 {
		d.cut(1)
		return done
	}
	if id := ipByVersion(b); id != none {
		return id
	}
	return d.halt(StopBadVersion)
}

// ipByVersion returns the version of IP that the first byte names, or none.
func ipByVersion(b []byte) ID {
	if len(b) > 0 {
		switch b[0] >> 4 {
		case 4:
			return ipv4.ID
		case 6:
			return ipv6.ID
		}
	}
	return none
}
