//! The SQLite store writes SQL by hand in one folder only.
//!
//! Everywhere else SeaORM builds the statements from the entities, so that they hold on rusqlite
//! and on an app's own driver. Clippy refuses the methods that take SQL as text, and a file could
//! allow itself those methods: such an exception belongs to the driver and to the raw statements.

use crate::repository::Files;

const SOURCE: &str = "crates/sync-log-sqlite/src/";

/// The folder in [`SOURCE`] that may use the methods that clippy refuses.
const DRIVER: &str = "driver/";

/// The folder in it that holds the SQL.
const RAW: &str = "driver/raw/";

/// The lint that refuses them.
const LINT: &str = "disallowed_methods";

/// How a statement starts.
const KEYWORDS: &[&str] = &[
    "ALTER", "BEGIN", "COMMIT", "CREATE", "DELETE", "DROP", "INSERT", "PRAGMA", "ROLLBACK",
    "SELECT", "UPDATE", "VACUUM", "WITH",
];

/// Lines that allow the lint, and statements that are written by hand, outside their folders.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in files {
        let Some(place) = path.strip_prefix(SOURCE) else {
            continue;
        };
        if !place.ends_with(".rs") || is_test_file(place) || place.starts_with(RAW) {
            continue;
        }
        let shipped = shipped(text);
        if !place.starts_with(DRIVER) {
            violations.extend(exceptions(path, &shipped));
        }
        violations.extend(statements(path, &shipped));
    }
    violations
}

fn is_test_file(place: &str) -> bool {
    place == "tests.rs" || place.ends_with("/tests.rs")
}

/// The lines in front of the tests, which are the last item of a file. An item that only tests
/// build but that is no module ends nothing: what follows it is shipped.
fn shipped(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = (0..lines.len()).find(|start| starts_tests(&lines[*start..]));
    lines[..starts.unwrap_or(lines.len())].to_vec()
}

/// Whether `#[cfg(test)]` and a module with a body are next, perhaps with attributes between.
fn starts_tests(lines: &[&str]) -> bool {
    let mut lines = lines.iter().map(|line| line.trim());
    if lines.next() != Some("#[cfg(test)]") {
        return false;
    }
    let item = lines.find(|line| !line.starts_with("#["));
    item.is_some_and(|item| item.contains("mod ") && item.ends_with('{'))
}

fn exceptions(path: &str, lines: &[&str]) -> Vec<String> {
    let numbered = lines.iter().zip(1..);
    let named = numbered.filter(|(line, _)| line.contains(LINT));
    named
        .map(|(_, number)| format!("{path}:{number}: `{LINT}` may be allowed in `{DRIVER}` only"))
        .collect()
}

fn statements(path: &str, lines: &[&str]) -> Vec<String> {
    let mut violations = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let is_comment = line.trim_start().starts_with("//");
        let next = lines.get(index + 1).copied().unwrap_or_default();
        if !is_comment && opens_statement(line, next) {
            let number = index + 1;
            violations.push(format!(
                "{path}:{number}: SQL is written by hand in `{RAW}` only"
            ));
        }
    }
    violations
}

/// Whether a statement follows a quote in `line`, perhaps only in the line after it.
fn opens_statement(line: &str, next: &str) -> bool {
    let mut quoted = line.split('"').skip(1).peekable();
    while let Some(text) = quoted.next() {
        let goes_on = quoted.peek().is_none() && matches!(text.trim(), "" | "\\");
        if is_statement(if goes_on { next } else { text }) {
            return true;
        }
    }
    false
}

/// Whether `text` starts with a keyword, and not only with a longer name.
fn is_statement(text: &str) -> bool {
    let text = text.trim_start();
    let mut rests = KEYWORDS.iter().filter_map(|word| text.strip_prefix(word));
    rests.any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    const EXCEPTION: &str = "#![expect(clippy::disallowed_methods)]\n";
    const STATEMENT: &str = "const HEAD: &str = \"SELECT max(hlc) FROM log\";\n";

    /// What is found in a file of the store.
    fn found(place: &str, text: &str) -> Vec<String> {
        violations(&planted(&[(&format!("{SOURCE}{place}"), text)]))
    }

    #[test]
    fn an_exception_is_caught_in_every_spelling() {
        let fault = "`disallowed_methods` may be allowed in `driver/` only";
        for line in [
            "#![allow(clippy::disallowed_methods)]",
            "    #[expect(clippy::disallowed_methods, reason = \"no\")]",
            "#[cfg_attr(feature = \"x\", allow(clippy::disallowed_methods))]",
            "    clippy::disallowed_methods,",
        ] {
            let expected = [format!("{SOURCE}store/open.rs:2: {fault}")];
            assert_eq!(found("store/open.rs", &format!("\n{line}\n")), expected);
        }
    }

    #[test]
    fn a_statement_is_caught_in_every_form() {
        for text in [
            "\"SELECT 1\"",
            "\" DELETE FROM log\"",
            "\"COMMIT\"",
            "\"COMMIT;\"",
            "r#\"WITH a AS (b)\"#",
            "(\"first\", \"DROP TABLE log\")",
            "\"\\\n    INSERT INTO log\"",
            "\"\n    PRAGMA\n    user_version\"",
        ] {
            let expected = [format!(
                "{SOURCE}rows.rs:1: SQL is written by hand in `driver/raw/` only"
            )];
            assert_eq!(found("rows.rs", text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_statement_is_clean() {
        for text in [
            "// \"SELECT 1\"",
            "    /// Runs `\"COMMIT\"`.",
            "\"SELECTED\"",
            "\"UPDATE_HOOK\"",
            "\"Insert\"",
            "\"cannot DELETE it\"",
            "join(\"\")\nSELECT",
        ] {
            assert_eq!(found("rows.rs", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn the_folders_may_do_what_they_are_for() {
        for (place, count) in [
            ("driver/raw/adopt.rs", 0),
            ("driver/port.rs", 1),
            ("inspect/raw.rs", 2),
        ] {
            let text = [EXCEPTION, STATEMENT].concat();
            assert_eq!(found(place, &text).len(), count, "{place}");
        }
    }

    #[test]
    fn tests_may_do_both() {
        let text = [EXCEPTION, STATEMENT].concat();
        assert_eq!(found("store/writer/tests.rs", &text), [""; 0]);
        assert_eq!(found("tests.rs", &text), [""; 0]);
        for module in ["mod tests {", "#[expect(x)]\npub(crate) mod planted {"] {
            let text = format!("fn f() {{}}\n#[cfg(test)]\n{module}\n{text}}}\n");
            assert_eq!(found("time.rs", &text), [""; 0]);
        }
    }

    #[test]
    fn an_import_or_a_module_elsewhere_for_tests_does_not_hide_what_follows() {
        for item in ["use x::y;", "mod tests;", "fn f() {"] {
            let text = format!("#[cfg(test)]\n{item}\n{STATEMENT}");
            assert_eq!(found("time.rs", &text).len(), 1, "{item}");
        }
    }

    #[test]
    fn other_files_are_not_looked_at() {
        let text = [EXCEPTION, STATEMENT].concat();
        let files = [
            ("crates/sync-log-sqlite/tests/damage.rs", text.as_str()),
            ("crates/sync-log-core/src/lib.rs", &text),
            ("crates/sync-log-sqlite/src/raw.md", &text),
        ];
        assert_eq!(violations(&planted(&files)), [""; 0]);
    }
}
