package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"soroi/internal/mallsim/town"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func skuCommand() *cobra.Command {
	var c common
	var tenant, goods string
	cmd := &cobra.Command{Use: "sku", Short: "Add SKUs without a browser"}
	add := &cobra.Command{
		Use:   "add [CODE NAME UNITS]",
		Short: "Add a SKU with its opening stock, or the goods of simulated malls",
		Args:  cobra.MatchAll(cobra.MaximumNArgs(3)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []town.Good
			switch {
			case goods != "" && len(args) == 0:
				text, err := os.ReadFile(goods)
				if err != nil {
					return err
				}
				if err := json.Unmarshal(text, &list); err != nil {
					return fmt.Errorf("--goods %s: %w", goods, err)
				}
			case len(args) == 3:
				var units int64
				if _, err := fmt.Sscan(args[2], &units); err != nil || units < 0 {
					return fmt.Errorf("UNITS %q is no whole number from 0", args[2])
				}
				list = []town.Good{{Code: args[0], Title: args[1], Stock: units}}
			default:
				return fmt.Errorf("give CODE NAME UNITS, or --goods FILE")
			}
			return withTenant(cmd.Context(), c, tenant, func(db *store.DB, id stock.TenantID) error {
				if err := addGoods(cmd.Context(), db, id, list); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d SKUs are there with their opening stock\n", len(list))
				return nil
			})
		},
	}
	c.bind(add)
	add.Flags().StringVar(&tenant, "tenant", "", "the merchant's `code`, where there are several")
	add.Flags().StringVar(&goods, "goods", "", "the goods `file` that \"soroi malls\" writes")
	cmd.AddCommand(add)
	return cmd
}
