// Package journeys follows packets over the points at which they were captured: bridges, tunnels, routers and translators of addresses
// change what is around a packet, and leave what is in it.
//
// A [Place] is a capture point and the identifiers around a packet there. A journey is the captures of one packet. While more of them may
// come, a packet waits in a bounded table; then its journey is added to its [Route], which all packets have that were changed in the same
// way at the same places. At the end, packets that went less far than others show where packets disappear.
//
// Files have clocks of their own. The offset between two of them is estimated as NTP does, from packets of both directions.
package journeys
