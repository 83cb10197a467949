package repo

import "bytes"

// An ending says what git does to CRLF on the way into the repository.
type ending int

const (
	asIs ending = iota
	auto        // CRLF to LF in what looks like text and is not stored with CRLF yet
	text        // CRLF to LF
)

// endingOf follows convert_attrs in git's convert.c: the attributes text (or its
// old name crlf) and eol, then core.autocrlf.
func (r *Repo) endingOf(said map[string]string) ending {
	word, ok := said["text"]
	if !ok || word == "" {
		switch said["crlf"] {
		case "true", "false":
			word = said["crlf"]
		case "input":
			word = "true"
		}
	}
	eol := said["eol"] == "lf" || said["eol"] == "crlf"
	switch {
	case word == "false":
		return asIs
	case word == "auto":
		return auto
	case word == "true" || eol:
		return text
	}
	if value, _ := r.config.get("core.autocrlf"); value == "input" || r.config.on("core.autocrlf", false) {
		return auto
	}
	return asIs
}

// stored returns the bytes that git would store for a file. earlier returns what
// the last commit has there, nil for nothing.
func (e ending) stored(data []byte, earlier func() ([]byte, error)) ([]byte, error) {
	if e == asIs || !bytes.Contains(data, []byte("\r\n")) {
		return data, nil
	}
	if e == auto {
		if looksBinary(data) {
			return data, nil
		}
		before, err := earlier()
		if err != nil {
			return nil, err
		}
		if bytes.Contains(before, []byte("\r\n")) && !looksBinary(before) {
			return data, nil
		}
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), nil
}

// looksBinary guesses as git does (gather_stats and convert_is_binary in convert.c):
// a NUL, a lone CR, or more than one unprintable byte in 128.
func looksBinary(data []byte) bool {
	printable, unprintable := 0, 0
	for i, c := range data {
		switch {
		case c == '\r':
			if i+1 == len(data) || data[i+1] != '\n' {
				return true
			}
		case c == '\n':
		case c == 0:
			return true
		case c == 127, c < 32 && c != '\b' && c != '\t' && c != '\033' && c != '\014':
			if c != 032 || i+1 < len(data) { // a DOS end of file at the end doesn't count
				unprintable++
			}
		default:
			printable++
		}
	}
	return printable>>7 < unprintable
}
