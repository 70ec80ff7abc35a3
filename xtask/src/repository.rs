//! The files that belong to the repository.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

/// Text by path from the root, with `/` between folders.
pub(crate) type Files = BTreeMap<String, String>;

/// Bytes by path, likewise.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

/// Reads the text files. Files that are not UTF-8 hold nothing that is checked.
pub(crate) fn read(shell: &Shell, root: &Path) -> Result<Files> {
    let files = read_contents(shell, root)?.into_iter();
    let texts = files.filter_map(|(path, bytes)| Some((path, String::from_utf8(bytes).ok()?)));
    Ok(texts.collect())
}

/// Reads what git tracks and what it would track after `git add`, so that a fault in a new file
/// shows before its commit.
pub(crate) fn read_contents(shell: &Shell, root: &Path) -> Result<Contents> {
    let list = cmd!(
        shell,
        "git ls-files -z --cached --others --exclude-standard"
    )
    .quiet()
    .read()?;
    let mut files = Contents::new();
    for path in list.split_terminator('\0') {
        // A file that is deleted but still in the index is no file any more.
        if let Ok(bytes) = std::fs::read(root.join(path)) {
            files.insert(path.to_owned(), bytes);
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
