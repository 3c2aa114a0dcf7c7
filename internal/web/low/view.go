package low

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed page.html
var files embed.FS

// Parse reads the screen's templates.
func Parse(u *ui.UI) (*ui.Template, error) { return u.Parse(files, "page.html") }
