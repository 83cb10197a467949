package compose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// deploy is how many containers run and what each may use.
func deploy(w schema.Workload) (d *types.DeployConfig, err error) {
	d = new(types.DeployConfig)
	if w.Replicas > 1 {
		d.Replicas = &w.Replicas
	}
	if d.Resources.Limits, err = resource(w.Resources.Limits); err != nil {
		return nil, err
	}
	if d.Resources.Reservations, err = resource(w.Resources.Requests); err != nil {
		return nil, err
	}
	if d.Replicas == nil && d.Resources.Limits == nil && d.Resources.Reservations == nil {
		return nil, nil
	}
	return d, nil
}

func resource(a schema.Amounts) (*types.Resource, error) {
	if a == (schema.Amounts{}) {
		return nil, nil
	}
	var r types.Resource
	if a.CPU != "" {
		cores, milli := strings.CutSuffix(a.CPU, "m")
		n, err := strconv.ParseFloat(cores, 32)
		if err != nil {
			return nil, fmt.Errorf("cpu: %w", err)
		}
		if milli {
			n /= 1000
		}
		r.NanoCPUs = types.NanoCPUs(n)
	}
	if a.Memory != "" {
		n, err := bytes(a.Memory)
		if err != nil {
			return nil, err
		}
		r.MemoryBytes = types.UnitBytes(n)
	}
	return &r, nil
}

// bytes is a size in binary units, as #Size in types.cue allows it.
func bytes(size string) (int64, error) {
	unit := map[string]int64{"Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
	n, err := strconv.ParseInt(strings.TrimRight(size, "MGTi"), 10, 64)
	factor, ok := unit[strings.TrimLeft(size, "0123456789")]
	if err != nil || !ok {
		return 0, fmt.Errorf("%q is not a size such as 20Gi", size)
	}
	return n * factor, nil
}
