package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// Severity says how soon somebody should look.
type Severity uint8

const (
	Info     Severity = iota // good to know; nothing needs to be done
	Warning                  // somebody should look
	Critical                 // traffic is lost, or will be
	numSeverities
)

var severityNames = [numSeverities]string{"info", "warning", "critical"}

func (s Severity) String() string { return severityNames[s] }

// Severities are all that there are, by name, the least serious first.
func Severities() []string { return severityNames[:] }

// ParseSeverity reads a name.
func ParseSeverity(name string) (Severity, error) {
	if i := slices.Index(severityNames[:], name); i >= 0 {
		return Severity(i), nil
	}
	return 0, fmt.Errorf("there are %s", strings.Join(severityNames[:], ", "))
}

// A FindingKind is something that can be wrong in a network and shows in its packets.
type FindingKind struct {
	Name      string   // stable
	Title     string   // some words for people
	Severity  Severity // the highest with which it is raised
	Threshold uint64   // from which on it is raised
	Unit      string   // what the threshold counts
	Means     string   // a sentence
	Check     string   // a sentence: what to look at next
}

type findingID uint8

const (
	foundStorm findingID = iota
	foundLoop
	foundRoutingLoop
	foundDuplicateAddress
	foundForeignTenant
	foundNATExhausted
	foundSYNFlood
	foundBondMismatch

	foundBlackhole
	foundNATFailure
	foundPMTU
	foundTTLExpired
	foundOneBit
	foundBadChecksum
	foundRetransmissions
	foundZeroWindow
	foundResets
	foundScan
	foundOneWayTunnel
	foundOneWayFlow
	foundTunnelFragments
	foundESPGaps
	foundESPReplays
	foundMACFlapping
	foundUnknownUnicast
	foundDoubleTag
	foundPolarised
	foundSpread
	foundBondFailover

	foundMSS
	foundUntagged
	foundVLAN1
	foundDSCPLost
	foundOffload
	foundIdenticalEndpoints
	numFindings
)

