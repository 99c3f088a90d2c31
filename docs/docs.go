// Package docs holds the pages of this folder that are for users, for the program itself to show.
package docs

import _ "embed"

// Page is a page in Markdown.
type Page struct {
	Name  string // of the file, without its ending
	About string // a line about it
	Text  string
}

// Pages returns the pages in the order in which somebody new would read them.
func Pages() []Page {
	return []Page{
		{"reports", "what each report of read says", reports},
		{"findings", "what read looks for, from which number on, and what only looks like it", findings},
		{"fields", "names of fields, and which one is meant", fields},
		{"filter", "the display-filter language of -Y", filter},
		{"capture-filters", "the capture-filter language of -f, which tcpdump takes, and what differs from libpcap", captureFilters},
		{"group-by", "counting packets by any fields: --by, --sum, --every", groupBy},
		{"path", "following packets over capture points: latency, loss, what is changed", path},
		{"live", "reports of what interfaces see, their JSON, recording, what is lost under load", live},
		{"live-view", "the full screen of live: pages and keys", liveView},
		{"security", "the privileges of a live capture, and when they are given up", security},
		{"slicing", "writing captures: by filter, number, time, tunnel, value", slicing},
		{"segments", "whose addresses a packet has, and what proves two segments one", segments},
		{"flows", "flows, connections and their fields: pktscope flows", flows},
		{"ipfix", "exporting flows to a collector: flows --ipfix", ipfix},
		{"metrics", "what live serves to Prometheus: live --metrics", metrics},
		{"where", "conditions on flows, their fields and order: --where, --sort", where},
		{"tenants", "names for identifiers: --tenants FILE", tenants},
		{"nat", "how translations of addresses are told from packets, and --conntrack", nat},
		{"json", "the formats for programs", json},
		{"exit", "exit statuses, and --fail-on", exit},
	}
}

//go:embed reports.md
var reports string

//go:embed findings.md
var findings string

//go:embed fields.md
var fields string

//go:embed filter.md
var filter string

//go:embed capture-filters.md
var captureFilters string

//go:embed group-by.md
var groupBy string

//go:embed path.md
var path string

//go:embed live.md
var live string

//go:embed security.md
var security string

//go:embed segments.md
var segments string

//go:embed slicing.md
var slicing string

//go:embed flows.md
var flows string

//go:embed ipfix.md
var ipfix string

//go:embed metrics.md
var metrics string

//go:embed where.md
var where string

//go:embed tenants.md
var tenants string

//go:embed nat.md
var nat string

//go:embed live-view.md
var liveView string

//go:embed json.md
var json string

//go:embed exit.md
var exit string
