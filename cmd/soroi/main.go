// Command soroi keeps a merchant's stock in line over many shops. Each subcommand is a file: flags to app, and no rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // the merchants' time zones, on machines that have none

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	var code exitCode
	switch {
	case errors.As(err, &code):
		os.Exit(int(code))
	case err != nil:
		fmt.Fprintln(os.Stderr, "soroi:", err)
		os.Exit(1)
	}
}

// exitCode ends the process with a status, after everything has been said.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// common are the flags that every subcommand with a database has.
type common struct {
	database string
	verbose  bool
}

func (c *common) bind(cmd *cobra.Command) {
	database := os.Getenv("SOROI_DATABASE_URL")
	if database == "" {
		database = "soroi.db"
	}
	cmd.Flags().StringVar(&c.database, "db", database, "`database`: a SQLite file, or postgres://… (SOROI_DATABASE_URL)")
	cmd.Flags().BoolVarP(&c.verbose, "verbose", "v", false, "log every decision")
}

func (c *common) logger() *slog.Logger {
	level := slog.LevelInfo
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "soroi",
		Short:         "Keeps the stock of many shops in line (揃い)",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serveCommand(), demoCommand(), replayCommand(), mallsCommand(), shopCommand(), skuCommand(), tokenCommand(), importCommand(), exportCommand(), verifyCommand(), explainCommand(), mailCommand(), allocateCommand(), whatifCommand(), migrateCommand(), keyCommand(), versionCommand())
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return errors.New("this binary carries no build information")
			}
			revision, modified := "unknown", ""
			for _, s := range info.Settings {
				switch s.Key {
				case "vcs.revision":
					revision = s.Value
				case "vcs.modified":
					if s.Value == "true" {
						modified = " (modified)"
					}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "soroi %s, revision %s%s, %s\n", info.Main.Version, revision, modified, info.GoVersion)
			return nil
		},
	}
}
