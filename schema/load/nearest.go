package load

import (
	"slices"
	"strings"
)

// brought are words that people bring along from Compose, Kubernetes and other
// programs, and what is said here instead.
var brought = map[string][]string{
	"build":                         {"image"},
	"cmd":                           {"command"},
	"compose":                       {"local"},
	"configmap":                     {"files"},
	"configs":                       {"files"},
	"containerport":                 {"ports"},
	"cpus":                          {"cpu"},
	"depends_on":                    {"after"},
	"docker":                        {"local"},
	"emptydir":                      {"scratch"},
	"entrypoint":                    {"command"},
	"environment":                   {"env"},
	"gid":                           {"group"},
	"healthcheck":                   {"health"},
	"hostname":                      {"host"},
	"initcontainers":                {"after"},
	"k8s":                           {"cluster"},
	"kubernetes":                    {"cluster"},
	"livenessprobe":                 {"health"},
	"max_connections":               {"connections"},
	"mem":                           {"memory"},
	"mem_limit":                     {"resources"},
	"name":                          {"repository"},
	"off":                           {"none"},
	"production":                    {"prod"},
	"pvc":                           {"volumes"},
	"quantity":                      {"size"},
	"readinessprobe":                {"health"},
	"remote":                        {"external"},
	"runasuser":                     {"user"},
	"scale":                         {"replicas"},
	"size":                          {"storage"},
	"startupprobe":                  {"health"},
	"stop_grace_period":             {"grace"},
	"terminationgraceperiodseconds": {"grace"},
	"tmpfs":                         {"scratch"},
	"uid":                           {"user"},
	"volumemounts":                  {"volumes"},
}

// near returns the known word that someone meant who said this, or "": one that is
// said elsewhere, that begins alike or that is spelt much alike.
func near(typed string, known []string) string {
	for _, here := range brought[strings.ToLower(typed)] {
		if slices.Contains(known, here) {
			return here
		}
	}
	if best := nearest(typed, known); best != "" {
		return best
	}
	for _, k := range known {
		if a, b := strings.ToLower(typed), strings.ToLower(k); min(len(a), len(b)) > 2 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			return k
		}
	}
	return ""
}

// nearest returns the known word that is spelt most like what was typed, or "".
func nearest(typed string, known []string) string {
	best, least := "", len(typed)/3+1
	for _, k := range known {
		if d := distance(strings.ToLower(typed), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to turn a into b (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			replaced := rows[i-1][j-1]
			if x[i-1] != y[j-1] {
				replaced++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replaced)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// list joins words as in a sentence.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
