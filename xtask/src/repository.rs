//! The files that belong to the repository.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

/// Text by path from the root, with `/` between folders.
pub(crate) type Files = BTreeMap<String, String>;

/// Reads the text files. Files that are not UTF-8 hold nothing that is checked.
pub(crate) fn read(shell: &Shell, root: &Path) -> Result<Files> {
    let mut files = Files::new();
    for path in paths(shell, root)? {
        if let Ok(text) = String::from_utf8(fs::read(root.join(&path))?) {
            files.insert(path, text);
        }
    }
    Ok(files)
}

/// Makes `folder` a copy of the repository. Cargo judges a file by its time, so each file keeps
/// its time, and cargo compiles only what changed since the last copy.
pub(crate) fn copy(shell: &Shell, root: &Path, folder: &Path) -> Result<()> {
    shell.remove_path(folder)?;
    for path in paths(shell, root)? {
        let original = root.join(&path);
        let copied = folder.join(&path);
        fs::create_dir_all(copied.parent().unwrap_or(folder))?;
        fs::copy(&original, &copied)?;
        let modified = fs::metadata(&original)?.modified()?;
        let file = File::options().write(true).open(&copied)?;
        file.set_modified(modified)?;
    }
    Ok(())
}

/// What git tracks and what it would track after `git add`, so that a fault in a new file shows
/// before its commit. A file that is deleted but still in the index is no file any more.
fn paths(shell: &Shell, root: &Path) -> Result<Vec<String>> {
    let listed = ["--cached", "--others", "--exclude-standard"];
    let list = cmd!(shell, "git ls-files -z {listed...}").quiet().read()?;
    let paths = list.split_terminator('\0').map(str::to_owned);
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}

/// Files made up for tests of the checks.
#[cfg(test)]
pub(crate) fn planted(files: &[(&str, &str)]) -> Files {
    let files = files.iter();
    files
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}
