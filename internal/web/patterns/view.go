package patterns

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Views are the templates of the patterns' pages.
type Views struct {
	List, Edit, Assign, Text, Try *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (v Views, err error) {
	for _, page := range []struct {
		into *(*ui.Template)
		file string
	}{{&v.List, "list.html"}, {&v.Edit, "edit.html"}, {&v.Assign, "assign.html"}, {&v.Text, "text.html"}, {&v.Try, "try.html"}} {
		if *page.into, err = u.Parse(files, "parts.html", page.file); err != nil {
			return v, err
		}
	}
	return v, nil
}
