package load
import ("testing";"fmt";"testing/fstest")
func TestDbg(t *testing.T) {
	for _, text := range []string{
		`environment: {mode: "dev", defaults: domain: "a.b"}`,
		`environment: {mode: "dev", defaults: flux: timeout: "20m"}`,
		`environment: {mode: "dev", defaults: mlflow: workers: 3}`,
		`environment: {mode: "dev", defaults: mlflow: workers: 3, mlflow: port: 5001}`,
		`environment: {mode: "dev", defaults: mlflow: workers: 3, mlflow: workers: 2}`,
		`environment: {mode: "dev", defaults: mlflow: resources: limits: cpu: "2"}`,
		`environment: {mode: "dev", mlflow: resources: limits: cpu: "2"}`,
		`environment: {mode: "dev", defaults: mlflow: resources: limits: cpu: "2", mlflow: resources: limits: memory: "2Gi"}`,
		`environment: {mode: "dev", defaults: mlflow: resources: limits: cpu: "2", mlflow: resources: requests: memory: "2Gi"}`,
		`environment: {mode: "dev", defaults: flux: timeout: "20m", flux: timeout: "20m"}`,
		`environment: {mode: "dev", defaults: flux: timeout: "20m", flux: interval: "20m"}`,
	} {
	files := tree(t, "")
	files["environments/dev/environment.cue"] = &fstest.MapFile{Data: []byte("package environments\n\n" + text)}
	r, _ := Open(files, "")
	_, err := r.Load()
	fmt.Println(text, err)
	}
}
