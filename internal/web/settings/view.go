package settings

import (
	"embed"

	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Views are the templates of the settings' pages.
type Views struct {
	General, Webhooks, Webhook, NewWebhook, Tokens, People, Once *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (v Views, err error) {
	for _, page := range []struct {
		into *(*ui.Template)
		file string
	}{{&v.General, "general.html"}, {&v.Webhooks, "webhooks.html"}, {&v.Webhook, "webhook.html"}, {&v.NewWebhook, "newwebhook.html"}, {&v.Tokens, "tokens.html"},
		{&v.People, "people.html"}, {&v.Once, "once.html"}} {
		if *page.into, err = u.Parse(files, "parts.html", page.file); err != nil {
			return v, err
		}
	}
	return v, nil
}
