package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"soroi/internal/clock"
	"soroi/internal/replay"
)

// child is another soroi that this one has started.
type child struct {
	cmd     *exec.Cmd
	ended   chan struct{}
	asked   atomic.Bool
	failed  chan struct{}
	mu      sync.Mutex
	outcome error
}

// startChild runs this same binary with other arguments and waits until it serves at address.
func startChild(ctx context.Context, log io.Writer, address string, args ...string) (*child, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(binary, args...), ended: make(chan struct{}), failed: make(chan struct{})}
	c.cmd.Stderr, c.cmd.Stdout = log, log
	// An interrupt at the keyboard goes to this process, which ends its child in order.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		err := c.cmd.Wait()
		c.mu.Lock()
		c.outcome = err
		c.mu.Unlock()
		if !c.asked.Load() {
			close(c.failed)
		}
		close(c.ended)
	}()
	for {
		select {
		case <-c.ended:
			return nil, errors.New("it ended at once; its own words are above")
		case <-ctx.Done():
			_ = c.Kill() // the caller has given up; its error is the one to tell
			return nil, ctx.Err()
		case <-clock.System{}.After(20 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
		if err != nil {
			return nil, err
		}
		resp, err := (&http.Client{Timeout: time.Second}).Do(req)
		if err == nil {
			_ = resp.Body.Close() // nothing of it is read
			if resp.StatusCode == http.StatusOK {
				return c, nil
			}
		}
	}
}

// Kill ends the child as kill -9 does.
func (c *child) Kill() error {
	c.asked.Store(true)
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-c.ended
	return nil
}

// Stop asks the child to end in order and waits for it.
func (c *child) Stop() error {
	c.asked.Store(true)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.ended:
	case <-clock.System{}.After(30 * time.Second):
		return errors.Join(errors.New("it did not end within 30 seconds"), c.Kill())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.outcome
}

// Failed is closed when the child has ended without being asked to.
func (c *child) Failed() <-chan struct{} { return c.failed }

var _ replay.Process = (*child)(nil)

// freeAddress is address, or one on the same host with a free port when that one is taken.
func freeAddress(ctx context.Context, address string) (string, error) {
	l, err := listen(ctx, address)
	if err != nil {
		host, _, _ := strings.Cut(address, ":")
		if l, err = listen(ctx, host+":0"); err != nil {
			return "", err
		}
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// splitList splits "a,b , c" and drops what is empty.
func splitList(text string) []string {
	var list []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
