package engine

import (
	"encoding/json"
	"fmt"
	"testing"
)

// What is started anew comes after what it depends on, also by others that stay as they are.
func TestLevels(t *testing.T) {
	var p project
	if err := json.Unmarshal([]byte(`{"services": {
		"db": {"depends_on": {"db.volumes": {"condition": "service_completed_successfully"}}},
		"db.volumes": {},
		"databases": {"depends_on": {"db": {"condition": "service_healthy"}}},
		"migrate": {"depends_on": {"databases": {"condition": "service_completed_successfully"}}},
		"app": {"depends_on": {"migrate": {"condition": "service_completed_successfully"}, "store": {"condition": "service_healthy"}}},
		"store": {},
		"door": {"depends_on": {"app": {"condition": "service_healthy"}}}
	}}`), &p); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		services []string
		want     string
	}{
		{[]string{"door", "app", "migrate", "databases", "db", "store"}, "[[db store] [databases] [migrate] [app] [door]]"},
		{[]string{"app", "db"}, "[[db] [app]]"},
		{[]string{"door", "databases"}, "[[databases] [door]]"},
		{[]string{"store"}, "[[store]]"},
		{[]string{"other"}, "[[other]]"},
		{nil, "[]"},
	} {
		if got := fmt.Sprint(p.levels(tt.services)); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.services, got, tt.want)
		}
	}
	stay, end := p.split([]string{"app", "databases", "db", "migrate"})
	if got := fmt.Sprint(stay, end); got != "[app db] [databases migrate]" {
		t.Errorf("split gives %s", got)
	}
}
