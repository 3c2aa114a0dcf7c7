package stock

import (
	"fmt"
	"strings"
)

// MostOptions is how many options (商品属性) may part a product into SKUs.
const MostOptions = 3

// LongestOption bounds an option's name or value, in characters.
const LongestOption = 100

// OptionNames are what parts a product into SKUs: colour, size … The unused ones are "" and stand last.
type OptionNames [MostOptions]string

// Options are one SKU's values of its product's options, in their order.
type Options [MostOptions]string

// Count is how many options there are.
func (n OptionNames) Count() int {
	count := 0
	for _, name := range n {
		if name != "" {
			count++
		}
	}
	return count
}

// Check refuses names that cannot part anything. The error is a *CatalogError.
func (n OptionNames) Check() error {
	for i, name := range n {
		field := fmt.Sprintf("option%d_name", i+1)
		if err := CheckText(field, name, LongestOption); err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if i > 0 && n[i-1] == "" {
			return &CatalogError{field, "gap", fmt.Sprintf("is given while option %d has no name", i)}
		}
		for _, other := range n[:i] {
			if other == name {
				return &CatalogError{field, "same", fmt.Sprintf("%q is the name of two options", name)}
			}
		}
	}
	return nil
}

// Check refuses values that a product with these names cannot have. A value may be missing: goods that came from a file often say nothing.
// The error is a *CatalogError.
func (o Options) Check(names OptionNames) error {
	for i, value := range o {
		field := fmt.Sprintf("option%d", i+1)
		if err := CheckText(field, value, LongestOption); err != nil {
			return err
		}
		if value != "" && names[i] == "" {
			return &CatalogError{field, "no_option", fmt.Sprintf("is %q, and the product has no option %d", value, i+1)}
		}
	}
	return nil
}

// Empty tells whether no value is said.
func (o Options) Empty() bool { return o == Options{} }

// SKUName is what a SKU is called when it has no name of its own: the product's name and its values.
func SKUName(product string, o Options) string {
	words := []string{product}
	for _, value := range o {
		if value != "" {
			words = append(words, value)
		}
	}
	return strings.TrimSpace(strings.Join(words, " "))
}
