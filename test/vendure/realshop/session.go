package realshop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// session is one visitor's way to one of the shop's two APIs. The shop gives a visitor a token with the first answer that
// needs one.
type session struct {
	shop *Shop
	path string

	mu    sync.Mutex
	token string
}

type values map[string]any

// do runs one document and decodes its data into out. Every error ends the test.
func (s *session) do(document string, variables values, out any) {
	s.shop.t.Helper()
	if err := s.try(document, variables, out); err != nil {
		s.shop.t.Fatalf("the real shop refused: %v\n%s\n%v", err, document, variables)
	}
}

func (s *session) try(document string, variables values, out any) error {
	body, err := json.Marshal(values{"query": document, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, s.shop.base+s.path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	s.mu.Lock()
	token := s.token
	s.mu.Unlock()
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.shop.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if given := resp.Header.Get("vendure-auth-token"); given != "" {
		s.mu.Lock()
		s.token = given
		s.mu.Unlock()
	}
	var decoded struct {
		Data   json.RawMessage   `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal(answer, &decoded); err != nil {
		return fmt.Errorf("HTTP %d: %s", resp.StatusCode, answer)
	}
	if len(decoded.Errors) > 0 || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d: %s", resp.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(decoded.Data, out)
}

// refusal is what an answer carries in the place of a result that the shop declined.
type refusal struct {
	ErrorCode string `json:"errorCode"`
	Message   string `json:"message"`
}

func (s *Shop) declined(what string, r refusal) {
	s.t.Helper()
	if r.ErrorCode != "" {
		s.t.Fatalf("the real shop declined to %s: %s %s", what, r.ErrorCode, r.Message)
	}
}

type node struct {
	ID string `json:"id"`
	refusal
}
