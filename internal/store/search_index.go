package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/text"
)

// kind is what a row of the search tables is of.
type kind int64

const (
	kindSKU     kind = 0
	kindProduct kind = 1
)

// indexed is one thing that can be searched for, as it stands in its own table.
type indexed struct {
	id  int64
	old string // the code under which it stood in the index; "" when it is new or still has its code
	// code is the one that orders it; codes are all that find it.
	code  string
	codes []string
	texts []string
}

// indexSKUs brings the index up to what the SKUs are now. old holds the former codes of those that were renamed.
func (tx *Tx) indexSKUs(ctx context.Context, skus []stock.SKUID, old map[stock.SKUID]string) error {
	skus = distinct(skus)
	var list []indexed
	at := make(map[stock.SKUID]int, len(skus))
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var code, name, product, productName string
		var o stock.Options
		if err := rows.Scan(&sku, &code, &name, &o[0], &o[1], &o[2], &product, &productName); err != nil {
			return err
		}
		one := indexed{id: int64(sku), old: old[sku], code: code, codes: []string{code}, texts: []string{name}}
		if !strings.HasPrefix(text.BareCode(code), text.BareCode(product)) {
			one.codes = append(one.codes, product)
		}
		if !strings.HasPrefix(name, productName) {
			one.texts = append(one.texts, productName)
		}
		words := strings.Fields(name)
		for _, value := range o {
			if !slices.Contains(words, value) {
				one.texts = append(one.texts, value)
			}
		}
		at[sku] = len(list)
		list = append(list, one)
		return nil
	}, `SELECT sku.sku_id, sku.code, sku.name, sku.option1, sku.option2, sku.option3, product.code, product.name FROM `+skuEntryFrom+`
		WHERE sku.tenant_id = $1 AND sku.sku_id IN (`, "BIGINT", ")", nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil {
		return err
	}
	codes, err := tx.codesOf(ctx, skus)
	if err != nil {
		return err
	}
	for sku, more := range codes {
		for _, c := range more {
			one := &list[at[sku]]
			one.codes = append(one.codes, c.Code)
		}
	}
	return tx.index(ctx, kindSKU, list)
}

// mostValues bounds the values of its SKUs under which a product is found.
const mostValues = 200

// indexProducts brings the index up to what the products are now: their codes, names and the values of their SKUs.
func (tx *Tx) indexProducts(ctx context.Context, products []stock.ProductID, old map[stock.ProductID]string) error {
	products = distinct(products)
	var list []indexed
	at := make(map[stock.ProductID]int, len(products))
	id := func(args []any, i int) []any { return append(args, int64(products[i])) }
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var product stock.ProductID
		var code, name string
		err := rows.Scan(&product, &code, &name)
		at[product] = len(list)
		list = append(list, indexed{id: int64(product), old: old[product], code: code, codes: []string{code}, texts: []string{name}})
		return err
	}, "SELECT product_id, code, name FROM product WHERE tenant_id = $1 AND product_id IN (", "BIGINT", ")", nil, len(products), id)
	if err != nil {
		return err
	}
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var product stock.ProductID
		var o stock.Options
		err := rows.Scan(&product, &o[0], &o[1], &o[2])
		one := &list[at[product]]
		for _, value := range o {
			if value != "" && len(one.texts) <= mostValues && !slices.Contains(one.texts[1:], value) {
				one.texts = append(one.texts, value)
			}
		}
		return err
	}, `SELECT DISTINCT product_id, option1, option2, option3 FROM sku WHERE tenant_id = $1 AND option1 <> '' AND product_id IN (`, "BIGINT",
		") ORDER BY product_id, option1, option2, option3", nil, len(products), id)
	if err != nil {
		return err
	}
	return tx.index(ctx, kindProduct, list)
}

// indexRow is one row of search_code or search_word.
type indexRow struct {
	form string // or the word
	id   int64
}

// index writes what differs between the keys that the index has and those that it should have.
func (tx *Tx) index(ctx context.Context, k kind, list []indexed) error {
	before, err := tx.indexKeys(ctx, k, list)
	if err != nil {
		return err
	}
	var gone, fresh indexDiff
	var texts []indexed
	keys := make([]string, 0, len(list))
	for _, one := range list {
		key := text.IndexKey(one.codes, one.texts...)
		had, there := before[one.id]
		if there && had == key && one.old == "" {
			continue
		}
		texts, keys = append(texts, one), append(keys, key)
		gone.minus(one.id, had, key)
		fresh.minus(one.id, key, had)
	}
	if err := tx.forget(ctx, k, gone, renamed(texts)); err != nil {
		return err
	}
	err = tx.insertRows(ctx, "search_text (tenant_id, kind, code, id, search_key)", "BIGINT TEXT BIGINT TEXT",
		" ON CONFLICT (tenant_id, kind, code) DO UPDATE SET id = excluded.id, search_key = excluded.search_key", len(texts), func(args []any, i int) []any {
			return append(args, int64(k), texts[i].code, texts[i].id, keys[i])
		})
	if err != nil {
		return err
	}
	err = tx.insertRows(ctx, "search_code (tenant_id, kind, form, id)", "BIGINT TEXT BIGINT", " ON CONFLICT (tenant_id, kind, form, id) DO NOTHING", len(fresh.codes),
		func(args []any, i int) []any { return append(args, int64(k), fresh.codes[i].form, fresh.codes[i].id) })
	if err != nil {
		return err
	}
	words, err := tx.wordIDs(ctx, fresh.words, true)
	if err != nil {
		return err
	}
	slices.SortFunc(fresh.words, func(a, b indexRow) int { return int(words[a.form] - words[b.form]) })
	return tx.insertRows(ctx, "search_word (tenant_id, kind, word_id, id)", "BIGINT BIGINT BIGINT", " ON CONFLICT (tenant_id, kind, word_id, id) DO NOTHING", len(fresh.words),
		func(args []any, i int) []any {
			return append(args, int64(k), words[fresh.words[i].form], fresh.words[i].id)
		})
}

