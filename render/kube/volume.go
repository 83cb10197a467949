package kube

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// The volume of the pod's ConfigMap, and how the one of a container's secrets ends.
const (
	filesVolumeName  = "mounted-files"
	secretVolumeName = "mounted-secrets"
)

// mounts are a container's mounts, in the order in which they are added (files,
// directories in memory, secrets, scratch, volumes), and the volumes that only it uses.
type mounts struct {
	prefix  string // of the volumes' names
	volumes []corev1.Volume
	mounts  []corev1.VolumeMount
}

// reach mounts what a container needs to start: files, directories in memory for
// those with secrets, and the secrets.
func reach(e *schema.Environment, owner, prefix string, c container.Container) *mounts {
	m := &mounts{prefix: prefix}
	files := mounted(c)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		m.mount(corev1.VolumeMount{Name: filesVolumeName, MountPath: path, SubPath: fileKey(owner, path), ReadOnly: true})
	}
	for _, path := range c.Memory {
		m.add(volumeName(prefix+"memory", path), path, corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
			Medium:    corev1.StorageMediumMemory,
			SizeLimit: resource.NewQuantity(container.MemorySize, resource.BinarySI),
		}})
	}
	if len(c.Secrets) > 0 {
		m.add(short(prefix+secretVolumeName), container.SecretDir, secretsSource(e, c.Secrets))
		m.mounts[len(m.mounts)-1].ReadOnly = true
	}
	return m
}

// scratch mounts directories that are lost with the pod.
func (m *mounts) scratch(dirs map[string]schema.Scratch) error {
	for _, path := range slices.Sorted(maps.Keys(dirs)) {
		size, err := quantity(dirs[path].Size)
		if err != nil {
			return fmt.Errorf("scratch %s: %w", path, err)
		}
		dir := &corev1.EmptyDirVolumeSource{SizeLimit: &size}
		if dirs[path].Medium == "memory" {
			dir.Medium = corev1.StorageMediumMemory
		}
		m.add(volumeName(m.prefix+"scratch", path), path, corev1.VolumeSource{EmptyDir: dir})
	}
	return nil
}

// claims mounts the disks of a StatefulSet: those that are there already, and those
// whose volumes the cluster adds.
func (m *mounts) claims(volumes map[string]schema.Volume) {
	for _, name := range slices.Sorted(maps.Keys(volumes)) {
		if existing := volumes[name].Existing; existing != "" {
			m.add(name, volumes[name].Path, corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: existing}})
			continue
		}
		m.mount(corev1.VolumeMount{Name: name, MountPath: volumes[name].Path})
	}
}

func (m *mounts) add(name, path string, source corev1.VolumeSource) {
	m.volumes = append(m.volumes, corev1.Volume{Name: name, VolumeSource: source})
	m.mount(corev1.VolumeMount{Name: name, MountPath: path})
}

func (m *mounts) mount(v corev1.VolumeMount) { m.mounts = append(m.mounts, v) }

// mounted are the files that a container mounts, by path: its own and its start script.
func mounted(c container.Container) map[string]string {
	files := maps.Clone(c.Files)
	if c.Script != "" {
		if files == nil {
			files = map[string]string{}
		}
		files[container.ScriptPath] = c.Script
	}
	return files
}

// filesVolume is the volume of a ConfigMap with files.
func filesVolume(name string) corev1.Volume {
	return corev1.Volume{Name: filesVolumeName, VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}},
	}}
}

// secretsSource puts secrets into one directory, a file each, which anyone in the
// container may read and nobody outside of it can.
func secretsSource(e *schema.Environment, names []string) corev1.VolumeSource {
	p := &corev1.ProjectedVolumeSource{DefaultMode: new(int32(0o444))}
	for _, name := range names {
		object, key := e.InCluster(name)
		p.Sources = append(p.Sources, corev1.VolumeProjection{Secret: &corev1.SecretProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: object},
			Items:                []corev1.KeyToPath{{Key: key, Path: name}},
		}})
	}
	return corev1.VolumeSource{Projected: p}
}

// checkMounts returns the first path at which two things would be mounted.
func checkMounts(c container.Container, all []corev1.VolumeMount) error {
	if _, taken := c.Files[container.ScriptPath]; taken && c.Script != "" {
		return fmt.Errorf("file %s: the start script goes there", container.ScriptPath)
	}
	taken := map[string]bool{}
	for _, m := range all {
		if taken[m.MountPath] {
			return fmt.Errorf("two of its files, scratch directories and volumes are mounted at %s", m.MountPath)
		}
		taken[m.MountPath] = true
	}
	return nil
}

// checkVolumes returns the first disk that bears the name of another volume of the
// pod, which it would silently take the place of.
func checkVolumes(p program, volumes []corev1.Volume) error {
	for _, v := range volumes {
		if _, clash := p.Volumes[v.Name]; clash && v.PersistentVolumeClaim == nil {
			return fmt.Errorf("volume %s: the name is taken; give it another", v.Name)
		}
	}
	return nil
}
