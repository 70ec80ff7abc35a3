//! No text is too long, and no file names a place outside the repository.

use crate::repository::Files;

/// Past this many lines a file holds more than one idea.
const LINES_MAX: usize = 600;

/// The kinds of file that somebody reads from top to bottom. Data and lock files are not.
const READ: &[&str] = &[".rs", ".md", ".toml", ".sql", ".sh", ".yml"];

/// Folders of one machine, split so that this file does not contain them.
const FOREIGN_PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("../sh", "ared"),
];

/// Files that are too long or name a foreign place.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in files {
        violations.extend(too_long(path, text));
        violations.extend(foreign_places(path, text));
    }
    violations
}

fn too_long(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let is_read = READ.iter().any(|ending| path.ends_with(ending));
    (is_read && lines > LINES_MAX).then(|| format!("{path}: {lines} lines, at most {LINES_MAX}"))
}

fn foreign_places(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().zip(1..);
    let named = lines.flat_map(|(line, number)| {
        let places = FOREIGN_PLACES.iter().filter(|place| line.contains(**place));
        places.map(move |place| format!("{path}:{number}: `{place}` does not belong here"))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    #[test]
    fn a_file_of_the_longest_length_is_clean_and_one_line_more_is_caught() {
        let longest = "x\n".repeat(LINES_MAX);
        assert!(violations(&planted(&[("a.rs", &longest)])).is_empty());
        let expected = ["a.rs: 601 lines, at most 600"];
        assert_eq!(
            violations(&planted(&[("a.rs", &(longest + "x\n"))])),
            expected
        );
    }

    #[test]
    fn data_may_be_long() {
        let long = "x\n".repeat(LINES_MAX + 1);
        let files = planted(&[("Cargo.lock", &long), ("data/history.ndjson", &long)]);
        assert!(violations(&files).is_empty());
    }

    #[test]
    fn each_foreign_place_is_caught_with_its_line() {
        for place in FOREIGN_PLACES {
            let text = format!("fine\nsee {place} for more\n");
            let expected = [format!("README.md:2: `{place}` does not belong here")];
            assert_eq!(violations(&planted(&[("README.md", &text)])), expected);
        }
    }

    #[test]
    fn the_pattern_does_not_match_its_own_source() {
        assert!(foreign_places("text.rs", include_str!("text.rs")).is_empty());
    }

    #[test]
    fn words_that_only_look_alike_are_clean() {
        let text = "framework/ works, root/ too, shared state, Work/";
        assert!(violations(&planted(&[("a.md", text)])).is_empty());
    }
}
