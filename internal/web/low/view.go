package low

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed page.html report.html
var files embed.FS

// Parse reads the screen's templates.
func Parse(u *ui.UI) (*ui.Template, error) { return u.Parse(files, "page.html") }

// ParseReport reads those of the page that sends a view every day.
func ParseReport(u *ui.UI) (*ui.Template, error) { return u.Parse(files, "report.html") }
