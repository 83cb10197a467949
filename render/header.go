package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
)

// The two lines of a header. The first says who made the file and what to do
// instead of editing it, the second has the digest of all else in the file, so
// that a person's edit shows:
//
//	# Made by mlops-gitops from environments/dev; do not edit: change the environment and run "mlops-gitops render dev".
//	# digest: sha256:…
const (
	headerForm = madeBy + `%[2]s; do not edit: change the environment and run "mlops-gitops render %[2]s".` + "\n" + digestIs + "%[3]s\n"
	madeBy     = "%[1]s Made by mlops-gitops from environments/"
	digestIs   = "%[1]s digest: "
)

// A header starts within the first headStart bytes of a file (a formatter may
// put a line above it), and so ends within the first headSize.
const (
	headStart = 1 << 10
	headSize  = 4 << 10
)

// A shebang is kept as the first line when the kernel would read it whole
// (Linux, BINPRM_BUF_SIZE).
const shebangSize = 256

var byteOrderMark = []byte("\ufeff")

// mounted is the folder whose files containers read. They go out byte for byte.
const mounted = "files"

// commentMark returns what starts a comment line in a file of this name. It is
// "" where a comment isn't possible (JSON), not known to be, or not wanted: such a
// file goes out unchanged, and the manifest holds its digest.
func commentMark(name string) string {
	if path.Base(name) == manifestName {
		return "#"
	}
	if strings.Contains(name, "/"+mounted+"/") {
		return ""
	}
	switch path.Ext(name) {
	case ".yaml", ".yml", ".sh", ".py", ".conf", ".cfg", ".ini", ".env", ".toml":
		return "#"
	case ".sql":
		return "--"
	}
	return ""
}

// withHeader returns body with the header of env: first in the file, or below a
// shebang. It drops a byte order mark, which is only one at the very start.
func withHeader(mark, env string, body []byte) []byte {
	body = bytes.TrimPrefix(body, byteOrderMark)
	var first []byte
	if line, _, _ := bytes.Cut(body, []byte("\n")); isScript(body) && len(line) < shebangSize {
		if len(line) == len(body) {
			body = append(bytes.Clone(body), '\n')
		}
		first, body = body[:len(line)+1], body[len(line)+1:]
	}
	sum := digest(lineFeeds(bytes.Join([][]byte{first, body}, nil)))
	header := fmt.Appendf(nil, headerForm, mark, env, sum)
	return bytes.Join([][]byte{first, header, body}, nil)
}

// readHeader finds the header of a file of ours. It returns the digest that the
// header states and the digest that the rest of the file has; ok is false for a
// file without a header.
func readHeader(name string, data []byte) (stated, actual string, ok bool) {
	mark := commentMark(name)
	if mark == "" {
		return "", "", false
	}
	text := normal(data)
	at := lineStart(text, fmt.Sprintf(madeBy, mark))
	if at < 0 || at >= headStart {
		return "", "", false
	}
	_, rest, _ := bytes.Cut(text[at:], []byte("\n"))
	line, rest, _ := bytes.Cut(rest, []byte("\n"))
	stated, ok = strings.CutPrefix(string(line), fmt.Sprintf(digestIs, mark))
	if !ok || !isDigest(stated) {
		return "", "", false
	}
	return stated, digest(bytes.Join([][]byte{text[:at], rest}, nil)), true
}

// lineStart returns the offset of the first line that starts with prefix, or -1.
func lineStart(text []byte, prefix string) int {
	if bytes.HasPrefix(text, []byte(prefix)) {
		return 0
	}
	if i := bytes.Index(text, []byte("\n"+prefix)); i >= 0 {
		return i + 1
	}
	return -1
}

// normal returns data as it was before an editor or a checkout gave it a byte
// order mark or Windows line endings.
func normal(data []byte) []byte {
	if isBinary(data) {
		return data
	}
	return lineFeeds(bytes.TrimPrefix(data, byteOrderMark))
}

func lineFeeds(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// isBinary tells by a NUL byte, as Git does before it changes line endings.
func isBinary(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 }

func isScript(data []byte) bool { return bytes.HasPrefix(data, []byte("#!")) }

// digest returns the SHA-256 of data as sha256:<hex>.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func isDigest(s string) bool {
	sum, ok := strings.CutPrefix(s, "sha256:")
	raw, err := hex.DecodeString(sum)
	return ok && err == nil && len(raw) == sha256.Size
}
