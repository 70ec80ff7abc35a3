//! A copy of files in another folder. Cargo judges a file by its time, so a file that did not
//! change keeps its time, and cargo compiles only what changed since the last copy.

use std::fs;
use std::path::Path;

use anyhow::Result;
use xshell::Shell;

use crate::repository::Contents;

/// Makes `folder` hold `files` and nothing else.
pub(crate) fn refresh(shell: &Shell, files: &Contents, folder: &Path) -> Result<()> {
    shell.create_dir(folder)?;
    delete_others(shell, files, folder, "")?;
    for (path, bytes) in files {
        let path = folder.join(path);
        let is_same = fs::read(&path).is_ok_and(|found| found == *bytes);
        if !is_same {
            shell.write_file(path, bytes)?;
        }
    }
    Ok(())
}

/// Deletes what is not among `files`, and the folders that this leaves empty: cargo would look
/// for a package in an empty folder. `prefix` is the path of `folder` from the root of the copy.
fn delete_others(shell: &Shell, files: &Contents, folder: &Path, prefix: &str) -> Result<()> {
    for path in shell.read_dir(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            delete_others(shell, files, &path, &format!("{name}/"))?;
            if shell.read_dir(&path)?.is_empty() {
                shell.remove_path(path)?;
            }
        } else if !files.contains_key(&name) {
            shell.remove_path(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use xshell::TempDir;

    use super::*;

    fn contents(files: &[(&str, &str)]) -> Contents {
        let files = files.iter();
        files
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    /// A folder that holds `files`, each of them written long ago.
    fn copied(shell: &Shell, files: &[(&str, &str)]) -> TempDir {
        let folder = shell.create_temp_dir().unwrap();
        refresh(shell, &contents(files), folder.path()).unwrap();
        for (path, _) in files {
            let file = File::options().write(true).open(folder.path().join(path));
            file.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        folder
    }

    fn is_old(folder: &TempDir, path: &str) -> bool {
        let metadata = fs::metadata(folder.path().join(path)).unwrap();
        metadata.modified().unwrap() == SystemTime::UNIX_EPOCH
    }

    #[test]
    fn only_a_file_that_changed_is_written() {
        let shell = Shell::new().unwrap();
        let folder = copied(&shell, &[("a.rs", "old"), ("x/b.rs", "same")]);
        let changed = contents(&[("a.rs", "new"), ("x/b.rs", "same")]);
        refresh(&shell, &changed, folder.path()).unwrap();
        assert_eq!(shell.read_file(folder.path().join("a.rs")).unwrap(), "new");
        assert!(!is_old(&folder, "a.rs"));
        assert!(is_old(&folder, "x/b.rs"));
    }

    #[test]
    fn a_file_that_is_no_longer_there_is_deleted_and_its_empty_folders_too() {
        let shell = Shell::new().unwrap();
        let folder = copied(&shell, &[("x/a.rs", ""), ("x/b.rs", ""), ("y/z/c.rs", "")]);
        refresh(&shell, &contents(&[("x/a.rs", "")]), folder.path()).unwrap();
        assert!(is_old(&folder, "x/a.rs"));
        assert!(!folder.path().join("x/b.rs").exists());
        assert!(!folder.path().join("y").exists());
    }

    #[test]
    fn a_file_may_become_a_folder_and_a_folder_a_file() {
        let shell = Shell::new().unwrap();
        let folder = copied(&shell, &[("a", ""), ("b/c", "")]);
        refresh(
            &shell,
            &contents(&[("a/c", "1"), ("b", "2")]),
            folder.path(),
        )
        .unwrap();
        assert_eq!(shell.read_file(folder.path().join("a/c")).unwrap(), "1");
        assert_eq!(shell.read_file(folder.path().join("b")).unwrap(), "2");
    }
}
