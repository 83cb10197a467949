package helm

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Values of pods: what of a pod may be said at installation, for all workloads and for each.
var ofPods = []string{"imagePullSecrets", "nodeSelector", "priorityClassName", "tolerations"}

const (
	storageClass = "storageClassName"
	resources    = "resources"
)

// values are what may be said at installation, with what holds when nothing is.
type values struct {
	all       map[string]any            // of every workload; storageClass only where there are disks
	workloads map[string]map[string]any // what one says otherwise, and its resources
	names     map[string]string         // of workloads, by their slots
	disks     map[string]bool           // workloads that have some, of one class
}

// A pod is where an object says what its pods are.
type pod struct {
	spec   map[string]any
	main   map[string]any   // the container that is called as the workload, or else the first
	claims []map[string]any // specs of its disks
}

// podOf is the pod of a workload, or nil. An object that is a pod has one, too.
func podOf(o object) *pod {
	p, of := &pod{}, under(o.fields, "spec", "template")
	if o.Kind() == "Pod" {
		of = o.fields
	}
	p.spec, _ = under(of, "spec").(map[string]any)
	containers, _ := p.spec["containers"].([]any)
	for _, c := range containers {
		if container, is := c.(map[string]any); is && (p.main == nil || container["name"] == workloadName(o)) {
			p.main = container
		}
	}
	if p.main == nil {
		return nil
	}
	claims, _ := under(o.fields, "spec", "volumeClaimTemplates").([]any)
	for _, c := range claims {
		if claim, is := under(c, "spec").(map[string]any); is {
			p.claims = append(p.claims, claim)
		}
	}
	return p
}

func workloadName(o object) string { return path.Base(o.Slot()) }

// said is a field, as values have it: empty when it is not there. It is no value when it is
// there and empty, since what is left out is not the same.
func said(m map[string]any, field string) (v any, may bool) {
	v, there := m[field]
	switch v := v.(type) {
	case nil:
		return emptyOf[field], !there
	case string:
		return v, v != ""
	case []any:
		return v, len(v) > 0
	case map[string]any:
		return v, len(v) > 0
	}
	return v, false
}

// emptyOf is a value that says nothing.
var emptyOf = map[string]any{
	"imagePullSecrets": []any{}, "nodeSelector": map[string]any{}, "priorityClassName": "", "tolerations": []any{},
	storageClass: "", resources: map[string]any{},
}

// valuesOf finds the values of objects, and puts what gives them into their place. What most
// workloads say is said for all.
func valuesOf(objects, tests []object, registry string) values {
	v := values{all: map[string]any{}, workloads: map[string]map[string]any{}, names: map[string]string{}, disks: map[string]bool{}}
	votes := map[string][]any{}
	for _, o := range objects {
		p := podOf(o)
		if p == nil {
			continue
		}
		name := workloadName(o)
		if _, taken := v.workloads[name]; taken { // of another kind
			name = strings.ToLower(o.Kind()) + "-" + name
		}
		v.names[o.Slot()], v.workloads[name] = name, map[string]any{}
		for _, field := range ofPods {
			if value, may := said(p.spec, field); may {
				votes[field] = append(votes[field], value)
			}
		}
		for _, claim := range p.claims {
			if value, may := said(claim, storageClass); may {
				votes[storageClass] = append(votes[storageClass], value)
			}
		}
	}
	for _, field := range ofPods {
		v.all[field] = emptyOf[field]
	}
	for field, all := range votes {
		v.all[field] = most(all)
	}
	for _, o := range objects {
		if p := podOf(o); p != nil {
			v.workload(p, v.names[o.Slot()])
		}
		images(o.fields, registry)
	}
	for _, o := range tests {
		if p := podOf(o); p != nil {
			v.general(p.spec)
		}
		images(o.fields, registry)
	}
	return v
}

// workload notes what a workload says, and puts what gives it into its place.
func (v values) workload(p *pod, name string) {
	own := v.workloads[name]
	for _, field := range ofPods {
		if value, may := said(p.spec, field); may {
			v.own(own, field, value)
			p.spec[field] = given{"$pod." + field, field == "priorityClassName"}
		}
	}
	if value, may := said(p.main, resources); may {
		own[resources] = value
		p.main[resources] = given{"$pod." + resources, false}
	}
	if len(p.claims) == 0 {
		return
	}
	first, may := said(p.claims[0], storageClass)
	for _, claim := range p.claims {
		if value, also := said(claim, storageClass); !also || value != first {
			may = false // they differ: one value can't say it
		}
	}
	if !may {
		return
	}
	v.disks[name] = true
	v.own(own, storageClass, first)
	for _, claim := range p.claims {
		claim[storageClass] = given{"$pod." + storageClass, true}
	}
}

// own notes what a workload says otherwise than most.
func (v values) own(own map[string]any, field string, value any) {
	if exact(value) != exact(v.all[field]) {
		own[field] = value
	}
}

// general puts what is said for all workloads into a pod that says the same.
func (v values) general(spec map[string]any) {
	for _, field := range ofPods {
		if value, may := said(spec, field); may && exact(value) == exact(v.all[field]) {
			spec[field] = given{".Values." + field, field == "priorityClassName"}
		}
	}
}

// most is what is said most often.
func most(all []any) any {
	count := map[string]int{}
	for _, value := range all {
		count[exact(value)]++
	}
	return slices.MaxFunc(all, func(a, b any) int {
		return cmp.Or(cmp.Compare(count[exact(a)], count[exact(b)]), cmp.Compare(exact(b), exact(a)))
	})
}

// exact is a value as text, by which equal ones are told.
func exact(v any) string { return fmt.Sprintf("%#v", v) }
