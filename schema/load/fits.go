package load

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// What a cluster can hold: names of services and containers (RFC 1035, 2.3.4), of
// what gets a digest or a hash of ten at its end, of keys in a ConfigMap (kubernetes.io,
// ConfigMap), and all of a ConfigMap's text, less some room for start scripts.
const (
	longestName   = 63
	longestHashed = longestName - 11
	longestKey    = 253
	mostFiles     = 1<<20 - 1<<16
)

// fits finds what would hold as a model and that no target could carry: names that are
// too long or met twice, files that are too large, and text that names what belongs
// to somebody else. Renderers refuse the same; here it has a line.
func fits(e *schema.Environment) (found []schema.Finding) {
	found = certificates(e)
	services := map[string]string{} // by name, whose it is
	for _, c := range sortedKeys(e.Components) {
		place := e.Components[c].Place
		if place == schema.External {
			continue
		}
		for _, w := range sortedKeys(e.Components[c].Workloads) {
			f := fitting{e: e, component: c, workload: w, Workload: e.Components[c].Workloads[w]}
			f.name(place)
			f.together(place)
			if f.settled() {
				f.texts()
			}
			if place == schema.Cluster {
				f.services(services)
				f.volumes()
				f.configMap()
			}
			found = append(found, f.found...)
		}
	}
	return found
}

// certificates finds what is written as a certificate and is none: the lines look like one to
// the schema, whatever they say.
func certificates(e *schema.Environment) (found []schema.Finding) {
	look := func(text string, at ...string) {
		if text == "" {
			return
		}
		if _, err := schema.Certificates(text); err != nil {
			found = append(found, schema.Finding{
				At:      at,
				Message: fmt.Sprintf("%s can't be read: %v", at[0], err),
				Hint:    "paste it anew, all of it; openssl x509 -noout -subject -in FILE says whether a file is right",
			})
		}
	}
	look(e.Settings.CA, "ca")
	for _, name := range sortedKeys(e.Components) {
		c := e.Components[name]
		look(c.Front.CA, name+".ca", "components."+name+".front.ca")
		for _, port := range sortedKeys(c.Published) {
			at := name + ".published." + port + ".ca"
			look(c.Published[port].CA, at, "components."+at)
		}
	}
	return found
}

// A fitting is a look at one workload.
type fitting struct {
	schema.Workload
	e                   *schema.Environment
	component, workload string
	found               []schema.Finding
}

// say notes a finding at a field of the workload, or at the workload.
func (f *fitting) say(field, message, hint string) {
	at := []string{"components." + f.component + ".workloads." + f.workload, "components." + f.component}
	if field != "" {
		at = append([]string{at[0] + "." + field, f.component + "." + field}, at...)
	}
	f.found = append(f.found, schema.Finding{At: at, Message: message, Hint: hint})
}

func (f *fitting) String() string { return f.component + " (" + f.workload + ")" }

// name holds that the workload can be called what it is called.
func (f *fitting) name(place schema.Place) {
	full, most, why := schema.FullName(f.component, f.workload), longestName, "a host name may have"
	switch {
	case place != schema.Cluster:
	case f.Kind == "task":
		most, why = longestHashed, "a task in a cluster may have, at the end of whose name comes a digest"
	case len(f.Volumes) > 0:
		most, why = longestHashed, "a service with volumes may have in a cluster, at the end of whose name comes a hash"
	case len(f.Expose) > 0:
		most, why = longestName-len("-public"), "a service that is exposed may have in a cluster, at the end of whose name comes -public"
	}
	if over := len(full) - most; over > 0 {
		f.say("", fmt.Sprintf("the name %s has %d characters, and %d are the most that %s", full, len(full), most, why),
			fmt.Sprintf("shorten the name of the component or of the workload by %d or more", over))
	}
}

// services holds that no two Services of the cluster have one name.
func (f *fitting) services(taken map[string]string) {
	full := schema.FullName(f.component, f.workload)
	names := map[string]string{}
	if len(f.Ports) > 0 {
		names[full] = "the address of " + f.String()
	}
	if f.Kind == "service" && len(f.Volumes) > 0 {
		names[full+"-headless"] = "the address of each replica of " + f.String()
	}
	if len(f.Expose) > 0 {
		names[full+"-public"] = "the way from outside to " + f.String()
	}
	for _, name := range sortedKeys(names) {
		if other, clash := taken[name]; clash {
			f.say("", fmt.Sprintf("two Services would be called %s: %s, and %s", name, other, names[name]), "rename a component or a workload")
		}
		taken[name] = names[name]
	}
}

// volumes holds that a volume has a name of its own among those of its pod.
func (f *fitting) volumes() {
	taken := map[string]bool{"mounted-files": true, "mounted-secrets": true}
	for dir := range f.Scratch {
		taken["scratch"+strings.ReplaceAll(dir, "/", "-")] = true
	}
	for dir := range f.memory() {
		taken["memory"+strings.ReplaceAll(dir, "/", "-")] = true
	}
	for _, name := range sortedKeys(f.Volumes) {
		if taken[name] {
			f.say("volumes."+name, fmt.Sprintf("%s would have two volumes called %s: a directory of the platform's making is called so, too", f, name), "choose another name")
		}
	}
}

