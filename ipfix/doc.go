// Package ipfix exports flows as records of IPFIX (RFC 7011), which collectors of NetFlow take.
//
// A flow is one record for each of its directions that has packets. Beside addresses, ports and counts a record has whose they are: the VLANs, the
// VNI, the label stack and the SPI around the flow, the number of its segment as ingressVRFID and its name as VRFname; and, where a
// translator is proven, addresses and ports behind it. Elements are IANA's (https://www.iana.org/assignments/ipfix); none is
// enterprise-specific.
//
// Time is the packets' time: also the export time of a message, so that the same capture is the same messages.
package ipfix
