package container

import (
	"maps"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// trustedPath is where the authorities lie that all programs are to trust.
const trustedPath = "/run/ca/trusted.pem"

// outward is how a program talks to those who are not of the platform: through a proxy, and
// trusting authorities that its image doesn't know. The variables are those that programs
// share by custom: libcurl's and Python's, OpenSSL's, the AWS clients' and Node's.
func outward(e *schema.Environment) (env map[string]schema.Value, files map[string]string) {
	env, files = map[string]schema.Value{}, map[string]string{}
	proxy := e.Settings.Proxy
	for name, address := range map[string]string{"HTTP_PROXY": proxy.HTTP, "HTTPS_PROXY": proxy.HTTPS} {
		if address != "" {
			env[name], env[strings.ToLower(name)] = schema.Value(address), schema.Value(address)
		}
	}
	if len(env) > 0 {
		direct := schema.Value(strings.Join(inside(e), ","))
		env["NO_PROXY"], env["no_proxy"] = direct, direct
	}
	if e.Settings.CA != "" {
		files[trustedPath] = e.Settings.CA
		for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} {
			env[name] = trustedPath
		}
	}
	return env, files
}

// inside are those that no proxy leads to: the machine itself, the platform's own names, and
// those that people name.
func inside(e *schema.Environment) []string {
	names := map[string]bool{e.Settings.Domain: true}
	for _, c := range e.Components {
		for workload, w := range c.Workloads {
			names[schema.FullName(c.Name, workload)] = true
			if len(w.Volumes) > 0 { // behind it each replica has a name
				names[schema.FullName(c.Name, workload)+"-headless"] = true
			}
		}
	}
	for _, edges := range e.Edges {
		for _, edge := range edges {
			if edge.Host != "" && e.Components[edge.Provider].Place != schema.External {
				names[edge.Host] = true
			}
		}
	}
	for _, route := range e.Routes {
		names[route.Host] = true
	}
	return slices.Concat([]string{"localhost", "127.0.0.1", "::1", ".svc", ".cluster.local"}, slices.Sorted(maps.Keys(names)), e.Settings.Proxy.No)
}
