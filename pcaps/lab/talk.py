"""Conversations whose ports and sizes are known: talk.py serve PROTOCOL:PORT… | talk.py ask PROTOCOL FROM-PORT ADDRESS:PORT SEND WANT TEXT

What is asked begins with "WANT TEXT" and a line feed and is filled up with TEXT to SEND bytes; the answer is WANT bytes of TEXT.
So the payload says whose it is. SEND must have room for that line. `ask` fails unless it gets all that it wants.
"""
import socket
import sys
import threading


def fill(text, size):
    return (text * (size // len(text) + 1))[:size]


def question(send, want, text):
    first = b"%d %s\n" % (want, text)
    if len(first) > send:
        sys.exit(f"talk.py: {send} bytes have no room for {first!r}")
    return first + fill(text, send - len(first))


def answer(data):
    want, text = data.split(b"\n", 1)[0].split(b" ", 1)
    return fill(text, int(want))


def serve_udp(s):
    while True:
        data, peer = s.recvfrom(65535)
        s.sendto(answer(data), peer)


def serve_tcp(s):
    while True:
        threading.Thread(target=converse, args=(s.accept()[0],), daemon=True).start()


def converse(c):
    with c:
        data = b""
        while piece := c.recv(65536):
            data += piece
        if data:  # the client has sent all that it will
            c.sendall(answer(data))


def listener(protocol):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    try:
        s = socket.socket(socket.AF_INET6, kind)  # IPv4 too
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        return s
    except OSError:
        return socket.socket(socket.AF_INET, kind)


def serve(places):
    threads = []
    for place in places:
        protocol, port = place.split(":")
        s = listener(protocol)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", int(port)))
        if protocol == "tcp":
            s.listen(64)
        threads.append(threading.Thread(target=serve_tcp if protocol == "tcp" else serve_udp, args=(s,)))
    for t in threads:
        t.start()
    print("ready", flush=True)


def ask(protocol, from_port, where, send, want, text):
    address, port = where.rsplit(":", 1)
    send, want, text = int(send), int(want), text.encode()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(10)
    s.bind(("", int(from_port)))
    s.connect((address.strip("[]"), int(port)))
    got = b""
    if protocol == "udp":
        s.send(question(send, want, text))
        got = s.recv(65535)
    else:
        s.sendall(question(send, want, text))
        s.shutdown(socket.SHUT_WR)
        while piece := s.recv(65536):
            got += piece
    if got != fill(text, want):
        sys.exit(f"talk.py: {len(got)} bytes of {want} came, or other ones")


if sys.argv[1] == "serve":
    serve(sys.argv[2:])
else:
    ask(*sys.argv[2:])
