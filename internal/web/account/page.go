// Package account is signing in and out, and the set-up of the owner's account at the first run.
package account

import "soroi/internal/web/ui"

// SetupPage makes the first account.
type SetupPage struct {
	ui.Page
	Form  SetupForm
	Wrong ui.FieldErrors
}

// SetupForm is what it asks for.
type SetupForm struct {
	Company string
	Name    string
	Login   string
}

// SigninPage asks who is there.
type SigninPage struct {
	ui.Page
	Login string
	Back  string // where to go afterwards
	Wrong ui.FieldErrors
}
