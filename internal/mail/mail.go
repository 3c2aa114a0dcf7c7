// Package mail hands letters to the SMTP server that the operator named. It tells apart what surely was not delivered and what nobody knows.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Encryption is how the connection to the SMTP server is made safe.
type Encryption string

// The ways.
const (
	StartTLS Encryption = "starttls" // plain at first, then TLS before anything is said; refused where the server cannot. Usually port 587
	TLS      Encryption = "tls"      // TLS from the first byte. Usually port 465
	None     Encryption = "none"     // in clear, for a server on the same machine; never with a password
)

// Config names the SMTP server. A Host of "" is none.
type Config struct {
	Host       string
	Port       int // 0 is the usual one: 587, of TLS 465, of None 25
	User       string
	Password   string // with User
	From       string // the address that letters come from
	Encryption Encryption
	Roots      *x509.CertPool // nil are the system's; for tests
	Timeout    time.Duration  // of one letter, all steps; 0 is 30 seconds
}

// Letter is one mail to some addresses. Each sees the others.
type Letter struct {
	ID         string // the same for each try of the same letter, so that a receiver can tell; letters, digits, points
	To         []string
	Subject    string
	Text, HTML string
	Files      []File
}

// File is an attachment.
type File struct {
	Name, Type string
	Content    []byte
}

// Sort is what went wrong, which says what to do.
type Sort string

// The sorts. All but Unsure are surely not delivered.
const (
	Absent    Sort = "absent"    // no server is named
	Unreached Sort = "unreached" // no connection, or it broke
	Insecure  Sort = "insecure"  // no safe connection: the certificate, or no TLS on offer
	Login     Sort = "login"     // user and password were not taken
	Sender    Sort = "sender"    // the address in From was not taken
	Recipient Sort = "recipient" // one of the addresses was not taken; none got it
	Busy      Sort = "busy"      // the server asks to come again later
	Refused   Sort = "refused"   // the letter was not taken
	Unsure    Sort = "unsure"    // the connection broke when all was said but the server's yes
)

// Problem is why a letter was not sent, with the server's own words.
type Problem struct {
	Sort Sort
	Text string // one line
	err  error
}

func (p *Problem) Error() string {
	if p.Text == "" {
		return "mail: " + string(p.Sort)
	}
	return "mail: " + string(p.Sort) + ": " + p.Text
}
func (p *Problem) Unwrap() error { return p.err }

// Passing tells whether it may be otherwise in a while without anybody doing something.
func (p *Problem) Passing() bool { return p.Sort == Unreached || p.Sort == Busy }

// Service sends letters. It is safe for concurrent use; each letter has a connection of its own.
type Service struct{ config Config }

