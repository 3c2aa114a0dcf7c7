package archtest_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"soroi/internal/archtest"
	"soroi/internal/testkit"
)

// root is the repository's folder seen from this package.
const root = "../.."

var rules = []struct {
	name string
	rule func(*archtest.Tree) []archtest.Finding
}{
	{"imports_run_downwards", archtest.ImportDirection},
	{"the_world_is_passed_in", archtest.CallsInTheirPlace},
	{"nothing_by_import", archtest.NothingByImport},
	{"panics_are_documented", archtest.PanicsAreDocumented},
	{"connectors_only_translate", archtest.ConnectorsOnlyTranslate},
	{"skips_say_why", archtest.SkipsSayWhy},
	{"shared_sql", archtest.SharedSQL},
	{"sql_only_in_store", archtest.SQLOnlyInStore},
	{"package_comments", archtest.PackageComments},
	{"files_are_short", archtest.FilesAreShort},
	{"channels_are_complete", archtest.ChannelsAreComplete},
	{"migrations", archtest.Migrations},
	{"dependencies", archtest.Dependencies},
	{"no_machine_names", archtest.NoMachineNames},
	{"nothing_unfinished", archtest.NothingUnfinished},
}

func TestRepository(t *testing.T) {
	t.Parallel()
	tree, err := archtest.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Go) < 20 {
		t.Fatalf("only %d Go files found under %s: the rules looked at nothing", len(tree.Go), root)
	}
	if testkit.Updating() {
		if err := os.WriteFile(root+"/internal/store/migrations/checksums.txt", []byte(archtest.NewChecksums(tree)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			var found []string
			for _, finding := range rule.rule(tree) {
				found = append(found, finding.String())
			}
			slices.Sort(found)
			if len(found) > 0 {
				t.Errorf("%d findings:\n%s", len(found), strings.Join(found, "\n"))
			}
		})
	}
}
