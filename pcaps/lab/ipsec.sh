#!/bin/bash
# Two strongSwan gateways with ESP in userspace (kernel-libipsec), read inside and on both sides of the router between them.
#
#	h1 10.1.0.2 ─ lan ─ g1 ─ wan ─────── r1 ─ router ─ r2 ─────── eth0 ─ g2 ─ lan2 ─ h2 10.2.0.2
#	                  203.0.113.2                              198.51.100.2
#
# A recording for each set of algorithms. ESP in userspace is always ESP in UDP port 4500; in ipsec-nat the router also masquerades g1
# as 198.51.100.1, and chooses its ports, since its own 500 and 4500 are taken. In ipsec-cbc the router drops three ESP packets and sends
# three others twice. Key tables are made from charon's logs by keys.py: both are for this laboratory and protect nothing.
. "$(dirname "$0")/lib.sh"

hosts h1 g1 router g2 h2
wire h1 eth0 g1 lan
wire g1 wan router r1
wire router r2 g2 eth0
wire g2 lan2 h2 eth0
address h1 eth0 02:00:00:00:01:02 10.1.0.2/24
address g1 lan 02:00:00:00:01:01 10.1.0.1/24
address g1 wan 02:00:00:00:03:02 203.0.113.2/24
address router r1 02:00:00:00:03:01 203.0.113.1/24
address router r2 02:00:00:00:04:01 198.51.100.1/24
address g2 eth0 02:00:00:00:04:02 198.51.100.2/24
address g2 lan2 02:00:00:00:02:01 10.2.0.1/24
address h2 eth0 02:00:00:00:02:02 10.2.0.2/24
ip -n "${ns}h1" route add default via 10.1.0.1
ip -n "${ns}g1" route add default via 203.0.113.1
ip -n "${ns}g2" route add default via 198.51.100.1
ip -n "${ns}h2" route add default via 10.2.0.1
for h in g1 router g2; do on $h sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0; done
serve h2 tcp:6100 udp:6100

# gateway HOST OWN-ADDRESS OTHER-ADDRESS OWN-NETWORK OTHER-NETWORK VERSION IKE-PROPOSAL ESP-PROPOSAL starts charon there.
gateway() {
	cat >"$tmp/$1/strongswan.conf" <<-CONF
		charon {
			load = random nonce aes sha1 sha2 hmac kdf gmp openssl gcm kernel-libipsec kernel-netlink socket-default vici updown
			filelog {
				log {
					path = $tmp/$1/charon.log
					default = 1
					ike = 4
					chd = 4
					flush_line = yes
				}
			}
			plugins {
				vici {
					socket = unix://$tmp/$1/vici
				}
				kernel-libipsec {
					load = yes
				}
			}
		}
		swanctl {
			load = random nonce aes sha1 sha2 hmac pem pkcs1 x509 pubkey openssl
		}
	CONF
	cat >"$tmp/$1/swanctl.conf" <<-CONF
		connections {
			lab {
				version = $6
				local_addrs = $2
				remote_addrs = $3
				proposals = $7
				encap = yes
				dpd_delay = 2s
				local {
					auth = psk
					id = $1.example
				}
				remote {
					auth = psk
				}
				children {
					net {
						local_ts = $4
						remote_ts = $5
						esp_proposals = $8
					}
				}
			}
		}
		secrets {
			ike {
				secret = "known to everybody"
			}
		}
	CONF
	rm -f "$tmp/$1/charon.log"
	charon "$1"
	daemons+=($!)
	swan "$1" --load-all --noprompt --file "$tmp/$1/swanctl.conf" >"$tmp/$1/load.log" 2>&1 || fail "$1: $(cat "$tmp/$1/load.log")"
}

# say COMMAND… of swanctl at g1 or g2, into the truth.
say() {
	local host=$1
	shift
	echo "### $host $*"
	swan "$host" "$@" 2>&1
}

