//! What a broken storage remembers, beside what the store behind it holds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Weak;

use sync_log_core::{Hlc, LogError, LogState, LogStore, Mark, PeerRow, Tag, Uuid, Verdict, Writes};

/// What a storage remembers.
#[derive(Default)]
pub(crate) struct Memory {
    /// Handles that are open.
    pub(crate) open_handles: usize,
    /// How often it was opened.
    pub(crate) opened: u64,
    /// The library and device that it was last opened as.
    pub(crate) asked: Option<(Uuid, Uuid)>,
    /// The stores behind its handles.
    pub(crate) inners: Vec<Weak<dyn LogStore>>,
    /// The floor as it is stored, where that is another step than the delete.
    pub(crate) floor: Option<Mark>,
    /// Head and high-water as they are, and as they are shown instead.
    pub(crate) forgotten: Option<[Marks; 2]>,
    /// Peer rows as they were when they were forgotten.
    pub(crate) lost_rows: Vec<PeerRow>,
    /// Signs that were forgotten.
    pub(crate) lost_verdicts: Vec<Verdict>,
    /// Every sign that was stored since the last dismissal.
    pub(crate) stored_verdicts: Vec<Verdict>,
    /// Whether solo was forgotten.
    pub(crate) lost_solo: bool,
    /// Where each page ended that a peer was given.
    pub(crate) served: HashMap<(Uuid, Hlc), Mark>,
    /// The tag of every entry that was ever appended.
    pub(crate) tags: BTreeMap<Hlc, Tag>,
    /// What a call that was dropped had decided.
    pub(crate) late: Option<Writes>,
    /// Whether a call was dropped.
    pub(crate) poisoned: bool,
    /// Watches that wait.
    pub(crate) watching: usize,
    /// Writes that are under way.
    pub(crate) writing: usize,
    /// Why one of them was refused.
    pub(crate) refusal: Option<LogError>,
}

/// Head and high-water.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) head: Mark,
    pub(crate) high_water: Hlc,
}

/// What a handle remembers.
#[derive(Default)]
pub(crate) struct Own {
    /// Whether no other was open when it was opened.
    pub(crate) after_restart: bool,
    /// The state as it was.
    pub(crate) state: Option<LogState>,
    /// Peer rows as they were.
    pub(crate) rows: Option<Vec<PeerRow>>,
    /// What was answered and is not written yet.
    pub(crate) pending: Option<Writes>,
    /// Whether it was closed.
    pub(crate) closed: bool,
}