// findingKinds are in the order in which they are listed where severity and threshold do not decide: what takes a network down comes first.
var findingKinds = [numFindings]FindingKind{
	foundStorm: {"storm", "broadcast or multicast storm", Critical, 500, "frames a second in a VLAN",
		"So many frames to everybody take the time of every host in the VLAN.",
		"Look for a loop first (l2-loop), then for the source that sends most of them; set storm control on its port."},
	foundLoop: {"l2-loop", "layer-2 loop", Critical, 20, "copies of a frame within a second",
		"One frame to everybody came again and again: a switch gets its own frames back.",
		"Look for the port that was plugged last, and whether spanning tree runs on both of its ends."},
	foundRoutingLoop: {"routing-loop", "routing loop", Critical, 3, "times that a packet passes the capture point",
		"The same packets come by again and again with a falling TTL: routers send them in a circle.",
		"Compare the routes to the destination on the routers whose MAC addresses alternate in these frames."},
	foundDuplicateAddress: {"duplicate-address", "two machines with one IP address", Critical, 3, "changes between the two MAC addresses",
		"Two MAC addresses claim the address in turn, so that traffic goes to one or the other.",
		"Find both MAC addresses in the switches' tables; one of the machines was cloned or configured by hand."},
	foundForeignTenant: {"foreign-tenant", "traffic of one tenant at a port of another", Critical, 1, "packets",
		"What the tenants file calls one tenant's comes by at a port that it calls another's.",
		"Look which switch put the port into that segment, and whether the tenants file is right."},
	foundNATExhausted: {"nat-exhausted", "a translator without free ports", Critical, 3, "connections that never left",
		"The translator uses every port of its range, and new connections enter it and never leave.",
		"Give it more ports or addresses, or shorten the timeouts of its connections."},
	foundSYNFlood: {"syn-flood", "SYN flood", Critical, 100, "connections that were opened and not finished",
		"A server gets SYNs of connections that nobody finishes: its backlog fills.",
		"Look whether the sources exist, and turn on SYN cookies or filter before the server."},
	foundBondMismatch: {"bond-mismatch", "ends of a bond that do not agree", Critical, 3, "packets without an answer",
		"What one end of the bond sends at this member, the other does not take: they do not agree which members are in use.",
		"Compare the modes of both ends (active-backup, LACP, static) and the state of LACP at this member."},

	foundBlackhole: {"blackhole", "requests without any answer", Warning, 5, "requests",
		"Everything that was asked of the destination stays without answer, while others are answered.",
		"Look whether the destination gets the requests; then for a filter, a missing route back, or a service that is down."},
	foundNATFailure: {"nat-failure", "connections that a translator does not pass on", Warning, 5, "connections that never left",
		"New connections enter the translator and never leave it, while others to the same destination do.",
		"Look at the translator's table and its rules for these sources."},
	foundPMTU: {"pmtu-black-hole", "packets too large for the path", Warning, 3, "packets that were too large",
		"Large packets do not arrive, and their sender does not learn it or does not heed it.",
		"Let ICMP \"fragmentation needed\" and \"packet too big\" through, or clamp the MSS on the tunnel."},
	foundTTLExpired: {"ttl-expired", "packets that lived too long", Warning, 5, "packets that expired",
		"Packets died of old age on their way: a loop, or a TTL that is too low for the path.",
		"Look at the routes to the destination from the router that reports it; traceroutes do this on purpose, and are only mentioned."},
	foundOneBit: {"one-bit-corruption", "bits that flip", Warning, 1, "packets with a flipped bit",
		"One flipped bit explains the bad checksums: memory, a NIC or a line card damages packets.",
		"Look which device the packets have in common behind the last place where the sums are good; a bit that is always the same is a cell or a wire."},
	foundBadChecksum: {"checksum-errors", "bad checksums", Warning, 1, "bad checksums",
		"Receivers drop these packets silently.",
		"Capture at the next device towards the source: what changes packets without making the sum right is in between."},
	foundRetransmissions: {"retransmission-burst", "segments that are sent again", Warning, 20, "retransmissions",
		"Segments between two hosts are lost, and what they carried is sent again.",
		"Look for drops at queues and interfaces on the path in this direction; compare with a capture nearer to the receiver."},
	foundZeroWindow: {"zero-window", "a receiver that cannot keep up", Warning, 3, "windows of zero",
		"The application does not read what its host has received, and the sender has to wait.",
		"Look at the application and the load of the host that closes its window; the network is not at fault."},
	foundResets: {"resets", "connections that are refused or cut off", Warning, 10, "connections",
		"Connections to the server end with a reset before they are finished.",
		"Look whether the service runs; resets in the middle come from a crash, a load balancer, or a firewall that forgot the connection."},
	foundScan: {"scan", "a scan", Warning, 50, "ports or hosts that do not answer",
		"One source tries many ports or hosts, most of which do not answer or refuse.",
		"Ask whose source it is: a monitoring system is known to do so, a server is not."},
	foundOneWayTunnel: {"one-way-tunnel", "a tunnel with packets in one direction only", Warning, 100, "packets",
		"One end of the tunnel sends and nothing comes back, while other tunnels here go both ways.",
		"Look whether the far end gets them, and knows this end: a missing peer, a filter on the outer port, another path back."},
	foundOneWayFlow: {"one-way-flow", "connections of which one direction is missing", Warning, 100, "packets",
		"Only one direction of the connections comes by here, while others have both.",
		"Look for routes that differ between the two directions, which firewalls do not bear."},
	foundTunnelFragments: {"tunnel-fragments", "tunnel packets in fragments", Warning, 10, "packets in fragments",
		"The packets of the tunnel are too large for the network around it and travel in pieces: slow, and lost as a whole with each piece.",
		"Raise the MTU around the tunnel, or lower the one inside; clamp the MSS."},
	foundESPGaps: {"esp-gaps", "gaps in the numbers of ESP", Warning, 10, "packets that are missing",
		"Packets of a security association were lost before the capture point.",
		"Look for drops on the path before it; what is sealed cannot be told apart, so that all connections inside suffer."},
	foundESPReplays: {"esp-replays", "packets of ESP that came again", Warning, 3, "packets",
		"The same sealed packets came twice; the receiver drops the second ones.",
		"Look for what doubles packets on the path; somebody who replays them on purpose does the same."},
	foundMACFlapping: {"mac-flapping", "a MAC address that moves to and fro", Warning, 5, "moves",
		"The same MAC address sends from one place and another in turn: a loop, or two machines that were cloned.",
		"Look which of the two places is the machine's; a host that is connected to both on purpose needs a bond or an Ethernet segment that both know."},
	foundUnknownUnicast: {"unknown-unicast", "frames to addresses that nobody knows", Warning, 1000, "frames",
		"Frames to single hosts are flooded to where these hosts are not: switches have not learned them, or forgot them.",
		"Look for tables that are full, for hosts that are silent longer than switches remember, and for answers that take another way."},
	foundDoubleTag: {"qinq-by-accident", "a VLAN tag inside the same VLAN tag", Warning, 1, "frames",
		"Frames carry two 802.1Q tags of one VLAN: a port adds a tag to what is tagged already.",
		"Look for an access port that gets tagged frames; who wants QinQ has an outer tag of 802.1ad or of another VLAN."},
	foundPolarised: {"ecmp-polarised", "a tunnel without entropy", Warning, 32, "connections in the tunnel",
		"All connections in the tunnel have one outer source port: every router on the path sends them over one link.",
		"Let the tunnel's source port come from a hash of the inner headers (RFC 7348 §5)."},

	foundSpread: {"flow-spread", "a connection over several links at a time", Warning, 20, "packets",
		"Packets of one connection take several links in turn and overtake each other, which TCP takes for loss.",
		"Let the links be chosen by a hash of addresses and ports (layer3+4), not in turn (balance-rr)."},
	foundBondFailover: {"bond-failover", "a bond's member that failed", Warning, 1, "flows that moved",
		"Flows left the member for another one, and the member carried nothing more.",
		"Look why the member failed, and whether the silence is as short as its monitoring (miimon, LACP rate, BFD) allows."},

	foundMSS: {"mss-too-large", "an MSS that does not fit the tunnel", Info, 1500, "bytes of MTU around the tunnel",
		"Segments as large as the SYNs in the tunnel allow make packets around it that are larger than this MTU.",
		"Nothing, if the network around the tunnel carries them; otherwise lower the MTU inside, or clamp the MSS."},
	foundUntagged: {"untagged-on-trunk", "untagged frames on a trunk", Info, 10, "frames",
		"Where tagged frames of several VLANs come by there are untagged ones, too, which belong to the port's native VLAN.",
		"Look whether both ends of the trunk have the same native VLAN, and whether there should be one."},
	foundVLAN1: {"vlan-1-on-trunk", "VLAN 1 on a trunk", Info, 10, "frames",
		"VLAN 1, in which ports are that nobody has configured, is carried over the trunk.",
		"Take VLAN 1 off the trunk unless it is meant."},
	foundDSCPLost: {"dscp-lost", "DSCP lost in a tunnel", Info, 10, "packets",
		"Packets are marked inside the tunnel and not around it: the network around it treats them as best effort.",
		"Let the tunnel inherit the TOS if the network around it is to see it; --report queues has more."},
	foundOffload: {"offload-checksums", "checksums that the NIC still owed", Info, 1, "packets",
		"The packets were captured before the sending NIC summed them up. They are all right.",
		"Nothing."},
	foundIdenticalEndpoints: {"identical-endpoints", "the same addresses in several segments", Info, 1, "addresses",
		"Different machines have the same IP address, each in a segment of its own: tenants may, one network may not.",
		"Nothing, if the segments are different tenants."},
}

