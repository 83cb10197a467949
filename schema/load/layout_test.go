package load

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestLayouts writes mistakes, mostly a misspelt field and a value out of range, in
// every way that CUE allows: both are found where they are, in one run. ↦ stands for
// a tab, ␍ for a carriage return, ␂ for a byte order mark at the very beginning.
func TestLayouts(t *testing.T) {
	const wokers, workers = "mlflow has no field \"wokers\"\n  did you mean \"workers\"?\n", "mlflow.workers must be an integer from 1 to 50, not 0\n"
	for _, tt := range []struct{ what, text, want string }{
		{"a byte order mark", `␂environment: mode: "dev"
environment: mlflow: {workers: 0, wokers: 1}
`, "4:32: " + workers + "4:35: " + wokers},
		{"chains", `environment: mode: "dev"
environment: mlflow: workers: 0
environment: mlflow: wokers: 1
`, "4:31: " + workers + "5:22: " + wokers},
		{"one chain that ends in a struct", `environment: mode: "dev"
environment: mlflow: {workers: 0, wokers: 1}
`, "4:32: " + workers + "4:35: " + wokers},
		{"one line with commas", `environment: {mode: "dev", mlflow: {wokers: 1, workers: 0,},}
`, "3:37: " + wokers + "3:57: " + workers},
		{"chains on one line", `environment: {mode: "dev", mlflow: wokers: 1, mlflow: workers: 0}
`, "3:36: " + wokers + "3:64: " + workers},
		{"tabs for spaces", `environment:↦{↦mode:↦"dev"↦,↦mlflow:↦wokers:↦1↦,↦mlflow:↦workers:↦0↦}
`, "3:38: " + wokers + "3:67: " + workers},
		{"comments between", `// the environment
environment: { // opens
	mode: "dev" // the mode
	// wokers
	mlflow: { // of MLflow
		wokers: 1 // one
		// then
		workers: 0 // none
	}
}
// the end`, "8:3: " + wokers + "10:12: " + workers},
		{"quoted names", `"environment": "mode": "dev"
"environment": mlflow: "wokers": 1
environment: "mlflow": "workers": 0
`, "4:24: " + wokers + "5:35: " + workers},
		{"carriage returns", `environment: {␍
	mode: "dev"␍
	mlflow: workers: 0 // none␍
	mlflow: wokers: 1␍
}␍
`, "5:19: " + workers + "6:10: " + wokers},
		{"no line end at the end", `environment: mode: "dev"
environment: {mlflow: workers: 0}
environment: mlflow: wokers: 1`, "4:32: " + workers + "5:22: " + wokers},
		{"braces around everything", `{
	{environment: {{mode: "dev"}, {mlflow: {workers: 0}}}}
	environment: mlflow: wokers: 1
}
`, "4:51: " + workers + "5:23: " + wokers},
		{"unified structs", `environment: {mode: "dev"} & {mlflow: {workers: 0} & {wokers: 1}}
`, "3:49: " + workers + "3:55: " + wokers},
		{"parentheses", `environment: ({mode: "dev", mlflow: ({wokers: 1, workers: (0)})})
`, "3:39: " + wokers + "3:59: mlflow.workers must be an integer from 1 to 50, not (0)\n"},
		{"the same mistake twice", `environment: mode: "dev"
environment: mlflow: wokers: 1
environment: mlflow: wokers: 1
`, "4:22: " + wokers + "5:22: " + wokers},
		{"a mistake below a misspelt field", `environment: mode: "dev"
environment: mlflwo: {workers: 0, wokers: 1}
environment: mlflow: workers: 0
`, "4:14: environment has no field \"mlflwo\"\n  did you mean \"mlflow\"?\n5:31: " + workers},
		{"a name that begins like a misspelt one", `environment: mode: "dev"
environment: mlflow: worker: 1
environment: mlflow: workers: nope
environment: mlflow: workers: 0
`, "4:22: mlflow has no field \"worker\"\n  did you mean \"workers\"?\n" +
			"5:31: there is no \"nope\" here to refer to\n6:31: " + workers},
		{"lists", `environment: mode: "dev"
environment: secrets: recipients: ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", "agex", 5,
	"age1pppppppppppppppppppppppppppppppppppppppppppppppppppppppppp", "agey"]
environment: components: notes: workloads: server: {
	image: {repository: "notes", tag: "1"}
	command: ["a", 5, true]
	args: "b"
}
`, `4:102: secrets.recipients.1 must be an age public key, as age-keygen prints it: age1 and 58 letters and digits, not "agex"
4:110: secrets.recipients.2 must be an age public key, as age-keygen prints it: age1 and 58 letters and digits, not 5
5:68: secrets.recipients.4 must be an age public key, as age-keygen prints it: age1 and 58 letters and digits, not "agey"
8:17: components.notes.workloads.server.command.1 must be a string (in quotes), not 5
  put it in quotes: "5"
8:20: components.notes.workloads.server.command.2 must be a string (in quotes), not true
  put it in quotes: "true"
9:8: components.notes.workloads.server.args must be a list in square brackets, not "b"
  did you mean ["b"]?
`},
		{"interpolations", `environment: mode: "dev"
environment: components: notes: {
	needs: postgres: port: "sql"
	workloads: server: {
		image: {repository: "notes", tag: "1"}
		env: A: "a \(needs.postgrs.host) b \(needs.postgres.hst) c \(nope)"
		env: B: """
			x \(needs.postgres.host)
			y \(needs.postgres.nmber)
			"""
		env: C: #"\(x) \#(needs.postgres.hots)"#
		command: ["a", nopf, needs.postgres.usr]
	}
}
`, `8:22: needs has no "postgrs"
  did you mean "postgres"?
8:55: needs.postgres has no "hst"
  did you mean "host"?
8:64: there is no "nope" here to refer to
11:23: needs.postgres has no "nmber"
  did you mean "number"?
13:36: needs.postgres has no "hots"
  did you mean "host"?
14:18: there is no "nopf" here to refer to
14:39: needs.postgres has no "usr"
  did you mean "user"?
`},
		{"values from elsewhere", `let none = 0
_port: 99999
environment: mode: "dev"
environment: mlflow: workers: none
environment: defaults: mlflow: port: _port
if true {environment: postgres: connections: 3}
environment: mlflow: {for k in ["wokers"] {(k): 3}}
`, `6:31: mlflow.workers must be an integer from 1 to 50, not none
7:38: defaults.mlflow.port must be a port from 1 to 65535, not _port
8:46: postgres.connections must be an integer from 20 to 10000, not 3
9:44: mlflow.wokers: field not allowed
`},
		{"a value that is left open", `environment: mode: "dev"
environment: mlflow: workers: int
environment: mlflow: spool: "10Gi" | "20Gi"
environment: postgres: storage: environment.postgres.storage
`, `4:31: mlflow.workers must be an integer from 1 to 50, and int leaves it open
5:29: mlflow.spool must be a size in binary units such as 512Mi or 20Gi, and "10Gi" | "20Gi" leaves it open
6:33: postgres.storage must be a size in binary units such as 512Mi or 20Gi, and environment.postgres.storage leaves it open
`},
		{"an explicit error", `environment: mode: "dev"
environment: mlflow: workers: _|_
environment: mlflow: wokers: 1
`, "4:31: mlflow.workers must be an integer from 1 to 50, not _|_\n5:22: " + wokers},
		{"nearly the environment", `enviroment: mlflow: workers: 3
environment: mode: "dev"
`, "3:1: enviroment stands outside of the environment, where nothing reads it\n  did you mean \"environment\"?\n"},
		{"what is imported, used by a mistake only", `import "strings"

environment: mode: "dev"
environment: mlflow: spool: strings.ToUpper("x")
environment: mlflow: workers: 0
`, "6:29: mlflow.spool must be a size in binary units such as 512Mi or 20Gi, not strings.ToUpper(\"x\")\n7:31: " + workers},
		{"what is not imported", `import "stringz"

environment: mode: "dev"
environment: mlflow: spool: stringz.ToUpper("x")
environment: mlflow: wokers: 1
`, "3:8: there is no package \"stringz\" here\n  did you mean \"strings\"?\n7:22: " + wokers},
	} {
		text, mark := strings.CutPrefix(tt.text, "␂")
		text = "package environments\n\n" + strings.NewReplacer("↦", "\t", "␍", "\r").Replace(text)
		if mark {
			text = "\ufeff" + text
		}
		files := tree(t, "")
		files["environments/dev/e.cue"] = &fstest.MapFile{Data: []byte(text)}
		got := strings.ReplaceAll(mistakes(t, files), "environments/dev/e.cue:", "")
		if got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, tt.want)
		}
	}
}

