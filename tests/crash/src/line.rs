//! What a child says about its work, a line of JSON at a time.

use std::fmt;

use serde::{Deserialize, Serialize};
use sync_log_sqlite::{Hlc, Uuid};

/// A kind of operation; the parent aims at the first five.
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
    /// Stamps are observed, peers registered, peers read below their ack.
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

    /// Its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Ack => "ack",
            Self::Prune => "prune",
            Self::Migrate => "migrate",
            Self::Reopen => "reopen",
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
            Self::Observe { .. } | Self::Register { .. } | Self::Rewind { .. } => Kind::Other,
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
