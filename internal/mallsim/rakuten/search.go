package rakuten

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// search is a searchOrder request that has been understood.
type search struct {
	dateType   int
	start, end time.Time
	progress   []int
	subStatus  []int
	types      []int
	keyType    int
	keyword    string
	amount     int
	page       int
	ascending  bool
}

var momentForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+0900$`)

func (s *Server) readSearch(body map[string]json.RawMessage) (search, *wrong) {
	q := search{amount: 30, page: 1}
	var start, end string
	var paging map[string]json.RawMessage
	for _, refused := range []*wrong{
		field(body, "dateType", true, &q.dateType),
		field(body, "startDatetime", true, &start),
		field(body, "endDatetime", true, &end),
		field(body, "orderProgressList", false, &q.progress),
		field(body, "subStatusIdList", false, &q.subStatus),
		field(body, "orderTypeList", false, &q.types),
		field(body, "searchKeywordType", false, &q.keyType),
		field(body, "searchKeyword", false, &q.keyword),
		field(body, "PaginationRequestModel", false, &paging),
	} {
		if refused != nil {
			return q, refused
		}
	}
	if refused := q.readPaging(paging); refused != nil {
		return q, refused
	}
	for name, text := range map[string]string{"startDatetime": start, "endDatetime": end} {
		when, err := time.Parse(orderTime, text)
		if err != nil || !momentForm.MatchString(text) {
			return q, &wrong{"ERROR_011", name + "の形式が不正です。"}
		}
		if name == "startDatetime" {
			q.start = when
		} else {
			q.end = when
		}
	}
	bad := func(text string) (search, *wrong) { return q, &wrong{"ERROR_011", text} }
	now := s.mall.Clock().Now()
	switch {
	case q.dateType < 1 || q.dateType > 6:
		return bad("dateTypeの形式が不正です。")
	case q.end.Before(q.start):
		return bad("endDatetimeがstartDatetimeより前です。")
	case q.end.Sub(q.start) > maxSpan:
		return bad("検索期間は63日以内で指定してください。")
	case q.start.Before(now.Add(-maxAge)):
		return bad("startDatetimeは730日以内で指定してください。")
	case q.keyType < 0 || q.keyType > 9:
		return bad("searchKeywordTypeの形式が不正です。")
	}
	for _, p := range q.progress {
		if p%100 != 0 || p < 100 || p > 900 {
			return bad("orderProgressListの形式が不正です。")
		}
	}
	return q, nil
}

func (q *search) readPaging(paging map[string]json.RawMessage) *wrong {
	var sorts []struct {
		Column    int `json:"sortColumn"`
		Direction int `json:"sortDirection"`
	}
	for _, refused := range []*wrong{
		field(paging, "requestRecordsAmount", false, &q.amount),
		field(paging, "requestPage", false, &q.page),
		field(paging, "SortModelList", false, &sorts),
	} {
		if refused != nil {
			return refused
		}
	}
	for _, by := range sorts {
		if by.Column != 1 || by.Direction != 1 && by.Direction != 2 {
			return &wrong{"ERROR_011", "SortModelListの形式が不正です。"}
		}
		q.ascending = by.Direction == 1
	}
	switch {
	case q.amount < 1 || q.amount > MaxPage:
		return &wrong{"ERROR_011", "requestRecordsAmountの形式が不正です。"}
	case q.page < 1:
		return &wrong{"ERROR_011", "requestPageの形式が不正です。"}
	case (q.page-1)*q.amount >= MaxHits:
		return &wrong{"ERROR_011", "取得できる件数は15000件までです。"}
	}
	return nil
}

func (s *Server) searchOrder(w http.ResponseWriter, r *http.Request, op string, _ bool) {
	body, ok := fields(w, r, op)
	if !ok {
		return
	}
	q, refused := s.readSearch(body)
	if refused != nil {
		s.mall.Refused(op)
		orderError(w, http.StatusBadRequest, op, refused.suffix, refused.text)
		return
	}
	numbers := s.find(q)
	total := len(numbers)
	if !q.ascending {
		slices.Reverse(numbers)
	}
	from := min((q.page-1)*q.amount, total)
	numbers = numbers[from:min(from+q.amount, total, MaxHits)]
	if len(numbers) == 0 {
		answer(w, http.StatusOK, map[string]any{
			"orderNumberList":         []string{},
			"MessageModelList":        []message{{Type: "INFO", Code: orderCode(op, "INFO_102"), Text: "注文検索に成功しました。(検索結果0件)"}},
			"PaginationResponseModel": map[string]any{"totalRecordsAmount": nil, "totalPages": nil, "requestPage": nil},
		})
		return
	}
	if mallsim.Duplicating(w) {
		numbers = slices.Concat(numbers, numbers[:(len(numbers)+1)/2])
	}
	answer(w, http.StatusOK, map[string]any{
		"orderNumberList":  numbers,
		"MessageModelList": []message{{Type: "INFO", Code: orderCode(op, "INFO_101"), Text: "注文検索に成功しました。"}},
		"PaginationResponseModel": map[string]int{
			"totalRecordsAmount": total, "totalPages": (total + q.amount - 1) / q.amount, "requestPage": q.page},
	})
}

// find are the numbers that a search means, oldest first.
func (s *Server) find(q search) []string {
	now := s.mall.Clock().Now()
	numbers := []string{}
	m := mallsim.Query{}
	if q.dateType == 1 { // times count in seconds
		m.PlacedFrom, m.PlacedUntil = q.start, q.end.Add(time.Second-1)
	}
	m.Keep = func(o mallsim.Order) bool {
		if when := s.moment(o, q.dateType, now); when.IsZero() || when.Before(q.start) || !when.Before(q.end.Add(time.Second)) {
			return false
		}
		if len(q.progress) > 0 && !slices.Contains(q.progress, s.progress(o, now)) {
			return false
		}
		if len(q.types) > 0 && !slices.Contains(q.types, 1) || len(q.subStatus) > 0 && !slices.Contains(q.subStatus, -1) {
			return false
		}
		if q.keyword == "" || slices.ContainsFunc(o.Lines, func(l mallsim.OrderLine) bool { return matches(l, q) }) {
			numbers = append(numbers, o.Number)
		}
		return false
	}
	s.mall.Find(m)
	return numbers
}

// progress is the order's orderProgress.
func (s *Server) progress(o mallsim.Order, now time.Time) int {
	stage, _ := strconv.Atoi(o.Stage)
	age := now.Sub(o.PlacedAt)
	switch {
	case o.Cancelled || allReturned(o):
		return 900
	case stage == 800:
		return 800
	case o.Shipped() && (stage == 600 || stage == 700):
		return stage
	case o.Shipped():
		return 500
	case stage >= 100 && stage <= 400:
		return stage
	case age < s.o.ConfirmAfter:
		return 100
	case age < s.o.ConfirmAfter+s.o.FixAfter:
		return 200
	}
	return 300
}

func allReturned(o mallsim.Order) bool {
	came := false
	for _, l := range o.Lines {
		if l.Wanted > l.Returned {
			return false
		}
		came = came || l.Returned > 0
	}
	return came
}

// moment is the date that a dateType means; zero while it has not come.
func (s *Server) moment(o mallsim.Order, dateType int, now time.Time) time.Time {
	progress := s.progress(o, now)
	after := func(least int, when time.Time) time.Time {
		if progress < least || progress == 900 && now.Before(when) {
			return time.Time{}
		}
		if when.After(now) { // moved on by hand before its time
			return o.ChangedAt
		}
		return when
	}
	switch dateType {
	case 2:
		return after(200, o.PlacedAt.Add(s.o.ConfirmAfter))
	case 3, 6:
		return after(300, o.PlacedAt.Add(s.o.ConfirmAfter+s.o.FixAfter))
	case 4, 5:
		if progress < 500 || progress >= 800 {
			return time.Time{}
		}
		return o.ChangedAt
	}
	return o.PlacedAt
}

func matches(l mallsim.OrderLine, q search) bool {
	switch q.keyType {
	case 7:
		return variantOf(l.Key) == q.keyword
	case 8:
		return l.Code == q.keyword
	}
	return strings.Contains(fmt.Sprint(l.Title, " ", l.Key.Item), q.keyword)
}
