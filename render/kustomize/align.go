package kustomize

import "fmt"

// A span is a run of items in the one list and what stands in their place in the other.
type span struct{ from, to []any }

// align cuts two lists into spans: one for each item that both have, and one for
// what lies between. Items are the same when they are called the same, in a longest
// common subsequence; lists here are short, so the quadratic way will do.
func align(from, to []any) []span {
	// common[i][j] is how many items from[i:] and to[j:] share
	common := make([][]int, len(from)+1)
	for i := range common {
		common[i] = make([]int, len(to)+1)
	}
	for i := len(from) - 1; i >= 0; i-- {
		for j := len(to) - 1; j >= 0; j-- {
			if called(from[i]) == called(to[j]) {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var spans []span
	var between span
	i, j := 0, 0
	for i < len(from) && j < len(to) {
		switch {
		case called(from[i]) == called(to[j]):
			spans = append(spans, between, span{from[i : i+1], to[j : j+1]})
			between = span{}
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			between.from = append(between.from, from[i])
			i++
		default:
			between.to = append(between.to, to[j])
			j++
		}
	}
	between.from = append(between.from, from[i:]...)
	between.to = append(between.to, to[j:]...)
	return append(spans, between)
}

// called tells an item of a list from the others: by the field that Kubernetes
// itself uses where there is one.
func called(item any) string {
	fields, ok := item.(map[string]any)
	if !ok {
		return fmt.Sprint(item)
	}
	for _, name := range []string{"mountPath", "name", "containerPort", "topologyKey", "key"} {
		if v, ok := fields[name]; ok {
			return name + " " + fmt.Sprint(v)
		}
	}
	return fmt.Sprint(fields)
}
