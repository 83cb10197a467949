package compose

import (
	"crypto/sha256"
	"fmt"
	"path"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// filesLabel holds a digest of the mounted files. Compose makes a container anew
// when its service changes, and a label is part of that, a mounted file is not.
const filesLabel = "mlops-gitops.files"

// mount gives a service its files, secrets, volumes and scratch directories.
func (p *project) mount(s *types.ServiceConfig, w schema.Workload, in container.Container) error {
	sum := sha256.New()
	bind := func(target, content string) error {
		file := path.Join("files", s.Name, target)
		fmt.Fprintf(sum, "%s\x00%d\x00%s", target, len(content), content)
		s.Volumes = append(s.Volumes, types.ServiceVolumeConfig{
			Type: types.VolumeTypeBind, Source: "./" + escape(file), Target: escape(target), ReadOnly: true,
			Bind: &types.ServiceVolumeBind{CreateHostPath: types.OptOut(false)},
		})
		return p.tree.Add(path.Join(p.dir, file), []byte(content))
	}
	for _, target := range sorted(in.Files) {
		if err := bind(target, in.Files[target]); err != nil {
			return err
		}
	}
	if in.Script != "" {
		if err := bind(container.ScriptPath, in.Script); err != nil {
			return err
		}
	}
	if len(s.Volumes) > 0 {
		s.Labels = types.Labels{filesLabel: fmt.Sprintf("sha256:%x", sum.Sum(nil)[:16])}
	}
	for _, name := range in.Secrets {
		s.Secrets = append(s.Secrets, types.ServiceSecretConfig{Source: name, Target: path.Join(container.SecretDir, name)})
		p.Secrets[name] = types.SecretConfig{File: path.Join("../../.secrets", p.env.Name, name)}
	}
	for _, dir := range in.Memory {
		s.Tmpfs = append(s.Tmpfs, tmpfs(dir, container.MemorySize, w))
	}
	for _, dir := range sorted(w.Scratch) {
		size, err := bytes(w.Scratch[dir].Size)
		if err != nil {
			return err
		}
		if w.Scratch[dir].Medium == "memory" {
			s.Tmpfs = append(s.Tmpfs, tmpfs(dir, size, w))
		} else {
			p.volume(s, "scratch"+flat.Replace(dir), dir, types.VolumeConfig{})
		}
	}
	for _, name := range sorted(w.Volumes) {
		var config types.VolumeConfig
		if existing := w.Volumes[name].Existing; existing != "" {
			config = types.VolumeConfig{Name: existing, External: true}
		}
		p.volume(s, name, w.Volumes[name].Path, config)
	}
	p.own(s)
	return nil
}

// flat makes a path part of a volume's name, and no two paths the same.
var flat = strings.NewReplacer("_", "__", "/", "_")

// tmpfs is a directory in memory that belongs to the container's user and that no
// other user may enter. As in a cluster, programs in it may run.
func tmpfs(dir string, size int64, w schema.Workload) string {
	return fmt.Sprintf("%s:exec,size=%d,mode=0700,uid=%d,gid=%d", escape(dir), size, w.User, w.Group)
}

// Volume is what a workload's volume is called in the project. Names have no dots, so
// no two meet.
func Volume(component, workload, name string) string {
	return schema.FullName(component, workload) + "." + name
}

// volume mounts a volume of the service's own, or one that is there already.
func (p *project) volume(s *types.ServiceConfig, name, dir string, config types.VolumeConfig) {
	name = s.Name + "." + name
	p.Volumes[name] = config
	s.Volumes = append(s.Volumes, types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: name, Target: escape(dir)})
}

// own makes the task that gives a service's volumes to its user, as fsGroup does
// in a cluster: a new volume belongs to root where the image doesn't have the
// directory, and one that is taken over to whom it was made for. The task may read
// folders and change owners, and nothing else.
func (p *project) own(s *types.ServiceConfig) {
	t := types.ServiceConfig{Name: s.Name + ".volumes", Restart: types.RestartPolicyNo}
	t.Image = s.Image
	t.Entrypoint = types.ShellCommand{"/bin/sh", "-c", escape(chown)}
	t.Command = types.ShellCommand{"sh", s.User}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume {
			if p.Volumes[v.Source].External {
				t.Entrypoint[2] = escape(chownAll)
			}
			t.Volumes = append(t.Volumes, v)
			t.Command = append(t.Command, v.Target)
		}
	}
	if len(t.Volumes) == 0 {
		return
	}
	t.User = "0:0"
	t.ReadOnly = true
	t.NetworkMode = "none"
	t.CapDrop, t.CapAdd = s.CapDrop, []string{"CHOWN", "DAC_READ_SEARCH"}
	t.SecurityOpt, t.Logging = s.SecurityOpt, s.Logging
	p.Services[t.Name] = t
	p.after(s, t.Name, types.ServiceConditionCompletedSuccessfully)
}

// chown leaves alone what is owned rightly, which is every time but the first. A volume's
// own directory comes last, so that what was interrupted is done again.
const chown = `set -eu
owner=$1
shift
for dir; do
	[ "$(stat -c %u:%g "$dir")" != "$owner" ] || continue
	for entry in "$dir"/* "$dir"/.[!.]*; do
		[ ! -e "$entry" ] || chown -R "$owner" "$entry"
	done
	chown "$owner" "$dir"
done
`

// chownAll looks at every file each time: the program from which a volume is taken over may
// be started on it again for a while, and leave files that belong to its own user.
const chownAll = `set -eu
owner=$1
shift
for dir; do
	if command -v find >/dev/null; then
		find "$dir" ! \( -user "${owner%:*}" -group "${owner#*:}" \) -exec chown -h "$owner" {} +
	else
		chown -R "$owner" "$dir"
	fi
done
`
