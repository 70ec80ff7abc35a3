//! The README of a backend shows which clauses it keeps, and how that is known.
//!
//! The table is made from the catalogue, the list of faults and
//! `docs/contract.md`, so it cannot go stale. To write it anew:
//! `UPDATE_README=1 cargo test -p broken-stores --test readmes`.

// Everything here is test code: a panic is how a test fails.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use broken_stores::Fault;
use sync_log_conformance::{CASES, RECEIVER_CASES};

const BEGIN: &str = "<!-- clauses: UPDATE_README=1 cargo test -p broken-stores --test readmes -->";
const END: &str = "<!-- /clauses -->";

/// One backend.
struct Backend {
    krate: &'static str,
    /// What it does not promise, and what it says instead of a number of tests.
    without: &'static [(&'static str, &'static str)],
}

const BACKENDS: [Backend; 2] = [
    Backend {
        krate: "sync-log-memory",
        without: &[
            ("A3", "not promised"),
            ("I2", "no file"),
            ("I6", "no file"),
            ("I7", "no file"),
            ("I8", "no file"),
        ],
    },
    Backend {
        krate: "sync-log-sqlite",
        without: &[],
    },
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of the contract that are about the log: those of the clock, of an app's rows, of a receiver and of
/// snapshots are no store's.
fn contract() -> Vec<[String; 3]> {
    let rows = whole_contract().into_iter();
    rows.filter(|[clause, ..]| !clause.starts_with(['B', 'H', 'W', 'X']))
        .collect()
}

/// The rows of the contract: clause, promise, tests.
fn whole_contract() -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|line| {
        let mut cells = line.trim_end_matches('|').splitn(3, '|');
        let mut next = || cells.next().unwrap().trim().to_owned();
        [next().trim_end_matches('`').to_owned(), next(), next()]
    });
    rows.collect()
}

fn table(backend: &Backend) -> String {
    let mut lines = vec![
        "| clause | promise | cases | faults | own tests |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for [clause, promise, tests] in contract() {
        let cases = CASES.iter().filter(|case| case.clauses.contains(&&*clause));
        let faults = Fault::ALL.iter().filter(|fault| fault.clause() == clause);
        let path = format!("`crates/{}/", backend.krate);
        let own = match backend
            .without
            .iter()
            .find(|(without, _)| *without == clause)
        {
            Some((_, instead)) => (*instead).to_owned(),
            None => number(tests.matches(&path).count()),
        };
        let (cases, faults) = (number(cases.count()), number(faults.count()));
        lines.push(format!(
            "| `{clause}` | {promise} | {cases} | {faults} | {own} |"
        ));
    }
    lines.join("\n")
}

fn number(count: usize) -> String {
    match count {
        0 => "–".to_owned(),
        count => count.to_string(),
    }
}

/// The text with the table in its place.
fn with_table(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[test]
fn every_backend_shows_the_clauses_that_it_keeps() {
    for backend in &BACKENDS {
        let readme = root().join("crates").join(backend.krate).join("README.md");
        let text = std::fs::read_to_string(&readme).unwrap();
        let expected = with_table(&text, &table(backend));
        let expected = expected.unwrap_or_else(|| panic!("{}: no {BEGIN}", readme.display()));
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::write(&readme, &expected).unwrap();
        }
        let stale = std::fs::read_to_string(&readme).unwrap() != expected;
        assert!(
            !stale,
            "{} is stale; to renew it: {BEGIN}",
            readme.display()
        );
    }
}

/// What a store does with its files is proven on files, by the store's own tests.
const OF_FILES: [&str; 4] = ["I2", "I6", "I7", "I8"];

#[test]
fn every_clause_of_the_contract_has_a_fault_that_breaks_it() {
    let clauses = contract().into_iter().map(|[clause, ..]| clause);
    let is_broken = |clause: &String| Fault::ALL.iter().any(|fault| fault.clause() == clause);
    let without: Vec<String> = clauses.filter(|clause| !is_broken(clause)).collect();
    assert_eq!(without, OF_FILES);
}

#[test]
fn every_clause_of_the_contract_has_a_case_that_proves_it() {
    let clauses = contract().into_iter().map(|[clause, ..]| clause);
    let is_proven = |clause: &String| CASES.iter().any(|case| case.clauses.contains(&&**clause));
    let without: Vec<String> = clauses.filter(|clause| !is_proven(clause)).collect();
    assert_eq!(without, OF_FILES);
}

/// `Handle` is what the log says about handles, which is no clause.
#[test]
fn every_clause_that_a_case_or_a_fault_names_is_in_the_contract() {
    let rows = whole_contract();
    let is_there = |clause: &&str| rows.iter().any(|[known, ..]| known == clause);
    let cases = CASES.iter().chain(RECEIVER_CASES);
    let proven = cases.flat_map(|case| case.clauses).copied();
    let broken = Fault::ALL.iter().map(|fault| fault.clause());
    let mut unknown: Vec<&str> = proven.chain(broken).filter(|it| !is_there(it)).collect();
    unknown.dedup();
    assert_eq!(unknown, ["Handle"]);
}

#[test]
fn a_table_that_is_stale_or_missing_is_noticed() {
    let fresh = with_table(&format!("a\n{BEGIN}\nold\n{END}\nb\n"), "new").unwrap();
    assert_eq!(fresh, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
    assert_eq!(with_table("a\nb\n", "new"), None);
}
