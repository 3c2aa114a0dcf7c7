// Package realshop starts a real Vendure shop for a test: nobody here wrote the server, so it is the judge of both the
// connector and the simulated shop. The shop is empty but for what a sale needs (a country, a tax, a carrier, a payment
// method); the test adds products, buys through the shop's public API and acts as its staff through the Admin API.
//
// The server's modules are installed by scripts/vendure-real. Every method ends the test when the shop refuses it.
package realshop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// startWithin is how long the server may take until it answers. It takes two or three seconds on an idle machine.
const startWithin = 2 * time.Minute

// Shop is a running Vendure server with one admin account. Its methods are safe for concurrent use.
type Shop struct {
	t     testing.TB
	base  string
	http  *http.Client
	admin *session

	taxCategory string
	mu          sync.Mutex
	buyers      int
}

// Username is the admin account's name.
func (s *Shop) Username() string { return "superadmin" }

// Password is the admin account's password.
func (s *Shop) Password() string { return "throw-away-7f3c" }

// BaseURL is the address of the server, without a path; the Admin API is at /admin-api.
func (s *Shop) BaseURL() string { return s.base }

// Start starts a shop of its own for the test and stops it at the test's end. When the modules are not installed the test is
// skipped, or fails when SOROI_TEST_MUST names vendure.
func Start(t testing.TB) *Shop {
	t.Helper()
	modules, server := places(t)
	shop := &Shop{t: t, http: &http.Client{Timeout: time.Minute}}
	cmd := exec.Command("node", server, "0", shop.Password())
	cmd.Dir = modules
	var log tail
	cmd.Stderr = &log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		missing(t, "node does not start: "+err.Error())
	}
	t.Cleanup(func() {
		shop.http.CloseIdleConnections()
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the shop's log:\n%s", log.String())
		}
	})
	shop.base = "http://127.0.0.1:" + strconv.Itoa(port(t, stdout, &log))
	shop.admin = &session{shop: shop, path: "/admin-api"}
	shop.furnish()
	return shop
}

// places finds the folder that holds node_modules, and the server's script.
func places(t testing.TB) (modules, server string) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod in any folder above the test")
		}
		root = filepath.Dir(root)
	}
	modules = os.Getenv("SOROI_TEST_VENDURE")
	if modules == "" {
		modules = filepath.Join(root, "build", "vendure-real")
	}
	modules = strings.TrimSuffix(filepath.Clean(modules), string(filepath.Separator)+"node_modules")
	if _, err := os.Stat(filepath.Join(modules, "node_modules", "@vendure", "core", "package.json")); err != nil {
		missing(t, "the real Vendure server is not installed; scripts/vendure-real does it")
	}
	return modules, filepath.Join(root, "test", "vendure", "server.js")
}

func missing(t testing.TB, reason string) {
	t.Helper()
	if strings.Contains(os.Getenv("SOROI_TEST_MUST"), "vendure") {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// port waits for the line in which the server says that it answers.
func port(t testing.TB, stdout io.Reader, log *tail) int {
	t.Helper()
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		said <- line
	}()
	select {
	case line := <-said:
		var ready struct {
			Port int `json:"port"`
		}
		if json.Unmarshal([]byte(line), &ready) != nil || ready.Port == 0 {
			t.Fatalf("the shop did not start; it said %q\n%s", line, log.String())
		}
		return ready.Port
	case <-time.After(startWithin):
		t.Fatalf("the shop did not start within %v\n%s", startWithin, log.String())
	}
	return 0
}

// tail keeps the end of the server's log.
type tail struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept.Len()+len(p) > 64<<10 {
		l.kept.Reset()
	}
	return l.kept.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.String()
}
