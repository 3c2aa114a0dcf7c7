// Package webtest drives a real browser through the screens. Only tests import it.
package webtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"soroi/internal/testkit"
)

// patience is how long one Do may take. A page of ours answers in milliseconds; a loaded machine may start Chromium slowly.
const patience = 60 * time.Second

// Tab is the one tab of a headless Chromium with an empty profile. It watches what goes wrong in the page.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

// Open starts a browser for the length of the test. When the test ends, each fault of its pages that nobody took with
// Faults fails it: an uncaught error, an error on the console, what the content security policy refused, an answer of 404 or of 500
// and above, a request to another machine. Without a browser the test is skipped, or fails when SOROI_TEST_MUST asks for one.
func Open(t testing.TB) *Tab {
	t.Helper()
	profile, err := os.MkdirTemp("", "soroi-browser-")
	if err != nil {
		t.Fatal(err)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(testkit.Chromium(t)),
		chromedp.UserDataDir(profile),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("lang", "ja"),
		chromedp.Flag("accept-lang", "ja"),
		chromedp.WindowSize(1280, 900),
	)
	ctx, closeTab := chromedp.NewContext(allocator)
	tab := &Tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		closeTab()
		stop() // waits for the process
		if err := os.RemoveAll(profile); err != nil {
			t.Logf("the browser's profile stays: %v", err)
		}
		for _, fault := range tab.Faults() {
			t.Errorf("in the browser: %s", fault)
		}
	})
	// This starts the browser, and its context is the browser's life: it must not end with a deadline.
	if err := chromedp.Listen(ctx, tab.watch); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return tab
}

// Do runs the actions one after the other and ends the test when one fails, with the address and the text of the page.
func (tab *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	for _, action := range actions {
		Get(tab, action)
	}
}

// Get runs an action and gives its value. It ends the test when the action fails, as Do does.
func Get[T any](tab *Tab, action chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		tab.t.Fatalf("%v\n%s", err, tab.page())
	}
	return value
}

// Go opens an address and waits until its page has loaded.
func (tab *Tab) Go(address string) {
	tab.t.Helper()
	tab.Do(chromedp.Navigate(address))
}

// Click clicks the first element of a CSS selector, once it can be seen.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Type replaces what the first field of a CSS selector holds, key by key.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.Do(chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Text is the visible text of the first element of a CSS selector.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return strings.TrimSpace(Get(tab, chromedp.Text(chromedp.CSS(selector))))
}

// Eval gives what a script in the page evaluates to.
func Eval[T any](tab *Tab, script string) T {
	tab.t.Helper()
	return Get(tab, chromedp.Evaluate[T](script))
}

// Until waits until a script in the page evaluates to true. The page may change to another meanwhile.
func (tab *Tab) Until(script string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience/2)
	defer cancel()
	for {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
		if err == nil && holds {
			return
		}
		select {
		case <-ctx.Done():
			tab.t.Fatalf("%s is not so after %v (last: %v)\n%s", script, patience/2, err, tab.page())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Screenshot writes a picture of the whole page, as PNG.
func (tab *Tab) Screenshot(path string) {
	tab.t.Helper()
	if err := os.WriteFile(path, Get(tab, chromedp.FullScreenshot(100)), 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// Faults gives what went wrong in the pages since it was last asked.
func (tab *Tab) Faults() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	faults := tab.faults
	tab.faults = nil
	return faults
}

func (tab *Tab) fault(format string, args ...any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(tab.faults, text) {
		tab.faults = append(tab.faults, text)
	}
}

// watch notes what an event of the browser says about faults.
func (tab *Tab) watch(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		tab.fault("uncaught: %s", text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var said []string
			for _, arg := range e.Args {
				said = append(said, string(arg.Value)+arg.Description)
			}
			tab.fault("console: %s", strings.Join(said, " "))
		}
	case *log.EventEntryAdded:
		// What the network source says is told by the answers below; a form that was refused with 422 is no fault.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			tab.fault("%s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *network.EventResponseReceived:
		if status := e.Response.Status; status == 404 || status >= 500 {
			tab.fault("%d for %s", status, e.Response.URL)
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
			tab.fault("asks another machine: %s", e.Request.URL)
		}
	}
}

// page says where the tab is and what it shows, for the message of a failure.
func (tab *Tab) page() string {
	ctx, cancel := context.WithTimeout(tab.ctx, 5*time.Second)
	defer cancel()
	where, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return fmt.Sprintf("(the page cannot be read: %v)", err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText.slice(0, 2000) : ""`))
	if err != nil {
		text = fmt.Sprintf("(its text cannot be read: %v)", err)
	}
	return where + "\n" + text
}
