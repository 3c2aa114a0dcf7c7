package exchange

import (
	"fmt"
	"io"
	"os"
)

// Input is a file that can be read more than once: *bytes.Reader, *strings.Reader, *io.SectionReader (over an *os.File) and
// *Spool are inputs. It is read by one goroutine at a time.
type Input interface {
	io.ReaderAt
	Size() int64
}

// Spool is what came from a stream, kept in a temporary file, so that it can be looked at twice in constant memory.
type Spool struct {
	file *os.File
	size int64
}

// NewSpool writes r into a new file in dir ("" is the system's folder for temporary files). A stream of more than limit bytes
// gives a *Problem with FileTooLarge; limit ≤ 0 is DefaultMaxBytes. Close removes the file.
func NewSpool(r io.Reader, dir string, limit int64) (*Spool, error) {
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	return FillSpool(dir, func(w io.Writer) error {
		n, err := io.Copy(w, io.LimitReader(r, limit+1))
		if err == nil && n > limit {
			err = &Problem{Code: FileTooLarge, Hint: megabytes(limit)}
		}
		return err
	})
}

// FillSpool keeps what fill writes in a new file in dir. Where fill fails, nothing is kept.
func FillSpool(dir string, fill func(w io.Writer) error) (*Spool, error) {
	file, err := os.CreateTemp(dir, "soroi-import-*")
	if err != nil {
		return nil, fmt.Errorf("keep the file: %w", err)
	}
	s := &Spool{file: file}
	if err = fill(file); err == nil {
		s.size, err = file.Seek(0, io.SeekCurrent)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ReadAt reads from the file.
func (s *Spool) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Size is the number of bytes that came.
func (s *Spool) Size() int64 { return s.size }

// Close closes and removes the file.
func (s *Spool) Close() error {
	err := s.file.Close()
	if gone := os.Remove(s.file.Name()); err == nil {
		err = gone
	}
	return err
}

func megabytes(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", n>>10)
}
