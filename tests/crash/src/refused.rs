//! Files on which a log was opened in a way that is refused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::check::Violation;
use crate::file;

/// An opening that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub folder: String,
}

impl Refused {
    /// Compares what is in the folder with what was there before. Nothing may have changed, not
    /// even while the call was in flight.
    pub fn check(&self, folder: &Path) -> Result<Option<Violation>> {
        let refused = folder.join(&self.folder);
        let before = before(&refused);
        if contents(&refused)? != contents(&before)? {
            return Ok(Some(Violation::Touched {
                folder: self.folder.clone(),
            }));
        }
        file::remove(&refused)?;
        file::remove(&before)?;
        Ok(None)
    }
}

/// Keeps a copy of `folder`, if there is one.
pub fn keep(folder: &Path) -> Result<()> {
    let Some(files) = contents(folder)? else {
        return Ok(());
    };
    let before = before(folder);
    std::fs::create_dir(&before)?;
    for (name, bytes) in files {
        std::fs::write(before.join(name), bytes)?;
    }
    Ok(())
}

fn before(folder: &Path) -> PathBuf {
    folder.with_added_extension("before")
}

/// The files in a folder, byte for byte; `None` if there is no folder.
fn contents(folder: &Path) -> Result<Option<BTreeMap<OsString, Vec<u8>>>> {
    if !folder.exists() {
        return Ok(None);
    }
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        files.insert(entry.file_name(), std::fs::read(entry.path())?);
    }
    Ok(Some(files))
}