# variant NAME VERSION IKE-PROPOSAL ESP-PROPOSAL records everything once.
variant() {
	local name=$1 version=$2 ike=$3 esp=$4 remote=203.0.113.2
	daemons=()
	[ "$name" != nat ] || remote=%any
	gateway g1 203.0.113.2 198.51.100.2 10.1.0.0/24 10.2.0.0/24 $version $ike $esp
	gateway g2 198.51.100.2 $remote 10.2.0.0/24 10.1.0.0/24 $version $ike $esp
	record "ipsec-$name" g1:lan g1:wan router:r2
	{
		say g1 --initiate --child net
		on h1 ping -n -c 3 -i 0.1 -W 1 10.2.0.2
		ask h1 tcp 40001 10.2.0.2:6100 3000 5000 "$name before"
		swan g1 --list-sas >"$truth/sas-begin.txt" 2>&1
		say g1 --rekey --child net
		sleep 0.5
		on h1 ping -n -c 3 -i 0.1 -W 1 -s 1000 10.2.0.2
		say g1 --rekey --ike lab
		sleep 0.5
		say g2 --rekey --child net
		sleep 0.5
		on h2 ping -n -c 3 -i 0.1 -W 1 -s 500 10.1.0.2
		ask h1 udp 40002 10.2.0.2:6100 200 1000 "$name after"
		if [ "$name" = cbc ]; then
			on router nft -f "$tmp/faults.nft"
			on h1 ping -n -c 16 -i 0.05 -W 1 10.2.0.2 || true
			on router nft list ruleset >"$truth/nft.txt"
			on router nft flush ruleset
			sleep 2.5 # nothing to send: dead peer detection
		fi
		swan g1 --list-sas >"$truth/sas-end.txt" 2>&1
		say g1 --terminate --ike lab
	} >"$truth/session.txt"
	stop
	kill "${daemons[@]}"
	wait "${daemons[@]}" || true
	for h in g1 g2; do
		cp "$tmp/$h/swanctl.conf" "$truth/swanctl-$h.conf"
		ip -n "$ns$h" link delete ipsec0 2>/dev/null || true
	done
	cat "$truth"/sas-{begin,end}.txt >"$tmp/sas.txt"
	/usr/bin/python3 "$labs/keys.py" "$tmp/g1/charon.log" "$tmp/sas.txt" "$truth" $([ "$name" != nat ] || echo any)
	decrypt
}

# decrypt lets tshark read the recording with the tables: every ESP packet must open.
decrypt() {
	local row keys=() table
	for table in "$truth"/{esp_sa,ikev*_table}; do
		while read -r row; do keys+=(-o "uat:${table##*/}:$row"); done <"$table"
	done
	{
		printf 'frame\tpoint\tspi\tsequence\ticv good\tsource\tdestination\tprotocol\tip.id\tip.len\n'
		tshark -n -r "$capture" "${keys[@]}" -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE -Y esp \
			-T fields -e frame.number -e frame.interface_name -e esp.spi -e esp.sequence -e esp.icv_good \
			-e ip.src -e ip.dst -e ip.proto -e ip.id -e ip.len -E occurrence=l 2>/dev/null
	} >"$truth/esp.tsv"
	tshark -r "$capture" -Y 'isakmp && frame.interface_name == wan' -w "$tmp/ike.pcapng" 2>/dev/null # IKEv1's IVs are a chain: no message twice
	{
		printf 'time\tinitiator\tresponder\texchange\tmessage\tpayloads\n'
		tshark -n -r "$tmp/ike.pcapng" "${keys[@]}" -T fields -e frame.time_epoch -e isakmp.ispi -e isakmp.rspi \
			-e isakmp.exchangetype -e isakmp.messageid -e isakmp.typepayload 2>/dev/null
	} >"$truth/ike.tsv"
	! grep -P '^\d+\t\w+\t\w+\t\d+\t(?!(1|True)\t10\.)' "$truth/esp.tsv" || fail "$recording: ESP that does not open"
}

cat >"$tmp/faults.nft" <<'NFT'
table ip faults {
	chain prerouting {
		type filter hook prerouting priority filter
		iifname "r1" udp dport 4500 ip length > 100 numgen inc mod 5 == 3 counter drop
		iifname "r1" udp dport 4500 ip length > 100 numgen inc mod 4 == 1 counter dup to 198.51.100.2 device "r2"
	}
}
NFT
variant cbc 2 aes256-sha256-modp2048 aes128-sha1
variant cbc256 2 aes128-sha384-ecp384 aes256-sha512
variant gcm 2 aes128gcm16-prfsha256-ecp256 aes256gcm16-ecp256
variant null 2 aes128-sha256-modp2048 null-sha256
variant ikev1 1 aes128-sha1-modp1024 aes128-sha1
on router nft 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "r2" masquerade random; }; }'
variant nat 2 aes256gcm16-prfsha256-ecp256 aes128gcm16
