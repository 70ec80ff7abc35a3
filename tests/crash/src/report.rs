//! What a run counted, as a table.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::check::{Effect, Violation};
use crate::line::Kind;
use crate::model::Counts;

/// The least share of kills that every kind aimed at has to have.
const SHARE_PERCENT_MIN: u32 = 10;

/// The same for those that are aimed at less.
const SMALL_SHARE_PERCENT_MIN: u32 = 4;

/// What a run counted.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What was acknowledged before its file was replaced.
    pub counts: Counts,
    /// Acknowledged entries that were lost.
    pub lost: u64,
    /// Entries that were pruned though a peer lacked them.
    pub pruned_unacknowledged: u64,
    /// How many times a log was opened after a kill.
    pub reopens: u64,
    pub reopens_failed: u64,
    /// Rounds in which another process went on.
    pub companions: u32,
    pub wall: Duration,
    in_flight: BTreeMap<Option<Kind>, Hits>,
}

/// Kills while a kind was in flight, by how much of it was then in the file.
#[derive(Debug, Clone, Copy, Default)]
struct Hits {
    none: u32,
    part: u32,
    whole: u32,
}

impl Hits {
    const fn all(&self) -> u32 {
        self.none + self.part + self.whole
    }
}

impl Report {
    /// A child was killed while an operation of `kind` was in flight.
    pub fn killed(&mut self, kind: Option<Kind>, effect: Effect) {
        let hits = self.in_flight.entry(kind).or_default();
        match effect {
            Effect::None => hits.none += 1,
            Effect::Part => hits.part += 1,
            Effect::Whole => hits.whole += 1,
        }
    }

    /// How many kills hit `kind` in flight.
    pub fn kills(&self, kind: Kind) -> u32 {
        self.in_flight.get(&Some(kind)).map_or(0, Hits::all)
    }

    /// Kinds that were hit too seldom for the run to say something about them.
    pub fn missed(&self) -> Vec<Kind> {
        let least = |percent: u32| (self.all_kills() * percent).div_ceil(100);
        let often = Kind::AIMED.map(|kind| (kind, least(SHARE_PERCENT_MIN)));
        let less_often = Kind::AIMED_AT_LESS.map(|kind| (kind, least(SMALL_SHARE_PERCENT_MIN)));
        let kinds = often.into_iter().chain(less_often);
        let missed = kinds.filter(|(kind, enough)| self.kills(*kind) < *enough);
        missed.map(|(kind, _)| kind).collect()
    }

    /// Adds what one file's model counted.
    pub fn add(&mut self, counts: Counts) {
        self.counts.entries += counts.entries;
        self.counts.acks += counts.acks;
        self.counts.pruned += counts.pruned;
        self.counts.migrated += counts.migrated;
        self.counts.moved += counts.moved;
        self.counts.copied += counts.copied;
        self.counts.refused += counts.refused;
    }

    /// Counts what was found.
    pub fn note(&mut self, violations: &[Violation]) {
        for violation in violations {
            match violation {
                Violation::Lost { .. } => self.lost += 1,
                Violation::PrunedUnacknowledged { .. } => self.pruned_unacknowledged += 1,
                Violation::Reopening { .. } => self.reopens_failed += 1,
                _ => {}
            }
        }
    }

    fn all_kills(&self) -> u32 {
        self.in_flight.values().map(Hits::all).sum()
    }

    fn row(&self, text: &mut String, name: &str, kind: Option<Kind>) -> fmt::Result {
        let hits = self.in_flight.get(&kind).copied().unwrap_or_default();
        let share = f64::from(hits.all()) * 100.0 / f64::from(self.all_kills().max(1));
        writeln!(
            text,
            "{name:<18}{:>7}{share:>8.1} %{:>9}{:>9}{:>9}",
            hits.all(),
            hits.none,
            hits.part,
            hits.whole
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        writeln!(
            text,
            "in flight           kills     share    found: not   partly    whole"
        )?;
        for kind in Kind::AIMED.into_iter().chain(Kind::AIMED_AT_LESS) {
            self.row(&mut text, kind.name(), Some(kind))?;
        }
        self.row(&mut text, Kind::Other.name(), Some(Kind::Other))?;
        self.row(&mut text, "between two", None)?;
        let Counts {
            entries,
            acks,
            pruned,
            migrated,
            moved,
            copied,
            refused,
        } = self.counts;
        writeln!(text, "acknowledged entries {entries}, lost {}", self.lost)?;
        let unacknowledged = self.pruned_unacknowledged;
        writeln!(
            text,
            "pruned entries {pruned}, of them unacknowledged {unacknowledged}"
        )?;
        writeln!(
            text,
            "acknowledged acks {acks}, logs made beside {migrated}"
        )?;
        writeln!(text, "moves {moved}, copies {copied}, refusals {refused}")?;
        let (reopens, failed) = (self.reopens, self.reopens_failed);
        writeln!(text, "reopens {reopens}, of them failed {failed}")?;
        let companions = self.companions;
        writeln!(
            text,
            "rounds with a second process that went on {companions}"
        )?;
        let (wall, kills) = (self.wall.as_secs_f64(), self.all_kills().max(1));
        let each = wall / f64::from(kills);
        writeln!(text, "wall time {wall:.1} s, {each:.3} s per kill")?;
        f.write_str(&text)
    }
}
