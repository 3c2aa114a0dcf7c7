package yahoo

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

var (
	itemCode  = regexp.MustCompile(`^[0-9A-Za-z-]{1,99}$`)
	quantity  = regexp.MustCompile(`^[+-]?[0-9]{1,9}$`)
	loneSpace = regexp.MustCompile(`^ [0-9]{1,9}$`)
)

// form reads a form body. False when it has answered: the body is no form, or names no store or another one.
func (s *Server) form(w http.ResponseWriter, r *http.Request, op string) (url.Values, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body, readErr := io.ReadAll(r.Body)
	values, parseErr := url.ParseQuery(string(body))
	if err != nil || kind != "application/x-www-form-urlencoded" || readErr != nil || parseErr != nil {
		values = nil
	}
	return values, s.seller(w, values.Get("seller_id"), op)
}

// seller checks the store that a call names. False when it has answered.
func (s *Server) seller(w http.ResponseWriter, id, op string) bool {
	switch id {
	case s.o.SellerID:
		return true
	case "":
		s.mall.Refused(op)
		fail(w, http.StatusBadRequest, "px-04001", "seller_id is required.")
	default:
		s.mall.Refused(op)
		fail(w, http.StatusForbidden, "ed-00004", "指定されたストアは許可されていません。")
	}
	return false
}

// keyOf reads "item" or "item:sub".
func keyOf(text string) (mallsim.Key, bool) {
	item, sub, variation := strings.Cut(text, ":")
	k := mallsim.Key{Item: item, Variant: sub}
	return k, itemCode.MatchString(item) && (!variation || itemCode.MatchString(sub))
}

// list reads a comma list of codes; code is the mall's complaint about it, "" when there is none.
func list(text string) (codes []string, complaint string) {
	if text == "" {
		return nil, "st-02101"
	}
	codes = strings.Split(text, ",")
	if len(codes) > MaxCodes {
		return nil, "st-02102"
	}
	seen := make(map[string]bool, len(codes))
	for _, c := range codes {
		if seen[c] {
			return nil, "st-02103"
		}
		seen[c] = true
	}
	return codes, ""
}

var complaints = map[string]string{
	"st-02101": "item_codeが不正です。",
	"st-02102": "item_codeの数が上限を超えています。",
	"st-02103": "item_codeが重複しています。",
	"st-02104": "quantityが不正です。",
	"st-02105": "quantityの数がitem_codeの数と一致しません。",
	"st-02106": "allow_overdraftが不正です。",
	"st-02107": "allow_overdraftの数がitem_codeの数と一致しません。",
	"ed-10002": "更新は完了しましたが、更新後の在庫情報の取得に失敗しました。",
}

func (s *Server) complain(w http.ResponseWriter, op, code string) {
	s.mall.Refused(op)
	fail(w, http.StatusBadRequest, code, complaints[code])
}

// setStock writes what is well said and complains of the rest, item by item.
func (s *Server) setStock(w http.ResponseWriter, r *http.Request, silent bool) {
	form, ok := s.form(w, r, OpSetStock)
	if !ok {
		return
	}
	codes, complaint := list(form.Get("item_code"))
	quantities := strings.Split(form.Get("quantity"), ",")
	overdrafts := strings.Split(form.Get("allow_overdraft"), ",")
	switch {
	case complaint != "":
	case len(quantities) != len(codes) || form.Get("quantity") == "":
		complaint = "st-02105"
	case form.Get("allow_overdraft") != "" && len(overdrafts) != len(codes):
		complaint = "st-02107"
	}
	if complaint != "" {
		s.complain(w, OpSetStock, complaint)
		return
	}
	s.mu.Lock()
	busy := s.busy
	s.mu.Unlock()
	if busy {
		s.mall.Refused(OpSetStock)
		fail(w, http.StatusBadRequest, "", reflecting)
		return
	}
	var results []element
	bad, lastBad := 0, ""
	for i, c := range codes {
		overdraft := ""
		if form.Get("allow_overdraft") != "" {
			overdraft = overdrafts[i]
		}
		k, after, complaint := s.setOne(c, quantities[i], overdraft, silent)
		result := node("Result", leaf("ItemCode", k.Item), leaf("SubCode", k.Variant))
		if complaint != "" {
			bad, lastBad = bad+1, complaint
			result.inner = append(result.inner, leaf("ErrorCode", complaint))
		} else {
			result.inner = append(result.inner, number("Quantity", after))
		}
		results = append(results, result)
	}
	if bad == 1 && len(codes) == 1 && lastBad != "ed-10002" {
		s.complain(w, OpSetStock, lastBad)
		return
	}
	status := http.StatusOK
	if bad > 0 {
		status = http.StatusMultiStatus
	}
	send(w, status, resultSet(len(codes), 1, results, "ok", strconv.Itoa(len(codes)-bad), "ng", strconv.Itoa(bad)))
}

