//! The one name by which a file is opened.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::error::OpenError;
use crate::driver::files::{PATH_BYTES_MAX, is_short_enough};

/// As many links to links as the system follows.
const LINKS: usize = 40;

/// Returns the file to which `path` leads, by a name that keeps its meaning (`I6`): absolute, so
/// that a change of the working directory does not matter, and so that SQLite does not read it as a
/// URL; and without links, because what SQLite keeps beside a file is not beside a link to it.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    let unreachable = |source| OpenError::Unreachable {
        path: path.to_owned(),
        source,
    };
    let found = follow(path).map_err(unreachable)?;
    refuse_too_long(path, &found)?;
    Ok(found)
}

/// Refuses a path whose folder would have to be made, and that SQLite could not take then. A link
/// further up may still make it longer.
pub(super) fn refuse_unusable(path: &Path) -> Result<(), OpenError> {
    match std::path::absolute(path) {
        Ok(absolute) if !path.parent().is_some_and(Path::exists) => {
            refuse_too_long(path, &absolute)
        }
        _ => Ok(()),
    }
}

fn refuse_too_long(path: &Path, found: &Path) -> Result<(), OpenError> {
    if is_short_enough(found) {
        return Ok(());
    }
    Err(OpenError::PathTooLong {
        path: path.to_owned(),
        bytes: found.as_os_str().len(),
        max: PATH_BYTES_MAX,
    })
}

/// The file may be missing. Its folder may not.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    if cfg!(not(unix)) {
        return Ok(path);
    }
    for _ in 0..LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            break;
        };
        // A link to a file that is missing. SQLite would make that file.
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => return Ok(fs::canonicalize(folder)?.join(name)),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}
