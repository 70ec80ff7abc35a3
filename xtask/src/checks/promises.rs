//! The tests that a document names exist: those of each clause and those of each regression.
//!
//! The last cell of a row names them: `` `crates/x/tests/y.rs::test_name`, `…` ``. Whether a test
//! passes is another step's business; this one finds promises that nothing checks and tests that
//! were renamed away from their promise.

use std::collections::BTreeMap;

use crate::repository::Files;

/// A row for each clause, which is its first cell.
const CONTRACT: &str = "docs/contract.md";

/// A row for each fault that was found, which is its first cell.
const REGRESSIONS: &str = "docs/regressions.md";

/// A row of a table: its first cell, and what stands between backticks in the last one.
struct Row<'a> {
    name: &'a str,
    tests: Vec<&'a str>,
}

/// Clauses that are missing, rows without a test, and references to tests that do not exist.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let mut violations = Vec::new();
    for path in [CONTRACT, REGRESSIONS] {
        let document = files.get(path).map_or("", String::as_str);
        let mut rows = rows(document);
        if path == CONTRACT {
            rows.retain(|row| numbered(row.name).is_some());
            violations.extend(missing_clauses(&rows, planned(document)));
        }
        if rows.is_empty() {
            violations.push(format!("{path}: there is no row"));
        }
        for row in rows {
            let faults = faults_of(&row, files).into_iter();
            violations.extend(faults.map(|fault| format!("{path}: {}: {fault}", row.name)));
        }
    }
    violations
}

/// The rows below the heads of the tables. A `|` in the text does no harm, because only the first
/// and the last cell are read.
fn rows(document: &str) -> Vec<Row<'_>> {
    let lines = document.lines().map(str::trim);
    let cells = lines.filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let ends =
        cells.filter_map(|cells| Some((cells.split_once('|')?.0, cells.rsplit_once('|')?.1)));
    let is_head = |last: &str| last.trim().starts_with("test") || last.contains("---");
    ends.filter(|(_, last)| !is_head(last))
        .map(|(first, last)| Row {
            name: first.trim().trim_matches('`'),
            tests: last.split('`').skip(1).step_by(2).collect(),
        })
        .collect()
}

/// What follows the heading for clauses that are planned.
fn planned(document: &str) -> &str {
    let parts = document.split_once("## Not here yet");
    parts.map_or("", |(_, planned)| planned)
}

/// Numbers are not given again, so a gap is a clause that was lost, or one that is planned.
fn missing_clauses(rows: &[Row<'_>], planned: &str) -> Vec<String> {
    let mut highest: BTreeMap<&str, u32> = BTreeMap::new();
    for (letter, number) in rows.iter().filter_map(|row| numbered(row.name)) {
        let of_letter = highest.entry(letter).or_default();
        *of_letter = number.max(*of_letter);
    }
    let all = highest.iter();
    let names = all.flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n}")));
    names
        .filter(|name| rows.iter().all(|row| row.name != name))
        .filter(|name| !planned.contains(&format!("`{name}`")))
        .map(|name| format!("{CONTRACT}: clause `{name}` is missing"))
        .collect()
}

/// The capital letter and the number of a clause.
fn numbered(text: &str) -> Option<(&str, u32)> {
    let (letter, number) = text.split_at_checked(1)?;
    let is_letter = letter.bytes().all(|byte| byte.is_ascii_uppercase());
    is_letter.then_some(letter).zip(number.parse().ok())
}

fn faults_of(row: &Row<'_>, files: &Files) -> Vec<String> {
    if row.tests.is_empty() {
        return vec!["names no test".to_owned()];
    }
    let faults = row.tests.iter().filter_map(|test| fault_of(test, files));
    faults.collect()
}

/// Why `test` is not the path and name of a test.
fn fault_of(test: &str, files: &Files) -> Option<String> {
    let Some((path, name)) = test.split_once("::") else {
        return Some(format!("`{test}` is not `file.rs::test_name`"));
    };
    let name = name.rsplit("::").next().unwrap_or(name);
    match files.get(path) {
        None => Some(format!("there is no file `{path}`")),
        Some(text) if !defines(text, name) => Some(format!("`{path}` has no `fn {name}`")),
        Some(_) => None,
    }
}

/// Whether a line that is no comment has `fn name`, and not only as the start of a longer name.
fn defines(text: &str, name: &str) -> bool {
    let function = format!("fn {name}");
    let mut code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.any(|line| {
        let rest = line.split_once(&function).map(|(_, rest)| rest);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    const TESTS: &str = "// fn commented() {}\nfn holds_longer() {}\nasync fn holds<T>() {}\n";

    /// What is found in a contract whose first clause names these tests, and in the regressions
    /// with this row.
    fn found(tests_of_a1: &str, regression: &str) -> Vec<String> {
        let contract = format!(
            "# Contract\n\n| Clause | Promise | Tests |\n|---|---|---|\n\
             | `A1` | a | b | {tests_of_a1} |\n| `A2` | a | `y.rs::holds` |\n"
        );
        let regressions = format!("| fault | test |\n|---|---|\n{regression}");
        violations(&planted(&[
            (CONTRACT, &contract),
            (REGRESSIONS, &regressions),
            ("y.rs", TESTS),
        ]))
    }

    const CLEAN: &str = "| it was lost | `y.rs::tests::holds` |\n";

    #[test]
    fn rows_whose_tests_exist_are_clean() {
        assert_eq!(found("`y.rs::holds`, `y.rs::holds_longer`", CLEAN), [""; 0]);
    }

    #[test]
    fn a_row_without_a_test_that_exists_is_named() {
        for (tests, fault) in [
            ("by eye", "names no test"),
            ("`holds`", "`holds` is not `file.rs::test_name`"),
            ("`y.rs::holds`, `z.rs::holds`", "there is no file `z.rs`"),
            ("`y.rs::renamed`", "`y.rs` has no `fn renamed`"),
            ("`y.rs::commented`", "`y.rs` has no `fn commented`"),
            ("`y.rs::hold`", "`y.rs` has no `fn hold`"),
        ] {
            assert_eq!(found(tests, CLEAN), [format!("{CONTRACT}: A1: {fault}")]);
            let row = format!("| it was lost | {tests} |\n");
            let expected = [format!("{REGRESSIONS}: it was lost: {fault}")];
            assert_eq!(found("`y.rs::holds`", &row), expected);
        }
    }

    #[test]
    fn a_missing_document_and_a_missing_clause_are_caught() {
        assert_eq!(
            found("`y.rs::holds`", ""),
            ["docs/regressions.md: there is no row"]
        );
        assert_eq!(violations(&planted(&[])).len(), 2);
        let contract = "| `A1` | a | `y.rs::holds` |\n| `A3` | a | `y.rs::holds` |\n";
        let rows = rows(contract);
        assert_eq!(
            missing_clauses(&rows, ""),
            ["docs/contract.md: clause `A2` is missing"]
        );
        assert_eq!(missing_clauses(&rows, "later: `A2`"), [""; 0]);
    }
}