// setOne writes one quantity. after is the number that is then shown.
func (s *Server) setOne(code, text, overdraft string, silent bool) (k mallsim.Key, after int64, complaint string) {
	k, ok := keyOf(code)
	if !ok {
		return k, 0, "st-02101"
	}
	if s.o.SpaceSets && loneSpace.MatchString(text) {
		text = strings.TrimSpace(text)
	}
	if !quantity.MatchString(text) {
		return k, 0, "st-02104"
	}
	if overdraft != "" && overdraft != "0" && overdraft != "1" {
		return k, 0, "st-02106"
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return k, 0, "st-02104"
	}
	delta := text[0] == '+' || text[0] == '-'
	after, complaint = s.write(k, n, delta, silent)
	if complaint != "" || silent {
		return k, after, complaint
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if overdraft != "" {
		s.overdraft[k] = overdraft == "1"
	}
	if s.stumbles[k] {
		delete(s.stumbles, k)
		return k, after, "ed-10002"
	}
	return k, after, ""
}

// write sets or adds. What has no item is kept for the day when it has one.
func (s *Server) write(k mallsim.Key, n int64, delta, silent bool) (after int64, complaint string) {
	before, known := s.mall.Stock(k)
	if !known {
		s.mu.Lock()
		defer s.mu.Unlock()
		before = s.orphans[k].units
	}
	if !delta {
		after = n
	} else if after, complaint = s.within(before + n); complaint != "" {
		return 0, complaint
	}
	switch {
	case silent:
		return after, ""
	case !known:
		s.orphans[k] = orphan{units: after, at: s.mall.Clock().Now()}
		return after, ""
	case !delta:
		s.mall.SetStock(k, n, mallsim.ByPush)
		return n, ""
	}
	// The number may have moved since it was looked at, so the delta is added, not the sum set.
	after, err := s.mall.AddStock(k, n, mallsim.ByPush, 0, MaxQuantity)
	if out, ok := errors.AsType[*mallsim.RangeError](err); ok {
		if after, complaint = s.within(out.After); complaint != "" {
			return 0, complaint
		}
		s.mall.SetStock(k, after, mallsim.ByPush)
	}
	return after, ""
}

// within is what becomes of a sum: below zero it stops at zero or is refused, above the largest it is refused.
func (s *Server) within(sum int64) (int64, string) {
	switch {
	case sum > MaxQuantity || sum < 0 && s.o.RefuseBelowZero:
		return 0, "st-02104"
	case sum < 0:
		return 0, ""
	}
	return sum, ""
}

// getStock reads what is shown.
func (s *Server) getStock(w http.ResponseWriter, r *http.Request, _ bool) {
	form, ok := s.form(w, r, OpGetStock)
	if !ok {
		return
	}
	codes, complaint := list(form.Get("item_code"))
	if complaint != "" {
		s.complain(w, OpGetStock, complaint)
		return
	}
	var results []element
	bad := 0
	for _, c := range codes {
		k, ok := keyOf(c)
		result := node("Result", leaf("ItemCode", k.Item), leaf("SubCode", k.Variant))
		if !ok {
			bad++
			results = append(results, node("Result", append(result.inner, leaf("ErrorCode", "st-02101"))...))
			continue
		}
		record, there := s.record(k)
		switch {
		case there:
		case s.o.Missing == MissingIsAbsent:
			continue
		case s.o.Missing == MissingIsError:
			bad++
			record = []element{leaf("ErrorCode", "st-02101")}
		default:
			record = []element{number("Status", 0), leaf("Quantity", "")}
		}
		results = append(results, node("Result", append(result.inner, record...)...))
	}
	if bad == 1 && len(codes) == 1 {
		s.complain(w, OpGetStock, "st-02101")
		return
	}
	status := http.StatusOK
	if bad > 0 {
		status = http.StatusMultiStatus
	}
	send(w, status, resultSet(len(results), 1, results, "ok", strconv.Itoa(len(results)-bad), "ng", strconv.Itoa(bad)))
}

// record is the stock record of one code.
func (s *Server) record(k mallsim.Key) ([]element, bool) {
	l, updated, known := s.mall.Listing(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, there := s.orphans[k]; !known && there {
		return s.stockRecord(k, kept.units, kept.at, 0), true
	}
	return s.stockRecord(k, l.Stock, updated, 1), known
}

func (s *Server) stockRecord(k mallsim.Key, units int64, updated time.Time, published int64) []element {
	status, overdraft := int64(1), int64(0)
	if s.closed[k] && s.o.StatusShowsClose {
		status = 2
	}
	if s.overdraft[k] {
		overdraft = 1
	}
	return []element{number("Status", status), number("Quantity", units), number("AllowOverdraft", overdraft),
		number("IsPublished", published), moment("UpdateTime", updated)}
}
