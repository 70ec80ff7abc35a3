//! What the acknowledgements that were heard so far promise.

mod files;
mod hear;

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use sync_log_sqlite::{Hlc, Mark, Tag, Uuid};

use crate::away::Absence;
use crate::entry::EntryId;
use crate::file::{LogFile, PeerRow};
use crate::fresh::Fresh;
use crate::line::Operation;
use crate::refused::Refused;

/// A peer that never acknowledged.
pub const NEWCOMER: PeerRow = PeerRow {
    acked: Hlc::ZERO,
    hold: None,
};

/// Peers by id.
pub type Peers = BTreeMap<Uuid, PeerRow>;

/// The log of one file, as far as it was acknowledged.
#[derive(Debug, Clone)]
pub struct Model {
    /// Acknowledged entries from the floor on; the floor's own is one of them.
    pub entries: BTreeMap<Hlc, EntryId>,
    pub peers: Peers,
    /// The log's id, once a child opened it.
    pub log_id: Option<Uuid>,
    /// Highest stamp of an acknowledged entry.
    pub head: Hlc,
    pub floor: Hlc,
    pub floor_tag: Tag,
    /// Highest stamp that was issued or observed.
    pub high_water: Hlc,
    /// What was begun and not acknowledged.
    pub in_flight: Option<InFlight>,
    /// Logs that were made beside this one since the last check.
    pub fresh: Vec<Fresh>,
    /// What was done to its files since then.
    pub files: Files,
    /// How much was acknowledged.
    pub counts: Counts,
    /// The highest stamp that each child gave out or observed.
    last: BTreeMap<u32, Hlc>,
    /// The highest stamp before these children came.
    base: Hlc,
}

/// How much was acknowledged, in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub entries: u64,
    pub acks: u64,
    /// Entries whose pruning was acknowledged.
    pub pruned: u64,
    /// Logs that were made beside the one.
    pub migrated: u64,
    /// Moves of its files, copies of it, and refusals.
    pub moved: u64,
    pub copied: u64,
    pub refused: u64,
}

/// A copy that was begun to be made.
#[derive(Debug, Clone)]
pub struct Copied {
    pub folder: String,
    /// What was acknowledged before, and what the copy may have besides.
    pub promised: Model,
    /// Whether the copy was acknowledged.
    pub is_done: bool,
}

/// What was done to the files of a log.
#[derive(Debug, Clone, Default)]
pub struct Files {
    pub absences: Vec<Absence>,
    pub copies: Vec<Copied>,
    pub refusals: Vec<Refused>,
}

/// An operation that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    pub child: u32,
    pub number: u32,
    pub what: Operation,
    /// The highest stamp that the child had given out or observed before.
    pub before: Hlc,
    /// The stamp that it will give its entry.
    pub ticked: Option<Hlc>,
    /// Whether the files are away.
    pub is_away: bool,
}

impl Model {
    /// Nothing was acknowledged.
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            peers: Peers::new(),
            log_id: None,
            head: Hlc::ZERO,
            floor: Hlc::ZERO,
            floor_tag: Tag::ZERO,
            high_water: Hlc::ZERO,
            in_flight: None,
            fresh: Vec::new(),
            files: Files::default(),
            counts: Counts::default(),
            last: BTreeMap::new(),
            base: Hlc::ZERO,
        }
    }

    /// Acknowledged entries above `floor`.
    pub fn after(&self, floor: Hlc) -> impl Iterator<Item = (Hlc, EntryId)> {
        let above = (Excluded(floor), std::ops::Bound::Unbounded);
        self.entries.range(above).map(|(hlc, id)| (*hlc, *id))
    }

    /// Entries that went if the floor is at `floor` now.
    pub fn gone(&self, floor: Hlc) -> Vec<Hlc> {
        if floor <= self.floor {
            return Vec::new();
        }
        let gone = (Excluded(self.floor), Included(floor));
        self.entries.range(gone).map(|(hlc, _)| *hlc).collect()
    }

    /// How far every one of `peers` is; nobody is anywhere if there is none.
    pub fn watermark(peers: &Peers) -> Hlc {
        let slowest = peers.values().map(PeerRow::position).min();
        slowest.unwrap_or(Hlc::ZERO)
    }

    /// Takes over what a clean check found of the operation in flight.
    pub fn settle(&mut self, file: Option<&LogFile>) {
        self.in_flight = None;
        self.last.clear();
        self.fresh.clear();
        self.files = Files::default();
        if let Some(file) = file {
            for (hlc, entry) in &file.entries {
                let id = EntryId::of(entry.record_uuid);
                self.entries.extend(id.map(|id| (*hlc, id)));
            }
            self.peers.clone_from(&file.peers);
            self.log_id = Some(file.identity[2]);
            self.head = file.state.head;
            self.high_water = file.state.high_water;
            self.raise_floor(file.state.floor);
        }
        self.base = self.high_water;
    }

    /// The parent drew a stamp, between two children.
    pub fn issued_by_parent(&mut self, hlc: Hlc) {
        self.high_water = self.high_water.max(hlc);
        self.base = self.high_water;
    }

    /// The tag at `place`, reckoned from the floor over what was acknowledged.
    pub fn tag_at(&self, place: Hlc) -> Tag {
        let begin = Mark {
            hlc: self.floor,
            tag: self.floor_tag,
        };
        let entries = self.after(self.floor);
        let until = entries.take_while(|(hlc, _)| *hlc <= place);
        until
            .fold(begin, |mark, (hlc, id)| mark.then(&id.stamped(hlc)))
            .tag
    }

    fn raise_floor(&mut self, floor: Hlc) {
        self.floor_tag = self.tag_at(floor);
        self.floor = floor;
        self.entries = self.entries.split_off(&floor);
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

/// A peer's row after it acknowledged `through`.
pub fn acked(row: PeerRow, through: Hlc) -> PeerRow {
    if through < row.acked {
        return row;
    }
    PeerRow {
        acked: through,
        hold: None,
    }
}

/// A peer's row after it read at `at`.
pub fn rewound(row: PeerRow, at: Hlc) -> PeerRow {
    let hold = if at < row.position() {
        Some(at)
    } else {
        row.hold
    };
    PeerRow { hold, ..row }
}
