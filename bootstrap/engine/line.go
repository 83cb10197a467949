package engine

import (
	"strconv"
	"strings"
)

// A State says what a line means.
type State string

// The states of a line.
const (
	Fine  State = "fine"
	Note  State = "note"  // worth knowing; nothing has to be done
	Wrong State = "wrong" // the environment would not run
)

// A Line is what a check says of one subject, in words and in figures.
type Line struct {
	Environment string         `json:"environment,omitempty"` // "": the engine, for all of them
	Subject     string         `json:"subject"`
	State       State          `json:"state"`
	Message     string         `json:"message"`
	Hint        string         `json:"hint,omitempty"`
	Figures     map[string]any `json:"figures,omitempty"` // sizes in bytes, cpus in cores
}

// size is an amount of bytes for people, in binary units as the schema has them.
func size(n int64) string {
	value, unit := float64(n), ""
	for _, unit = range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		if unit != "TiB" {
			value /= 1024
		}
	}
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0") + " " + unit
}

// cores is an amount of CPU, given in thousandths.
func cores(milli int64) string {
	text := strconv.FormatFloat(float64(milli)/1000, 'f', -1, 64)
	if text == "1" {
		return "1 CPU"
	}
	return text + " CPUs"
}

// newer reports whether a version such as 20.10.24+dfsg1 or 2.40.3-3 is at least the
// one demanded; known is false for one that begins with no numbers, such as "dev".
func newer(v string, major, minor int) (ok, known bool) {
	first, rest, _ := strings.Cut(v, ".")
	second := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		second = rest[:i]
	}
	a, err1 := strconv.Atoi(first)
	b, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil {
		return false, false
	}
	return a > major || a == major && b >= minor, true
}
