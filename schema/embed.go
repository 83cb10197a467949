package schema

import "embed"

// Files is this module's CUE, as "mlops-gitops init" puts it into a config
// repository, where it is pinned.
//
//go:embed *.cue cue.mod
var Files embed.FS
