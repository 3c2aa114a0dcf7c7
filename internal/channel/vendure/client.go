package vendure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"soroi/internal/channel"
)

// values are the variables of a document.
type values map[string]any

// reply is a GraphQL answer without errors.
type reply struct {
	data   json.RawMessage
	header http.Header
}

// ask runs a document as the shop's administrator and decodes its data into out. A session that the shop no longer knows
// is renewed once.
func (s *shop) ask(ctx context.Context, op, document string, variables values, out any) (http.Header, error) {
	token, err := s.session.current(ctx, s)
	if err != nil {
		return nil, err
	}
	got, failed := s.send(ctx, op, document, variables, token)
	if failed != nil && failed.Code == codeForbidden {
		if token, err = s.session.renew(ctx, s, token); err != nil {
			return nil, err
		}
		got, failed = s.send(ctx, op, document, variables, token)
	}
	if failed != nil {
		return nil, failed
	}
	if err := json.Unmarshal(got.data, out); err != nil {
		return nil, unreadable(op, err)
	}
	return got.header, nil
}

func unreadable(op string, err error) *channel.Error {
	return &channel.Error{Kind: channel.Unreadable, Op: op, Status: http.StatusOK, Message: "the answer makes no sense", Err: err}
}

// send makes one call.
func (s *shop) send(ctx context.Context, op, document string, variables values, token channel.Secret) (reply, *channel.Error) {
	body, err := json.Marshal(values{"query": document, "variables": variables})
	if err != nil {
		return reply{}, &channel.Error{Kind: channel.Invalid, Op: op, Err: err, NotDone: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint, bytes.NewReader(body))
	if err != nil {
		return reply{}, &channel.Error{Kind: channel.Invalid, Op: op, Err: err, NotDone: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	if s.channel != "" {
		req.Header.Set("vendure-token", s.channel)
	}
	answer, err := s.deps.Call(ctx, op, bucket, 1, req)
	if err != nil {
		return reply{}, asError(op, err)
	}
	data, failed := decode(op, answer)
	if failed != nil {
		return reply{}, failed
	}
	return reply{data, answer.Header}, nil
}

func asError(op string, err error) *channel.Error {
	if e, ok := err.(*channel.Error); ok {
		return e
	}
	return &channel.Error{Kind: channel.Temporary, Op: op, Err: err}
}

// The codes of a GraphQL error that mean something to us.
const (
	codeForbidden        = "FORBIDDEN"
	codeUnauthorized     = "UNAUTHORIZED"
	codeNoEntity         = "ENTITY_NOT_FOUND"
	codeNoChannel        = "CHANNEL_NOT_FOUND"
	codeNotValid         = "GRAPHQL_VALIDATION_FAILED"
	codeNotParsed        = "GRAPHQL_PARSE_FAILED"
	codeBadInput         = "BAD_USER_INPUT"
	codeUserInput        = "USER_INPUT_ERROR"
	codeIllegalOperation = "ILLEGAL_OPERATION"
)

// decode takes an answer's data out, or the first of its errors. A refusal comes with HTTP 200 as a rule, and with 400 when the
// document itself is at fault.
func decode(op string, answer channel.Answer) (json.RawMessage, *channel.Error) {
	var body struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string `json:"message"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	err := json.Unmarshal(answer.Body, &body)
	if err == nil && len(body.Errors) > 0 {
		first := body.Errors[0]
		code, message := first.Extensions.Code, cut(first.Message)
		if failed := answer.Failed(op, code, message); failed != nil && failed.Kind != channel.Invalid {
			return nil, failed
		}
		failed := &channel.Error{Kind: channel.Temporary, Op: op, Status: answer.Status, Code: code, Message: message}
		switch code {
		case codeForbidden, codeUnauthorized, codeNoChannel:
			failed.Kind, failed.NotDone = channel.Auth, true
		case codeNoEntity:
			failed.Kind, failed.NotDone = channel.NotFound, true
		case codeNotValid, codeNotParsed, codeBadInput, codeUserInput, codeIllegalOperation:
			failed.Kind, failed.NotDone = channel.Invalid, true
		}
		return nil, failed
	}
	if failed := answer.Failed(op, "", ""); failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, unreadable(op, err)
	}
	if len(body.Data) == 0 || body.Data[0] != '{' {
		return nil, unreadable(op, fmt.Errorf("no data"))
	}
	return body.Data, nil
}

// cut keeps a message short enough for a log line and a screen.
func cut(message string) string {
	const most = 300
	runes := []rune(message)
	if len(runes) <= most {
		return message
	}
	return string(runes[:most]) + "…"
}
