package allocation

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Patterns as text, for files that a merchant can read, keep and take to another place:
//
//	soroi patterns 1
//
//	pattern 少ないときは楽天だけ
//	rule ..10
//	  楽天市場店 = same
//	  others = stop
//	rule 11..
//	  楽天市場店 = 50%
//	  Yahoo!店 = 12.5%
//	  Amazon = fixed 3
//	  Qoo10 = at most 5
//	  others = stop
//
//	pattern おまかせ
//	rule 0..
//	  auto 0.1%
//
// The first line names the form and its version. A share stands behind the last = of its line, so a shop's name may hold one. A name that
// could be taken for something else is written in double quotes, with the escapes of a Go string. A missing "others" is "others = stop".
// A rule with a line "auto" has no shares; auto alone is auto 0.1%.
// Empty lines, indentation and lines that start with # mean nothing. Numbers and signs may be full-width.

const (
	formatName    = "soroi patterns"
	formatVersion = 1
	others        = "others"
	patternWord   = "pattern"
	ruleWord      = "rule"
	autoWord      = "auto"
)

// Problem says why a line cannot be read.
type Problem string

// The problems of a line.
const (
	NoHeader      Problem = "no_header"      // the first line is not "soroi patterns 1"
	OtherVersion  Problem = "other_version"  // written by a soroi that knows more than this one
	OutsidePlace  Problem = "outside"        // a rule outside a pattern, or a share outside a rule
	NoShare       Problem = "no_share"       // neither pattern, rule nor NAME = SHARE
	BadName       Problem = "bad_name"       // a quote that does not close, or no name at all
	BadRange      Problem = "bad_range"      // not 5, 0..10, ..10 or 11..
	BadShare      Problem = "bad_share"      // not same, 50%, fixed 3, at most 5 or stop
	UnknownShop   Problem = "unknown_shop"   // there is no shop of that name
	BadRisk       Problem = "bad_risk"       // behind auto, not a percentage above 0, at most 50%, with four decimals at most
	AutoAlone     Problem = "auto_alone"     // a rule has auto and shares, or auto twice
	TwoDefaults   Problem = "two_defaults"   // a rule has others twice
	DuplicateName Problem = "duplicate_name" // a pattern's name comes twice
	TooMany       Problem = "too_many"       // reading ended here: the file has this many mistakes
)

func (p Problem) Error() string { return strings.ReplaceAll(string(p), "_", " ") }

