//! A child that works one operation at a time, and its files after each.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crash::child::{ChildArgs, Role, log_folder};
use crash::line::{Line, Operation};
use crash::model::Model;
use crash::process::Process;
use rusqlite::Connection;
use sync_log_sqlite::FILE_NAME;
use tempfile::TempDir;

use super::image::{Image, boundaries};

/// Checkpoints that the parent makes, as another program might.
const MODES: [&str; 3] = ["PASSIVE", "RESTART", "TRUNCATE"];

/// A child at work.
pub(crate) struct Recording {
    folder: TempDir,
    child: Process,
    model: Model,
    image: Image,
    checkpoints: usize,
    has_begun: bool,
}

/// One operation, from its announcement to its `Ok`.
pub(crate) struct Moment {
    pub(crate) begun: Model,
    /// With what was told of it on the way; the same for most.
    pub(crate) told: Model,
    pub(crate) done: Model,
    pub(crate) before: Image,
    pub(crate) after: Image,
    /// The files after a checkpoint that followed.
    pub(crate) checkpointed: Option<Image>,
    /// The files of a log that was made beside.
    pub(crate) made: Option<Image>,
}

impl Recording {
    pub(crate) fn start(role: Role, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let args = ChildArgs {
            folder: folder.path().to_owned(),
            number: 1,
            seed,
            role,
            fault: None,
        };
        let program = Path::new(env!("CARGO_BIN_EXE_crash"));
        Self {
            child: Process::start(program, &args).unwrap(),
            folder,
            model: Model::new(),
            image: Image::default(),
            checkpoints: 0,
            has_begun: false,
        }
    }

    /// Lets the child do its next operation, and makes a checkpoint after it if
    /// one is wanted.
    pub(crate) fn step(&mut self, checkpoint: bool) -> Option<Moment> {
        if std::mem::replace(&mut self.has_begun, true) {
            self.child.tell().unwrap();
        }
        self.model.fresh.clear();
        let begin = self.child.hear().unwrap()?;
        assert_eq!(self.model.hear(1, &begin), []);
        let begun = self.model.clone();
        let told = loop {
            let line = self.child.hear().unwrap()?;
            let told = self.model.clone();
            assert_eq!(self.model.hear(1, &line), []);
            if matches!(line, Line::Done { .. }) {
                break told;
            }
        };
        let after = Image::of(&self.log());
        let before = std::mem::replace(&mut self.image, after.clone());
        let made = self.model.fresh.first();
        let made = made.map(|made| Image::of(&self.folder.path().join(&made.folder)));
        let checkpointed = checkpoint.then(|| self.checkpoint());
        Some(Moment {
            begun,
            told,
            done: self.model.clone(),
            before,
            after,
            checkpointed,
            made,
        })
    }

    fn checkpoint(&mut self) -> Image {
        let mode = MODES[self.checkpoints % MODES.len()];
        self.checkpoints += 1;
        let connection = Connection::open(self.log().join(FILE_NAME)).unwrap();
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let busy: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(busy, 0, "the child waits, so nobody is in the way");
        drop(connection);
        self.image = Image::of(&self.log());
        self.image.clone()
    }

    fn log(&self) -> PathBuf {
        log_folder(self.folder.path())
    }
}

impl Moment {
    pub(crate) fn operation(&self) -> &Operation {
        &self.begun.in_flight.as_ref().unwrap().what
    }

    /// The part of the WAL that the operation wrote.
    pub(crate) fn growth(&self) -> Range<usize> {
        growth(&self.before, &self.after)
    }
}

/// The part of `after`'s WAL that was written since `before`.
pub(crate) fn growth(before: &Image, after: &Image) -> Range<usize> {
    let end = |image: &Image| boundaries(&image.wal).last().copied().unwrap_or_default();
    if after.is_restarted_since(before) {
        0..end(after)
    } else {
        end(before)..end(after)
    }
}
