//! `docs/contract.md` names tests for every clause, and those tests exist.
//!
//! A row looks like `` | `A1` | text | `crates/x/tests/y.rs::test_name`, `…` | ``. Whether a test
//! passes is another step's business; this one finds promises that nobody checks and tests that
//! were renamed away from their promise.

use std::collections::BTreeMap;

use super::named_tests::{fault_of, quoted};
use crate::repository::Files;

const CONTRACT: &str = "docs/contract.md";

/// What follows this heading names the clauses that are planned.
const PLANNED: &str = "## Not here yet";

/// A clause with the tests it names.
struct Row<'a> {
    clause: &'a str,
    tests: Vec<&'a str>,
}

/// Clauses that are missing or untested, and references to tests that do not exist.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let Some(contract) = files.get(CONTRACT) else {
        return vec![format!(
            "{CONTRACT} does not exist: it names the tests of every clause"
        )];
    };
    let rows: Vec<Row<'_>> = contract.lines().filter_map(row).collect();
    let planned = contract
        .split_once(PLANNED)
        .map_or("", |(_, planned)| planned);
    let mut violations = missing_clauses(&rows, &quoted(planned));
    violations.extend(rows.iter().flat_map(|row| violations_of(row, files)));
    violations
}

/// Numbers are not given again, so a gap is a clause that was lost, or one that is planned.
fn missing_clauses(rows: &[Row<'_>], planned: &[&str]) -> Vec<String> {
    let mut highest: BTreeMap<&str, u32> = BTreeMap::new();
    for (letter, number) in rows.iter().filter_map(|row| numbered(row.clause)) {
        let of_letter = highest.entry(letter).or_default();
        *of_letter = number.max(*of_letter);
    }
    let all = highest.iter();
    let names = all.flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n}")));
    names
        .filter(|name| rows.iter().all(|row| row.clause != name))
        .filter(|name| !planned.contains(&name.as_str()))
        .map(|name| format!("{CONTRACT}: clause `{name}` is missing"))
        .collect()
}

fn violations_of(row: &Row<'_>, files: &Files) -> Vec<String> {
    if row.tests.is_empty() {
        return vec![format!("{CONTRACT}: clause `{}` names no test", row.clause)];
    }
    let faults = row.tests.iter().filter_map(|test| fault_of(test, files));
    faults
        .map(|fault| format!("{CONTRACT}: clause `{}`: {fault}", row.clause))
        .collect()
}

/// The row of a clause, `None` for any other line. A `|` in the text does no harm, because the
/// clause is the first cell and the tests are the last one.
fn row(line: &str) -> Option<Row<'_>> {
    let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let (first, rest) = cells.split_once('|')?;
    let clause = first.trim().trim_matches('`');
    let last = rest.rsplit('|').next().unwrap_or_default();
    numbered(clause).map(|_| Row {
        clause,
        tests: quoted(last),
    })
}

/// The capital letter and the number of a clause.
fn numbered(text: &str) -> Option<(&str, u32)> {
    let (letter, number) = text.split_at_checked(1)?;
    let is_letter = letter.bytes().all(|byte| byte.is_ascii_uppercase());
    is_letter.then_some(letter).zip(number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    const TEST_FILE: &str = "crates/x/tests/y.rs";

    /// A whole contract with a test for every clause, where each test exists.
    fn contract() -> String {
        let mut text = String::from("# Contract\n\n| Clause | Promise | Tests |\n|---|---|---|\n");
        for (letter, count) in [('A', 2), ('P', 3)] {
            for n in 1..=count {
                text.push_str(&format!(
                    "| `{letter}{n}` | a | b | `{TEST_FILE}::holds` |\n"
                ));
            }
        }
        text
    }

    fn violations_of(contract: &str) -> Vec<String> {
        let tests = "// fn commented_out() {}\n#[test]\nfn holds() {}\nfn holds_longer() {}\n";
        violations(&planted(&[(CONTRACT, contract), (TEST_FILE, tests)]))
    }

    /// The contract with the tests of `A1` replaced.
    fn with_tests_of_a1(tests: &str) -> Vec<String> {
        let row = format!("| `A1` | a | b | `{TEST_FILE}::holds` |");
        violations_of(&contract().replace(&row, &format!("| `A1` | a | b | {tests} |")))
    }

    #[test]
    fn a_whole_contract_is_clean() {
        assert_eq!(violations_of(&contract()), [""; 0]);
    }

    #[test]
    fn a_missing_contract_is_caught() {
        let expected = ["docs/contract.md does not exist: it names the tests of every clause"];
        assert_eq!(violations(&planted(&[])), expected);
    }

    #[test]
    fn a_missing_clause_is_caught() {
        let expected = ["docs/contract.md: clause `P2` is missing"];
        assert_eq!(violations_of(&contract().replace("`P2`", "`p2`")), expected);
    }

    #[test]
    fn a_planned_clause_is_not_missing() {
        let planned = contract().replace("`P2`", "`p2`") + "\n## Not here yet\n\nLater: `P2`.\n";
        assert_eq!(violations_of(&planned), [""; 0]);
    }

    #[test]
    fn a_clause_without_a_test_is_caught() {
        let expected = ["docs/contract.md: clause `A1` names no test"];
        assert_eq!(with_tests_of_a1("by eye"), expected);
        let of_another = ["docs/contract.md: clause `X1` names no test"];
        assert_eq!(
            violations_of(&(contract() + "| `X1` | more | |\n")),
            of_another
        );
    }

    #[test]
    fn a_reference_that_is_no_path_and_name_is_caught() {
        let expected = ["docs/contract.md: clause `A1`: `holds` is not `file.rs::test_name`"];
        assert_eq!(with_tests_of_a1("`holds`"), expected);
    }

    #[test]
    fn a_file_that_does_not_exist_is_caught_among_others() {
        let expected = ["docs/contract.md: clause `A1`: there is no file `gone.rs`"];
        let tests = format!("`{TEST_FILE}::holds`, `gone.rs::holds`");
        assert_eq!(with_tests_of_a1(&tests), expected);
    }

    #[test]
    fn a_test_that_was_renamed_commented_out_or_cut_short_is_caught() {
        for name in ["renamed", "commented_out", "hold"] {
            let violations = with_tests_of_a1(&format!("`{TEST_FILE}::{name}`"));
            let fault = format!("`{TEST_FILE}` has no `fn {name}`");
            assert_eq!(
                violations,
                [format!("docs/contract.md: clause `A1`: {fault}")]
            );
        }
    }

    #[test]
    fn a_test_in_a_module_is_found_by_its_last_name() {
        assert_eq!(
            with_tests_of_a1(&format!("`{TEST_FILE}::tests::holds`")),
            [""; 0]
        );
    }
}