// LineError is what is wrong in one line of a text of patterns.
type LineError struct {
	Line int    // from 1
	Text string // the part that is wrong
	Err  error  // a Problem, or a finding of Check
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %q: %v", e.Line, e.Text, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// mostLineErrors is how many mistakes Parse reports.
const mostLineErrors = 100

// Parse reads patterns from text; shop gives the shop of a name. It checks each pattern, too: without errors, all are good. Errors come in
// the order of the lines. The patterns are of use only when there are none.
func Parse(text string, shop func(name string) (ShopID, bool)) ([]Pattern, []*LineError) {
	p := parser{shop: shop, names: make(map[string]bool)}
	text = strings.TrimPrefix(text, "\ufeff")
	for line := range strings.Lines(text) {
		p.line++
		line = strings.TrimFunc(line, unicode.IsSpace)
		if line == "" || line[0] == '#' {
			continue
		}
		p.take(line)
		if len(p.errors) >= mostLineErrors {
			p.fail(p.line, "", TooMany)
			return nil, p.errors
		}
		if p.hopeless {
			return nil, p.errors
		}
	}
	p.endPattern()
	if !p.started {
		p.fail(max(p.line, 1), "", NoHeader)
	}
	return p.patterns, p.errors
}

type parser struct {
	shop     func(string) (ShopID, bool)
	line     int
	started  bool
	hopeless bool
	patterns []Pattern
	names    map[string]bool
	errors   []*LineError

	pattern     *Pattern // the one being read
	patternLine int
	ruleLines   []int
	broken      bool // a line of the pattern could not be read, so checking it would only repeat that
	defaulted   bool // the rule has others
}

func (p *parser) fail(line int, text string, err error) {
	p.errors = append(p.errors, &LineError{line, text, err})
	p.broken = true
}

func (p *parser) take(line string) {
	word := firstWord(line)
	rest := strings.TrimSpace(line[len(word):])
	switch {
	case !p.started:
		p.header(line)
	case word == patternWord:
		p.begin(rest)
	case word == ruleWord:
		p.rule(rest)
	default:
		p.share(line)
	}
}

func (p *parser) header(line string) {
	p.started = true
	version, ok := strings.CutPrefix(strings.Join(strings.Fields(narrow(line)), " "), formatName+" ")
	switch n, good := number(version); {
	case !ok || !good:
		p.fail(p.line, line, NoHeader)
		p.hopeless = true
	case n != formatVersion:
		p.fail(p.line, line, OtherVersion)
		p.hopeless = true
	}
}

func (p *parser) begin(rest string) {
	p.endPattern()
	name, ok := unquoted(rest)
	if !ok {
		p.fail(p.line, rest, BadName)
	} else if p.names[name] {
		p.fail(p.line, name, DuplicateName)
	}
	p.names[name] = true
	p.pattern, p.patternLine, p.ruleLines = &Pattern{Name: name}, p.line, nil
}

// endPattern checks what has been read and says of each finding in which line it is.
func (p *parser) endPattern() {
	if p.pattern != nil {
		if !p.broken {
			for _, err := range Check(*p.pattern) {
				line := p.patternLine
				if rule := ruleOf(err); rule >= 0 {
					line = p.ruleLines[rule]
				}
				p.errors = append(p.errors, &LineError{line, p.pattern.Name, err})
			}
		}
		p.patterns = append(p.patterns, *p.pattern)
	}
	p.pattern, p.broken = nil, false
}

// ruleOf is the rule that a finding is about, or −1.
func ruleOf(err error) int {
	switch e := err.(type) {
	case *RangeError:
		return e.Rule
	case *OverlapError:
		return e.RuleB
	case *KindError:
		return e.Rule
	case *PercentError:
		return e.Rule
	case *UnitsError:
		return e.Rule
	case *DuplicateShopError:
		return e.Rule
	case *SizeError:
		return e.Rule
	case *AutoError:
		return e.Rule
	}
	return -1
}

func (p *parser) rule(rest string) {
	if p.pattern == nil {
		p.fail(p.line, rest, OutsidePlace)
		return
	}
	from, to, ok := parseRange(rest)
	if !ok {
		p.fail(p.line, rest, BadRange)
	}
	p.pattern.Rules = append(p.pattern.Rules, Rule{From: from, To: to, Default: Share{Kind: Stop}})
	p.ruleLines = append(p.ruleLines, p.line)
	p.defaulted = false
}

func (p *parser) share(line string) {
	at := strings.LastIndexByte(line, '=')
	if at < 0 && firstWord(narrow(line)) == autoWord {
		p.auto(line)
		return
	}
	if at < 0 {
		p.fail(p.line, line, NoShare)
		return
	}
	written := strings.TrimSpace(line[:at])
	share, ok := parseShare(line[at+1:])
	if !ok {
		p.fail(p.line, strings.TrimSpace(line[at+1:]), BadShare)
		return
	}
	if p.pattern == nil || len(p.pattern.Rules) == 0 {
		p.fail(p.line, line, OutsidePlace)
		return
	}
	rule := &p.pattern.Rules[len(p.pattern.Rules)-1]
	if rule.Auto > 0 {
		p.fail(p.line, line, AutoAlone)
		return
	}
	if written == others {
		if p.defaulted {
			p.fail(p.line, written, TwoDefaults)
		}
		rule.Default, p.defaulted = share, true
		return
	}
	name, ok := unquoted(written)
	if !ok {
		p.fail(p.line, written, BadName)
		return
	}
	shop, known := p.shop(name)
	if !known {
		p.fail(p.line, name, UnknownShop)
		return
	}
	rule.Shares = append(rule.Shares, ShopShare{shop, share})
}

// auto makes the rule being read one without shares.
func (p *parser) auto(line string) {
	risk := int64(UsualRisk)
	if text := strings.TrimSpace(strings.TrimPrefix(narrow(line), autoWord)); text != "" {
		var ok bool
		if risk, ok = ParseRisk(text); !ok {
			p.fail(p.line, text, BadRisk)
			return
		}
	}
	if p.pattern == nil || len(p.pattern.Rules) == 0 {
		p.fail(p.line, line, OutsidePlace)
		return
	}
	rule := &p.pattern.Rules[len(p.pattern.Rules)-1]
	if rule.Auto > 0 || len(rule.Shares) > 0 || p.defaulted {
		p.fail(p.line, line, AutoAlone)
		return
	}
	rule.Auto, rule.Default = risk, Share{}
}

// ParseRisk reads the risk of an auto rule as people write it: 0.1%, 0.05 (percent). It gives millionths, 1 to LargestRisk.
func ParseRisk(text string) (int64, bool) {
	text = strings.TrimSpace(strings.TrimSuffix(narrow(text), "%"))
	whole, part, point := strings.Cut(text, ".")
	n, ok := number(whole)
	if !ok || n > 100 || point && (part == "" || len(part) > 4) {
		return 0, false
	}
	parts, ok := number((part + "0000")[:4])
	risk := n*10_000 + parts
	return risk, ok && risk >= 1 && risk <= LargestRisk
}

// RiskText is millionths as a person writes them: 0.1%, 4%, 0.0005%.
func RiskText(millionths int64) string {
	text := strconv.FormatInt(millionths/10_000, 10)
	if part := millionths % 10_000; part != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%04d", part), "0")
	}
	return text + "%"
}

