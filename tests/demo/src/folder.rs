//! Where the libraries are: a folder that is kept, or one that goes away.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use tempfile::TempDir;

use crate::failure::Failure;

/// The app's database in the library of a device.
pub(crate) const DATABASE: &str = "database.db";
/// The log in the library of a device, unless it is in the app's database.
pub(crate) const LOG: &str = "sync.db";

/// The folder of the libraries.
#[derive(Debug)]
pub(crate) enum Folder {
    /// The user's; it stays.
    Kept(PathBuf),
    /// It is deleted when this is dropped.
    Temporary(TempDir),
}

impl Folder {
    /// Makes sure that there is an empty folder: `dir`, or a temporary one.
    pub(crate) fn prepare(dir: Option<&Path>) -> Result<Self, Failure> {
        match dir {
            Some(dir) => Self::keep(dir),
            None => tempfile::Builder::new()
                .prefix("sync-log-demo-")
                .tempdir()
                .map(Self::Temporary)
                .with_context(|| {
                    let parent = std::env::temp_dir();
                    format!(
                        "failed to make a temporary folder in {} (TMPDIR)",
                        parent.display()
                    )
                })
                .map_err(Failure::cannot_open),
        }
    }

    fn keep(dir: &Path) -> Result<Self, Failure> {
        let made = fs::create_dir_all(dir).and_then(|()| fs::read_dir(dir));
        let failed = || format!("failed to use {} as a folder", dir.display());
        let mut content = made.with_context(failed).map_err(Failure::cannot_open)?;
        if content.next().is_some() {
            let refusal = anyhow!("failed to use {}: it is not empty", dir.display());
            return Err(Failure::usage(refusal));
        }
        Ok(Self::Kept(dir.to_owned()))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn a_new_or_empty_folder_is_taken_and_any_other_refused() {
        let parent = tempfile::tempdir().unwrap();
        let new = parent.path().join("a/b");
        assert_eq!(Folder::prepare(Some(&new)).unwrap().path(), new);
        assert!(Folder::prepare(Some(&new)).is_ok());
        fs::write(new.join("file"), "mine").unwrap();
        let full = Folder::prepare(Some(&new)).unwrap_err();
        assert_eq!(full.exit, Exit::Usage);
        let file = Folder::prepare(Some(&new.join("file"))).unwrap_err();
        assert_eq!(file.exit, Exit::CannotOpen);
        assert_eq!(fs::read_to_string(new.join("file")).unwrap(), "mine");
    }

    #[test]
    fn a_temporary_folder_goes_away() {
        let folder = Folder::prepare(None).unwrap();
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }
}