// FindingKinds returns all kinds of finding.
func FindingKinds() []FindingKind { return slices.Clone(findingKinds[:]) }

// FindingOptions say what is to be found.
type FindingOptions struct {
	Least      Severity          // the report leaves less serious findings out
	Thresholds map[string]uint64 // other thresholds than the kinds have
}

// ParseThreshold reads one as in "storm=200".
func ParseThreshold(s string) (kind string, threshold uint64, err error) {
	kind, number, ok := strings.Cut(s, "=")
	if !ok {
		return "", 0, fmt.Errorf("%q has no number, as in storm=200", s)
	}
	if !slices.ContainsFunc(findingKinds[:], func(k FindingKind) bool { return k.Name == kind }) {
		return "", 0, unknownFinding(kind)
	}
	if threshold, err = strconv.ParseUint(number, 10, 32); err != nil || threshold == 0 {
		return "", 0, fmt.Errorf("%q is no number from 1 to 4294967295", number)
	}
	return kind, threshold, nil
}

func unknownFinding(name string) error {
	var names []string
	for _, k := range findingKinds {
		names = append(names, k.Name)
	}
	hint := ""
	if near := dissect.Nearest(name, slices.Values(names)); near != "" {
		hint = fmt.Sprintf("did you mean %s? ", near)
	}
	return fmt.Errorf("%q is no finding; %sthere are %s", name, hint, strings.Join(names, ", "))
}