// New checks the settings. Without a server it makes a Service whose Send says so.
func New(c Config) (*Service, error) {
	if c.Encryption == "" {
		c.Encryption = StartTLS
	}
	if c.Port == 0 {
		c.Port = map[Encryption]int{StartTLS: 587, TLS: 465, None: 25}[c.Encryption]
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	switch {
	case c.Encryption != StartTLS && c.Encryption != TLS && c.Encryption != None:
		return nil, fmt.Errorf("--smtp-tls %q is none of starttls, tls, none", c.Encryption)
	case c.Host == "" && (c.From != "" || c.User != ""):
		return nil, errors.New("there are settings for mail, but no server: give --smtp-host")
	case c.Host == "":
		return &Service{c}, nil
	case c.Port < 1 || c.Port > 65535:
		return nil, fmt.Errorf("--smtp-port %d is no port", c.Port)
	case c.From == "":
		return nil, errors.New("--smtp-host needs --smtp-from, the address that mail comes from")
	case (c.User == "") != (c.Password == ""):
		return nil, errors.New("--smtp-user and SOROI_SMTP_PASSWORD go together: give both, or neither")
	case c.User != "" && c.Encryption == None:
		return nil, errors.New("--smtp-tls none would send the password in clear: use starttls or tls, or no user")
	}
	if err := gomail.NewMsg().From(c.From); err != nil {
		return nil, fmt.Errorf("--smtp-from %q is no address", c.From)
	}
	return &Service{c}, nil
}

// Ready tells whether a server is named.
func (s *Service) Ready() bool { return s.config.Host != "" }

// Server is the server's name and port, for people.
func (s *Service) Server() string {
	if !s.Ready() {
		return ""
	}
	return net.JoinHostPort(s.config.Host, fmt.Sprint(s.config.Port))
}

// Address reads one address of a person and returns its plain form, without name.
func Address(text string) (string, error) {
	m := gomail.NewMsg()
	if err := m.To(strings.TrimSpace(text)); err != nil {
		return "", fmt.Errorf("%q is no address", text)
	}
	return m.GetTo()[0].Address, nil
}

// Send hands a letter to the server: to all of its addresses, or to none. The error is a *Problem.
func (s *Service) Send(ctx context.Context, l Letter) error {
	if !s.Ready() {
		return &Problem{Sort: Absent}
	}
	m, err := s.message(l)
	if err != nil {
		return problem(Recipient, err)
	}
	options := []gomail.Option{gomail.WithPort(s.config.Port), gomail.WithTimeout(s.config.Timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.config.Host, RootCAs: s.config.Roots, MinVersion: tls.VersionTLS12})}
	switch s.config.Encryption {
	case TLS:
		options = append(options, gomail.WithSSL())
	case None:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.config.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.config.User), gomail.WithPassword(s.config.Password))
	}
	client, err := gomail.NewClient(s.config.Host, options...)
	if err != nil {
		return problem(Unreached, err)
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return s.dialProblem(err)
	}
	err = client.SendWithSMTPClient(connection, m)
	// The letter's fate is known by now: what the goodbye brings changes nothing.
	_ = client.CloseWithSMTPClient(connection)
	if err == nil || m.IsDelivered() {
		return nil
	}
	return sendProblem(err)
}

func (s *Service) message(l Letter) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(s.config.From); err != nil {
		return nil, err
	}
	if err := m.To(l.To...); err != nil {
		return nil, err
	}
	m.Subject(l.Subject)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	_, host, _ := strings.Cut(m.GetFrom()[0].Address, "@")
	m.SetMessageIDWithValue(l.ID + "@" + host)
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	if l.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	}
	for _, f := range l.Files {
		if err := m.AttachReader(f.Name, bytes.NewReader(f.Content), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func problem(sort Sort, err error) *Problem {
	return &Problem{Sort: sort, Text: strings.Join(strings.Fields(err.Error()), " "), err: err}
}

// dialProblem is what went wrong before the letter was spoken of.
func (s *Service) dialProblem(err error) *Problem {
	var answer *textproto.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &certificate), errors.As(err, &record), strings.Contains(err.Error(), "STARTTLS"):
		return problem(Insecure, err)
	case errors.As(err, &answer) && answer.Code >= 400 && answer.Code < 500:
		return problem(Busy, err)
	case errors.As(err, &answer) && s.config.User != "", errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), strings.Contains(err.Error(), "SMTP AUTH"):
		return problem(Login, err)
	case errors.As(err, &answer):
		return problem(Refused, err)
	}
	return problem(Unreached, err)
}

// sendProblem is what went wrong with the letter itself.
func sendProblem(err error) *Problem {
	var told *gomail.SendError
	if !errors.As(err, &told) {
		return problem(Unreached, err)
	}
	code := told.ErrorCode()
	switch {
	case code == 0 && told.Reason == gomail.ErrSMTPDataClose:
		return problem(Unsure, err)
	case code == 0:
		return problem(Unreached, err)
	case code < 500:
		return problem(Busy, err)
	case told.Reason == gomail.ErrSMTPRcptTo:
		return problem(Recipient, err)
	case code == 530 || code == 535:
		return problem(Login, err)
	case told.Reason == gomail.ErrSMTPMailFrom:
		return problem(Sender, err)
	}
	return problem(Refused, err)
}
