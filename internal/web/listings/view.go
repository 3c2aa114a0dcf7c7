package listings

import (
	"embed"
	"errors"

	"soroi/internal/web/ui"
)

//go:embed list.html parts.html one.html of.html rule.html ignored.html sole.html
var files embed.FS

// Views are the pages' templates.
type Views struct {
	List, One, Of, Rule, Ignored, Sole *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (Views, error) {
	var v Views
	var failed [6]error
	for i, page := range []struct {
		view **ui.Template
		file string
	}{{&v.List, "list.html"}, {&v.One, "one.html"}, {&v.Of, "of.html"}, {&v.Rule, "rule.html"}, {&v.Ignored, "ignored.html"}, {&v.Sole, "sole.html"}} {
		*page.view, failed[i] = u.Parse(files, "parts.html", page.file)
	}
	return v, errors.Join(failed[:]...)
}
