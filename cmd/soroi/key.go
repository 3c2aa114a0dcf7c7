package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"soroi/internal/app"
	"soroi/internal/clock"
	"soroi/internal/credential"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Make the key that the shops' settings are sealed with, or go on after it was lost",
		Long: `The settings of shops (passwords, tokens) lie sealed in the database. Their key is read from SOROI_SECRET_KEY, or from the file that
SOROI_SECRET_KEY_FILE names, or from FILE.key beside a SQLite FILE, where "soroi serve" makes one at its first start. Several keys are separated
by commas: the first one seals, all of them open, and "soroi serve" seals with the first one what is not. docs/operate.md has more.`}
	cmd.AddCommand(&cobra.Command{Use: "new", Short: "Print a new key", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), credential.NewKey().Encode())
		return err
	}})
	var c common
	forget := &cobra.Command{Use: "forget", Short: "Pause the shops whose settings no key opens, and take those settings away, so that they can be entered again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := app.OpenExisting(cmd.Context(), c.database, clock.System{})
			if err != nil {
				return err
			}
			defer db.Close()
			names, err := db.ForgetSealed(cmd.Context())
			if err != nil {
				return err
			}
			for _, name := range names {
				fmt.Fprintln(cmd.OutOrStdout(), "paused, enter again:", name)
			}
			if len(names) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "every setting can be read; nothing was changed")
			}
			return nil
		}}
	c.bind(forget)
	cmd.AddCommand(forget)
	return cmd
}
