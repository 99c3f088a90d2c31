package flows

// appendLabel appends bytes that somebody in the network chose so that they can be shown: with a backslash and three decimal digits for each
// byte that is no printable ASCII, and a backslash before itself and the byte in special (RFC 1035 §5.1). So nothing that reaches a
// terminal can steer it. In a host name the case of letters means nothing (RFC 4343 §3): fold makes them small.
func appendLabel(dst, b []byte, special byte, fold bool) []byte {
	for _, c := range b {
		switch {
		case c <= ' ' || c > '~':
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		case c == '\\' || c == special:
			dst = append(dst, '\\', c)
		case fold && 'A' <= c && c <= 'Z':
			dst = append(dst, c+'a'-'A')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
