package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestComposeFrontDoor runs Nginx before a component that says what it was asked, without
// the rest of the platform: who is led where, by which name, and what is believed.
func TestComposeFrontDoor(t *testing.T) {
	longest := strings.Repeat(strings.Repeat("a", 62)+".", 4) + "a" // what a host name may have: 253
	p := newPlatform(t, "mlops-e2e-door", 28000, "localhost", fmt.Sprintf(`
	mlflow: aliases: ["alias.test:1234"]
	nginx: headers: "X-Long": "%s"
	components: echo: {
		workloads: server: {
			image: {repository: "localhost/mlops-gitops/mlflow", tag: "v3.17.0-full"}
			command: ["python", "/echo.py"]
			files: "/echo.py": #"""
%s
				"""#
			ports: http: 8000
			health: {command: ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/')"], period: 1}
		}
		routes: named: {port: "http", path: "/named/", strip: true, hide: ["/named/metrics", "/named/inside/"], stream: ["/named/inside/files/"]}
		routes: below: {port: "http", path: "/named/inside/open/"}
		routes: socket: {port: "http", host: "socket.test", websocket: true}
		routes: address: {port: "http", host: "127.0.0.1", listen: 28902}
		routes: beside: {port: "http", host: "beside.test", listen: 28900}
		routes: long: {port: "http", host: "%s", path: "/named/"}
		routes: alias: {port: "http", path: "/alias/", host: "alias.test"}
	}
`, strings.Repeat("x", 3000), indented(testdata(t, "echo.py"), t), longest))
	p.run(program(t), "render", "dev")
	p.t.Cleanup(func() { p.run("docker", "compose", "down", "--volumes", "--timeout", "1") })
	p.run("docker", "compose", "up", "--no-deps", "nginx.volumes")
	p.run("docker", "compose", "up", "--wait", "--no-deps", "echo", "nginx")

	for _, tt := range []struct {
		what, want string
		args       []string
	}{
		// MLflow isn't running, so Nginx has nobody to lead to: 502
		{"a path beside MLflow's", "200 asked /x", []string{p.https() + "/named/x"}},
		{"MLflow", "502 ", []string{p.https() + "/x"}},
		{"a path beside MLflow's alias", "200 asked /alias/x", []string{p.named("alias.test", 443) + "/alias/x"}},
		{"MLflow by its alias", "502 ", []string{p.named("alias.test", 443) + "/x"}},
		{"another name's path", "502 ", []string{p.named("alias.test", 443) + "/named/x"}},
		{"an alias without TLS", "308 ", []string{fmt.Sprintf("http://alias.test:%d/x", p.base+80)}},
		// the host of the request line is the one that counts (RFC 9112, 3.2.2)
		{"two hosts", "421 ", []string{"--http1.1", "--request-target", p.https() + "/named/x", "--header", "Host: evil.example.com", p.https()}},
		{"two hosts that are there", "421 ", []string{"--http1.1", "--request-target", p.https() + "/named/x", "--header", "Host: alias.test", p.https()}},
		{"one host said twice", "200 asked /x", []string{"--http1.1", "--request-target", p.https() + "/named/x", p.https()}},
		{"a host without its port", "200 asked /x", []string{"--http1.1", "--header", "Host: LocalHost", p.https() + "/named/x"}},
		{"a host with a dot at its end", "200 asked /x", []string{"--header", "Host: localhost.", p.https() + "/named/x"}},
		{"no host", "421 ", []string{"--http1.0", "--header", "Host:", p.https() + "/named/x"}},
		{"what is hidden", "404 ", []string{p.https() + "/named/metrics"}},
		{"what is hidden, as a folder", "404 ", []string{p.https() + "/named/metrics/"}},
		{"what is below what is hidden", "404 ", []string{p.https() + "/named/metrics/x"}},
		{"what is hidden, with a slash in code", "404 ", []string{p.https() + "/named/metrics%2f"}},
		{"what is hidden, in code", "404 ", []string{p.https() + "/named/%6detrics?x=1"}},
		{"what is hidden, by a detour", "404 ", []string{p.https() + "//named/.//x/%2e%2e/metrics"}},
		{"what is called much like it", "200 asked /metrics-of-mine", []string{p.https() + "/named/metrics-of-mine"}},
		{"a hidden folder, as a file", "404 ", []string{p.https() + "/named/inside"}},
		{"what streams in a hidden folder", "404 ", []string{p.https() + "/named/inside/files/x"}},
		{"another route in a hidden folder", "200 asked /named/inside/open/x", []string{p.https() + "/named/inside/open/x"}},
		{"what MLflow hides", "404 ", []string{p.https() + "/api/3.0/mlflow/server-info"}},
		{"what is below what MLflow hides", "404 ", []string{p.https() + "/api/3.0/mlflow/server-info/"}},
		{"an address", "200 asked /x", []string{p.named("127.0.0.1", 902) + "/x"}},
		{"another name, where there is an address", "421 ", []string{"--insecure", p.named("evil.example.com", 902) + "/x"}},
		{"another host, where there is an address", "421 ", []string{"--header", "Host: evil.example.com", p.named("127.0.0.1", 902) + "/x"}},
		{"an address without TLS", "308 ", []string{fmt.Sprintf("http://127.0.0.1:%d/x", p.base+80)}},
		{"a name beside the object store's", "200 asked /x", []string{p.named("beside.test", 900) + "/x"}},
		{"a name beside the object store's, by way of it", "421 ", []string{"--header", "Host: beside.test", p.s3() + "/x"}},
		{"the same in capitals", "421 ", []string{"--header", "Host: beside.test", p.named("LOCALHOST", 900) + "/x"}},
		{"the longest name", "200 asked /named/x", []string{p.named(longest, 443) + "/named/x"}},
	} {
		if got := p.asked(tt.args...); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
	for _, tt := range []struct {
		what, at string
	}{
		{"with Nginx's usual headers", p.https() + "/named/x"},
		{"beside the object store", p.named("beside.test", 900) + "/x"},
		{"with headers of its own", fmt.Sprintf("https://socket.test:%d/x", p.base+443)},
	} {
		got := p.asked("--header", "X-Forwarded-For: 203.0.113.9", "--header", "X_Forwarded_For: 203.0.113.9", "--header", "X-Real-IP: 203.0.113.9", "--header", "X-Forwarded-Proto: gopher", tt.at)
		if strings.Contains(got, "203.0.113.9") || !strings.Contains(got, "\nX-Forwarded-For: ") || !strings.Contains(got, "\nX-Forwarded-Proto: https\n") {
			t.Errorf("a route %s hears from anybody where a request comes from:\n%s", tt.what, got)
		}
	}
	// a request that fails: MinIO isn't running
	presigned := []string{p.s3() + "/mlflow/x?X-Amz-Credential=nobody&X-Amz-Signature=bearer"}
	for _, args := range [][]string{presigned, append(presigned, "--header", "Host: evil.example.com"), append(presigned, "--http1.1", "--upload-file", "environments/dev/environment.cue")} {
		if got := p.asked(args...); got != "502 " && got != "421 " {
			t.Errorf("with the object store away, %v got %q", args, got)
		}
	}
	log := p.run("docker", "compose", "logs", "--no-color", "nginx")
	if strings.Contains(log, "bearer") || strings.Contains(log, "X-Amz") {
		t.Errorf("signatures show in Nginx's log:\n%s", log)
	}
	if failed := regexp.MustCompile(`"path":"/mlflow/x","status":502,.*"upstream":"minio.s3","upstream_status":"502"`); !failed.MatchString(log) {
		t.Errorf("requests that failed don't show in Nginx's log:\n%s", log)
	}
	if strings.Contains(log, "conflicting server name") {
		t.Errorf("two of Nginx's servers have one name:\n%s", log)
	}
}

// named is the address of a name at one of the platform's ports.
func (p platform) named(name string, port int) string {
	return fmt.Sprintf("https://%s:%d", name, p.base+port)
}

// asked is the status of an answer and what it says, where all names lead to this machine.
func (p platform) asked(args ...string) string {
	p.t.Helper()
	asks := []string{"--silent", "--max-time", "20", "--path-as-is", "--cacert", ".secrets/dev/ca.crt", "--connect-to", "::127.0.0.1:", "--write-out", "\n%{http_code}"}
	out := p.run("curl", append(asks, args...)...)
	at := strings.LastIndex(out, "\n")
	status, body := out[at+1:], out[:at]
	if !strings.HasPrefix(body, "asked ") {
		body = "" // a page of Nginx's own
	}
	return status + " " + body
}

// indented is a file as CUE's text of several lines has it.
func indented(path string, t *testing.T) string {
	t.Helper()
	return "\t\t\t\t" + strings.ReplaceAll(strings.TrimSuffix(read(t, path), "\n"), "\n", "\n\t\t\t\t")
}
