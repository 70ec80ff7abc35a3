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

    #[test]
    fn a_manifest_that_does_not_inherit_is_named() {
        let path = "crates/x/Cargo.toml";
        let found = |text| violations([path.to_owned()].into_iter(), &planted(&[(path, text)]));
        let inherits = "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(found(inherits), [""; 0]);
        for text in [
            "[package]\nname = \"x\"\n",
            "[lints]\nrust.missing_docs = \"allow\"\n[x]\nworkspace = true\n",
            "[lints]\nworkspace = false\n",
        ] {
            let expected = [format!("{path}: `[lints] workspace = true` is missing")];
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
