package rakuten

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

var jst = time.FixedZone("JST", 9*60*60)

const (
	orderTime = "2006-01-02T15:04:05-0700"  // the order API's spelling of a moment
	stockTime = "2006-01-02T15:04:05-07:00" // the inventory API's
)

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	w.Write(text)
}

// gateway answers in the words of what stands before every API.
func gateway(w http.ResponseWriter, status int, code, message string) {
	type results struct {
		ErrorCode string `json:"errorCode"`
		Message   string `json:"message"`
	}
	answer(w, status, map[string]results{"Results": {code, message}})
}

// problem is one error of the inventory and item APIs.
type problem struct {
	Code     string         `json:"code"`
	Message  string         `json:"message"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

func at(path string) map[string]any { return map[string]any{"propertyPath": path} }

func itemError(w http.ResponseWriter, status int, problems ...problem) {
	answer(w, status, map[string][]problem{"errors": problems})
}

// message is one entry of the order API's MessageModelList.
type message struct {
	Type   string  `json:"messageType"`
	Code   string  `json:"messageCode"`
	Text   string  `json:"message"`
	Number *string `json:"orderNumber"`
}

// faultWords lets the gateway speak where it would: before any API is reached.
func (s *Server) faultWords(api mallsim.FaultRender) mallsim.FaultRender {
	return func(w http.ResponseWriter, k mallsim.FaultKind) {
		switch k {
		case mallsim.TooMany:
			gateway(w, http.StatusTooManyRequests, "ES04-01", "Too Many Requests")
		case mallsim.Unauthorized:
			gateway(w, s.o.AuthStatus, "ES01-01", "Authentication Failed")
		case mallsim.Forbidden:
			gateway(w, http.StatusForbidden, "ES04-01", "Bad Request")
		case mallsim.Unavailable:
			gateway(w, http.StatusServiceUnavailable, "ES05-01", "Service Unavailable")
		default:
			api(w, k)
		}
	}
}

func itemFault(w http.ResponseWriter, k mallsim.FaultKind) {
	if k == mallsim.Conflict {
		itemError(w, http.StatusConflict, problem{Code: "CE0001", Message: "another update is under way"})
		return
	}
	itemError(w, http.StatusInternalServerError, problem{Code: "X0000", Message: "unexpected error"})
}

func orderFault(op string) mallsim.FaultRender {
	return func(w http.ResponseWriter, k mallsim.FaultKind) {
		orderError(w, mallsim.FaultStatus(k), op, "ERROR_023", "想定外のエラーが発生しました。")
	}
}

// orderCode spells a message code: ORDER_EXT_API_SEARCH_ORDER_INFO_101.
func orderCode(op, suffix string) string {
	_, function, _ := strings.Cut(op, "/")
	var b strings.Builder
	for _, r := range function {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return "ORDER_EXT_API_" + strings.ToUpper(b.String()) + "_" + suffix
}

func orderError(w http.ResponseWriter, status int, op, suffix, text string) {
	body := map[string]any{"MessageModelList": []message{{Type: "ERROR", Code: orderCode(op, suffix), Text: text}}}
	switch op {
	case OpSearchOrder, OpSearchOrderItem:
		body["orderNumberList"], body["PaginationResponseModel"] = nil, nil
	case OpGetOrder, OpGetOrderItem:
		body["OrderModelList"] = nil
	}
	answer(w, status, body)
}

// orderCall is what every order call passes before it is read: the method, the charset, the size.
func (s *Server) orderCall(op string, do func(http.ResponseWriter, *http.Request, string, bool)) func(http.ResponseWriter, *http.Request, bool) {
	return func(w http.ResponseWriter, r *http.Request, silent bool) {
		if r.Method != http.MethodPost {
			gateway(w, http.StatusMethodNotAllowed, "ES04-01", "Bad Request")
			return
		}
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" || !strings.EqualFold(params["charset"], "utf-8") {
			gateway(w, http.StatusUnsupportedMediaType, "ES04-03", "Unsupported Media Type")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, s.o.LargestOrderBody)
		do(w, r, op, silent)
	}
}

// fields reads a JSON object without deciding what its values are: RMS tells a missing key from an empty one.
func fields(w http.ResponseWriter, r *http.Request, op string) (map[string]json.RawMessage, bool) {
	var body map[string]json.RawMessage
	text, err := io.ReadAll(r.Body)
	if err != nil {
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		gateway(w, status, "ES04-01", "Bad Request")
		return nil, false
	}
	if err := json.Unmarshal(text, &body); err != nil || body == nil {
		orderError(w, http.StatusBadRequest, op, "ERROR_009", "リクエストの形式が不正です。")
		return nil, false
	}
	return body, true
}

// wrong is a refusal of one field of an order call.
type wrong struct{ suffix, text string }

// field decodes one value: ERROR_009 when the key is missing, ERROR_010 when it is empty, ERROR_011 when it is of the wrong form.
func field[T any](body map[string]json.RawMessage, name string, required bool, into *T) *wrong {
	raw, there := body[name]
	switch text := strings.TrimSpace(string(raw)); {
	case !there && required:
		return &wrong{"ERROR_009", name + "が指定されていません。"}
	case !there:
		return nil
	case text == "null" || text == `""` || text == "[]":
		if !required {
			return nil
		}
		return &wrong{"ERROR_010", name + "の値がありません。"}
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return &wrong{"ERROR_011", name + "の形式が不正です。"}
	}
	return nil
}
