package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/clock"
	"soroi/internal/mallsim/town"
)

// townFlags choose simulated malls.
type townFlags struct {
	shops  string
	faults string
	seed   uint64
	port   int
	orders float64
	edits  float64
}

func (f *townFlags) bind(cmd *cobra.Command, orders float64) {
	flags := cmd.Flags()
	flags.StringVar(&f.shops, "shops", "rakuten,yahoo,shopify,vendure", "the malls, by channel")
	flags.StringVar(&f.faults, "faults", "", "`faults` of the malls (docs/malls.md has the form)")
	flags.Uint64Var(&f.seed, "seed", 1, "of goods and buyers")
	flags.IntVar(&f.port, "mall-port", 0, "the first mall's port, the next ones' follow; 0 takes free ones")
	flags.Float64Var(&f.orders, "orders-per-minute", orders, "how many buyers come to all malls together")
	flags.Float64Var(&f.edits, "edits-per-hour", 0, "how often staff changes a mall's number behind soroi's back")
}

func (f *townFlags) open(c clock.Clock, books string) (*town.Town, error) {
	faults, err := town.ParseFaults(f.faults)
	if err != nil {
		return nil, err
	}
	return town.New(c, town.Options{Kinds: splitList(f.shops), Seed: f.seed, Books: books, Faults: faults, Port: f.port, OrdersPerMinute: f.orders, EditsPerHour: f.edits})
}

func mallsCommand() *cobra.Command {
	var f townFlags
	var address, books string
	cmd := &cobra.Command{
		Use:   "malls",
		Short: "Run the simulated malls alone, with an API to place orders, change stock and inject faults",
		Long: `Malls runs simulated malls as a process of their own, so that "soroi serve --test-malls" can be killed and started again beside
them. It prints where they are and what soroi must be told to reach them. docs/malls.md has the control API.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			t, err := f.open(clock.System{}, books)
			if err != nil {
				return err
			}
			control, err := listen(ctx, address)
			if err != nil {
				return err
			}
			if err := t.Start(ctx); err != nil {
				return errors.Join(err, control.Close())
			}
			server := &http.Server{Handler: t.Control(), ReadHeaderTimeout: 10 * time.Second}
			stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // the listener's end is what Serve returns
			defer stop()
			if err := introduce(cmd.OutOrStdout(), t, control.Addr().String(), books); err != nil {
				return err
			}
			if err := server.Serve(control); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			err = t.Close()
			if books != "" {
				err = errors.Join(err, t.Save(books))
			}
			return err
		},
	}
	f.bind(cmd, 0)
	cmd.Flags().StringVar(&address, "control", "127.0.0.1:8090", "`address` of the control API")
	cmd.Flags().StringVar(&books, "books", "", "keep the malls' books in this `directory` when they end, and go on from there")
	return cmd
}

// introduce prints what is where, and the commands that connect a soroi to it.
func introduce(w io.Writer, t *town.Town, control, books string) error {
	fmt.Fprintf(w, "control API: http://%s  (docs/malls.md)\n", control)
	for _, m := range t.Malls() {
		fmt.Fprintf(w, "%-10s %s\n", m.Name, m.BaseURL())
	}
	dir := books
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "soroi-malls-"); err != nil {
			return err
		}
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	goods := filepath.Join(dir, "goods.json")
	text, err := json.MarshalIndent(t.Goods(), "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(goods, append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nto connect a soroi, in this order (each takes --db):\n  soroi migrate\n  soroi sku add --goods %s\n", goods)
	for _, m := range t.Malls() {
		line := fmt.Sprintf("  soroi shop add %s %s --test-malls", m.Kind, m.Name)
		settings := m.Settings()
		for _, key := range slices.Sorted(maps.Keys(settings)) {
			value := settings[key]
			if strings.ContainsAny(value, "\n $'\"&") {
				path := filepath.Join(dir, m.Name+"."+key)
				if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
					return err
				}
				value = "@" + path
			}
			line += " --set " + key + "=" + value
		}
		fmt.Fprintf(w, "%s\n  soroi shop live %s\n", line, m.Name)
	}
	fmt.Fprintln(w, "  soroi serve --test-malls")
	return nil
}
