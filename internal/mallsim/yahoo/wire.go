package yahoo

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var jst = time.FixedZone("JST", 9*60*60)

const (
	answerTime = "2006-01-02T15:04:05-07:00" // how answers spell a moment
	askedTime  = "20060102150405"            // how conditions spell it, in Japan time
)

// element is one element of an answer.
type element struct {
	name  string
	attrs []string // name, value, …
	text  string
	cdata bool
	inner []element
}

func leaf(name, text string) element { return element{name: name, text: text} }

func number(name string, n int64) element { return leaf(name, strconv.FormatInt(n, 10)) }

func moment(name string, t time.Time) element {
	return leaf(name, t.In(jst).Format(answerTime))
}

// words is a text that people wrote: the mall wraps it in CDATA.
func words(name, text string) element { return element{name: name, text: text, cdata: true} }

func node(name string, inner ...element) element { return element{name: name, inner: inner} }

func (e element) write(b *strings.Builder) {
	b.WriteString("<" + e.name)
	for i := 0; i < len(e.attrs); i += 2 {
		b.WriteString(" " + e.attrs[i] + `="` + escaped(e.attrs[i+1]) + `"`)
	}
	b.WriteString(">")
	if e.cdata {
		b.WriteString("<![CDATA[" + strings.ReplaceAll(e.text, "]]>", "]]]]><![CDATA[>") + "]]>")
	} else {
		b.WriteString(escaped(e.text))
	}
	for _, in := range e.inner {
		in.write(b)
	}
	b.WriteString("</" + e.name + ">\n")
}

func escaped(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}

func send(w http.ResponseWriter, status int, root element) {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	root.write(&b)
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	io.WriteString(w, b.String())
}

// fail is the mall's common error. A code is not always known.
func fail(w http.ResponseWriter, status int, code, message string) {
	send(w, status, node("Error", leaf("Message", message), leaf("Code", code)))
}

func unauthorized(w http.ResponseWriter, description string) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="https://circus.shopping.yahooapis.jp", error="invalid_token", error_description=%q`, description))
	fail(w, http.StatusUnauthorized, "", description)
}

// resultSet is the root of most answers.
func resultSet(available, first int, results []element, more ...string) element {
	count := func(n int) string { return strconv.Itoa(n) }
	return element{name: "ResultSet", inner: results, attrs: append([]string{
		"totalResultsAvailable", count(available), "totalResultsReturned", count(len(results)), "firstResultPosition", count(first)}, more...)}
}
