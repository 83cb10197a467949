package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestComposeFrontDoor runs Nginx before a component that says what it was asked, without
// the rest of the platform: who is led where, by which name, and what is believed.
func TestComposeFrontDoor(t *testing.T) {
	p := newPlatform(t, "mlops-e2e-door", 28000, "localhost", fmt.Sprintf(`
	mlflow: aliases: ["alias.test:1234"]
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
		routes: alias: {port: "http", path: "/alias/", host: "alias.test"}
	}
`, indented(testdata(t, "echo.py"), t)))
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
	} {
		if got := p.asked(tt.args...); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
	if log := p.run("docker", "compose", "logs", "--no-color", "nginx"); strings.Contains(log, "conflicting server name") {
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