// indexDiff is rows of the index that are in one key and not in another.
type indexDiff struct {
	codes, words []indexRow
}

func (d *indexDiff) minus(id int64, key, other string) {
	had := text.IndexCodes(other)
	for _, code := range text.IndexCodes(key) {
		if !slices.Contains(had, code) {
			d.codes = append(d.codes, indexRow{">" + code, id}, indexRow{"<" + text.Reverse(code), id})
		}
	}
	had = text.IndexWords(other)
	for _, word := range text.IndexWords(key) {
		if !slices.Contains(had, word) {
			d.words = append(d.words, indexRow{word, id})
		}
	}
}

func renamed(list []indexed) []string {
	var codes []string
	for _, one := range list {
		if one.old != "" && one.old != one.code {
			codes = append(codes, one.old)
		}
	}
	return codes
}

// indexKeys are the keys that the index has of things, by id.
func (tx *Tx) indexKeys(ctx context.Context, k kind, list []indexed) (map[int64]string, error) {
	keys := make(map[int64]string)
	return keys, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id int64
		var key string
		err := rows.Scan(&id, &key)
		keys[id] = key
		return err
	}, "SELECT id, search_key FROM search_text WHERE tenant_id = $1 AND kind = $2 AND code IN (", "TEXT", ")", []any{int64(k)}, len(list), func(args []any, i int) []any {
		code := list[i].code
		if list[i].old != "" {
			code = list[i].old
		}
		return append(args, code)
	})
}

// forget removes rows of the index, and the keys that stand under codes.
func (tx *Tx) forget(ctx context.Context, k kind, gone indexDiff, codes []string) error {
	words, err := tx.wordIDs(ctx, gone.words, false)
	if err != nil {
		return err
	}
	err = tx.execRows(ctx, "DELETE FROM search_word WHERE tenant_id = $1 AND kind = $2 AND (word_id, id) IN (", "BIGINT BIGINT", ")", []any{int64(k)}, len(gone.words),
		func(args []any, i int) []any { return append(args, words[gone.words[i].form], gone.words[i].id) })
	if err == nil {
		err = tx.execRows(ctx, "DELETE FROM search_code WHERE tenant_id = $1 AND kind = $2 AND (form, id) IN (", "TEXT BIGINT", ")", []any{int64(k)}, len(gone.codes),
			func(args []any, i int) []any { return append(args, gone.codes[i].form, gone.codes[i].id) })
	}
	if err == nil {
		err = tx.execRows(ctx, "DELETE FROM search_text WHERE tenant_id = $1 AND kind = $2 AND code IN (", "TEXT", ")", []any{int64(k)}, len(codes),
			func(args []any, i int) []any { return append(args, codes[i]) })
	}
	return err
}

// unindex removes things that are no more, by their codes.
func (tx *Tx) unindex(ctx context.Context, k kind, codes []string) error {
	list := make([]indexed, len(codes))
	for i, code := range codes {
		list[i].code = code
	}
	keys, err := tx.indexKeys(ctx, k, list)
	if err != nil {
		return err
	}
	var gone indexDiff
	for id, key := range keys {
		gone.minus(id, key, "")
	}
	return tx.forget(ctx, k, gone, codes)
}

// wordIDs are the ids of words; those that are not there are added when add is set.
func (tx *Tx) wordIDs(ctx context.Context, rows []indexRow, add bool) (map[string]int64, error) {
	words := make([]string, len(rows))
	for i, r := range rows {
		words[i] = r.form
	}
	words = distinct(words)
	ids := make(map[string]int64, len(words))
	read := func(words []string) error {
		return tx.queryRows(ctx, func(rows *sql.Rows) error {
			var word string
			var id int64
			err := rows.Scan(&word, &id)
			ids[word] = id
			return err
		}, "SELECT word, word_id FROM word WHERE tenant_id = $1 AND word IN (", "TEXT", ")", nil, len(words), func(args []any, i int) []any { return append(args, words[i]) })
	}
	if err := read(words); err != nil || !add {
		return ids, err
	}
	missing := slices.DeleteFunc(words, func(word string) bool { return ids[word] != 0 })
	if len(missing) == 0 {
		return ids, nil
	}
	fresh, err := tx.newIDs(ctx, len(missing))
	if err != nil {
		return nil, err
	}
	err = tx.insertRows(ctx, "word (tenant_id, word, word_id)", "TEXT BIGINT", " ON CONFLICT (tenant_id, word) DO NOTHING", len(missing),
		func(args []any, i int) []any { return append(args, missing[i], fresh[i]) })
	if err != nil {
		return nil, err
	}
	// Another transaction may have been faster with some; theirs are found under their ids, and both wrote the same tails.
	if err := read(missing); err != nil {
		return nil, err
	}
	type tailRow struct {
		tail string
		id   int64
	}
	var tails []tailRow
	for _, word := range missing {
		for _, tail := range text.WordTails(word) {
			tails = append(tails, tailRow{tail, ids[word]})
		}
	}
	return ids, tx.insertRows(ctx, "word_tail (tenant_id, tail, word_id)", "TEXT BIGINT", " ON CONFLICT (tenant_id, tail, word_id) DO NOTHING", len(tails),
		func(args []any, i int) []any { return append(args, tails[i].tail, tails[i].id) })
}
