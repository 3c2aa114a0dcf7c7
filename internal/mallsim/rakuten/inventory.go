package rakuten

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// orphan is a stock record of a pair that the shop does not sell. RMS keeps it for a day and says nothing.
type orphan struct {
	quantity         int64
	created, updated time.Time
}

// record is what RMS keeps of a sold SKU's stock beside its quantity.
type record struct {
	created  time.Time
	deleted  bool // the record was deleted; the SKU is still sold
	lead     json.RawMessage
	shipFrom json.RawMessage
}

// stockLine is one line of a write, as it comes in.
type stockLine struct {
	ManageNumber *string         `json:"manageNumber"`
	VariantID    *string         `json:"variantId"`
	Mode         *string         `json:"mode"`
	Quantity     json.RawMessage `json:"quantity"`
	Lead         json.RawMessage `json:"operationLeadTime"`
	ShipFrom     json.RawMessage `json:"shipFromIds"`
}

// shownStock is one record, as it goes out.
type shownStock struct {
	ManageNumber string          `json:"manageNumber"`
	VariantID    string          `json:"variantId"`
	Quantity     int64           `json:"quantity"`
	Lead         json.RawMessage `json:"operationLeadTime,omitempty"`
	ShipFrom     json.RawMessage `json:"shipFromIds,omitempty"`
	Created      string          `json:"created"`
	Updated      string          `json:"updated"`
	at           time.Time
}

// migrated refuses a shop from before the SKU project.
func (s *Server) migrated(do func(http.ResponseWriter, *http.Request, bool)) func(http.ResponseWriter, *http.Request, bool) {
	return func(w http.ResponseWriter, r *http.Request, silent bool) {
		if s.o.Unmigrated {
			itemError(w, http.StatusBadRequest, problem{Code: "IE1105", Message: "the shop has not been migrated to SKU"})
			return
		}
		do(w, r, silent)
	}
}

// jsonBody reads a body into v, or refuses it in RMS's words.
func jsonBody(w http.ResponseWriter, r *http.Request, v any) bool {
	text, err := io.ReadAll(r.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		gateway(w, http.StatusRequestEntityTooLarge, "ES04-01", "Bad Request")
		return false
	}
	if err != nil || len(strings.TrimSpace(string(text))) == 0 {
		itemError(w, http.StatusBadRequest, problem{Code: "GE0011", Message: "the request has no body"})
		return false
	}
	if err := json.Unmarshal(text, v); err != nil {
		itemError(w, http.StatusBadRequest, problem{Code: "IE0002", Message: "the body cannot be read: " + err.Error()})
		return false
	}
	return true
}

func (s *Server) bulkUpsert(w http.ResponseWriter, r *http.Request, silent bool) {
	var body struct {
		Inventories []stockLine `json:"inventories"`
	}
	if !jsonBody(w, r, &body) {
		return
	}
	switch n := len(body.Inventories); {
	case n == 0:
		itemError(w, http.StatusBadRequest, problem{"IE0001", "inventories is required", at("inventories")})
		return
	case n > MaxWrites:
		itemError(w, http.StatusBadRequest, problem{"IE1101", fmt.Sprintf("%d inventories, at most %d", n, MaxWrites), at("inventories")})
		return
	}
	s.write(w, body.Inventories, func(i int, name string) string { return fmt.Sprintf("inventories[%d].%s", i, name) }, silent)
}

func (s *Server) putOne(w http.ResponseWriter, r *http.Request, silent bool) {
	var line stockLine
	if !jsonBody(w, r, &line) {
		return
	}
	item, variant := r.PathValue("manageNumber"), r.PathValue("variantId")
	line.ManageNumber, line.VariantID = &item, &variant
	newer := strings.HasPrefix(r.URL.Path, "/es/2.1/")
	if !s.write(w, []stockLine{line}, func(_ int, name string) string { return name }, silent) || silent || !newer {
		return
	}
	// 2.1 replaces the whole record: what the body leaves out is deleted.
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.recordOf(s.sold(pair(item, variant)))
	rec.lead, rec.shipFrom = line.Lead, line.ShipFrom
}

