package secrets

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// carried is a Problem when a file holds what can't be carried into the one with a new value
// without a private key, and would be lost.
func (o object) carried(file string, data []byte) error {
	var lost []string
	for _, entries := range []map[string]string{o.Data, o.StringData} {
		for key := range entries {
			if key != schema.SecretKey && key != schema.PasswordKey && key != schema.UserKey {
				lost = append(lost, fmt.Sprintf("the entry %q", key))
			}
		}
	}
	for place, fields := range map[string]map[string]any{"": o.Others, "metadata.": o.Metadata.Others} {
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if fields[field] != nil {
				lost = append(lost, fmt.Sprintf("the field %q", place+field))
			}
		}
	}
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return &Problem{file + " is not one Kubernetes Secret", "move it away"}
	}
	if holdsOnlyValues(&node) != nil {
		lost = append(lost, "an encrypted comment")
	}
	if len(lost) == 0 {
		return nil
	}
	slices.Sort(lost)
	return &Problem{
		fmt.Sprintf("%s holds what a new value would drop: %s", file, strings.Join(lost, ", ")),
		"take it out, or change the value beside it; both take a private key:\nsops edit " + file,
	}
}

// commented is a new file with the comments of the one that is there, each at its key.
func (f *folder) commented(file string, data []byte) ([]byte, error) {
	size, err := f.size(file)
	if err != nil || size <= 0 {
		return data, err
	}
	was, err := f.read(file)
	if err != nil {
		return nil, err
	}
	var before, after yaml.Node
	if err := yaml.Unmarshal(was, &before); err != nil {
		return nil, &Problem{f.at(file) + " is not YAML", "move it away"}
	}
	if err := yaml.Unmarshal(data, &after); err != nil {
		return nil, in(f.at(file), err)
	}
	copyComments(&before, &after)
	return yaml.Marshal(&after)
}

func copyComments(from, to *yaml.Node) {
	to.HeadComment, to.LineComment, to.FootComment = from.HeadComment, from.LineComment, from.FootComment
	switch {
	case from.Kind == yaml.DocumentNode && to.Kind == yaml.DocumentNode:
		copyComments(from.Content[0], to.Content[0])
	case from.Kind == yaml.MappingNode && to.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(from.Content); i += 2 {
			for j := 0; j+1 < len(to.Content); j += 2 {
				if from.Content[i].Value == to.Content[j].Value {
					copyComments(from.Content[i], to.Content[j])
					copyComments(from.Content[i+1], to.Content[j+1])
				}
			}
		}
	}
}
