package ui

// Pair is one hidden field of a form.
type Pair struct{ Name, Value string }

// Action is something that can be done to the chosen rows of a list. Its address takes the list's form: the chosen rows as "code", or the list's
// filter with "all".
type Action struct {
	Address string
	Label   string
	Icon    string
}

// Selection is the bar below a list whose rows can be chosen: the template "selection" inside the form that holds the rows.
type Selection struct {
	Actions []Action
	Filter  []Pair // what the list is narrowed by
	Total   int64  // rows that the filter finds
	AtLeast bool   // there are more than Total
	Back    string // the list's address
}

// SKUActions are what every list of SKUs offers for its chosen rows.
func SKUActions(l Lang) []Action {
	return []Action{
		{Address: "/bulk/secured", Label: l.T("確保在庫"), Icon: "shield"},
		{Address: "/bulk/reorder", Label: l.T("発注点"), Icon: "bell"},
		{Address: "/bulk/pattern", Label: l.T("配分パターン"), Icon: "split"},
		{Address: "/bulk/stocktake", Label: l.T("棚卸"), Icon: "box"},
		{Address: "/bulk/csv", Label: l.T("CSV"), Icon: "down"},
	}
}
