package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

//go:embed style/*.css style/*.svg
var styles embed.FS

//go:embed all:dist
var scripts embed.FS

// asset is a file that browsers may keep for ever: its name changes with its content.
type asset struct {
	name, kind string
	body       []byte
}

// assets holds the style sheet, the mark and, once they have been built, the scripts.
type assets struct {
	names  map[string]string // "app.css" → "app.3f2a….css"
	byName map[string]asset
}

func loadAssets() (assets, error) {
	a := assets{names: map[string]string{}, byName: map[string]asset{}}
	var sheet bytes.Buffer
	for _, part := range []string{"base.css", "parts.css", "pages.css", "listings.css", "settings.css", "stocktake.css"} {
		body, err := styles.ReadFile("style/" + part)
		if err != nil {
			return a, err
		}
		sheet.Write(body)
	}
	a.add("app.css", "text/css; charset=utf-8", sheet.Bytes())
	mark, err := styles.ReadFile("style/mark.svg")
	if err != nil {
		return a, err
	}
	a.add("mark.svg", "image/svg+xml", mark)
	if script, err := scripts.ReadFile("dist/app.js"); err == nil {
		a.add("app.js", "text/javascript; charset=utf-8", script)
	}
	return a, nil
}

func (a assets) add(name, kind string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	hashed := name[:len(name)-len(ext)] + "." + hex.EncodeToString(sum[:6]) + ext
	a.names[name] = hashed
	a.byName[hashed] = asset{name: hashed, kind: kind, body: body}
}

// url is the address of an asset, "" when it has not been built.
func (a assets) url(name string) string {
	if hashed, ok := a.names[name]; ok {
		return "/assets/" + hashed
	}
	return ""
}

// ServeHTTP serves one asset by its hashed name, under the path value "name".
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := a.byName[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, found.name, time.Time{}, bytes.NewReader(found.body))
}
