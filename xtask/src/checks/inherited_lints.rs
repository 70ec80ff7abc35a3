//! Every member of the workspace takes the workspace's lints.

use crate::repository::Files;

/// Manifests that do not say `[lints] workspace = true`.
pub(crate) fn violations(manifests: impl Iterator<Item = String>, files: &Files) -> Vec<String> {
    let inherits = |path: &String| files.get(path).is_some_and(|text| inherits_lints(text));
    manifests
        .filter(|path| !inherits(path))
        .map(|path| format!("{path}: `[lints] workspace = true` is missing"))
        .collect()
}

/// Reads lines rather than TOML: rustfmt-like manifests need no parser for one key.
fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]");
    lines
        .by_ref()
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .any(|line| line.replace(' ', "") == "workspace=true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    fn violations_of(manifest: &str) -> Vec<String> {
        let path = "crates/x/Cargo.toml";
        violations([path.to_owned()].into_iter(), &planted(&[(path, manifest)]))
    }

    #[test]
    fn a_manifest_that_inherits_is_clean() {
        assert!(violations_of("[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n").is_empty());
    }

    #[test]
    fn a_manifest_without_lints_is_caught() {
        let expected = ["crates/x/Cargo.toml: `[lints] workspace = true` is missing"];
        assert_eq!(violations_of("[package]\nname = \"x\"\n"), expected);
    }

    #[test]
    fn lints_of_its_own_are_caught_whatever_another_table_inherits() {
        let manifest = "[lints]\nrust.missing_docs = \"allow\"\n[x]\nworkspace = true\n";
        assert_eq!(violations_of(manifest).len(), 1);
        assert_eq!(violations_of("[lints]\nworkspace = false\n").len(), 1);
    }

    #[test]
    fn a_manifest_outside_the_repository_is_caught() {
        let elsewhere = ["elsewhere/Cargo.toml".to_owned()].into_iter();
        assert_eq!(violations(elsewhere, &planted(&[])).len(), 1);
    }
}
