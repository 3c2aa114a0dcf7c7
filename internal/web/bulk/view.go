package bulk

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Views are the templates of the pages.
type Views struct {
	Ask, CSV, Job *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (v Views, err error) {
	if v.Ask, err = u.Parse(files, "ask.html"); err != nil {
		return v, err
	}
	if v.CSV, err = u.Parse(files, "csv.html"); err != nil {
		return v, err
	}
	v.Job, err = u.Parse(files, "job.html")
	return v, err
}
