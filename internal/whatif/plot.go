package whatif

import (
	"fmt"
	"html"
	"strings"
)

// Chart is a picture of answers: for each of them a bar per figure, and where the units stood.
type Chart struct {
	Names   []string // of the answers, as people know them
	Shops   []string
	Titles  [3]string // of oversold units, lost sales and pushes, each per cycle
	Stood   string    // of where the units stood
	Answers []Answer
}

// figures are the three numbers of an answer that are drawn as bars.
func figures(r Result) [3]float64 { return [3]float64{r.Oversold, r.Elsewhere, r.Pushes} }

// palette tells shops apart, for those who see colours and those who do not: its lightness rises and falls from one to the next.
var palette = []string{"#1f5fa8", "#8fc1ea", "#b5541c", "#f2b880", "#3c7a3f", "#a9d6a0", "#6a4c93", "#c9b6e4", "#7a7a7a", "#cfcfcf"}

const (
	svgWidth  = 760
	svgNames  = 190
	svgRow    = 22
	svgHead   = 30
	svgNumber = 70
)

// SVG draws the chart. It has no script and no style of its own that a page could refuse, and follows the colour of its surroundings for text.
func (c Chart) SVG() string {
	var b strings.Builder
	panel := svgHead + svgRow*len(c.Answers) + 14
	height := 4*panel + 10
	legend := 0
	if len(c.Shops) > 0 {
		legend = svgRow * ((len(c.Shops) + 3) / 4)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="13" fill="currentColor">`, svgWidth, height+legend)
	y := 0
	for k, title := range c.Titles {
		most := 0.0
		for _, a := range c.Answers {
			most = max(most, figures(a.Result)[k])
		}
		c.text(&b, 0, y+18, "start", true, title)
		for i, a := range c.Answers {
			v := figures(a.Result)[k]
			top := y + svgHead + svgRow*i
			c.text(&b, svgNames-8, top+14, "end", false, c.Names[i])
			width := 0.0
			if most > 0 {
				width = v / most * (svgWidth - svgNames - svgNumber)
			}
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, svgNames, top+2, max(width, 1), svgRow-6, palette[[3]int{2, 0, 4}[k]])
			c.text(&b, svgNames+int(width)+6, top+14, "start", false, short(v))
		}
		y += panel
	}
	c.text(&b, 0, y+18, "start", true, c.Stood)
	for i, a := range c.Answers {
		top := y + svgHead + svgRow*i
		c.text(&b, svgNames-8, top+14, "end", false, c.Names[i])
		sum := 0.0
		for _, v := range a.Result.Stood {
			sum += v
		}
		x := float64(svgNames)
		for s, v := range a.Result.Stood {
			if sum == 0 {
				break
			}
			width := v / sum * (svgWidth - svgNames - svgNumber)
			fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"><title>%s %s</title></rect>`, x, top+2, width, svgRow-6, palette[s%len(palette)], html.EscapeString(c.Shops[s]), short(v))
			x += width
		}
		c.text(&b, int(x)+6, top+14, "start", false, short(sum))
	}
	y += panel
	for s, name := range c.Shops {
		x, top := svgNames+(s%4)*(svgWidth-svgNames)/4, y+svgRow*(s/4)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="12" height="12" fill="%s"/>`, x, top, palette[s%len(palette)])
		c.text(&b, x+17, top+11, "start", false, cut(name, 12))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (c Chart) text(b *strings.Builder, x, y int, anchor string, bold bool, text string) {
	weight := ""
	if bold {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="%s"%s>%s</text>`, x, y, anchor, weight, html.EscapeString(text))
}

// cut shortens a name to so many characters.
func cut(name string, most int) string {
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// short writes a figure with two digits behind the point, one where it is large.
func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