// TestWays writes the type in each of the ways that there are.
func TestWays(t *testing.T) {
	for _, tt := range []struct{ what, text string }{
		{"named and unified", "environment: schema.#Dev & {\n\tmlflow: wokers: 3\n\tmlflow: workers: 0\n}\n"},
		{"named twice", "environment: schema.#Dev & schema.#Environment & {\n\tmlflow: wokers: 3\n\tmlflow: workers: 0\n}\n"},
		{"embedded", "environment: {schema.#Dev\n\tmlflow: wokers: 3\n\tmlflow: workers: 0\n}\n"},
		{"beside", "environment: {mode: \"dev\"\n\tmlflow: wokers: 3\n\tmlflow: workers: 0\n}\nenvironment: schema.#Environment\n"},
		{"imported and passed over", "environment: {mode: \"dev\"\n\tmlflow: wokers: 3\n\tmlflow: workers: 0\n}\n_unused: schema.#Dev\n"},
	} {
		files := tree(t, "-- environments/environment.cue --\npackage environments\n")
		files["environments/dev/e.cue"] = &fstest.MapFile{Data: []byte("package environments\n\nimport \"" + modulePath + "\"\n\n" + tt.text)}
		want := "environments/dev/e.cue:6:10: mlflow has no field \"wokers\"\n  did you mean \"workers\"?\n" +
			"environments/dev/e.cue:7:19: mlflow.workers must be an integer from 1 to 50, not 0\n"
		if got := mistakes(t, files); got != want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, want)
		}
	}
}

