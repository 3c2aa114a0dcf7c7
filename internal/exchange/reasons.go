package exchange

// The reasons why a whole file is refused.
const (
	FileEmpty         Code = "file_empty"
	FileTooLarge      Code = "file_too_large"
	FileOldExcel      Code = "file_old_excel"
	FileEncrypted     Code = "file_encrypted"
	FileNotTable      Code = "file_not_table"
	FileBinary        Code = "file_binary"
	FileOtherEncoding Code = "file_other_encoding"
	WorkbookBroken    Code = "workbook_broken"
	WorkbookTooLarge  Code = "workbook_too_large"
	WorkbookNoSheet   Code = "workbook_no_sheet"
	HeaderMissing     Code = "header_missing"
	HeaderBroken      Code = "header_broken"
	HeaderTwice       Code = "header_twice"
	HeaderFurther     Code = "header_further"
	HeaderClash       Code = "header_clash"
	ColumnMissing     Code = "column_missing"
	ColumnMissingNear Code = "column_missing_near"
	MappingSource     Code = "mapping_source"
	MappingKey        Code = "mapping_key"
	MappingConstant   Code = "mapping_constant"
)

// The reasons why a file cannot be written as asked.
const (
	NotInEncoding  Code = "not_in_encoding"
	NoSuchColumn   Code = "no_such_column"
	NoSuchEncoding Code = "no_such_encoding"
)

// The reasons why a row is refused: how it is written.
const (
	BrokenBytes    Code = "broken_bytes"
	OtherEncoding  Code = "other_encoding"
	LostCharacter  Code = "lost_character"
	NULByte        Code = "nul_byte"
	StrayQuote     Code = "stray_quote"
	UnclosedQuote  Code = "unclosed_quote"
	FieldTooLong   Code = "field_too_long"
	RowTooLong     Code = "row_too_long"
	TooManyFields  Code = "too_many_fields"
	RowCutOff      Code = "row_cut_off"
	RowUnmended    Code = "row_unmended"
	ValueMissing   Code = "value_missing"
	ValueFormula   Code = "value_formula"
	ValueControl   Code = "value_control"
	ValueTooLong   Code = "value_too_long"
	ValueError     Code = "value_error"
	NotNumber      Code = "not_number"
	NotWhole       Code = "not_whole"
	BadGrouping    Code = "bad_grouping"
	NegativeNumber Code = "negative_number"
	NumberTooLarge Code = "number_too_large"
	SignWithSet    Code = "sign_with_set"
	SignWithTake   Code = "sign_with_subtract"
	NotChoice      Code = "not_choice"
	BadPercent     Code = "bad_percent"
	BadTime        Code = "bad_time"
	NotTogether    Code = "not_together"
	CodeMissing    Code = "code_missing"
)

// The reasons why a row is refused: what it means here. The import that knows the catalogue gives them.
const (
	StocktakeUnknown  Code = "stocktake_unknown"
	CodeUnknown       Code = "code_unknown"
	CodeAmbiguous     Code = "code_ambiguous"
	ListingAmbiguous  Code = "listing_ambiguous"
	CodeEatenZeros    Code = "code_eaten_zeros"
	CodeEatenDecimals Code = "code_eaten_decimals"
	CodeScientific    Code = "code_scientific"
	CodeLostDigits    Code = "code_lost_digits"
	CodeBecameDate    Code = "code_became_date"
	CodeRepeated      Code = "code_repeated"
	NegativeResult    Code = "negative_result"
	LocationUnknown   Code = "location_unknown"
	ShopUnknown       Code = "shop_unknown"
	PatternUnknown    Code = "pattern_unknown"
	ProductUnknown    Code = "product_unknown"
	CodeTaken         Code = "code_taken"
	ListingUnknown    Code = "listing_unknown"
	ChangedMeanwhile  Code = "changed_meanwhile"
	BadPart           Code = "bad_part"
	PartTwice         Code = "part_twice"
	PartCycle         Code = "part_cycle"
	PartArchived      Code = "part_archived"
	BundleOnHand      Code = "bundle_on_hand"
	BundleSupply      Code = "bundle_supply"
	StockOfBundle     Code = "stock_of_bundle"
	CatalogRule       Code = "catalog_rule"
)

