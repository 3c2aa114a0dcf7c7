package api

import (
	"net/http"
	"time"

	"soroi/internal/explain"
	"soroi/internal/store"
)

// Explanation is why a shop shows a number.
type Explanation struct {
	Code      string             `json:"code"`
	Shop      ShopRef            `json:"shop"`
	Ref       string             `json:"ref"`
	State     store.ListingState `json:"state"`
	Published *quantity          `json:"published"`
	Believed  *quantity          `json:"believed"`
	Target    *quantity          `json:"target"`
	Explained bool               `json:"explained"`
	Steps     []ExplanationStep  `json:"steps"`
}

// ExplanationStep is one line of a derivation.
type ExplanationStep struct {
	What    string            `json:"what"`
	Numbers map[string]string `json:"numbers"`
	Words   Words             `json:"words"`
	At      *time.Time        `json:"at"`
}

// Words is a sentence in both languages.
type Words struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// Explanations are those of one SKU.
type Explanations struct {
	Items []Explanation `json:"items"`
}

func (a *API) explain(r *request) error {
	p := r.parameters("shop")
	if p.err != nil {
		return p.err
	}
	list, err := explain.Load(r.ctx(), a.deps.DB, a.deps.Specs, r.token.Tenant, r.r.PathValue("code"), p.text("shop"))
	if err != nil {
		return err
	}
	answer := Explanations{Items: []Explanation{}}
	for _, e := range list {
		item := Explanation{Code: e.SKU, Shop: ShopRef{int64(e.ShopID), e.Shop}, Ref: string(e.Ref), State: e.State, Published: maybe(e.Published),
			Believed: maybe(e.Believed), Target: maybe(e.Target), Explained: e.Explained, Steps: stepsOf(e.Steps)}
		answer.Items = append(answer.Items, item)
	}
	return r.answer(http.StatusOK, answer)
}

func stepsOf(steps []explain.Step) []ExplanationStep {
	list := []ExplanationStep{}
	for _, s := range steps {
		step := ExplanationStep{What: string(s.What), Numbers: map[string]string{}, Words: Words{s.Words("ja"), s.Words("en")}, At: instant(s.At)}
		for _, n := range s.Numbers {
			step.Numbers[n.Name] = n.Value
		}
		list = append(list, step)
	}
	return list
}
