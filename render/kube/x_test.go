package kube

import (
	"fmt"
	"os"
	"testing"
	"testing/fstest"
	"io/fs"

	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func TestX(t *testing.T) {
	r, err := load.Open(os.DirFS("../.."), "")
	if err != nil { t.Fatal(err) }
	ls, err := r.Load("prod")
	if err != nil { t.Fatal(err) }
	os_, err := Objects(ls[0].Environment)
	if err != nil { t.Fatal(err) }
	for _, o := range os_ {
		y, err := o.Fields()
		if err != nil { t.Fatal(err) }
		z, err := YAML(y)
		fmt.Printf("--- # %s %s\n%s%v\n", o.Stage, o, z, err)
	}
	_ = fstest.MapFS{}
	_ = fs.ValidPath
}
