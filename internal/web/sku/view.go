package sku

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Parse reads the screen's templates.
func Parse(u *ui.UI) (*ui.Template, error) {
	return u.Parse(files, "page.html", "terms.html", "inbound.html", "allotment.html", "bundle.html")
}
