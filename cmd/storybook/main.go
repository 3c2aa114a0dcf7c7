// Storybook serves every screen with canned data, for looking at them while they are being made.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"soroi/internal/web/storybook"
)

func main() {
	address := flag.String("listen", "127.0.0.1:8091", "address to listen on")
	flag.Parse()
	book, err := storybook.Open(slog.Default())
	if err == nil {
		fmt.Printf("http://%s/\n", *address)
		server := &http.Server{Addr: *address, Handler: book.Handler(), ReadHeaderTimeout: 10 * time.Second}
		err = server.ListenAndServe()
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
