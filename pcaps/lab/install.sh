#!/bin/bash
# Installs what the labs need on Debian 12. Run as root; a second run finds everything there and does nothing.
# No service is started: the labs run each daemon themselves, in a namespace and with a directory of its own.
set -eu

packages=(
	iproute2 ethtool iputils-ping iputils-arping procps zstd    # namespaces, links, ping
	wireshark-common tshark tcpdump                             # dumpcap, mergecap, reordercap, capinfos
	python3 python3-scapy                                       # frames that no socket sends
	openvswitch-switch openvswitch-testcontroller               # ovs-*
	nftables conntrack iperf3 traceroute                        # router, NAT, queues
	frr                                                         # routing
	strongswan-charon strongswan-swanctl libcharon-extra-plugins libstrongswan-standard-plugins
	dnsmasq-base busybox udhcpc isc-dhcp-client                 # DHCP and DNS
)

missing=()
for p in "${packages[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} = 0 ]; then
	exit 0
fi

# dpkg asks policy-rc.d before it starts a service; 101 says no. What was there before comes back.
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then
	mv "$policy" "$policy.lab"
	trap 'mv "$policy.lab" "$policy"' EXIT
else
	trap 'rm -f "$policy"' EXIT
fi
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod +x "$policy"

export DEBIAN_FRONTEND=noninteractive
apt="apt-get -o DPkg::Lock::Timeout=300 -y -q"
$apt update
$apt install --no-install-recommends "${missing[@]}"
