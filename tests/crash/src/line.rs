//! What a child says about its work, a line of JSON at a time.

use std::fmt;

use serde::{Deserialize, Serialize};
use sync_log_sqlite::{Hlc, Uuid};

/// A kind of operation; the parent aims at all but the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Entries enter.
    Append,
    /// A peer acknowledges.
    Ack,
    /// Entries leave.
    Prune,
    /// A log is made.
    Migrate,
    /// The log is opened, again or for the first time.
    Reopen,
    /// The files are moved while the log is open.
    Move,
    /// The log is closed while others have it open, and copied.
    Close,
    /// The log is backed up while it is written to.
    BackUp,
    /// Stamps are observed, peers registered, peers read below their ack, and
    /// openings refused.
    Other,
}

impl Kind {
    /// The kinds that every run has to hit.
    pub const AIMED: [Self; 5] = [
        Self::Append,
        Self::Ack,
        Self::Prune,
        Self::Migrate,
        Self::Reopen,
    ];

    /// The kinds at which a run aims half as often.
    pub const AIMED_AT_LESS: [Self; 3] = [Self::Move, Self::Close, Self::BackUp];

    /// Its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Ack => "ack",
            Self::Prune => "prune",
            Self::Migrate => "migrate",
            Self::Reopen => "reopen",
            Self::Move => "move",
            Self::Close => "close",
            Self::BackUp => "back up",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is where a log is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// Not even the folder.
    Nothing,
    /// A file of no length.
    EmptyFile,
    /// A database with a table of somebody else.
    OtherTable,
    /// A log of an earlier program, which has to be adopted.
    EarlierProgram,
}

impl Start {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Nothing,
        Self::EmptyFile,
        Self::OtherTable,
        Self::EarlierProgram,
    ];
}

/// What is moved while a log is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// The folder is renamed, and another device makes a log where it was.
    Folder,
    /// The files are moved into another folder, and those of another device are restored.
    Files,
    /// Only the `-wal` is moved, and a copy may be where it was.
    Wal,
}

impl How {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Folder, Self::Files, Self::Wal];
}

/// An operation, as it is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// `record` or `record_many`: all or nothing.
    Batch { count: u32 },
    /// Single `record`s at the same time, which share commits.
    Burst { count: u32 },
    /// `tick`, then `append`.
    Ticked,
    /// `observe_all` of one stamp.
    Observe { remote: Hlc },
    /// `register_peer`.
    Register { peer: Uuid },
    /// `record_ack` or `acknowledge`.
    Ack { peer: Uuid, through: Hlc },
    /// `on_ack`: an ack, then a prune.
    OnAck { peer: Uuid, through: Hlc },
    /// `read_for` at a place that may be below the peer's ack.
    Rewind { peer: Uuid, at: Hlc },
    /// `prune_acked`.
    Prune,
    /// Another log is made, in a folder beside.
    Migrate { folder: String, start: Start },
    /// The log is left and opened again.
    Reopen,
    /// Single `record`s, while the files are moved to the folder `to`. Then the log is opened again
    /// where it was.
    Move { how: How, to: String, count: u32 },
    /// `close` while another handle has the log open, and a copy of the file alone in the folder
    /// `to`.
    Close { to: String },
    /// `backup_to` a file in the folder `to`, with single `record`s at the same time.
    BackUp { to: String, count: u32 },
    /// An opening of the log in `folder` with an option out of range, which is refused.
    Refuse { folder: String },
}

impl Operation {
    /// Its kind. An `on_ack` counts as a prune, which takes most of its time.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Batch { .. } | Self::Burst { .. } | Self::Ticked => Kind::Append,
            Self::Ack { .. } => Kind::Ack,
            Self::OnAck { .. } | Self::Prune => Kind::Prune,
            Self::Migrate { .. } => Kind::Migrate,
            Self::Reopen => Kind::Reopen,
            Self::Move { .. } => Kind::Move,
            Self::Close { .. } => Kind::Close,
            Self::BackUp { .. } => Kind::BackUp,
            Self::Observe { .. }
            | Self::Register { .. }
            | Self::Rewind { .. }
            | Self::Refuse { .. } => Kind::Other,
        }
    }
}

/// What an operation gave, after its `Ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gave {
    /// These stamps, one for each entry.
    Stamps(Vec<Hlc>),
    /// Nothing to tell.
    Nothing,
    /// Refused because another process was faster; nothing was written.
    Overtaken,
    /// Entries that went.
    Pruned(usize),
    /// A log that is open.
    Log { log_id: Uuid },
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// An operation starts.
    Begin { number: u32, what: Operation },
    /// One entry of a burst is in.
    Entered { index: u32, hlc: Hlc },
    /// The files are moved: from here on the handle takes no entry.
    Away,
    /// The log that is where the files were took an entry.
    OfOther { hlc: Hlc },
    /// An entry of another log was read through the handle.
    Served { hlc: Hlc },
    /// An entry of a burst is in though its `record` was not `Ok`.
    Found { index: u32, hlc: Hlc },
    /// The stamp that an append will have was given out.
    Ticked { hlc: Hlc },
    /// The operation was `Ok`.
    Done { gave: Gave },
    /// The child was told to finish, and has.
    Finished,
}

impl Line {
    /// The line, with its end.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("a line has string keys only");
        text.push('\n');
        text
    }

    /// Reads a line; one that a kill cut short is none.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text.strip_suffix('\n')?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_and_every_shorter_one_is_none() {
        let line = Line::Done {
            gave: Gave::Stamps(vec![Hlc::ZERO, Hlc::new(1, 2, Uuid::from_u128(3))]),
        };
        let text = line.to_text();
        assert_eq!(Line::from_text(&text), Some(line));
        for cut in 0..text.len() {
            assert_eq!(Line::from_text(&text[..cut]), None, "{cut}");
        }
    }
}
