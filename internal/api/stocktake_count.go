package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// addCounts takes counts in. Each has a key of its own, which makes it count once, and is taken or refused for itself.
func (a *API) addCounts(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	now := a.deps.Clock.Now()
	var codes []string
	var scans []store.NewScan
	_, err = r.readRowsOf([]string{"key", "code", "units"}, []string{"mode", "picked", "counted_at"}, func(b *body, row map[string]any, at string) {
		codes = append(codes, b.text(row, "code", at, 1, longestCode))
		n := store.NewScan{Key: "api/" + strconv.FormatInt(r.token.ID, 10) + "/" + b.text(row, "key", at, 1, longestCountKey), Units: b.number(row, "units", at, 0, stock.LargestUnits),
			Sets: b.choice(row, "mode", at, "set", "add") != "add"}
		if _, there := row["picked"]; there {
			picked := b.number(row, "picked", at, 0, stock.LargestUnits)
			n.Picked = &picked
		}
		if text := b.text(row, "counted_at", at, 1, 40); text != "" {
			when, err := time.Parse(time.RFC3339, text)
			if n.Age = now.Sub(when); err != nil || n.Age < 0 || n.Age > store.OldestScan {
				b.wrong(at+"/counted_at", "must be a time of the last 14 days with its zone, such as 2026-04-01T14:30:00+09:00.")
			}
		}
		scans = append(scans, n)
	})
	if err != nil {
		return err
	}
	found, err := a.deps.DB.ResolveCodes(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	answer := CountsAnswer{Rows: make([]CountResult, len(scans))}
	var known []int
	var taken []store.NewScan
	prefix := len("api/" + strconv.FormatInt(r.token.ID, 10) + "/")
	for i, code := range codes {
		row, of := &answer.Rows[i], found[code]
		row.Key, row.Code = scans[i].Key[prefix:], of.Code
		switch {
		case of.Found():
			scans[i].SKU = of.SKU
			known, taken = append(known, i), append(taken, scans[i])
		case of.Match == store.MatchAmbiguous:
			row.Refused = &RowRefusal{rowAmbiguousCode, fmt.Sprintf("Several SKUs have the code %q. Send the SKU's own.", code)}
		default:
			row.Refused = &RowRefusal{rowUnknownSKU, problemOfSKU(code).Detail}
		}
	}
	results, err := a.deps.DB.AddScans(r.ctx(), r.token.Tenant, s.ID, r.token.Name, taken)
	if err != nil {
		return ofStocktake(err)
	}
	for n, i := range known {
		row, result := &answer.Rows[i], results[n]
		row.Counted, row.Repeated, row.Refused = result.Counted, result.Repeated, countRefusal(result.Refused)
		if row.Applied = result.Refused == nil; row.Applied {
			answer.Applied++
		}
	}
	return r.answer(http.StatusOK, answer)
}

// longestCountKey leaves room for the token's own prefix.
const longestCountKey = 64

// undoCounts takes counts back, all of them or none.
func (a *API) undoCounts(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	answer := CountsAnswer{}
	var keys []string
	_, err = r.readRows([]string{"key"}, func(b *body, row map[string]any, at string) {
		key := b.text(row, "key", at, 1, longestCountKey)
		answer.Rows = append(answer.Rows, CountResult{Key: key})
		keys = append(keys, "api/"+strconv.FormatInt(r.token.ID, 10)+"/"+key)
	})
	if err != nil {
		return err
	}
	counted, err := a.deps.DB.UndoScans(r.ctx(), r.token.Tenant, s.ID, "", keys)
	if errors.Is(err, store.ErrNotFound) {
		return problem(unknownCount, "One of the keys is of no count that this token has made in the stocktake. Nothing was taken back.")
	}
	if err != nil {
		return ofStocktake(err)
	}
	for i := range answer.Rows {
		answer.Rows[i].Applied, answer.Rows[i].Counted = true, counted[i]
		answer.Applied++
	}
	return r.answer(http.StatusOK, answer)
}

// readLines reads the rows of a batch about lines, each with the SKU's code, exactly as written.
func (a *API) readLines(r *request, optional []string, each func(b *body, row map[string]any, at string)) (codes []string, skus map[string]stock.SKUID, err error) {
	partial, err := r.readRowsOf([]string{"code"}, optional, func(b *body, row map[string]any, at string) {
		codes = append(codes, b.text(row, "code", at, 1, longestCode))
		each(b, row, at)
	})
	if err == nil && partial {
		b := body{}
		b.wrong("/partial", "must be false: all rows are applied or none.")
		err = b.problem()
	}
	if err == nil {
		skus, err = a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	}
	return codes, skus, err
}

// approveCounts posts what differs, or, with undo, takes that back. Only a key makes it happen once, so it must have one.
func (a *API) approveCounts(r *request) error {
	p := r.parameters("undo")
	undo := p.choice("undo", "true", "false") == "true"
	if p.err != nil {
		return p.err
	}
	key, err := r.neededKey("post what has come late a second time")
	if err != nil {
		return err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	approval := store.Approval{Stocktake: s.ID, Key: key, Actor: r.token.Name, Undo: undo}
	codes, skus, err := a.readLines(r, []string{"adjusted", "anyway", "reason"}, func(b *body, row map[string]any, at string) {
		approval.Rows = append(approval.Rows, store.ApprovalRow{Says: stock.Adjusted(b.choice(row, "adjusted", at, string(stock.AdjustedCorrected), string(stock.AdjustedMoved))),
			Anyway: b.boolean(row, "anyway", at), Reason: b.text(row, "reason", at, 0, store.LongestNote)})
	})
	if err != nil {
		return err
	}
	answer := ApprovalsAnswer{Rows: make([]ApprovalResult, len(codes))}
	seen, refused := make(map[string]bool), false
	for i, code := range codes {
		answer.Rows[i].Code, approval.Rows[i].SKU = code, skus[code]
		switch {
		case skus[code] == 0:
			answer.Rows[i].Refused = &RowRefusal{rowUnknownSKU, problemOfSKU(code).Detail}
		case seen[code]:
			answer.Rows[i].Refused = &RowRefusal{rowCountRefused, "The code stands twice in the request."}
		}
		seen[code], refused = true, refused || answer.Rows[i].Refused != nil
	}
	if refused {
		return refusedAll(answer.Rows, "correct or leave them out: all are approved, or none.")
	}
	done, err := a.deps.DB.Approve(r.ctx(), r.token.Tenant, approval)
	if err != nil {
		return ofStocktake(err)
	}
	for i, result := range done.Rows {
		row := &answer.Rows[i]
		if row.Refused = countRefusal(result.Refused); done.Applied {
			row.Applied, row.Delta, row.OnHand = true, result.Delta, result.After
			answer.Applied++
		}
	}
	if !done.Applied {
		return refusedAll(answer.Rows, "correct or leave them out: all are approved, or none.")
	}
	if answer.Repeated = done.Repeated; !done.Repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, answer)
}

// askRecounts asks for SKUs to be counted again. Asking again changes nothing.
func (a *API) askRecounts(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	codes, found, err := a.readLines(r, nil, func(*body, map[string]any, string) {})
	if err != nil {
		return err
	}
	var skus []stock.SKUID
	for _, code := range codes {
		if found[code] == 0 {
			return problemOfSKU(code)
		}
		skus = append(skus, found[code])
	}
	if _, err := a.deps.DB.AskRecount(r.ctx(), r.token.Tenant, s.ID, r.token.Name, skus); err != nil {
		return ofStocktake(err)
	}
	return a.answerStocktake(r, http.StatusOK, s.ID)
}

// countAbsent says of what nobody has counted that it was looked for and is not there.
func (a *API) countAbsent(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	s, err := a.findStocktake(r)
	for after, more := stock.SKUID(0), true; more && err == nil; {
		after, err = a.deps.DB.CountAbsent(r.ctx(), r.token.Tenant, s.ID, r.token.Name, after)
		more = after != 0
	}
	if err != nil {
		return ofStocktake(err)
	}
	return a.answerStocktake(r, http.StatusOK, s.ID)
}

// closeStocktake ends one for good.
func (a *API) closeStocktake(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	var b body
	object, _ := b.object(v, "", nil, []string{"leave_uncounted", "leave_differences"})
	uncounted, differences := b.boolean(object, "leave_uncounted", ""), b.boolean(object, "leave_differences", "")
	if err := b.problem(); err != nil {
		return err
	}
	if err := a.deps.DB.CloseStocktake(r.ctx(), r.token.Tenant, s.ID, r.token.Name, uncounted, differences); err != nil {
		return ofStocktake(err)
	}
	return a.answerStocktake(r, http.StatusOK, s.ID)
}
