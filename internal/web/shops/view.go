package shops

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Views are the templates of the shops' pages.
type Views struct {
	List, Detail, New, Preview *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (v Views, err error) {
	for _, page := range []struct {
		into *(*ui.Template)
		file string
	}{{&v.List, "list.html"}, {&v.Detail, "detail.html"}, {&v.New, "new.html"}, {&v.Preview, "preview.html"}} {
		if *page.into, err = u.Parse(files, "page.html", "fields.html", page.file); err != nil {
			return v, err
		}
	}
	return v, nil
}
