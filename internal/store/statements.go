package store

import (
	"context"
	"database/sql"
	"sync"
)

// mostStatements bounds the prepared statements that are kept; chunk sizes are few, so real use stays far below.
const mostStatements = 600

// statements keeps prepared statements by pool and text, for a driver that would parse each text anew. A statement is prepared
// after the transaction that first used it has ended, since a pool of one connection has no other to prepare on.
type statements struct {
	mu    sync.RWMutex
	byKey map[poolText]*sql.Stmt
}

type poolText struct {
	pool *sql.DB
	text string
}

func (s *statements) find(pool *sql.DB, text string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byKey[poolText{pool, text}]
}

func (s *statements) prepare(ctx context.Context, pool *sql.DB, texts []string) {
	for _, text := range texts {
		key := poolText{pool, text}
		s.mu.RLock()
		_, there := s.byKey[key]
		full := len(s.byKey) >= mostStatements
		s.mu.RUnlock()
		if there || full {
			continue
		}
		stmt, err := pool.PrepareContext(ctx, text)
		if err != nil {
			return // unprepared it works as well; what ended ctx shows elsewhere
		}
		s.mu.Lock()
		if s.byKey == nil {
			s.byKey = make(map[poolText]*sql.Stmt)
		}
		if s.byKey[key] == nil {
			s.byKey[key] = stmt
		} else {
			_ = stmt.Close() // another transaction was faster
		}
		s.mu.Unlock()
	}
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.byKey {
		_ = stmt.Close() // the pool closes next and tells
	}
	s.byKey = nil
}
