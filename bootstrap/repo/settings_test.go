package repo

import (
	"testing"
)

func TestAuthor(t *testing.T) {
	for name, test := range map[string]struct {
		global, local string
		env           map[string]string
		want          Author
	}{
		"from the user's file":         {"[user]\nname = U\nemail = u@x\n", "", nil, Author{"U", "u@x"}},
		"the repository over it":       {"[user]\nname = U\nemail = u@x\n", "[user]\nemail = r@x\n", nil, Author{"U", "r@x"}},
		"author.* over user.*":         {"[user]\nname = U\nemail = u@x\n[author]\nname = A\n", "", nil, Author{"A", "u@x"}},
		"variables over files":         {"[user]\nname = U\nemail = u@x\n", "", map[string]string{"GIT_AUTHOR_NAME": "V", "GIT_AUTHOR_EMAIL": "v@x"}, Author{"V", "v@x"}},
		"an empty variable is none":    {"[user]\nname = U\nemail = u@x\n", "", map[string]string{"GIT_AUTHOR_NAME": " "}, Author{"U", "u@x"}},
		"EMAIL when nothing else":      {"[user]\nname = U\n", "", map[string]string{"EMAIL": "e@x"}, Author{"U", "e@x"}},
		"configuration by variables":   {"", "", map[string]string{"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "user.Name", "GIT_CONFIG_VALUE_0": "C", "GIT_CONFIG_KEY_1": "USER.email", "GIT_CONFIG_VALUE_1": "c@x"}, Author{"C", "c@x"}},
		"an included file":             {"[user]\nname = U\nemail = u@x\n[include]\npath = more\n", "", nil, Author{"U", "more@x"}},
		"the last word wins":           {"[include]\npath = more\n[user]\nname = U\nemail = u@x\n", "", nil, Author{"U", "u@x"}},
		"a folder's own file":          {"[user]\nname = U\nemail = u@x\n[includeIf \"gitdir:~/company/\"]\npath = ~/more\n", "", nil, Author{"U", "more@x"}},
		"another folder's file":        {"[user]\nname = U\nemail = u@x\n[includeIf \"gitdir:~/private/\"]\npath = ~/more\n", "", nil, Author{"U", "u@x"}},
		"a folder by part of its path": {"[user]\nname = U\nemail = u@x\n[includeIf \"gitdir/i:COMPANY/\"]\npath = ~/more\n", "", nil, Author{"U", "more@x"}},
		"a branch's file":              {"[user]\nname = U\nemail = u@x\n[includeIf \"onbranch:ma*\"]\npath = ~/more\n", "", nil, Author{"U", "more@x"}},
		"a remote's file":              {"[user]\nname = U\nemail = u@x\n[includeIf \"hasconfig:remote.*.url:https://example.com/**\"]\npath = ~/more\n", "[remote \"origin\"]\nurl = https://example.com/team/x.git\n", nil, Author{"U", "more@x"}},
		"an unknown condition":         {"[user]\nname = U\nemail = u@x\n[includeIf \"phase:moon\"]\npath = ~/more\n", "", nil, Author{"U", "u@x"}},
		"quotes, escapes, comments":    {"[user]\nname = \"Ann \\\"the\\\" Example\" ; who\nemail = a@x # where\n[alias]\nx = \"!f() { git log \\\"$1\\\"; }; f\"\nlg = log \\\n --all\n", "", nil, Author{`Ann "the" Example`, "a@x"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.git(".", "init", "-q", "-b", "main", "company/work")
			s.write(".gitconfig", test.global)
			s.write("more", "[user]\nemail = more@x\n")
			local := "[core]\nrepositoryformatversion = 0\n" + test.local
			s.write("company/work/.git/config", local)
			r, err := Open(s.path("company/work"), func(name string) (string, bool) {
				if value, ok := test.env[name]; ok {
					return value, true
				}
				return s.lookup(name)
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := r.Author(); err != nil || got != test.want {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
			if test.env == nil {
				if theirs := s.git("company/work", "var", "GIT_AUTHOR_IDENT"); theirs[:len(test.want.Name)] != test.want.Name {
					t.Errorf("for git it is %s", theirs)
				}
			}
		})
	}
}

func TestAuthorMissing(t *testing.T) {
	s := newSandbox(t)
	s.git(".", "init", "-q", "work")
	s.write(".gitconfig", "[user]\nname = U\n")
	_, err := s.open("work").Author()
	fails(t, err, "user.email not set", `git config --global user.email "you@example.com"`)
	s.remove(".gitconfig")
	_, err = s.open("work").Author()
	fails(t, err, "user.name and user.email not set", `git config --global user.name "Your Name"`)
	s.write(".gitconfig", "[user]\nname = <U>\nemail = u@x\n")
	_, err = s.open("work").Author()
	fails(t, err, `"<U>"`)
}

func TestConfigurationThatCanNotBeRead(t *testing.T) {
	s := newSandbox(t)
	s.git(".", "init", "-q", "work")
	s.write(".gitconfig", "[user\n")
	_, err := Open(s.path("work"), s.lookup)
	fails(t, err, ".gitconfig", "correct that line")
	s.write(".gitconfig", "[include]\npath = .gitconfig\n")
	_, err = Open(s.path("work"), s.lookup)
	fails(t, err, "includes itself")
}
