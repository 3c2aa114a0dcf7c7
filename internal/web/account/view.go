package account

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Views are the templates of the account's pages.
type Views struct {
	Setup, Signin *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (v Views, err error) {
	if v.Setup, err = u.Parse(files, "setup.html"); err != nil {
		return v, err
	}
	v.Signin, err = u.Parse(files, "signin.html")
	return v, err
}
