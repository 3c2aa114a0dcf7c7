package town

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"soroi/internal/mallsim"
)

// Save writes each mall's books into dir, one file per mall, which is made when it is not there. A mall's books are of one
// moment; those of two malls are not of the same one unless everybody is still. Sessions and faults are not kept.
func (t *Town) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep the malls' books: %w", err)
	}
	for _, m := range t.malls {
		if err := m.save(dir); err != nil {
			return fmt.Errorf("keep the books of %s: %w", m.Name, err)
		}
	}
	return nil
}

func bookFile(dir, name string) string { return filepath.Join(dir, name+".books.json") }

// kept is the file of one mall.
type kept struct {
	Kind    string            `json:"kind"`
	Secrets map[string]string `json:"secrets,omitempty"` // the simulated mall's own, without which a shop would have to be linked again
	mallsim.Books
}

// save writes beside the old file and takes its place at once, so that a crash leaves one of the two.
func (m *Mall) save(dir string) error {
	f, err := os.CreateTemp(dir, ".books-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	e := json.NewEncoder(f)
	e.SetIndent("", " ")
	err = e.Encode(kept{m.Kind, m.opened.secrets, m.Core.Books()})
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), bookFile(dir, m.Name))
}

// load fills the mall from a directory; false when it keeps no books of it.
func (m *Mall) load(dir string) (secrets map[string]string, found bool, err error) {
	if dir == "" {
		return nil, false, nil
	}
	f, err := os.Open(bookFile(dir, m.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("open the books of %s: %w", m.Name, err)
	}
	defer f.Close()
	var k kept
	if err := json.NewDecoder(f).Decode(&k); err != nil {
		return nil, false, fmt.Errorf("read the books of %s: %w", m.Name, err)
	}
	if k.Kind != m.Kind {
		return nil, false, fmt.Errorf("the books of %s are those of a %s mall, not of %s", m.Name, k.Kind, m.Kind)
	}
	if err := m.Core.Restore(k.Books); err != nil {
		return nil, false, err
	}
	for _, l := range k.Listings {
		m.keys[l.Code] = l.Key
		m.codes = append(m.codes, l.Code)
		m.ids.take(l.Key)
	}
	slices.Sort(m.codes)
	return k.Secrets, true, nil
}
