package mail_test

import (
	"context"
	"errors"
	"mime"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"soroi/internal/mail"
	"soroi/internal/testkit"
)

func service(t *testing.T, s *testkit.SMTP, change func(*mail.Config)) *mail.Service {
	t.Helper()
	c := mail.Config{Host: s.Host, Port: s.Port, From: "soroi@shop.example", User: s.User, Password: s.Password, Roots: s.Roots, Timeout: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	m, err := mail.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var letter = mail.Letter{ID: "view.1.2.2026-04-01", To: []string{"hana@shop.example", "ken@shop.example"}, Subject: "在庫割れ", Text: "本文\n.\n終", HTML: "<p>本文</p>",
	Files: []mail.File{{Name: "low.csv", Type: "text/csv", Content: []byte("a,b\r\n")}}}

func TestSend(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		implicit, without bool
		change            func(*mail.Config)
	}{
		"starttls": {}, "tls": {implicit: true, change: func(c *mail.Config) { c.Encryption = mail.TLS }},
		"none": {without: true, change: func(c *mail.Config) { c.Encryption, c.User, c.Password = mail.None, "", "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user, password := "shop", "geheim"
			if way.without {
				user, password = "", ""
			}
			s := testkit.NewSMTP(t, user, password, way.implicit, way.without)
			if err := service(t, s, way.change).Send(context.Background(), letter); err != nil {
				t.Fatal(err)
			}
			got := s.Letters()
			if len(got) != 1 || got[0].From != "soroi@shop.example" || strings.Join(got[0].To, " ") != "hana@shop.example ken@shop.example" {
				t.Fatalf("%+v", got)
			}
			m, err := netmail.ReadMessage(strings.NewReader(got[0].Data))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if err != nil || subject != "在庫割れ" || m.Header.Get("Message-Id") != "<view.1.2.2026-04-01@shop.example>" || m.Header.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("%v %q %v", err, subject, m.Header)
			}
		})
	}
}

// What goes wrong at each step is told apart, and never counted as sent, nor as not sent where nobody knows.
func TestSend_problems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step, answer string
		change       func(*mail.Config)
		without      bool
		want         mail.Sort
		taken        int
	}{
		"no server":                      {change: func(c *mail.Config) { *c = mail.Config{} }, want: mail.Absent},
		"nobody listens":                 {change: func(c *mail.Config) { c.Port = 1 }, want: mail.Unreached},
		"hung up at once":                {step: "CONNECT", answer: testkit.Drop, want: mail.Unreached},
		"too many connections":           {step: "CONNECT", answer: "421 4.7.0 Try again later", want: mail.Busy},
		"another's certificate":          {change: func(c *mail.Config) { c.Roots = nil }, want: mail.Insecure},
		"TLS where there is none":        {without: true, want: mail.Insecure},
		"a wrong password":               {change: func(c *mail.Config) { c.Password = "x" }, want: mail.Login},
		"no password":                    {change: func(c *mail.Config) { c.User, c.Password = "", "" }, want: mail.Login},
		"a sender that is not ours":      {step: "MAIL", answer: "553 5.7.1 Sender address rejected", want: mail.Sender},
		"greylisted":                     {step: "RCPT", answer: "450 4.2.0 Greylisted", want: mail.Busy},
		"an address that is not there":   {step: "RCPT", answer: "550 5.1.1 User unknown", want: mail.Recipient},
		"hung up before the letter":      {step: "DATA", answer: testkit.Drop, want: mail.Unreached},
		"too large":                      {step: ".", answer: "552 5.3.4 Message too big", want: mail.Refused},
		"full":                           {step: ".", answer: "452 4.3.1 Insufficient system storage", want: mail.Busy},
		"hung up instead of a last word": {step: ".", answer: testkit.Drop, want: mail.Unsure},
		"hung up at the goodbye":         {step: "QUIT", answer: testkit.Drop, taken: 1},
		"a reset that fails":             {step: "RSET", answer: testkit.Drop, taken: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.NewSMTP(t, "shop", "geheim", false, c.without)
			if c.step != "" {
				s.Answer(c.step, c.answer)
			}
			err := service(t, s, c.change).Send(context.Background(), letter)
			var p *mail.Problem
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if !errors.As(err, &p) || p.Sort != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if n := len(s.Letters()); n != c.taken {
				t.Errorf("%d letters", n)
			}
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]mail.Config{
		"--smtp-from":     {Host: "a"},
		"--smtp-host":     {From: "a@b.example"},
		"is no address":   {Host: "a", From: "x"},
		"go together":     {Host: "a", From: "a@b.example", User: "u"},
		"in clear":        {Host: "a", From: "a@b.example", User: "u", Password: "p", Encryption: mail.None},
		"none of":         {Host: "a", From: "a@b.example", Encryption: "ssl"},
		"99999 is no por": {Host: "a", From: "a@b.example", Port: 99999},
	} {
		if _, err := mail.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}