// The reasons why a row is ignored or noted, and why a column is ignored.
const (
	NothingAsked Code = "nothing_asked"
	RowOfProduct Code = "product_row"
	RowOfOption  Code = "option_row"
	RowDeletes   Code = "delete_row"
	Unchanged    Code = "unchanged"

	CodeFolded   Code = "code_folded"
	BrokenUnused Code = "broken_unused"
	ExtraCells   Code = "extra_cells"
	BlankRow     Code = "blank_row"

	ColumnUnknown   Code = "column_unknown"
	ColumnUnused    Code = "column_unused"
	ColumnReport    Code = "column_report"
	ColumnUnmapped  Code = "column_unmapped"
	ColumnNameless  Code = "column_nameless"
	ColumnConstant  Code = "column_constant"
	ColumnSecond    Code = "column_second"
	ColumnDuplicate Code = "column_duplicate"
)

// reason is what a code does and says. {header}, {value}, {hint}, {line}, {end} and {offset} are filled in from the problem.
type reason struct {
	fate Fate
	what Words
	next Words
}

// noStep is the next step where there is none.
var noStep = Words{"直す必要はありません。", "Nothing needs to be done."}

// asText is the next step for a code that a spreadsheet has changed.
var asText = Words{"正しいコードに書き直してください。列の書式を「文字列」にすると、表計算ソフトは変えません。", "Write the right code. A spreadsheet leaves columns formatted as text alone."}

