package api

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
)

const longestMappingName = 60

// Mapping says which column of a merchant's own file is which field.
type Mapping struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Columns    []MappingColumn   `json:"columns"`
	Constants  []MappingConstant `json:"constants"`
	Headers    []string          `json:"headers"`
	Mode       stock.Mode        `json:"mode"`
	Encoding   exchange.Encoding `json:"encoding"`
	Delimiter  string            `json:"delimiter"`
	HeaderLine int               `json:"header_line"`
	SheetName  string            `json:"sheet_name"`
	Actor      string            `json:"actor"`
	ChangedAt  time.Time         `json:"changed_at"`
}

// MappingColumn says which field a header is.
type MappingColumn struct {
	Header string `json:"header"`
	Key    string `json:"key"`
}

// MappingConstant gives every row the same value of a field.
type MappingConstant struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// MappingList is all of them.
type MappingList struct {
	Items []Mapping `json:"items"`
}

func mappingOf(m importer.Mapping) Mapping {
	answer := Mapping{Name: m.ImportMapping.Name, Kind: m.Format, Columns: []MappingColumn{}, Constants: []MappingConstant{}, Headers: slices.Concat([]string{}, m.Headers),
		Mode: m.Mode, Encoding: m.Encoding, Delimiter: m.Delimiter, HeaderLine: m.HeaderLine, SheetName: m.SheetName, Actor: m.Actor, ChangedAt: m.ChangedAt}
	for _, c := range m.Columns {
		answer.Columns = append(answer.Columns, MappingColumn(c))
	}
	for _, c := range m.Constants {
		answer.Constants = append(answer.Constants, MappingConstant(c))
	}
	return answer
}

func (a *API) listMappings(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	list, err := a.deps.Import.Mappings(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	answer := MappingList{Items: []Mapping{}}
	for _, m := range list {
		answer.Items = append(answer.Items, mappingOf(m))
	}
	return r.answer(http.StatusOK, answer)
}

func unknownMappingProblem(name string) *Problem {
	return problem(unknownMapping, "There is no column mapping called %q. GET %s lists all.", name, mappingsPath)
}

// putMapping keeps a mapping under the name in the address, in place of the one that has it.
func (a *API) putMapping(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	var b body
	m, ok := b.mapping(v)
	if m.Name = r.r.PathValue("name"); !sound(m.Name) || len([]rune(m.Name)) > longestMappingName {
		b.wrong("", "the name in the address must be text of at most %d characters.", longestMappingName)
	}
	if !ok || len(b.errors) > 0 {
		return b.problem()
	}
	err = a.deps.Import.SaveMapping(r.ctx(), r.token.Tenant, r.token.Name, m)
	if unusable, is := errors.AsType[*exchange.Problem](err); is {
		b.wrong("", "%s %s", unusable.Sentence(exchange.English), unusable.Next(exchange.English))
		return b.problem()
	}
	if same, is := errors.AsType[*importer.SameHeadersError](err); is {
		return problem(nameTaken, "The column mapping %q is for files of this kind with the same headers, so which one is meant could not be told. Change or delete that one.", same.Name)
	}
	if errors.Is(err, store.ErrTooMany) {
		return problem(nameTaken, "There are %d column mappings, and no more are kept. Delete one that is not used.", store.MostImportMappings)
	}
	if err != nil {
		return err
	}
	list, err := a.deps.Import.Mappings(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	for _, saved := range list {
		if saved.ImportMapping.Name == m.Name {
			return r.answer(http.StatusOK, mappingOf(saved))
		}
	}
	return unknownMappingProblem(m.Name) // somebody has deleted it meanwhile
}

// mapping reads a mapping out of a body.
func (b *body) mapping(v any) (m exchange.Mapping, ok bool) {
	object, ok := b.object(v, "", []string{"kind", "columns"}, []string{"constants", "headers", "mode", "encoding", "delimiter", "header_line", "sheet_name"})
	if !ok {
		return m, false
	}
	m.Format = b.text(object, "kind", "", 1, 40)
	if m.Format != "" && !importer.Takes(m.Format) {
		b.wrong("/kind", "is none of the kinds of import, which docs/csv.md lists.")
	}
	for i, v := range b.array(object, "columns", "", 1000) {
		at := "/columns/" + strconv.Itoa(i)
		if c, ok := b.object(v, at, []string{"header", "key"}, nil); ok {
			m.Columns = append(m.Columns, exchange.MappedColumn{Header: b.text(c, "header", at, 1, 1000), Key: b.text(c, "key", at, 1, 100)})
		}
	}
	if list, _ := object["constants"].([]any); object["constants"] != nil && len(list) > 0 {
		for i, v := range b.array(object, "constants", "", 100) {
			at := "/constants/" + strconv.Itoa(i)
			if c, ok := b.object(v, at, []string{"key", "value"}, nil); ok {
				m.Constants = append(m.Constants, exchange.MappedConstant{Key: b.text(c, "key", at, 1, 100), Value: b.text(c, "value", at, 1, 1000)})
			}
		}
	}
	if list, _ := object["headers"].([]any); object["headers"] != nil && len(list) > 0 {
		for i, v := range b.array(object, "headers", "", 10_000) {
			h, is := v.(string)
			if !is || !sound(h) {
				b.wrong("/headers/"+strconv.Itoa(i), "must be text.")
			}
			m.Headers = append(m.Headers, h)
		}
	}
	m.Mode = stock.Mode(b.text(object, "mode", "", 0, 20))
	m.Encoding = exchange.Encoding(b.text(object, "encoding", "", 0, 20))
	m.Delimiter = b.text(object, "delimiter", "", 0, 1)
	if object["header_line"] != nil {
		m.HeaderLine = int(b.number(object, "header_line", "", 0, 1_000_000))
	}
	m.SheetName = b.text(object, "sheet_name", "", 0, 200)
	return m, true
}

func (a *API) deleteMapping(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	name := r.r.PathValue("name")
	if !sound(name) {
		return unknownMappingProblem(name)
	}
	if err := a.deps.DB.DeleteImportMapping(r.ctx(), r.token.Tenant, name); errors.Is(err, store.ErrNotFound) {
		return unknownMappingProblem(name)
	} else if err != nil {
		return err
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}
