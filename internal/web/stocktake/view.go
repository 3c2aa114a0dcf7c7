package stocktake

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Views are the templates of the pages.
type Views struct {
	List, New, Show, Count *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (v Views, err error) {
	for name, into := range map[string]**ui.Template{"list.html": &v.List, "new.html": &v.New, "show.html": &v.Show, "count.html": &v.Count} {
		if *into, err = u.Parse(files, name); err != nil {
			return v, err
		}
	}
	return v, nil
}
