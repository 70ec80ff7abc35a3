//! `docs/regressions.md` names a test for every fault that was found, and those tests exist.
//!
//! A row looks like `` | what went wrong | `crates/x/tests/y.rs::test_name`, `…` | ``.

use super::named_tests::{fault_of, quoted};
use crate::repository::Files;

const REGRESSIONS: &str = "docs/regressions.md";

/// Faults without a test, and references to tests that do not exist.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let Some(text) = files.get(REGRESSIONS) else {
        return vec![format!(
            "{REGRESSIONS} does not exist: it names a test for every fault that was found"
        )];
    };
    let rows: Vec<(&str, &str)> = text.lines().filter_map(row).collect();
    if rows.is_empty() {
        return vec![format!("{REGRESSIONS}: there is no row")];
    }
    let violations = rows.iter().flat_map(|(fault, tests)| {
        let tests = quoted(tests);
        let none = tests.is_empty().then(|| "names no test".to_owned());
        let wrong = tests.into_iter().filter_map(|test| fault_of(test, files));
        let wrong: Vec<String> = wrong.chain(none).collect();
        wrong
            .into_iter()
            .map(move |why| format!("{REGRESSIONS}: {fault}: {why}"))
    });
    violations.collect()
}

/// The fault and the tests of a row below a table's head; `None` for any other line.
fn row(line: &str) -> Option<(&str, &str)> {
    let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let (fault, tests) = cells.rsplit_once('|')?;
    let is_head = tests.trim() == "test" || tests.trim().starts_with("---");
    (!is_head).then(|| (fault.trim(), tests))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    const TEST_FILE: &str = "tests/y.rs";

    fn violations_of(rows: &str) -> Vec<String> {
        let text = format!("# Regressions\n\n| fault | test |\n|---|---|\n{rows}");
        violations(&planted(&[
            (REGRESSIONS, &text),
            (TEST_FILE, "fn holds() {}\n"),
        ]))
    }

    #[test]
    fn a_fault_with_a_test_that_exists_is_clean() {
        assert_eq!(
            violations_of("| it was lost | `tests/y.rs::holds` |\n"),
            [""; 0]
        );
    }

    #[test]
    fn a_missing_page_and_one_without_rows_are_caught() {
        assert_eq!(violations(&planted(&[])).len(), 1);
        assert_eq!(violations_of(""), ["docs/regressions.md: there is no row"]);
    }

    #[test]
    fn a_fault_without_a_test_or_with_one_that_is_gone_is_caught() {
        let untested = ["docs/regressions.md: it was lost: names no test"];
        assert_eq!(violations_of("| it was lost | by eye |\n"), untested);
        let expected = ["docs/regressions.md: it was lost: `tests/y.rs` has no `fn gone`"];
        assert_eq!(
            violations_of("| it was lost | `tests/y.rs::gone` |\n"),
            expected
        );
    }
}