// Format writes patterns as Parse reads them; name gives the name of a shop. The same patterns always give the same text.
func Format(patterns []Pattern, name func(ShopID) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d\n", formatName, formatVersion)
	for _, p := range patterns {
		fmt.Fprintf(&b, "\n%s %s\n", patternWord, quoted(p.Name))
		for _, r := range p.Rules {
			fmt.Fprintf(&b, "%s %s\n", ruleWord, rangeText(r.From, r.To))
			if r.Auto > 0 {
				fmt.Fprintf(&b, "  %s %s\n", autoWord, RiskText(r.Auto))
				continue
			}
			for _, s := range r.Shares {
				fmt.Fprintf(&b, "  %s = %s\n", quoted(name(s.Shop)), s.Share)
			}
			fmt.Fprintf(&b, "  %s = %s\n", others, r.Default)
		}
	}
	return b.String()
}

// String is the share as files have it: same, 12.5%, fixed 3, at most 5, stop.
func (s Share) String() string {
	switch s.Kind {
	case Percent:
		return percentText(s.N)
	case Fixed:
		return "fixed " + strconv.FormatInt(s.N, 10)
	case AtMost:
		return "at most " + strconv.FormatInt(s.N, 10)
	}
	return string(s.Kind)
}

func parseShare(text string) (Share, bool) {
	text = narrow(text)
	switch {
	case text == "same":
		return Share{Kind: Same}, true
	case text == "stop":
		return Share{Kind: Stop}, true
	case strings.HasSuffix(text, "%"):
		n, ok := parsePercent(strings.TrimSpace(text[:len(text)-1]))
		return Share{Percent, n}, ok
	case strings.HasPrefix(text, "fixed "):
		n, ok := number(strings.TrimSpace(text[len("fixed "):]))
		return Share{Fixed, n}, ok
	case strings.HasPrefix(text, "at most "):
		n, ok := number(strings.TrimSpace(text[len("at most "):]))
		return Share{AtMost, n}, ok
	}
	return Share{}, false
}

// percentText is hundredths of a percent as a person writes them: 50%, 12.5%, 8.33%.
func percentText(n int64) string {
	text := strconv.FormatInt(n/100, 10)
	if part := n % 100; part != 0 {
		text += "." + strings.TrimSuffix(fmt.Sprintf("%02d", max(part, -part)), "0")
	}
	return text + "%"
}

func parsePercent(text string) (int64, bool) {
	whole, part, point := strings.Cut(text, ".")
	n, ok := number(whole)
	if !ok || n > Whole || point && (part == "" || len(part) > 2) {
		return 0, false
	}
	hundredths, ok := number((part + "00")[:2])
	return n*100 + hundredths, ok
}

// rangeText is a range as files have it: 5, 0..10, 11..
func rangeText(from, to int64) string {
	switch {
	case to == Open:
		return strconv.FormatInt(from, 10) + ".."
	case from == to:
		return strconv.FormatInt(from, 10)
	}
	return strconv.FormatInt(from, 10) + ".." + strconv.FormatInt(to, 10)
}

func parseRange(text string) (from, to int64, ok bool) {
	low, high, span := strings.Cut(narrow(text), "..")
	low, high = strings.TrimSpace(low), strings.TrimSpace(high)
	if !span {
		from, ok = number(low)
		return from, from, ok
	}
	if low == "" && high == "" {
		return 0, 0, false
	}
	to = Open
	if low != "" {
		if from, ok = number(low); !ok {
			return 0, 0, false
		}
	}
	if high != "" {
		if to, ok = number(high); !ok {
			return 0, 0, false
		}
	}
	return from, to, true
}

// number reads digits and nothing else. Open is no number: a range's end is left out instead.
func number(text string) (int64, bool) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n != Open
}

// narrow makes full-width signs and digits ASCII and drops space around.
func narrow(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}, text))
}

func firstWord(text string) string {
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		return text[:end]
	}
	return text
}

func quoted(name string) string {
	word := firstWord(name)
	switch {
	case name == "", name == others, word == patternWord, word == ruleWord, name[0] == '"', name[0] == '#', name != strings.TrimFunc(name, unicode.IsSpace),
		!utf8.ValidString(name), strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' }):
		return strconv.Quote(name)
	}
	return name
}

func unquoted(text string) (name string, ok bool) {
	if strings.HasPrefix(text, `"`) {
		name, err := strconv.Unquote(text)
		return name, err == nil
	}
	return text, text != ""
}