// TestFolders holds what is said of files and folders that make no environment.
func TestFolders(t *testing.T) {
	const good = "package environments\n\nenvironment: mode: \"dev\"\n"
	for _, tt := range []struct{ what, archive, want string }{
		{"files that CUE leaves out", "-- environments/dev/e.cue --\n" + good + "-- environments/dev/_draft.cue --\n{{{\n-- environments/dev/.swap.cue --\n{{{\n-- environments/dev/notes.md --\n{{{\n", ""},
		{"a folder in a folder", "-- environments/dev/e.cue --\n" + good + "-- environments/dev/deep/e.cue --\n{{{\n",
			"environments/dev/deep/e.cue: nothing reads this file: an environment is made of the files directly in its folder\n  move it up to environments/dev, or import its folder as a package\n"},
		{"no CUE", "-- environments/dev/notes.md --\n",
			"environments/dev: this environment has no CUE file\n  put one there that says environment: mode: \"dev\", or remove the folder\n"},
		{"no package", "-- environments/dev/e.cue --\nenvironment: mode: \"dev\"\n",
			"environments/dev/e.cue:1:1: this file says no package\n  begin it with: package environments\n"},
		{"another package", "-- environments/dev/e.cue --\npackage dev\n\nenvironment: mode: \"dev\"\n",
			"environments/dev/e.cue:1:1: this file is of package dev, and environments are of package environments\n  say: package environments\n"},
		{"no environment", "-- environments/environment.cue --\npackage environments\n-- environments/dev/e.cue --\npackage environments\n\n_x: 1\n",
			"environments/dev: this environment does not use the schema\n  say in environments/environment.cue: environment: schema.#Environment\n"},
		{"a name with a space", "-- environments/prod eu/e.cue --\n" + good,
			"environments/prod eu: the name of an environment must start with a letter and hold only lower-case letters, digits and dashes, at most 57\n  rename the folder\n"},
		{"a name with capitals", "-- environments/Prod_EU/e.cue --\n" + good,
			"environments/Prod_EU: the name of an environment must start with a letter and hold only lower-case letters, digits and dashes, at most 57\n  rename the folder\n"},
		{"a name that is too long for a namespace", "-- environments/" + strings.Repeat("e", 58) + "/e.cue --\n" + good,
			"environments/" + strings.Repeat("e", 58) + ": the name of an environment must start with a letter and hold only lower-case letters, digits and dashes, at most 57\n  rename the folder\n"},
		{"a name that is just short enough", "-- environments/" + strings.Repeat("e", 57) + "/e.cue --\n" + good, ""},
		{"a schema that is no CUE", "-- environments/dev/e.cue --\n" + good + "-- schema/types.cue --\npackage schema\n\n{{\n",
			"environments/environment.cue:3:8: the vendored schema is broken, at schema/types.cue:3:4: expected '}', found 'EOF'\n  \"mlops-gitops upgrade\" replaces schema/ by the one that this program was made with\n"},
		{"a module that is none", "-- environments/dev/e.cue --\n" + good + "-- cue.mod/module.cue --\nmodule: {{\n",
			"environments/dev: cue.mod/module.cue:1:12 cannot be read: expected '}', found 'EOF'\n"},
		{"a module of a later language", "-- environments/dev/e.cue --\n" + good + "-- cue.mod/module.cue --\nmodule: \"example.com/x@v0\"\nlanguage: version: \"v0.99.0\"\n",
			"environments/dev: language version \"v0.99.0\" declared in module.cue is too new for current language version \"v0.17.1\"\n"},
	} {
		if got := mistakes(t, tree(t, tt.archive)); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, tt.want)
		}
	}
}
