package kube

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/json"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Refusal is what people wrote for a cluster alone and what no cluster would take, with
// the places where it was written.
type Refusal struct{ Findings []schema.Finding }

func (e *Refusal) Error() string {
	var all []string
	for _, f := range e.Findings {
		all = append(all, f.Message)
	}
	return strings.Join(all, "\n")
}

// refused is a finding at a field of a component's kubernetes.
func refused(component, field, label, message, hint string) schema.Finding {
	if strings.Contains(label, ".") {
		label = strconv.Quote(label)
	}
	path := component + ".kubernetes." + field + "." + label
	return schema.Finding{At: []string{"components." + path, path}, Message: message, Hint: hint}
}

// patch changes objects of a component as its patches say, and finds those that can't. A
// task is called what it does only afterwards.
func patch(e *schema.Environment, component string, objects []Object) (found []schema.Finding) {
	patches := e.Components[component].Kubernetes.Patches
	for _, key := range slices.Sorted(maps.Keys(patches)) {
		say := func(message, hint string) {
			found = append(found, refused(component, "patches", key, message, hint))
		}
		i := slices.IndexFunc(objects, func(o Object) bool { return o.Short() == key })
		if i < 0 {
			var known []string
			for _, o := range objects {
				known = append(known, o.Short())
			}
			slices.Sort(known)
			say(fmt.Sprintf("%s has no object %s, so the patch changes nothing", component, key), "there are "+strings.Join(known, ", "))
			found[len(found)-1].Said, found[len(found)-1].Known = key, known
			continue
		}
		changed, err := patched(objects[i].typed, patches[key])
		if err != nil {
			say(fmt.Sprintf("the patch can't be laid over %s: %v", key, err), "it is a part of the object as Kubernetes has it, such as spec: template: spec: {...}")
			continue
		}
		field, err := guarded(objects[i].typed, changed)
		rule, foreign := "", ""
		if err == nil {
			err = labelled(changed)
		}
		if err == nil {
			foreign, err = lends(e, component, objects[i].typed, changed)
		}
		if own, is := changed.(*unstructured.Unstructured); err == nil && is {
			err = admitted(e, own)
		} else if err == nil {
			rule, err = insecure(templateOf(changed))
		}
		switch {
		case err != nil:
			say(fmt.Sprintf("the patch can't be laid over %s: %v", key, err), "")
		case field == same:
			say(fmt.Sprintf("the patch of %s changes nothing", key), "take it out, or look at the object: mlops-gitops render "+e.Name+" --stdout")
		case field != "":
			say(fmt.Sprintf("the patch of %s changes %s, by which the cluster or Flux tells it from others", key, field), "leave that as it is; an object of your own stands in "+component+": kubernetes: objects")
		case pinned(objects[i].typed, changed):
			say(fmt.Sprintf("the patch of %s changes an annotation by which pods start anew when files or secrets of theirs change", key), "leave out "+filesAnnotation+" and "+secretsAnnotation)
		case unheard(objects[i].typed, changed):
			say(fmt.Sprintf("the patch of %s changes the hook postStart by which a program is told its secrets", key), "leave that as it is; a rotation would not come to its end without it")
		case foreign != "":
			say(fmt.Sprintf("the patch of %s names %s", key, foreign), ownOnly)
		case otherFiles(objects[i].typed, changed):
			say(fmt.Sprintf("the patch of %s changes files under pods that would not start anew", key), "say what is in them under files, of the workload or of a component that has that setting; then pods are replaced")
		case rule != "":
			say(fmt.Sprintf("the patch of %s breaks restricted Pod Security, which the namespace enforces: %s", key, rule), "the cluster would not take the pod; leave that field out")
		default:
			objects[i].typed = changed
		}
	}
	return found
}

// same is what guarded says of an object that nothing has changed.
const same = "="

