package capturefilter

import (
	"strconv"
	"strings"
)

// transports of a service: those that have a port of its name.
type transports uint8

const (
	overTCP transports = 1 << iota
	overUDP
)

// service looks a port up by name. The names are in the program, not the machine's: an expression means the same everywhere.
func service(name string) (port uint16, over transports, ok bool) {
	for line := range strings.Lines(services) {
		rest, found := strings.CutPrefix(line, name)
		if !found || rest[0] != ' ' {
			continue
		}
		fields := strings.Fields(rest)
		n, err := strconv.ParseUint(fields[0], 10, 16)
		if err != nil {
			return 0, 0, false
		}
		switch fields[1] {
		case "tcp":
			over = overTCP
		case "udp":
			over = overUDP
		default:
			over = overTCP | overUDP
		}
		return uint16(n), over, true
	}
	return 0, 0, false
}

// ipProtocol looks a protocol above IP up by name.
func ipProtocol(name string) (uint32, bool) {
	for line := range strings.Lines(ipProtocols) {
		if rest, found := strings.CutPrefix(line, name+" "); found {
			n, err := strconv.ParseUint(strings.TrimSpace(rest), 10, 8)
			return uint32(n), err == nil
		}
	}
	return 0, false
}

// etherProtocol looks up an EtherType by name, or a service access point of 802.2, which is below all EtherTypes.
func etherProtocol(name string) (uint32, bool) {
	v, ok := etherProtocols[name]
	return v, ok
}

var etherProtocols = map[string]uint32{
	"aarp": typeAARP, "arp": typeARP, "atalk": typeAppleTalk, "decnet": typeDECnet, "ip": typeIPv4, "ip6": typeIPv6, "lat": typeLAT,
	"loopback": typeLoopback, "mopdl": typeMOPDump, "moprc": typeMOPConsole, "rarp": typeRARP, "sca": typeSCA,
	"iso": sapISO, "stp": sapSpanningTree, "ipx": sapIPX, "netbeui": sapNetBEUI,
}

// isoProtocols are network layer protocol identifiers (ISO/IEC TR 9577).
var isoProtocols = map[string]uint32{"clnp": nlpidCLNP, "esis": nlpidESIS, "isis": nlpidISIS}