// memory are the directories that are kept in memory, since a file there holds a secret.
func (f *fitting) memory() map[string]string {
	dirs := map[string]string{}
	for p, v := range f.Files {
		if f.holdsSecret(v) {
			dirs[path.Dir(p)] = p
		}
	}
	return dirs
}

func (f *fitting) holdsSecret(v schema.Value) bool {
	parts, err := f.e.Bind(f.component, v)
	return err == nil && slices.ContainsFunc(parts, func(p schema.Part) bool { return p.Secret != "" && !p.File })
}

// together holds that files and directories of a workload leave each other room.
func (f *fitting) together(place schema.Place) {
	if place == schema.Local && f.Replicas > 1 && len(f.Expose) > 0 && f.component != f.e.Front {
		f.say("replicas", fmt.Sprintf("%d replicas of %s would all answer at the same port of this machine", f.Replicas, f), "run one replica, or lead people there by a route instead of expose")
	}
	files := sortedKeys(f.Files)
	folded := map[string]string{}
	for _, p := range files {
		at := "files." + quoted(p)
		if other, clash := folded[strings.ToLower(p)]; clash {
			f.say(at, fmt.Sprintf("%s and %s of %s are the same file where case doesn't count (macOS, Windows)", other, p, f), "rename one of them")
		}
		folded[strings.ToLower(p)] = p
		for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
			if _, both := f.Files[dir]; both {
				f.say(at, fmt.Sprintf("%s of %s would be both a file and a folder", dir, f), "move one of them")
			}
		}
	}
	memory := f.memory()
	for _, dir := range sortedKeys(memory) {
		field := ""
		if _, taken := f.Scratch[dir]; taken {
			field = "scratch." + quoted(dir)
		}
		for name, v := range f.Volumes {
			if v.Path == dir {
				field = "volumes." + name
			}
		}
		if field != "" {
			f.say("files."+quoted(memory[dir]), fmt.Sprintf("%s of %s holds a secret, so its directory is one of its own, in memory, and %s stands there already", memory[dir], f, field), "give the file a directory of its own")
		}
	}
}

// configMap holds that a workload's files fit into the ConfigMap that brings them.
func (f *fitting) configMap() {
	size, largest := 0, ""
	for _, p := range sortedKeys(f.Files) {
		size += len(f.Files[p])
		if largest == "" || len(f.Files[p]) > len(f.Files[largest]) {
			largest = p
		}
		// a slash and an underscore take more room in a key (render/kube, fileKey)
		key := schema.FullName(f.component, f.workload) + "." + strings.NewReplacer("/", "__", "_", "_5f").Replace(strings.TrimPrefix(p, "/"))
		if len(key) > longestKey {
			f.say("files."+quoted(p), fmt.Sprintf("the path of this file of %s takes %d characters as a key in a cluster, which may have %d", f, len(key), longestKey), "shorten the path")
		}
	}
	if size > mostFiles {
		f.say("files."+quoted(largest), fmt.Sprintf("the files of %s have %d KiB together, and a cluster carries 1 MiB for each workload, of which 64 KiB are kept for scripts", f, size>>10),
			"put large files into the image, or fetch them from a bucket")
	}
}

// settled reports whether all that the component's text may name is there; what is
// not is a finding already.
func (f *fitting) settled() bool {
	c := f.e.Components[f.component]
	for need := range c.Needs {
		if _, ok := f.e.Edges[f.component][need]; !ok {
			return false
		}
	}
	for _, edge := range f.e.Edges[f.component] {
		if edge.Reached != "" {
			return false
		}
	}
	return len(c.Routes) == 0 || f.e.Front != ""
}

// texts holds that text names only what is the component's own, and no secret
// where others see it.
func (f *fitting) texts() {
	one := func(field string, v schema.Value, open bool) {
		if !strings.ContainsFunc(string(v), schema.IsReserved) {
			return
		}
		parts, err := f.e.Bind(f.component, v)
		switch {
		case err != nil:
			f.say(field, err.Error(), "declare a secret or a need of its own: a component's text names no other's")
		case !open && slices.ContainsFunc(parts, func(p schema.Part) bool { return p.Secret != "" && !p.File }):
			f.say(field, fmt.Sprintf("a secret would stand in the open in a command of %s, for all to see in the process list", f), "let the command read it from a variable or a file")
		}
	}
	all := func(field string, texts map[string]schema.Value) {
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			one(field+"."+quoted(name), texts[name], true)
		}
	}
	all("env", f.Env)
	all("files", f.Files)
	for field, words := range map[string][]schema.Value{"command": f.Command, "args": f.Args} {
		for _, word := range words {
			one(field, word, true) // a finding of the schema's own
		}
	}
	if f.Health != nil {
		for _, word := range f.Health.Command {
			one("health.command", word, false)
		}
	}
	if f.Wait != nil {
		all("wait.env", f.Wait.Env)
		all("wait.files", f.Wait.Files)
		for _, word := range f.Wait.Command {
			one("wait.command", word, false)
		}
	}
}

// quoted is a label of a finding's path that may hold dots.
func quoted(label string) string { return `"` + label + `"` }