// guarded is the first field of those that must stay as they are that a patch has changed,
// same when it has changed nothing at all, or "".
func guarded(before, after typed) (string, error) {
	was, err := Fields(before)
	if err != nil {
		return "", err
	}
	is, err := Fields(after)
	if err != nil {
		return "", err
	}
	if reflect.DeepEqual(was, is) {
		return same, nil
	}
	for _, field := range [][]string{
		{"apiVersion"}, {"kind"}, {"metadata", "name"}, {"metadata", "namespace"}, {"spec", "selector"}, {"spec", "serviceName"},
		{"spec", "podManagementPolicy"}, {"metadata", "annotations", fluxPrune},
		{"metadata", "labels", labelName}, {"metadata", "labels", labelInstance}, {"metadata", "labels", labelComponent},
		{"spec", "template", "metadata", "labels", labelName}, {"spec", "template", "metadata", "labels", labelInstance}, {"spec", "template", "metadata", "labels", labelComponent},
	} {
		old, _, _ := unstructured.NestedFieldNoCopy(was, field...)
		now, _, _ := unstructured.NestedFieldNoCopy(is, field...)
		if !reflect.DeepEqual(old, now) {
			return strings.Join(field, "."), nil
		}
	}
	return "", nil
}

// pinned reports whether the digests that make pods start anew are others.
func pinned(before, after typed) bool {
	was, now := templateOf(before), templateOf(after)
	return was != nil && now != nil && slices.ContainsFunc([]string{filesAnnotation, secretsAnnotation}, func(name string) bool {
		return was.Annotations[name] != now.Annotations[name]
	})
}

// unheard reports whether a container of a pod lacks the hook that it had.
func unheard(before, after typed) bool {
	was, now := templateOf(before), templateOf(after)
	if was == nil || now == nil {
		return false
	}
	hooks := map[string]*corev1.LifecycleHandler{}
	for _, c := range now.Spec.Containers {
		if c.Lifecycle != nil {
			hooks[c.Name] = c.Lifecycle.PostStart
		}
	}
	return slices.ContainsFunc(was.Spec.Containers, func(c corev1.Container) bool {
		return c.Lifecycle != nil && c.Lifecycle.PostStart != nil && !reflect.DeepEqual(c.Lifecycle.PostStart, hooks[c.Name])
	})
}

// otherFiles reports whether two objects are ConfigMaps that hold something else.
func otherFiles(before, after typed) bool {
	was, is := before.(*corev1.ConfigMap)
	now, still := after.(*corev1.ConfigMap)
	return is && still && !reflect.DeepEqual([]any{was.Data, was.BinaryData}, []any{now.Data, now.BinaryData})
}

// patched is an object with a strategic merge patch, or a merge patch (RFC 7386) where
// Kubernetes doesn't know the kind.
func patched(o typed, patch []byte) (typed, error) {
	fields, err := Fields(o)
	if err != nil {
		return nil, err
	}
	was, err := (&unstructured.Unstructured{Object: fields}).MarshalJSON()
	if err != nil {
		return nil, err
	}
	if _, foreign := o.(*unstructured.Unstructured); foreign {
		data, err := jsonpatch.MergePatch(was, patch)
		if err != nil {
			return nil, err
		}
		changed := &unstructured.Unstructured{}
		return changed, changed.UnmarshalJSON(data)
	}
	data, err := strategicpatch.StrategicMergePatch(was, patch, o)
	if err != nil {
		return nil, err
	}
	changed := reflect.New(reflect.TypeOf(o).Elem()).Interface().(typed)
	strict, err := json.UnmarshalStrict(data, changed)
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	if err != nil {
		return nil, fmt.Errorf("the cluster could not read what it makes: %w", err)
	}
	return changed, nil
}

// restricted are the checks of restricted Pod Security.
var restricted = sync.OnceValues(func() (policy.Evaluator, error) { return policy.NewEvaluator(policy.DefaultChecks(), nil) })

// insecure is the first rule of restricted Pod Security that a pod breaks, with the field, or
// "". No pod breaks none.
func insecure(pod *corev1.PodTemplateSpec) (rule string, err error) {
	if pod == nil {
		return "", nil
	}
	checks, err := restricted()
	if err != nil {
		return "", err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: podSecurity}
	for _, r := range checks.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if !r.Allowed {
			return strings.TrimSpace(r.ForbiddenReason + ": " + r.ForbiddenDetail), nil
		}
	}
	return "", nil
}

// templateOf is an object's pod, or nil.
func templateOf(o typed) *corev1.PodTemplateSpec {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *appsv1.StatefulSet:
		return &o.Spec.Template
	case *batchv1.Job:
		return &o.Spec.Template
	}
	return nil
}
