//! The text files that belong to the repository.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

/// Text by path from the root, with `/` between folders.
pub(crate) type Files = BTreeMap<String, String>;

/// Reads what git tracks and what it would track after `git add`, so that a fault in a new file
/// shows before its commit. Files that are not UTF-8 hold nothing that is checked.
pub(crate) fn read(shell: &Shell, root: &Path) -> Result<Files> {
    let list = cmd!(
        shell,
        "git ls-files -z --cached --others --exclude-standard"
    )
    .quiet()
    .read()?;
    let mut files = Files::new();
    for path in list.split_terminator('\0') {
        // A file that is deleted but still in the index is no file any more.
        let Ok(bytes) = std::fs::read(root.join(path)) else {
            continue;
        };
        if let Ok(text) = String::from_utf8(bytes) {
            files.insert(path.to_owned(), text);
        }
    }
    Ok(files)
}

/// Files made up for tests of the checks.
#[cfg(test)]
pub(crate) fn planted(files: &[(&str, &str)]) -> Files {
    let files = files.iter();
    files
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}
