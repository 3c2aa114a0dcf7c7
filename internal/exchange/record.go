package exchange

// Record is one row of a file: its cells as written, and what is wrong with how they are written. It is the caller's to keep.
type Record struct {
	Line    int // where it begins, from 1; in a workbook the number of the row
	EndLine int // where it ends
	Cells   []string
	// Faults are what is wrong with the row's writing, whichever columns are used: broken characters, quotation marks, lengths.
	// A row with faults is refused; its cells are what could be made of it, for showing.
	Faults []*Problem

	cutOff bool // the file ends within the row, or right after it without an end of line
}

// blank tells whether every cell is empty.
func (r *Record) blank() bool {
	for _, cell := range r.Cells {
		if cell != "" {
			return false
		}
	}
	return len(r.Faults) == 0
}

// source gives records until io.EOF.
type source interface {
	next() (Record, error)
	// offset is how far into the file it has read, in bytes, about.
	offset() int64
	close() error
}