// services are names of ports, as in Debian's /etc/services: name, port, tcp or udp or both.
const services = `tcpmux 1 tcp
echo 7 both
discard 9 both
null 9 both
sink 9 both
systat 11 tcp
users 11 tcp
daytime 13 both
netstat 15 tcp
qotd 17 tcp
quote 17 tcp
chargen 19 both
source 19 both
ttytst 19 both
ftp-data 20 tcp
fsp 21 udp
fspd 21 udp
ftp 21 tcp
ssh 22 tcp
telnet 23 tcp
mail 25 tcp
smtp 25 tcp
time 37 both
timserver 37 both
nicname 43 tcp
whois 43 tcp
tacacs 49 both
domain 53 both
bootps 67 udp
bootpc 68 udp
tftp 69 udp
gopher 70 tcp
finger 79 tcp
http 80 tcp
www 80 tcp
kerberos 88 both
kerberos-sec 88 both
kerberos5 88 both
krb5 88 both
iso-tsap 102 tcp
tsap 102 tcp
acr-nema 104 tcp
dicom 104 tcp
poppassd 106 tcp
pop-3 110 tcp
pop3 110 tcp
portmapper 111 both
sunrpc 111 both
auth 113 tcp
authentication 113 tcp
ident 113 tcp
tap 113 tcp
nntp 119 tcp
readnews 119 tcp
untp 119 tcp
ntp 123 udp
epmap 135 tcp
loc-srv 135 tcp
netbios-ns 137 udp
netbios-dgm 138 udp
netbios-ssn 139 tcp
imap 143 tcp
imap2 143 tcp
snmp 161 both
snmp-trap 162 both
snmptrap 162 both
cmip-man 163 both
cmip-agent 164 both
mailq 174 tcp
xdmcp 177 udp
bgp 179 tcp
smux 199 tcp
qmtp 209 tcp
wais 210 tcp
z3950 210 tcp
ipx 213 udp
ptp-event 319 udp
ptp-general 320 udp
pawserv 345 tcp
zserv 346 tcp
rpc2portmap 369 both
codaauth2 370 both
Clearcase 371 udp
clearcase 371 udp
ldap 389 both
svrloc 427 both
https 443 both
snpp 444 tcp
microsoft-ds 445 tcp
kpasswd 464 both
smtps 465 tcp
ssmtp 465 tcp
submissions 465 tcp
urd 465 tcp
saft 487 tcp
isakmp 500 udp
biff 512 udp
comsat 512 udp
exec 512 tcp
login 513 tcp
who 513 udp
whod 513 udp
cmd 514 tcp
shell 514 tcp
syslog 514 both
printer 515 tcp
spooler 515 tcp
talk 517 udp
ntalk 518 udp
route 520 udp
routed 520 udp
router 520 udp
gdomap 538 both
uucp 540 tcp
uucpd 540 tcp
klogin 543 tcp
krcmd 544 tcp
kshell 544 tcp
dhcpv6-client 546 udp
dhcpv6-server 547 udp
afpovertcp 548 tcp
rtsp 554 both
nntps 563 tcp
snntp 563 tcp
submission 587 tcp
nqs 607 tcp
asf-rmcp 623 udp
qmqp 628 tcp
ipp 631 tcp
ldaps 636 both
ldp 646 both
tinc 655 both
silc 706 tcp
kerberos-adm 749 tcp
kdc 750 both
kerberos-iv 750 both
kerberos4 750 both
kerberos-master 751 both
kerberos_master 751 udp
passwd-server 752 udp
passwd_server 752 udp
hprop 754 tcp
krb-prop 754 tcp
krb5_prop 754 tcp
krb_prop 754 tcp
moira-db 775 tcp
moira_db 775 tcp
moira-update 777 tcp
moira_update 777 tcp
moira-ureg 779 udp
moira_ureg 779 udp
spamd 783 tcp
domain-s 853 both
supfilesrv 871 tcp
rsync 873 tcp
ftps-data 989 tcp
ftps 990 tcp
telnets 992 tcp
imaps 993 tcp
pop3s 995 tcp
socks 1080 tcp
proofd 1093 tcp
rootd 1094 tcp
rmiregistry 1099 tcp
supfiledbg 1127 tcp
skkserv 1178 tcp
openvpn 1194 both
predict 1210 udp
rmtcfg 1236 tcp
xtel 1313 tcp
xtelw 1314 tcp
lotusnote 1352 tcp
lotusnotes 1352 tcp
ms-sql-s 1433 tcp
ms-sql-m 1434 udp
ingreslock 1524 tcp
datametrics 1645 both
old-radius 1645 both
old-radacct 1646 both
sa-msg-port 1646 both
kermit 1649 tcp
groupwise 1677 tcp
l2f 1701 udp
l2tp 1701 udp
radius 1812 both
radacct 1813 both
radius-acct 1813 both
cisco-sccp 2000 tcp
nfs 2049 both
gnunet 2086 both
rtcm-sc104 2101 both
zephyr-srv 2102 udp
zephyr-clt 2103 udp
zephyr-hm 2104 udp
gsigatekeeper 2119 tcp
iprop 2121 tcp
gris 2135 tcp
cvspserver 2401 tcp
venus 2430 both
venus-se 2431 both
codasrv 2432 both
codasrv-se 2433 both
mon 2583 both
zebrasrv 2600 tcp
zebra 2601 tcp
ripd 2602 tcp
ripngd 2603 tcp
ospfd 2604 tcp
bgpd 2605 tcp
ospf6d 2606 tcp
ospfapi 2607 tcp
isisd 2608 tcp
dict 2628 tcp
f5-globalsite 2792 tcp
gsiftp 2811 tcp
gpsd 2947 tcp
gds-db 3050 tcp
gds_db 3050 tcp
icp 3130 udp
icpv2 3130 udp
isns 3205 both
iscsi-target 3260 tcp
mysql 3306 tcp
ms-wbt-server 3389 tcp
nut 3493 both
distcc 3632 tcp
daap 3689 tcp
subversion 3690 tcp
svn 3690 tcp
suucp 4031 tcp
sysrqd 4094 tcp
sieve 4190 tcp
f5-iquery 4353 tcp
epmd 4369 tcp
remctl 4373 tcp
ntske 4460 tcp
ipsec-nat-t 4500 udp
fax 4557 tcp
hylafax 4559 tcp
iax 4569 udp
mtn 4691 tcp
radmin-port 4899 tcp
lrrd 4949 tcp
munin 4949 tcp
sip 5060 both
sip-tls 5061 both
jabber-client 5222 tcp
xmpp-client 5222 tcp
jabber-server 5269 tcp
xmpp-server 5269 tcp
cfengine 5308 tcp
mdns 5353 udp
postgres 5432 tcp
postgresql 5432 tcp
rplay 5555 udp
freeciv 5556 tcp
rptp 5556 tcp
nrpe 5666 tcp
nsca 5667 tcp
amqps 5671 tcp
amqp 5672 tcp
canna 5680 tcp
x11 6000 tcp
x11-0 6000 tcp
x11-1 6001 tcp
x11-2 6002 tcp
x11-3 6003 tcp
x11-4 6004 tcp
x11-5 6005 tcp
x11-6 6006 tcp
x11-7 6007 tcp
gnutella-svc 6346 both
gnutella-rtr 6347 both
redis 6379 tcp
sge-qmaster 6444 tcp
sge_qmaster 6444 tcp
sge-execd 6445 tcp
sge_execd 6445 tcp
mysql-proxy 6446 tcp
syslog-tls 6514 tcp
sane 6566 tcp
sane-port 6566 tcp
saned 6566 tcp
ircd 6667 tcp
babel 6696 udp
ircs-u 6697 tcp
afs3-fileserver 7000 udp
bbs 7000 tcp
afs3-callback 7001 udp
afs3-prserver 7002 udp
afs3-vlserver 7003 udp
afs3-kaserver 7004 udp
afs3-volser 7005 udp
afs3-bos 7007 udp
afs3-update 7008 udp
afs3-rmtsys 7009 udp
font-service 7100 tcp
xfs 7100 tcp
zope-ftp 8021 tcp
http-alt 8080 tcp
webcache 8080 tcp
tproxy 8081 tcp
omniorb 8088 tcp
puppet 8140 tcp
clc-build-daemon 8990 tcp
xinetd 9098 tcp
bacula-dir 9101 tcp
bacula-fd 9102 tcp
bacula-sd 9103 tcp
git 9418 tcp
xmms2 9667 tcp
zope 9673 tcp
webmin 10000 tcp
zabbix-agent 10050 tcp
zabbix-trapper 10051 tcp
amanda 10080 tcp
kamanda 10081 tcp
amandaidx 10082 tcp
amidxtape 10083 tcp
nbd 10809 tcp
hkp 11371 tcp
sgi-cmsd 17001 udp
sgi-crsd 17002 udp
sgi-gcd 17003 udp
sgi-cad 17004 tcp
db-lsp 17500 tcp
dcap 22125 tcp
gsidcap 22128 tcp
wnn6 22273 tcp
binkp 24554 tcp
asp 27374 both
csync2 30865 tcp
dircproxy 57000 tcp
tfido 60177 tcp
fido 60179 tcp
`

// ipProtocols are names of protocols above IP and their numbers (IANA), as in Debian's /etc/protocols, and icmp6.
const ipProtocols = `ip 0
hopopt 0
icmp 1
igmp 2
ggp 3
ipencap 4
st 5
tcp 6
egp 8
igp 9
pup 12
udp 17
hmp 20
xns-idp 22
rdp 27
iso-tp4 29
dccp 33
xtp 36
ddp 37
idpr-cmtp 38
ipv6 41
ipv6-route 43
ipv6-frag 44
idrp 45
rsvp 46
gre 47
esp 50
ah 51
skip 57
ipv6-icmp 58
ipv6-nonxt 59
ipv6-opts 60
rspf 73
vmtp 81
eigrp 88
ospf 89
ax.25 93
ipip 94
etherip 97
encap 98
pim 103
ipcomp 108
vrrp 112
l2tp 115
isis 124
sctp 132
fc 133
mobility-header 135
udplite 136
mpls-in-ip 137
manet 138
hip 139
shim6 140
wesp 141
rohc 142
ethernet 143
icmp6 58
igrp 9
carp 112
`
