package testkit

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Letter is a mail that an SMTP server took.
type Letter struct {
	From string
	To   []string
	Data string // as it came, with dots unstuffed
}

// SMTP is a mail server on loopback that refuses what real ones refuse: a password in clear, mail without signing in, steps out of order.
type SMTP struct {
	Host     string
	Port     int
	Roots    *x509.CertPool
	User     string // and the password below; "" lets anybody send
	Password string

	mu      sync.Mutex
	answers map[string][]string
	letters []Letter
	noTLS   bool
	cert    tls.Certificate
}

// Drop is an answer that is none: the connection is closed.
const Drop = "drop"

// NewSMTP starts a server that ends with the test. implicit is TLS from the first byte, without is no TLS at all.
func NewSMTP(t testing.TB, user, password string, implicit, without bool) *SMTP {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &SMTP{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Roots: x509.NewCertPool(), User: user, Password: password, noTLS: without,
		answers: make(map[string][]string), cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
	parsed, _ := x509.ParseCertificate(der) // we have just written it
	s.Roots.AddCert(parsed)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute)) // a client that hangs fails the test, not the run
				if implicit {
					conn = tls.Server(conn, s.config())
				}
				s.serve(conn, implicit)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return s
}

func (s *SMTP) config() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{s.cert}} }

// Answer has the server give an answer, or Drop, the next time at a step: CONNECT, EHLO, AUTH, MAIL, RCPT, DATA, "." or QUIT.
func (s *SMTP) Answer(step, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[step] = append(s.answers[step], answer)
}

// Letters are the mails that it took.
func (s *SMTP) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter(nil), s.letters...)
}

func (s *SMTP) planned(step string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.answers[step]
	if len(list) == 0 {
		return ""
	}
	s.answers[step] = list[1:]
	return list[0]
}

func (s *SMTP) serve(conn net.Conn, safe bool) {
	in := bufio.NewReader(conn)
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") } // a client that has left needs no answer
	if planned := s.planned("CONNECT"); planned != "" {
		if planned != Drop {
			say(planned)
		}
		return
	}
	say("220 mail.example ESMTP")
	var letter Letter
	signedIn := false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		word, rest, _ := strings.Cut(line, " ")
		word = strings.ToUpper(word)
		if planned := s.planned(word); planned == Drop {
			return
		} else if planned != "" {
			say(planned)
			continue
		}
		switch {
		case word == "EHLO":
			say("250-mail.example")
			if !safe && !s.noTLS {
				say("250-STARTTLS")
			} else if s.User != "" {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case word == "STARTTLS" && !safe && !s.noTLS:
			say("220 go ahead")
			secure := tls.Server(conn, s.config())
			if secure.Handshake() != nil {
				return
			}
			conn, in, safe, signedIn = secure, bufio.NewReader(secure), true, false
		case word == "AUTH" && !safe:
			say("530 5.7.0 Must issue a STARTTLS command first")
		case word == "AUTH":
			given, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			if signedIn = string(given) == "\x00"+s.User+"\x00"+s.Password; signedIn {
				say("235 2.7.0 accepted")
			} else {
				say("535 5.7.8 Username and Password not accepted")
			}
		case word == "MAIL" && s.User != "" && !signedIn:
			say("530 5.7.0 Authentication Required")
		case word == "MAIL":
			letter = Letter{From: between(rest)}
			say("250 2.1.0 ok")
		case word == "RCPT" && letter.From == "":
			say("503 5.5.1 MAIL first")
		case word == "RCPT":
			letter.To = append(letter.To, between(rest))
			say("250 2.1.5 ok")
		case word == "DATA" && len(letter.To) == 0:
			say("503 5.5.1 RCPT first")
		case word == "DATA":
			say("354 go ahead")
			var data strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(strings.TrimPrefix(line, "."))
			}
			planned := s.planned(".")
			if planned == Drop {
				return
			}
			if planned == "" {
				letter.Data = data.String()
				s.mu.Lock()
				s.letters = append(s.letters, letter)
				s.mu.Unlock()
				planned = "250 2.0.0 queued"
			}
			letter = Letter{}
			say(planned)
		case word == "RSET":
			letter = Letter{}
			say("250 ok")
		case word == "NOOP":
			say("250 ok")
		case word == "QUIT":
			say("221 bye")
			return
		default:
			say(fmt.Sprintf("502 5.5.1 %s not understood", word))
		}
	}
}

func between(text string) string {
	_, rest, _ := strings.Cut(text, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
