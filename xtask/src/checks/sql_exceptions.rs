//! The SQLite store writes SQL by hand in its driver alone.
//!
//! Everywhere else SeaORM builds the statements from the entities, so that they hold on rusqlite
//! and on an app's own driver. Clippy refuses the methods that take SQL as text, and a file could
//! allow itself those methods.

use crate::repository::Files;

const SOURCE: &str = "crates/sync-log-sqlite/src/";

/// The folder that may use the methods that clippy refuses.
const DRIVER: &str = "crates/sync-log-sqlite/src/driver/";

/// The lint that refuses them.
const LINT: &str = "clippy::disallowed_methods";

/// Lines outside the driver that allow the lint, apart from those in the tests at the end of a file.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in files {
        let is_shipped = path.starts_with(SOURCE) && !path.ends_with("/tests.rs");
        if !is_shipped || path.starts_with(DRIVER) {
            continue;
        }
        let shipped = text.lines().take_while(|line| *line != "#[cfg(test)]");
        let exceptions = shipped.zip(1..).filter(|(line, _)| line.contains(LINT));
        violations.extend(exceptions.map(|(_, number)| {
            format!("{path}:{number}: `{LINT}` may be allowed in `{DRIVER}` only")
        }));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    #[test]
    fn an_exception_is_caught_in_shipped_code_outside_the_driver() {
        let line = "#![expect(clippy::disallowed_methods)]\n";
        let in_tests = format!("#[cfg(test)]\nmod tests {{\n{line}}}\n");
        let files = planted(&[
            ("crates/sync-log-core/src/lib.rs", line),
            ("crates/sync-log-sqlite/src/driver/port.rs", line),
            ("crates/sync-log-sqlite/src/store/open.rs", line),
            ("crates/sync-log-sqlite/src/store/tests.rs", line),
            ("crates/sync-log-sqlite/src/time.rs", &in_tests),
        ]);
        let found = violations(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/sync-log-sqlite/src/store/open.rs:1: "));
    }
}
