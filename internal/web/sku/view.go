package sku

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// ParsePast reads the template of the page of the past.
func ParsePast(u *ui.UI) (*ui.Template, error) { return u.Parse(files, "past.html") }

// Parse reads the screen's templates.
func Parse(u *ui.UI) (*ui.Template, error) {
	return u.Parse(files, "page.html", "terms.html", "inbound.html", "allotment.html", "bundle.html")
}
