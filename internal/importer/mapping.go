package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Mapping is a saved column mapping (列の対応).
type Mapping struct {
	exchange.Mapping
	store.ImportMapping
}

// Mappings lists the tenant's mappings by name.
func (s *Service) Mappings(ctx context.Context, tenant stock.TenantID) ([]Mapping, error) {
	rows, err := s.db.ListImportMappings(ctx, tenant)
	if err != nil {
		return nil, err
	}
	list := make([]Mapping, len(rows))
	for i, row := range rows {
		list[i].ImportMapping = row
		if err := json.Unmarshal([]byte(row.Body), &list[i].Mapping); err != nil {
			return nil, fmt.Errorf("column mapping %q: %w", row.Name, err)
		}
	}
	return list, nil
}

// FindMapping gives the mapping of that name, or store.ErrNotFound.
func (s *Service) FindMapping(ctx context.Context, tenant stock.TenantID, name string) (*exchange.Mapping, error) {
	list, err := s.Mappings(ctx, tenant)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(m Mapping) bool { return m.ImportMapping.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("column mapping %q: %w", name, store.ErrNotFound)
	}
	return &list[i].Mapping, nil
}

// SameHeadersError says that another mapping of the kind knows the same headers: which one is meant could not be told.
type SameHeadersError struct{ Name string }

func (e *SameHeadersError) Error() string {
	return fmt.Sprintf("the column mapping %q is for files with the same headers", e.Name)
}

// SaveMapping keeps a mapping under its name, in place of the one that has it. One that no file could be read with gives an *exchange.Problem.
func (s *Service) SaveMapping(ctx context.Context, tenant stock.TenantID, actor string, m exchange.Mapping) error {
	if !Takes(m.Format) {
		return fmt.Errorf("there is no kind of import called %q", m.Format)
	}
	if len(m.Headers) == 0 {
		for _, c := range m.Columns {
			m.Headers = append(m.Headers, c.Header)
		}
	}
	if _, err := exchange.Columns(m.Format, m.Headers, &m); err != nil {
		return err
	}
	if err := check(m); err != nil {
		return err
	}
	list, err := s.Mappings(ctx, tenant)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ImportMapping.Name != m.Name && other.Format == m.Format && other.Recognises(m.Headers) {
			return &SameHeadersError{other.ImportMapping.Name}
		}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("save the column mapping %q: %w", m.Name, err)
	}
	return s.db.SaveImportMapping(ctx, tenant, store.ImportMapping{Name: m.Name, Kind: m.Format, Body: string(body), Actor: actor})
}

// check looks at what a mapping says besides its columns.
func check(m exchange.Mapping) error {
	choice := func(header, value string, allowed ...string) error {
		if value == "" || slices.Contains(allowed, value) {
			return nil
		}
		return &exchange.Problem{Code: exchange.NotChoice, Header: header, Value: value, Hint: strings.Join(allowed, ", ")}
	}
	var encodings []string
	for _, e := range exchange.Encodings {
		encodings = append(encodings, string(e))
	}
	for _, err := range []error{
		choice("mode", string(m.Mode), string(stock.Set), string(stock.Add), string(stock.Subtract)),
		choice("encoding", string(m.Encoding), encodings...),
		choice("delimiter", m.Delimiter, ",", "\t", ";"),
	} {
		if err != nil {
			return err
		}
	}
	if m.HeaderLine < 0 {
		return &exchange.Problem{Code: exchange.NegativeNumber, Header: "header_line", Value: strconv.Itoa(m.HeaderLine)}
	}
	return nil
}

// UnknownColumnsError says that neither the headers of a file nor a saved mapping tell which column is what, or that a person wants to say it.
type UnknownColumnsError struct{ Problem *exchange.Problem } // nil when a person wants to

func (e *UnknownColumnsError) Error() string {
	if e.Problem == nil {
		return "the columns are to be chosen"
	}
	return e.Problem.Error()
}

// open opens a file for an import: with the mapping that is asked for, else with the one that knows its headers, which then stands in o. A mapping is never
// taken for a file with other headers than those that it was made for.
func (s *Service) open(ctx context.Context, tenant stock.TenantID, kind, name string, in exchange.Input, o *Options) (*exchange.Sheet, error) {
	plain := exchange.Options{Name: name, Encoding: o.Encoding, Delimiter: o.Delimiter, HeaderLine: o.HeaderLine, SheetName: o.SheetName}
	if o.Mapping != nil {
		return exchange.Open(in, o.Mapping.Options(plain))
	}
	list, err := s.Mappings(ctx, tenant)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m Mapping) bool { return m.Format != kind || o.Columns })
	sheet, err := exchange.Open(in, plain)
	var unreadable *exchange.Problem
	if err != nil && !errors.As(err, &unreadable) {
		return nil, err
	}
	opened := make(map[exchange.Options][]string) // the headers that are there when the file is opened so
	if sheet != nil {
		opened[plain] = sheet.Headers
	}
	for i, m := range list {
		how := m.Options(plain)
		headers, looked := opened[how]
		if !looked && (sheet != nil || how != plain) {
			other, err := exchange.Open(in, how)
			if err == nil {
				headers = other.Headers
				err = other.Close()
			}
			var no *exchange.Problem
			if err != nil && !errors.As(err, &no) {
				return nil, err
			}
			opened[how] = headers
		}
		if !m.Recognises(headers) {
			continue
		}
		o.Mapping = &list[i].Mapping
		if how == plain {
			return sheet, nil
		}
		if sheet != nil {
			if err := sheet.Close(); err != nil {
				return nil, err
			}
		}
		return exchange.Open(in, how)
	}
	if unreadable != nil {
		return nil, unreadable
	}
	if o.Ask {
		_, err := exchange.Columns(kind, sheet.Headers, nil)
		var problem *exchange.Problem
		if errors.As(err, &problem) || err == nil && o.Columns {
			return nil, errors.Join(&UnknownColumnsError{problem}, sheet.Close())
		}
		if err != nil {
			return nil, errors.Join(err, sheet.Close())
		}
	}
	return sheet, nil
}
