package exchange

// Formats is what people see of every format, in the order of a menu.
func Formats() []Info {
	return []Info{Stock.Info(), Product.Info(), Secured.Info(), Reorder.Info(), Assignment.Info(), Exception.Info(), Link.Info(), Bundle.Info(), Count.Info()}
}

// FindFormat gives the format of that name.
func FindFormat(name string) (Info, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Info{}, false
}
