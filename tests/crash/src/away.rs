//! The files of a log that is open are moved away, something else may come to where they were,
//! and they are put back: by the process that moved them, or after it was killed at any moment.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use sync_log_sqlite::{FILE_NAME, Hlc};

use crate::check::Violation;
use crate::child::log_folder;
use crate::entry::{EntryId, LIBRARY, OF_OTHER, OTHER};
use crate::file::{self, LogFile};
use crate::line::How;

/// A log whose files were moved while it was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    pub how: How,
    pub to: String,
    /// What the log that came in its stead took.
    pub of_other: Vec<Hlc>,
}

impl Absence {
    /// Puts the files back into `folder` if they are away, and checks the other log: it has
    /// what it took, and nothing that belongs to the log that was away.
    pub fn end(&self, folder: &Path) -> Result<Vec<Violation>> {
        let paths = Paths::new(folder, &self.to);
        paths.put_back(self.how)?;
        let violations = match file::read(&paths.other)? {
            Some(other) => check_other(&other, &self.of_other),
            None => lost(&self.of_other, |_| false),
        };
        if violations.is_empty() {
            file::remove(&paths.away)?;
            file::remove(&paths.other)?;
        }
        Ok(violations)
    }
}

/// Where the files are.
pub struct Paths {
    /// Where the log is opened.
    pub log: PathBuf,
    /// Where its files are while they are away.
    pub away: PathBuf,
    /// Where the other log is, unless it is in the stead of this one.
    pub other: PathBuf,
}

impl Paths {
    pub fn new(folder: &Path, to: &str) -> Self {
        Self {
            log: log_folder(folder),
            away: folder.join(to),
            other: folder.join(format!("{to}-other")),
        }
    }

    pub fn take_away(&self, how: How) -> io::Result<()> {
        match how {
            How::Folder => fs::rename(&self.log, &self.away),
            How::Files => {
                fs::create_dir(&self.away)?;
                move_parts(&["-wal", "-shm", ""], &self.log, &self.away)
            }
            How::Wal => {
                fs::create_dir(&self.away)?;
                move_parts(&["-wal"], &self.log, &self.away)
            }
        }
    }

    /// Puts everything where it belongs, wherever it is now. Each step leaves a state from which
    /// this can be called again.
    pub fn put_back(&self, how: How) -> io::Result<()> {
        match how {
            How::Folder => self.put_folder_back(),
            How::Files | How::Wal => self.put_parts_back(),
        }
    }

    fn put_folder_back(&self) -> io::Result<()> {
        if !self.away.exists() {
            return Ok(());
        }
        if self.log.exists() {
            fs::rename(&self.log, &self.other)?;
        }
        fs::rename(&self.away, &self.log)
    }

    fn put_parts_back(&self) -> io::Result<()> {
        let is_away = self.away.join(FILE_NAME).exists();
        if is_away && self.log.join(FILE_NAME).exists() {
            fs::create_dir_all(&self.other)?;
            // The file is the last: as long as it is there, the parts beside it are its own.
            move_parts(&["-wal", "-shm", ""], &self.log, &self.other)?;
        }
        move_parts(&["-shm", "", "-wal"], &self.away, &self.log)
    }
}

/// Moves those parts of a log that are there, in that order.
fn move_parts(parts: &[&str], from: &Path, to: &Path) -> io::Result<()> {
    for part in parts {
        let name = format!("{FILE_NAME}{part}");
        if from.join(&name).exists() {
            fs::rename(from.join(&name), to.join(&name))?;
        }
    }
    Ok(())
}

/// A log of [`OTHER`] has what it took, and nothing else.
fn check_other(other: &LogFile, promised: &[Hlc]) -> Vec<Violation> {
    let mut violations = lost(promised, |hlc| other.entries.contains_key(hlc));
    let strays = other.entries.iter().filter(|(hlc, entry)| {
        let id = EntryId::of(entry.record_uuid).filter(|id| id.index >= OF_OTHER);
        let is_own =
            hlc.device_id == OTHER && id.map(|id| id.stamped(**hlc)).as_ref() == Some(*entry);
        !is_own
    });
    violations.extend(strays.map(|(hlc, _)| Violation::Stray { hlc: *hlc }));
    let [library, device, _] = other.identity;
    if [library, device] != [LIBRARY, OTHER] {
        violations.push(Violation::OtherLog);
    }
    violations
}

fn lost(promised: &[Hlc], is_there: impl Fn(&Hlc) -> bool) -> Vec<Violation> {
    let lost = promised.iter().filter(|hlc| !is_there(hlc));
    lost.map(|hlc| Violation::LostByOther { hlc: *hlc })
        .collect()
}
