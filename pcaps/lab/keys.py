"""Wireshark's key tables from strongSwan: keys.py LOG SAS DIRECTORY [any]

LOG is charon's, with ike and chd at level 4; SAS is what swanctl --list-sas said while each IKE SA lived. The tables ikev1_decryption_table,
ikev2_decryption_table and esp_sa in DIRECTORY are Wireshark's own files of those names. With `any` the addresses in esp_sa are wildcards,
for a NAT between the capture points.
"""
import re
import sys

IKE_CIPHERS = {
    "AES_CBC_128": "AES-CBC-128 [RFC3602]", "AES_CBC_256": "AES-CBC-256 [RFC3602]",
    "AES_GCM_16_128": "AES-GCM-128 with 16 octet ICV [RFC5282]", "AES_GCM_16_256": "AES-GCM-256 with 16 octet ICV [RFC5282]",
}
IKE_HASHES = {
    None: "NONE [RFC4306]", "HMAC_SHA1_96": "HMAC_SHA1_96 [RFC2404]", "HMAC_SHA2_256_128": "HMAC_SHA2_256_128 [RFC4868]",
    "HMAC_SHA2_384_192": "HMAC_SHA2_384_192 [RFC4868]",
}
ESP_CIPHERS = {"NULL": "NULL", "AES_CBC": "AES-CBC [RFC3602]", "AES_GCM_16": "AES-GCM with 16 octet ICV [RFC4106]"}
ESP_HASHES = {
    None: "NULL", "HMAC_SHA1_96": "HMAC-SHA-1-96 [RFC2404]", "HMAC_SHA2_256_128": "HMAC-SHA-256-128 [RFC4868]",
    "HMAC_SHA2_512_256": "HMAC-SHA-512-256 [RFC4868]",
}


def entries(log):
    """The lines of the log as (thread, text); a secret is (thread, its name, its bytes)."""
    lines = [m.groups() for m in (re.match(r"(\d\d\[\w+\]) (.*)", line) for line in open(log, errors="replace")) if m]
    for i, (source, text) in enumerate(lines):
        thread = source[:2]
        if not (secret := re.match(r"(.+) => (\d+) bytes @", text)):
            yield thread, text, None
            continue
        value = b""
        for other, dump in lines[i + 1:]:
            if len(value) >= int(secret[2]):
                break
            if other == source and (m := re.match(r" +\d+: ((?:[0-9A-F]{2} )+)", dump)):
                value += bytes.fromhex(m[1])
        yield thread, secret[1], value[:int(secret[2])]


def quoted(*fields):
    return ",".join('"%s"' % f for f in fields)


def hexadecimal(key):
    return "0x" + key.hex() if key else ""


log, sas, directory = sys.argv[1:4]
wild = sys.argv[4:] == ["any"]
spis = dict.fromkeys(m.groups() for m in re.finditer(r"#\d+, ESTABLISHED, IKEv\d, (\w+)_i\*? (\w+)_r", open(sas).read()))
ike1, ike2, esp = [], [], {}
state = {}
for thread, text, secret in entries(log):
    s = state.setdefault(thread, {})
    if secret is not None:
        s[text] = secret
        if text == "Sk_er secret":
            ike2.append(s.copy())
        elif text == "encryption key Ka":
            ike1.append(secret)
    elif m := re.match(r"selected proposal: IKE:(\S+)", text):
        s["ike"] = m[1].split("/")
    elif m := re.match(r"parsed \w+ (request|response)", text):
        s["asked"] = m[1] == "response"
    elif re.match(r"CHILD_SA .* => INSTALLING", text):
        for name in [n for n in s if n.endswith(("initiator key", "responder key")) or n.startswith("for ")]:
            del s[name]
    elif m := re.match(r"  using (\w+) for (encryption|integrity)", text):
        s["for " + m[2]] = m[1]
    elif m := re.match(r"adding (in|out)bound ESP SA|registering (out)bound ESP SA", text):
        s["out"] = "out" in m[0]
    elif (m := re.match(r"  SPI 0x(\w+), src (\S+) dst (\S+)", text)) and m[1] not in esp:
        sender = "initiator" if s["asked"] == s["out"] else "responder"
        esp[m[1]] = quoted("IPv4", "*" if wild else m[2], "*" if wild else m[3], "0x" + m[1],
                           ESP_CIPHERS[s.get("for encryption", "NULL")], hexadecimal(s.get(f"encryption {sender} key")),
                           ESP_HASHES[s.get("for integrity")], hexadecimal(s.get(f"integrity {sender} key")))

tables = {"esp_sa": list(esp.values())}
if ike1:
    tables["ikev1_decryption_table"] = [f"{i},{key.hex()}" for (i, _), key in zip(spis, ike1, strict=True)]
else:
    tables["ikev2_decryption_table"] = rows = []
    for (i, r), k in zip(spis, ike2, strict=True):
        hashes = [a for a in k["ike"] if a.startswith("HMAC")] if "GCM" not in k["ike"][0] else []
        rows.append(",".join([
            i, r, k["Sk_ei secret"].hex(), k["Sk_er secret"].hex(), quoted(IKE_CIPHERS[k["ike"][0]]),
            k["Sk_ai secret"].hex() if hashes else "", k["Sk_ar secret"].hex() if hashes else "",
            quoted(IKE_HASHES[hashes[0] if hashes else None])]))
for name, rows in tables.items():
    with open(f"{directory}/{name}", "w") as f:
        f.writelines(row + "\n" for row in rows)
