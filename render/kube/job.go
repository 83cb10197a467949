package kube

import (
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A NotATask is a task that asks for what only a service can have.
type NotATask struct{ Fields []string }

func (e *NotATask) Error() string {
	return "a task runs once and ends, so it can't have " + strings.Join(e.Fields, ", ")
}

// Hint says what to do about it.
func (e *NotATask) Hint() string { return `make it a service, or take that out` }

// job runs a task. In the end its name holds a digest of what it does (nameForContent), so
// that a changed task is a new Job (a Job can't be changed) and an unchanged one isn't run
// again. It is never removed after a time: to Flux that would be drift, and it would run
// again. A failed attempt leaves its pod and log behind, for whoever asks why; seven take
// some ten minutes, as each waits twice as long as the one before (kubernetes.io, Jobs).
func job(p program) (*batchv1.Job, error) {
	if wrong := servicesOnly(p); len(wrong) > 0 {
		return nil, &NotATask{wrong}
	}
	template, err := podTemplate(p)
	if err != nil {
		return nil, err
	}
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: p.workloadMeta(p.name()),
		Spec:       batchv1.JobSpec{BackoffLimit: new(int32(6)), Template: template},
	}, nil
}

// nameForContent ends a Job's name with a digest of what it does.
func nameForContent(job *batchv1.Job) error {
	sum, err := digestOf(job.Spec, 10)
	job.Name += "-" + sum
	return err
}

// servicesOnly names the fields of p that a task can't have.
func servicesOnly(p program) []string {
	var fields []string
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"ports", len(p.Ports) > 0},
		{"expose", len(p.Expose) > 0},
		{"volumes", len(p.Volumes) > 0},
		{"health", p.Health != nil},
		{"more than one replica", p.Replicas > 1},
	} {
		if f.set {
			fields = append(fields, f.name)
		}
	}
	return fields
}