// write checks every line and applies them together. It answers, and tells whether everything was written.
func (s *Server) write(w http.ResponseWriter, lines []stockLine, path func(int, string) string, silent bool) bool {
	var problems []problem
	bad := make([]bool, len(lines))
	writes := make([]mallsim.StockWrite, len(lines))
	seen := make(map[mallsim.Key]bool, len(lines))
	for i, line := range lines {
		wr, p := line.read(func(name string) map[string]any { return at(path(i, name)) })
		if p == nil && seen[wr.Key] {
			p = &problem{"IE1102", "the pair occurs twice", at(path(i, "variantId"))}
		}
		if p != nil {
			problems, bad[i] = append(problems, *p), true
			continue
		}
		seen[wr.Key] = true
		writes[i] = wr
	}
	if len(problems) > 0 && !s.o.PartialBatches {
		itemError(w, http.StatusBadRequest, problems...)
		return false
	}
	if !silent {
		problems = append(problems, s.apply(writes, bad, path)...)
	}
	if len(problems) > 0 {
		itemError(w, http.StatusBadRequest, problems...)
		return false
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// read checks one line by itself.
func (l stockLine) read(where func(string) map[string]any) (mallsim.StockWrite, *problem) {
	var wr mallsim.StockWrite
	for _, id := range []struct {
		name  string
		value *string
	}{{"manageNumber", l.ManageNumber}, {"variantId", l.VariantID}} {
		switch {
		case id.value == nil || *id.value == "":
			return wr, &problem{"IE0001", id.name + " is required", where(id.name)}
		case len(*id.value) > 32:
			return wr, &problem{"IE0004", id.name + " is longer than 32 bytes", where(id.name)}
		case strings.ContainsFunc(*id.value, notID):
			return wr, &problem{"IE0002", id.name + " holds a letter that is not allowed", where(id.name)}
		}
	}
	wr.Key = pair(*l.ManageNumber, *l.VariantID)
	lowest := int64(0)
	switch {
	case l.Mode == nil || *l.Mode == "":
		return wr, &problem{"IE0001", "mode is required", where("mode")}
	case *l.Mode == "RELATIVE":
		wr.Add, lowest = true, -MaxQuantity
	case *l.Mode != "ABSOLUTE":
		return wr, &problem{"IE0002", "mode is ABSOLUTE or RELATIVE", where("mode")}
	}
	if text := string(l.Quantity); text == "" || text == "null" {
		return wr, &problem{"IE0001", "quantity is required", where("quantity")}
	}
	n, err := strconv.ParseInt(string(l.Quantity), 10, 64)
	if err != nil {
		return wr, &problem{"IE0002", "quantity is not a whole number", where("quantity")}
	}
	if n < lowest || n > MaxQuantity {
		return wr, &problem{"IE0003", fmt.Sprintf("quantity is outside %d to %d", lowest, MaxQuantity), where("quantity")}
	}
	wr.Units = n
	return wr, nil
}

func notID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// pair is the key of a wire pair: the mall folds the product's number and keeps the SKU's as it is.
func pair(manageNumber, variantID string) mallsim.Key {
	return mallsim.Key{Item: strings.ToLower(manageNumber), Variant: variantID}
}

// sold finds the listing that a wire pair means.
func (s *Server) sold(k mallsim.Key) (mallsim.Key, bool) {
	if _, _, ok := s.mall.Listing(k); ok {
		return k, true
	}
	if single := (mallsim.Key{Item: k.Item}); k.Variant == k.Item {
		if _, _, ok := s.mall.Listing(single); ok {
			return single, true
		}
	}
	return k, false
}

func variantOf(k mallsim.Key) string { return cmp.Or(k.Variant, k.Item) }

// apply writes the lines that are not bad, all of them or none unless Options.PartialBatches says otherwise.
func (s *Server) apply(writes []mallsim.StockWrite, bad []bool, path func(int, string) string) []problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.mall.Clock().Now()
	s.purge(now)
	var problems []problem
	var known []mallsim.StockWrite
	var place []int // of each known write in the call
	var strays []mallsim.StockWrite
	refuse := func(i int, code, text, name string) {
		problems = append(problems, problem{code, text, at(path(i, name))})
	}
	for i, wr := range writes {
		if bad[i] {
			continue
		}
		key, there := s.sold(wr.Key)
		rec := s.records[key]
		if there && !(rec != nil && rec.deleted && wr.Add) {
			known = append(known, mallsim.StockWrite{Key: key, Units: wr.Units, Add: wr.Add})
			place = append(place, i)
			continue
		}
		old := s.orphans[wr.Key]
		switch {
		case there || wr.Add && old == nil:
			refuse(i, "IE0500", "RELATIVE on a pair without a record", "mode")
			continue
		case old == nil && s.variants(wr.Key.Item) >= MaxVariants:
			refuse(i, "IE0121", fmt.Sprintf("more than %d variantIds under one manageNumber", MaxVariants), "variantId")
			continue
		}
		if wr.Add {
			wr.Units += old.quantity
		}
		if wr.Units < 0 || wr.Units > MaxQuantity {
			refuse(i, "IE0117", "the resulting quantity is outside 0 to 99999", "quantity")
			continue
		}
		strays = append(strays, wr)
	}
	if len(problems) > 0 && !s.o.PartialBatches {
		return problems
	}
	left := known
	for {
		errs := s.mall.WriteStock(left, mallsim.ByPush, 0, MaxQuantity)
		var good []mallsim.StockWrite
		var goodPlace []int
		for i, err := range errs {
			if err == nil {
				good, goodPlace = append(good, left[i]), append(goodPlace, place[i])
				continue
			}
			refuse(place[i], "IE0117", "the resulting quantity is outside 0 to 99999", "quantity")
		}
		if len(good) == len(left) {
			break
		}
		if !s.o.PartialBatches {
			return problems
		}
		left, place = good, goodPlace
	}
	for _, wr := range left {
		if rec := s.records[wr.Key]; rec != nil {
			rec.deleted = false
		}
	}
	for _, wr := range strays {
		o := s.orphans[wr.Key]
		if o == nil {
			o = &orphan{created: now}
			s.orphans[wr.Key] = o
		}
		o.quantity, o.updated = wr.Units, now
	}
	return problems
}

// purge drops the orphans that have had their day.
func (s *Server) purge(now time.Time) {
	for k, o := range s.orphans {
		if _, adopted := s.sold(k); adopted || !now.Before(o.updated.Add(s.o.OrphanLife)) {
			delete(s.orphans, k)
		}
	}
}

func (s *Server) variants(item string) int {
	n := len(s.variantsOf(item))
	for k := range s.orphans {
		if k.Item == item {
			n++
		}
	}
	return n
}

func (s *Server) variantsOf(item string) []mallsim.Listing {
	list := s.mall.ListingsAfter(mallsim.Key{Item: item}, MaxVariants+1)
	if l, _, ok := s.mall.Listing(mallsim.Key{Item: item}); ok {
		list = append([]mallsim.Listing{l}, list...)
	}
	if end := slices.IndexFunc(list, func(l mallsim.Listing) bool { return l.Key.Item != item }); end >= 0 {
		list = list[:end]
	}
	return list
}

func (s *Server) recordOf(k mallsim.Key, _ bool) *record {
	rec := s.records[k]
	if rec == nil {
		rec = &record{created: s.started}
		s.records[k] = rec
	}
	return rec
}

// read is the record of a pair as a reader sees it, under the lock.
func (s *Server) read(k mallsim.Key, newer bool) (shownStock, bool) {
	key, there := s.sold(k)
	if !there {
		o := s.orphans[k]
		if o == nil {
			return shownStock{}, false
		}
		return shown(k, o.quantity, o.created, o.updated), true
	}
	l, updated, _ := s.mall.Listing(key)
	created := s.started
	rec := s.records[key]
	if rec != nil {
		if rec.deleted {
			return shownStock{}, false
		}
		created = rec.created
	}
	if updated.Before(created) {
		created = updated
	}
	out := shown(mallsim.Key{Item: key.Item, Variant: variantOf(key)}, l.Stock, created, updated)
	if rec != nil && newer {
		out.Lead, out.ShipFrom = rec.lead, rec.shipFrom
	}
	return out, true
}

func shown(k mallsim.Key, n int64, created, updated time.Time) shownStock {
	return shownStock{ManageNumber: k.Item, VariantID: k.Variant, Quantity: n, Created: created.In(jst).Format(stockTime),
		Updated: updated.In(jst).Format(stockTime), at: updated}
}

func newer(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/es/2.1/") }

func (s *Server) bulkGet(w http.ResponseWriter, r *http.Request, _ bool) {
	var body struct {
		Inventories []stockLine `json:"inventories"`
	}
	if !jsonBody(w, r, &body) {
		return
	}
	switch n := len(body.Inventories); {
	case n == 0:
		itemError(w, http.StatusBadRequest, problem{"IE0001", "inventories is required", at("inventories")})
		return
	case n > MaxReads:
		itemError(w, http.StatusBadRequest, problem{"IE1101", fmt.Sprintf("%d inventories, at most %d", n, MaxReads), at("inventories")})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purge(s.mall.Clock().Now())
	list := make([]shownStock, 0, len(body.Inventories))
	asked := make(map[mallsim.Key]bool, len(body.Inventories))
	for i, line := range body.Inventories {
		if line.ManageNumber == nil || line.VariantID == nil || *line.ManageNumber == "" || *line.VariantID == "" {
			itemError(w, http.StatusBadRequest, problem{"IE0001", "manageNumber and variantId are required", at(fmt.Sprintf("inventories[%d]", i))})
			return
		}
		k := pair(*line.ManageNumber, *line.VariantID)
		if asked[k] {
			continue
		}
		asked[k] = true
		record, there := s.read(k, newer(r))
		if !there && s.o.ZeroForMissing {
			record, there = shown(k, 0, s.started, s.started), true
		}
		if there {
			list = append(list, record)
		}
	}
	answer(w, http.StatusOK, map[string]any{"inventories": list})
}

func (s *Server) readRange(w http.ResponseWriter, r *http.Request, _ bool) {
	q := r.URL.Query()
	low, high := int64(0), int64(MaxQuantity)
	if !q.Has("minQuantity") && !q.Has("maxQuantity") {
		itemError(w, http.StatusBadRequest, problem{Code: "IE0105", Message: "minQuantity or maxQuantity is required"})
		return
	}
	for name, into := range map[string]*int64{"minQuantity": &low, "maxQuantity": &high} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil {
			itemError(w, http.StatusBadRequest, problem{"IE0002", name + " is not a whole number", at(name)})
			return
		}
		if n < 0 || n > MaxQuantity {
			itemError(w, http.StatusBadRequest, problem{"IE0003", name + " is out of range", at(name)})
			return
		}
		*into = n
	}
	if low > high {
		itemError(w, http.StatusBadRequest, problem{Code: "IE0113", Message: "minQuantity is greater than maxQuantity"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purge(s.mall.Clock().Now())
	list := []shownStock{}
	keep := func(k mallsim.Key) {
		if record, ok := s.read(k, newer(r)); ok && record.Quantity >= low && record.Quantity <= high {
			list = append(list, record)
		}
	}
	for _, l := range s.mall.Listings() {
		keep(l.Key)
	}
	for k := range s.orphans {
		keep(k)
	}
	if len(list) > MaxReads {
		itemError(w, http.StatusBadRequest, problem{Code: "IE0116", Message: fmt.Sprintf("%d records, more than %d", len(list), MaxReads)})
		return
	}
	slices.SortStableFunc(list, func(a, b shownStock) int {
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.ManageNumber, b.ManageNumber), cmp.Compare(a.VariantID, b.VariantID))
	})
	answer(w, http.StatusOK, map[string]any{"inventories": list})
}

func (s *Server) getOne(w http.ResponseWriter, r *http.Request, _ bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purge(s.mall.Clock().Now())
	record, ok := s.read(pair(r.PathValue("manageNumber"), r.PathValue("variantId")), newer(r))
	if !ok {
		itemError(w, http.StatusNotFound, problem{Code: "GE0014", Message: "no such inventory"})
		return
	}
	answer(w, http.StatusOK, record)
}

func (s *Server) deleteOne(w http.ResponseWriter, r *http.Request, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := pair(r.PathValue("manageNumber"), r.PathValue("variantId"))
	if _, ok := s.read(k, false); !ok {
		itemError(w, http.StatusNotFound, problem{Code: "GE0014", Message: "no such inventory"})
		return
	}
	if key, there := s.sold(k); !silent && there {
		s.recordOf(key, true).deleted = true
		s.mall.SetStock(key, 0, mallsim.ByPush)
	} else if !silent {
		delete(s.orphans, k)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) variantList(w http.ResponseWriter, r *http.Request, _ bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := strings.ToLower(r.PathValue("manageNumber"))
	list := s.variantsOf(item)
	if len(list) == 0 {
		itemError(w, http.StatusNotFound, problem{Code: "GE0014", Message: "no such manageNumber"})
		return
	}
	ids := make([]string, len(list))
	for i, l := range list {
		ids[i] = variantOf(l.Key)
	}
	when := s.started.In(jst).Format(stockTime)
	answer(w, http.StatusOK, map[string]any{"manageNumber": item, "variantList": ids, "created": when, "updated": when})
}