var reasons = map[Code]reason{
	FileEmpty:         {FileRefused, Words{"ファイルが空です。", "The file is empty."}, Words{"保存し直したファイルを選んでください。", "Save the file again and choose it."}},
	FileTooLarge:      {FileRefused, Words{"ファイルが大きすぎます(上限 {hint})。", "The file is too large (at most {hint})."}, Words{"いくつかのファイルに分けてください。", "Split it into several files."}},
	FileOldExcel:      {FileRefused, Words{"古い Excel 形式(.xls)のファイルは読み込めません。", "This is a workbook in the old Excel format (.xls), which cannot be read."}, Words{"Excel で開き、「CSV UTF-8」または「Excel ブック (.xlsx)」として保存し直してください。", "Open it in Excel and save it as \"CSV UTF-8\" or \"Excel Workbook (.xlsx)\"."}},
	FileEncrypted:     {FileRefused, Words{"パスワードで保護されたブックは読み込めません。", "The workbook is protected by a password and cannot be read."}, Words{"パスワードを外して保存し直してください。", "Remove the password and save it again."}},
	FileNotTable:      {FileRefused, Words{"表のファイルではありません({hint})。", "This is not a table but {hint}."}, Words{"CSV または .xlsx で保存したファイルを選んでください。", "Choose a file saved as CSV or .xlsx."}},
	FileBinary:        {FileRefused, Words{"文字のファイルとして読めません({hint})。", "The file cannot be read as text ({hint})."}, Words{"CSV または .xlsx で保存し直すか、文字コードを指定してください。", "Save it as CSV or .xlsx, or say which encoding it has."}},
	FileOtherEncoding: {FileRefused, Words{"文字コードが {hint} のようです。{hint} は読み込めません。", "The file seems to be written in {hint}, which is not read."}, Words{"UTF-8 か Shift_JIS で保存し直してください。違う場合は文字コードを指定してください。", "Save it again as UTF-8 or Shift_JIS, or say which encoding it has."}},
	WorkbookBroken:    {FileRefused, Words{"Excel ブックが壊れていて読めません({hint})。", "The workbook is damaged and cannot be read ({hint})."}, Words{"Excel で開いて保存し直すか、「CSV UTF-8」で保存してください。", "Open it in Excel and save it again, or save it as \"CSV UTF-8\"."}},
	WorkbookTooLarge:  {FileRefused, Words{"Excel ブックの中身が大きすぎます({hint})。", "What the workbook holds is too large ({hint})."}, Words{"必要な列だけを「CSV UTF-8」で保存してください。", "Save only the columns that are needed, as \"CSV UTF-8\"."}},
	WorkbookNoSheet:   {FileRefused, Words{"シート「{value}」がありません。あるのは {hint} です。", "There is no sheet \"{value}\"; there are {hint}."}, Words{"シート名を確かめてください。", "Check the name of the sheet."}},
	HeaderMissing:     {FileRefused, Words{"見出しの行がありません。", "There is no header row."}, Words{"1 行目に列の見出しを置いてください。ひな形をダウンロードして使えます。", "Put the columns' headers into the first row; a template can be downloaded."}},
	HeaderBroken:      {FileRefused, Words{"見出しの行が読めません({hint})。", "The header row cannot be read ({hint})."}, Words{"文字コードを指定するか、ファイルを保存し直してください。", "Say which encoding the file has, or save it again."}},
	HeaderTwice:       {FileRefused, Words{"見出し「{header}」が 2 回あります({hint})。どちらを使うか決められません。", "The header \"{header}\" stands twice ({hint}); which one is meant is unclear."}, Words{"使わないほうの列を消すか、見出しを変えてください。", "Remove the column that is not meant, or rename it."}},
	HeaderFurther:     {FileRefused, Words{"見出しは {hint} 行目にあるようです。{line} 行目ではありません。", "The headers seem to be on line {hint}, not on line {line}."}, Words{"それより上の行を消すか、見出しの行を {hint} と指定してください。", "Remove the lines above it, or say that the headers are on line {hint}."}},
	HeaderClash:       {FileRefused, Words{"見出し「{header}」と「{hint}」は同じ項目です。どちらを使うか決められません。", "The headers \"{header}\" and \"{hint}\" mean the same; which one is meant is unclear."}, Words{"使わないほうの列を消すか、見出しを変えてください。", "Remove the column that is not meant, or rename it."}},
	ColumnMissing:     {FileRefused, Words{"必要な列「{header}」がありません。", "The column \"{header}\" is needed and not there."}, Words{"列を加えるか、列の対応を設定してください。", "Add the column, or set up a column mapping."}},
	ColumnMissingNear: {FileRefused, Words{"必要な列「{header}」がありません。「{hint}」のことですか?", "The column \"{header}\" is needed and not there. Is it \"{hint}\"?"}, Words{"見出し「{hint}」を「{header}」に変えるか、列の対応を設定してください。", "Rename \"{hint}\" to \"{header}\", or set up a column mapping."}},
	MappingSource:     {FileRefused, Words{"列の対応にある見出し「{header}」がファイルにありません。近いのは「{hint}」です。", "The column mapping names the header \"{header}\", which the file does not have; the nearest is \"{hint}\"."}, Words{"列の対応を直すか、ファイルの見出しを直してください。", "Correct the mapping or the file's header."}},
	MappingKey:        {FileRefused, Words{"列の対応にある項目「{value}」は、この形式にありません。", "The column mapping names \"{value}\", which this format does not have."}, Words{"項目を選び直してください({hint})。", "Choose one of {hint}."}},
	MappingConstant:   {FileRefused, Words{"列の対応の固定値「{value}」は「{header}」に使えません: {hint}", "The mapping's constant \"{value}\" does not suit \"{header}\": {hint}"}, Words{"固定値を直してください。", "Correct the constant."}},

	NotInEncoding:  {FileRefused, Words{"「{header}」の「{value}」は {hint} では書けません。コードなので、似た文字には置き換えません。", "\"{value}\" in \"{header}\" cannot be written in {hint}; it is a code, so no similar character stands in for it."}, Words{"文字コードに UTF-8 を選んでください。", "Choose UTF-8."}},
	NoSuchColumn:   {FileRefused, Words{"「{value}」という列は書き出せません。", "There is no column \"{value}\" to write."}, Words{"列を選び直してください。", "Choose the columns again."}},
	NoSuchEncoding: {FileRefused, Words{"文字コード「{value}」では書き出せません。", "Files are not written in the encoding \"{value}\"."}, Words{"UTF-8、Shift_JIS (CP932)、UTF-16 のどれかを選んでください。", "Choose UTF-8, Shift_JIS (CP932) or UTF-16."}},

	BrokenBytes:    {RowRefused, Words{"文字が壊れています(先頭から {offset} バイト目、{hint})。", "There are broken characters (at byte {offset} of the file; {hint})."}, Words{"もとのファイルから保存し直してください。文字コードの混ざったファイルは一つにそろえてください。", "Save the file again from its source; bring a file of mixed encodings into one."}},
	OtherEncoding:  {RowRefused, Words{"この値だけ {hint} で書かれているようです。ファイルのほかの部分は Shift_JIS です。", "This value seems to be written in {hint}, while the rest of the file is Shift_JIS."}, Words{"文字コードの混ざったファイルは、一つにそろえて保存し直してください。", "Save the file again in one encoding."}},
	LostCharacter:  {RowRefused, Words{"「{value}」の中の「�」は、以前の変換で失われた文字です。", "The \"�\" in \"{value}\" is a character that an earlier conversion has lost."}, Words{"もとのデータの文字に直してください。", "Put in the character of the original data."}},
	NULByte:        {RowRefused, Words{"値に NUL(0 のバイト)が含まれています。", "The value holds a NUL (a byte of zero)."}, Words{"書き出し元で保存し直してください。", "Save the file again from its source."}},
	StrayQuote:     {RowRefused, Words{"引用符(\")の使い方が正しくありません: {value}", "A quotation mark (\") stands where none may: {value}"}, Words{"値を \" で囲み、中の \" は \"\" と 2 つ書いてください。", "Put the value into quotation marks and write each one inside it twice."}},
	UnclosedQuote:  {RowRefused, Words{"{line} 行目で始まる引用符(\")が閉じていません。ここからファイルの終わりまでが一つの値になっています。", "The quotation mark that opens on line {line} is never closed: all from there to the end of the file is one value."}, Words{"{line} 行目の \" を直してください。", "Correct the quotation mark on line {line}."}},
	FieldTooLong:   {RowRefused, Words{"値が長すぎます(上限 {hint})。引用符の閉じ忘れかもしれません。", "The value is too long (at most {hint}); perhaps a quotation mark is not closed."}, Words{"{line} 行目から {end} 行目を確かめてください。", "Look at lines {line} to {end}."}},
	RowTooLong:     {RowRefused, Words{"行が長すぎます(上限 {hint})。", "The row is too long (at most {hint})."}, Words{"{line} 行目を確かめてください。", "Look at line {line}."}},
	TooManyFields:  {RowRefused, Words{"見出しより値が多い行です({hint})。値の中に区切り文字があるのかもしれません。", "The row has more values than there are headers ({hint}); perhaps a value holds the delimiter."}, Words{"区切り文字を含む値は \" で囲んでください(1,000 は 1000 と書けます)。", "Put values that hold the delimiter into quotation marks (1,000 can be written 1000)."}},
	RowCutOff:      {RowRefused, Words{"最後の行が途中で切れています。", "The last row is cut off."}, Words{"ファイルが最後まで保存されているか確かめてください。", "Check that the file was saved to its end."}},
	RowUnmended:    {RowRefused, Words{"前に壊れていた行で、まだ直したことになっていません(「{header}」が「{value}」)。", "The row was broken, and nobody has said that it is put right (\"{header}\" is \"{value}\")."}, Words{"行を直したら、「{header}」を空欄にしてください。", "Once the row is right, clear \"{header}\"."}},
	ValueMissing:   {RowRefused, Words{"「{header}」が空欄です。", "\"{header}\" is empty."}, Words{"値を入れるか、行を消してください。", "Fill it in or remove the row."}},
	ValueFormula:   {RowRefused, Words{"「{value}」は計算式です。計算式は読み込めません。", "\"{value}\" is a formula; formulas are not worked out."}, Words{"計算式を値に変えて(コピーして「値の貼り付け」)保存してください。", "Turn it into its value (copy, then paste values) and save again."}},
	ValueControl:   {RowRefused, Words{"「{header}」に目に見えない制御文字があります({hint})。", "\"{header}\" holds an invisible control character ({hint})."}, Words{"値を入力し直してください。", "Type the value again."}},
	ValueTooLong:   {RowRefused, Words{"「{header}」が長すぎます(上限 {hint})。", "\"{header}\" is too long (at most {hint})."}, Words{"短くしてください。", "Shorten it."}},
	ValueError:     {RowRefused, Words{"「{value}」は表計算ソフトのエラーです。", "\"{value}\" is a spreadsheet's error."}, Words{"もとの計算式を直し、値にして保存してください。", "Correct the formula and save its value."}},
	NotNumber:      {RowRefused, Words{"「{value}」は数ではありません。", "\"{value}\" is not a number."}, Words{"半角または全角の数字で書いてください。", "Write it in digits."}},
	NotWhole:       {RowRefused, Words{"「{value}」は整数ではありません。", "\"{value}\" is not a whole number."}, Words{"整数で書いてください。", "Write a whole number."}},
	BadGrouping:    {RowRefused, Words{"「{value}」の桁区切りが正しくありません。小数点の意味かどうか決められません。", "The separators in \"{value}\" do not part thousands; whether a decimal is meant is unclear."}, Words{"桁区切りのない数で書いてください。", "Write the number without separators."}},
	NegativeNumber: {RowRefused, Words{"「{value}」は 0 より小さい数です。", "\"{value}\" is less than 0."}, Words{"0 以上の数で書いてください。減らすには「減算」を使います。", "Write 0 or more; use \"subtract\" to take units away."}},
	NumberTooLarge: {RowRefused, Words{"「{value}」は大きすぎます(上限 {hint})。", "\"{value}\" is too large (at most {hint})."}, Words{"数を確かめてください。コードの列と入れ替わっていませんか?", "Check the number; is it a code that slipped into this column?"}},
	SignWithSet:    {RowRefused, Words{"「{value}」は増減の書き方ですが、この行は上書きです。", "\"{value}\" is written as a change, but this row sets the number."}, Words{"増減なら「加算」を選び、上書きなら符号を取ってください。", "Choose \"add\" for a change; to set the number, remove the sign."}},
	SignWithTake:   {RowRefused, Words{"減算の行に符号つきの数「{value}」があり、増減のどちらか決められません。", "The row subtracts and its number \"{value}\" has a sign; whether to add or to take away is unclear."}, Words{"減らす数を符号なしで書いてください。", "Write the number to take away without a sign."}},
	NotChoice:      {RowRefused, Words{"「{header}」の「{value}」は使えません。使えるのは {hint} です。", "\"{value}\" is not allowed in \"{header}\"; allowed are {hint}."}, Words{"どれかに直してください。", "Write one of them."}},
	BadPercent:     {RowRefused, Words{"「{value}」は 0% から 100% の整数ではありません。", "\"{value}\" is not a whole percentage from 0% to 100%."}, Words{"10% のように書いてください。", "Write it like 10%."}},
	BadTime:        {RowRefused, Words{"「{value}」は日時として読めないか、先の日時か、14日より前の日時です。", "\"{value}\" is no time that can be read, or lies ahead, or is older than 14 days."}, Words{"2026-04-01 14:30 のように書いてください。", "Write it like 2026-04-01 14:30."}},
	NotTogether:    {RowRefused, Words{"「{header}」の「{value}」は {hint} と一緒には使えません。", "\"{value}\" in \"{header}\" does not go together with {hint}."}, Words{"どちらかを直してください。", "Correct one of them."}},
	CodeMissing:    {RowRefused, Words{"商品を指すコードが空欄です。", "The row has no code that names a product."}, Words{"コードを入れるか、行を消してください。", "Fill the code in or remove the row."}},

	StocktakeUnknown:  {RowRefused, Words{"実施中の棚卸「{value}」は 1 つに決まりません。", "There is not exactly one open stocktake \"{value}\"."}, Words{"実施中の棚卸は {hint} です。名前か番号を書いてください。", "Open are {hint}; write the name or the number of one."}},
	CodeUnknown:       {RowRefused, Words{"コード「{value}」の商品はありません。", "There is no product with the code \"{value}\"."}, Words{"コードを確かめるか、先に商品を登録してください。", "Check the code, or register the product first."}},
	ListingAmbiguous:  {RowRefused, Words{"商品コード「{value}」の出品が店舗に複数あります({hint})。", "The shop has several listings of the code \"{value}\" ({hint})."}, Words{"出品の欄に、店舗での呼び名(かっこの中のどれか)を書いてください。", "Write which: one of those in brackets."}},
	CodeAmbiguous:     {RowRefused, Words{"コード「{value}」に当てはまる商品が複数あります({hint})。", "Several products fit the code \"{value}\" ({hint})."}, Words{"大文字・小文字まで正確なコードを書いてください。", "Write the code exactly, upper and lower case included."}},
	CodeEatenZeros:    {RowRefused, Words{"コード「{value}」は、表計算ソフトで先頭の 0 が消えたようです。もとは {hint} かもしれません。", "A spreadsheet seems to have dropped the zeros in front: \"{value}\" may have been {hint}."}, asText},
	CodeEatenDecimals: {RowRefused, Words{"コード「{value}」は、表計算ソフトで末尾の 0 が消えたようです。もとは {hint} かもしれません。", "A spreadsheet seems to have dropped the zeros at the end: \"{value}\" may have been {hint}."}, asText},
	CodeScientific:    {RowRefused, Words{"コード「{value}」は、表計算ソフトで指数表示に変わったようです。もとは {hint} かもしれません。", "A spreadsheet seems to have turned the code into scientific notation: \"{value}\" may have been {hint}."}, asText},
	CodeLostDigits:    {RowRefused, Words{"コード「{value}」は、表計算ソフトで16 桁目から後が 0 に変わったようです。もとは {hint} かもしれません。", "A spreadsheet seems to have turned the digits from the 16th on into zeros: \"{value}\" may have been {hint}."}, asText},
	CodeBecameDate:    {RowRefused, Words{"コード「{value}」は、表計算ソフトで日付に変わったようです。もとは {hint} かもしれません。", "A spreadsheet seems to have turned the code into a date: \"{value}\" may have been {hint}."}, asText},
	CodeRepeated:      {RowRefused, Words{"同じ商品(「{value}」)の行がすでにあります({hint})。", "There is already a row for the same product (\"{value}\"; {hint})."}, Words{"どちらか一つにしてください。", "Keep one of them."}},
	NegativeResult:    {RowRefused, Words{"在庫が 0 より小さくなります({hint})。", "The stock would fall below 0 ({hint})."}, Words{"数を確かめてください。", "Check the number."}},
	LocationUnknown:   {RowRefused, Words{"保管場所「{value}」はありません。", "There is no location \"{value}\"."}, Words{"あるのは {hint} です。", "There are {hint}."}},
	ShopUnknown:       {RowRefused, Words{"店舗「{value}」はありません。", "There is no shop \"{value}\"."}, Words{"あるのは {hint} です。", "There are {hint}."}},
	PatternUnknown:    {RowRefused, Words{"配分パターン「{value}」はありません。", "There is no allocation pattern \"{value}\"."}, Words{"名前を確かめるか、先にパターンを作ってください。", "Check the name, or make the pattern first."}},
	ProductUnknown:    {RowRefused, Words{"商品「{value}」はありません。", "There is no product \"{value}\"."}, Words{"コードを確かめるか、先に商品を登録してください。", "Check the code, or register the product first."}},
	CodeTaken:         {RowRefused, Words{"コード「{value}」は別の商品({hint})で使われています。", "The code \"{value}\" belongs to another product ({hint})."}, Words{"別のコードにするか、先にその商品を直してください。", "Use another code, or change that product first."}},
	ListingUnknown:    {RowRefused, Words{"店舗に出品「{value}」はありません。", "The shop has no listing \"{value}\"."}, Words{"店舗の出品を読み込み直してから確かめてください。", "Read the shop's listings again and check."}},
	CatalogRule:       {RowRefused, Words{"この内容では登録できません({hint})。", "This cannot be registered ({hint})."}, Words{"行の内容を直してください。", "Correct the row."}},
	BadPart: {RowRefused, Words{"構成品を読めません({hint})。", "The parts cannot be read ({hint})."},
		Words{"CUP-01×2 + BOX-01×1 のように、コード×個数(1〜10000)で書いてください。構成品は入れ子も含めて 100 種類までです。", "Write code×units (1 to 10,000), as in CUP-01×2 + BOX-01×1. There may be 100 parts, those of bundles inside included."}},
	PartTwice:        {RowRefused, Words{"構成品 {hint} が 2 回書かれています。", "The part {hint} is named twice."}, Words{"個数を合わせて 1 つにしてください。", "Name it once, with all its units."}},
	PartCycle:        {RowRefused, Words{"構成が自分自身に戻ります({hint})。", "The bundle would hold itself ({hint})."}, Words{"矢印のどこか 1 つを構成から外してください。", "Take one of these out of the other's parts."}},
	PartArchived:     {RowRefused, Words{"構成品 {hint} は取扱終了です。", "The part {hint} is out of use."}, Words{"ほかの SKU にするか、先に取扱を再開してください。", "Use another SKU, or take it back into use first."}},
	BundleOnHand:     {RowRefused, Words{"実在庫のある SKU はセット商品にできません。", "A SKU with units on hand cannot become a bundle."}, Words{"先に実在庫を 0 にし、構成品に移してください。", "Set its stock to 0 first, and give the units to its parts."}},
	BundleSupply:     {RowRefused, Words{"受注生産の SKU はセット商品にできません。", "A SKU that is made to order cannot become a bundle."}, Words{"先に供給を在庫品に変えてください。", "Make it a stocked SKU first."}},
	StockOfBundle:    {RowRefused, Words{"「{value}」はセット商品で、自分の在庫を持ちません。", "\"{value}\" is a bundle and has no stock of its own."}, Words{"構成品の在庫を書いてください。", "Give the stock of its parts."}},
	ChangedMeanwhile: {RowRefused, Words{"確認のあとで内容が変わりました({hint})。", "This has changed since it was checked ({hint})."}, Words{"もう一度確認してください。", "Check the file once more."}},

	NothingAsked: {RowIgnored, Words{"「{header}」が空欄なので、何も変えません。", "\"{header}\" is empty, so nothing changes."}, Words{"0 にするには 0 と書いてください。", "To make it 0, write 0."}},
	RowOfProduct: {RowIgnored, Words{"商品の行です。在庫数は SKU の行にあります。", "This is a product's row; the stock stands in the rows of its SKUs."}, noStep},
	RowOfOption:  {RowIgnored, Words{"在庫を持たない選択肢の行です。", "This is the row of an option that has no stock."}, noStep},
	RowDeletes:   {RowIgnored, Words{"削除の行(「{value}」)です。在庫は変えません。", "This row deletes (\"{value}\"); it does not change the stock."}, Words{"商品をやめるには商品の画面を使ってください。", "To give a product up, use its page."}},
	Unchanged:    {RowIgnored, Words{"今の値と同じなので、何も変わりません。", "This is what it is already; nothing changes."}, noStep},

	BlankRow: {RowIgnored, Words{"空の行です。", "The row is blank."}, noStep},

	ExtraCells:   {RowNoted, Words{"見出しのない列に値「{value}」があります。使いません。", "There is \"{value}\" in a column without a header; it is not used."}, Words{"使うなら、その列に見出しを付けてください。", "If it matters, give the column a header."}},
	BrokenUnused: {RowNoted, Words{"使わない列「{header}」に壊れた文字があります。ほかの列は使いました。", "There are broken characters in \"{header}\", a column that is not used; the others were used."}, Words{"その列も使うなら、もとのファイルから保存し直してください。", "If that column matters, save the file again from its source."}},
	CodeFolded:   {RowNoted, Words{"コード「{value}」は、書き方の違う「{hint}」として扱いました。", "The code \"{value}\" was taken as \"{hint}\", which is written differently."}, Words{"違う商品なら、正確なコードに直してください。", "If another product is meant, write its code exactly."}},

	ColumnUnknown:   {ColumnIgnored, Words{"この形式にない列です。", "This format has no such column."}, Words{"使うには列の対応を設定してください。", "To use it, set up a column mapping."}},
	ColumnUnused:    {ColumnIgnored, Words{"モールのほかの用途の列です。", "The mall's own column for other purposes."}, noStep},
	ColumnReport:    {ColumnIgnored, Words{"soroi が結果を書き加えた列です。", "A column that soroi adds to report what happened."}, noStep},
	ColumnUnmapped:  {ColumnIgnored, Words{"列の対応にない列です。", "The column mapping does not use it."}, Words{"使うには列の対応に加えてください。", "To use it, add it to the mapping."}},
	ColumnNameless:  {ColumnIgnored, Words{"見出しのない列です。", "The column has no header."}, Words{"使うには見出しを付けてください。", "To use it, give it a header."}},
	ColumnConstant:  {ColumnIgnored, Words{"列の対応で固定値「{hint}」を使うので読みません。", "The mapping uses the constant \"{hint}\" instead."}, noStep},
	ColumnSecond:    {ColumnIgnored, Words{"「{hint}」の列を使うので、この列は読みません。", "\"{hint}\" is read instead."}, Words{"この列を使うには、列の対応を設定してください。", "To use this one, set up a column mapping."}},
	ColumnDuplicate: {ColumnIgnored, Words{"同じ見出しの列がほかにもあり、どちらも使いません。", "There are several columns with this header, and none of them is used."}, noStep},
}
