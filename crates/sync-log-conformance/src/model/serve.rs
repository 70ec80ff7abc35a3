//! What readers get, and what `explain` says, in the reference.

use std::cmp::Reverse;

use sync_log_core::{
    Cause, Cursor, Explanation, Hlc, LogError, Page, PrunePolicy, ReadLimits, Reason, Remedy,
    RowFault, SharedChangeEntry, UntrustedRow, Uuid, Verdict, VerdictKind,
};

use super::clock::{LIMIT_MS, ahead_ms};
use super::peer::{Known, Own};
use super::reference::Reference;

/// No log is older.
const YEAR_2020_MS: i64 = 1_577_836_800_000;
/// A week.
const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;

impl Reference {
    pub(super) fn read(
        &mut self,
        id: Uuid,
        at: Cursor,
        limits: ReadLimits,
    ) -> Result<Page, LogError> {
        if limits.max_entries == 0 || limits.max_bytes == 0 {
            return Err(LogError::ZeroLimit);
        }
        self.refuse_own_and_retired(id)?;
        let unknown = LogError::UnknownPeer { peer: id.into() };
        let mut known = self.known(id).ok_or(unknown)?;
        if let Err(refusal) = self.refuse_cursor(at) {
            self.note_restored(&refusal, id);
            return Err(refusal);
        }
        if at.hlc() < known.position() {
            known.hold = Some(at.hlc());
            self.write(id, known);
        }
        Ok(self.page(at, limits))
    }

    /// A cursor is valid if it is the zero cursor of a log that was never pruned, the
    /// floor, or a retained entry.
    fn refuse_cursor(&self, cursor: Cursor) -> Result<(), LogError> {
        let (requested, head, floor) = (cursor.hlc(), self.file.head.hlc, self.file.floor.hlc);
        let log_id = self.identity.log_id;
        if self.cursor(requested) == Some(cursor) {
            return Ok(());
        }
        if cursor != Cursor::ZERO && cursor.log_id() != log_id {
            return Err(LogError::OtherLog {
                requested: cursor.log_id(),
                log_id,
            });
        }
        if requested < floor {
            return Err(LogError::Compacted {
                requested,
                floor,
                head,
            });
        }
        if requested > head {
            return Err(LogError::AheadOfHead { requested, head });
        }
        Err(LogError::Diverged { requested, head })
    }

    /// The sign that the file is not the one that the reader read.
    fn note_restored(&mut self, refusal: &LogError, reader: Uuid) {
        let (kind, hlc) = match refusal {
            LogError::Diverged { requested, .. } => (VerdictKind::Diverged, *requested),
            LogError::AheadOfHead { requested, .. } => (VerdictKind::AheadOfHead, *requested),
            _ => return,
        };
        self.note(kind, hlc, Some(reader));
    }

    /// As many whole groups as fit, and at least one.
    fn page(&self, cursor: Cursor, limits: ReadLimits) -> Page {
        let retained = self.file.entries.iter().map(|retained| &retained.entry);
        let after: Vec<_> = retained
            .filter(|entry| entry.hlc > cursor.hlc())
            .cloned()
            .collect();
        let size = |entry: &SharedChangeEntry| entry.model_type.len() + entry.data.len_bytes();
        let mut entries: Vec<SharedChangeEntry> = Vec::new();
        for group in after.split_inclusive(|entry| entry.group_end) {
            let bytes: usize = entries.iter().chain(group).map(size).sum();
            let count = entries.len() + group.len();
            let fits = count <= limits.max_entries && bytes <= limits.max_bytes;
            if !fits && !entries.is_empty() {
                break;
            }
            entries.extend_from_slice(group);
        }
        let last = entries.last().map(|entry| entry.hlc);
        let next = last.map_or(cursor, |hlc| self.cursor(hlc).unwrap());
        Page {
            after: cursor,
            more: next.hlc() < self.file.head.hlc,
            entries,
            next,
            head: self.file.head.hlc,
            floor: self.file.floor.hlc,
        }
    }

    pub(super) fn since(
        &self,
        since: Option<Hlc>,
        limit: usize,
    ) -> Result<Vec<SharedChangeEntry>, LogError> {
        let (head, floor) = (self.file.head.hlc, self.file.floor.hlc);
        match since {
            _ if limit == 0 => return Err(LogError::ZeroLimit),
            Some(requested) if requested < floor => {
                return Err(LogError::Compacted {
                    requested,
                    floor,
                    head,
                });
            }
            Some(requested) if requested > head => {
                return Err(LogError::AheadOfHead { requested, head });
            }
            _ => {}
        }
        let entries = self.file.entries.iter().map(|retained| &retained.entry);
        let after = entries.filter(|entry| since.is_none_or(|since| entry.hlc > since));
        Ok(after.take(limit).cloned().collect())
    }

    pub(super) fn explain(&self) -> Explanation {
        let peers = self.file.peers.keys();
        let mut reasons: Vec<Reason> = peers.flat_map(|id| self.held(*id)).collect();
        let verdicts = self.file.verdicts.values();
        reasons.extend(verdicts.map(|verdict| self.restored(*verdict)));
        reasons.extend(self.clock_ahead());
        // Stable: equals stay in the order of their ids.
        let named = reasons.clone();
        reasons.sort_by_key(|reason| Reverse(weight(reason, &named)));
        let nobody_else = reasons.iter().all(|reason| reason.lag_entries == 0);
        reasons.extend(self.held_by_nobody_or_policy(nobody_else));
        Explanation {
            head: self.file.head.hlc,
            floor: self.file.floor.hlc,
            pending_entries: self.file.entries.len() as u64,
            reasons,
        }
    }

    /// A sign keeps nothing.
    fn restored(&self, verdict: Verdict) -> Reason {
        let cause = Cause::Restored(verdict);
        Reason {
            peer: verdict.peer,
            ..self.held_above(cause, Some(Remedy::NewIdentity), self.file.head.hlc)
        }
    }

    /// The stamps are more than a day ahead of the wall clock.
    fn clock_ahead(&self) -> Option<Reason> {
        let verdicts = self.file.verdicts.get(&VerdictKind::OwnStamp);
        let highest = self.file.high_water.max(self.file.head.hlc);
        let highest = verdicts.map_or(highest, |verdict| highest.max(verdict.hlc));
        let ahead_by_ms = ahead_ms(highest, self.now_ms);
        if ahead_by_ms <= LIMIT_MS {
            return None;
        }
        let newest = self.file.entries.last();
        let is_clock_right = newest.is_some_and(|newest| {
            let was_ahead = ahead_ms(newest.entry.hlc, newest.at_ms) > LIMIT_MS;
            newest.at_ms <= self.now_ms && was_ahead && self.now_ms >= YEAR_2020_MS
        });
        let remedy = if is_clock_right {
            Remedy::NewIdentity
        } else {
            Remedy::FixClock
        };
        let cause = Cause::ClockAhead {
            device_id: self.identity.device_id,
            ahead_ms: ahead_by_ms,
        };
        Some(self.held_above(cause, Some(remedy), self.file.head.hlc))
    }

    /// What is wrong with the rows of that id, and what the peer lacks. A fault that makes it
    /// count as one that acknowledged nothing is the reason for what it lacks.
    fn held(&self, id: Uuid) -> Vec<Reason> {
        let counts = self.known(id).filter(|known| known.retired_at_ms.is_none());
        let lacks = counts.and_then(|known| self.lacks(id, known));
        let Some(fault) = self.fault(id) else {
            return lacks.into_iter().collect();
        };
        let (remedy, is_reason) = match fault {
            RowFault::OwnPeer => (Remedy::Reopen, false),
            RowFault::OtherMirror => (Remedy::Pull, false),
            _ => (Remedy::Register, counts.is_some()),
        };
        let position = if is_reason {
            Hlc::ZERO
        } else {
            self.file.head.hlc
        };
        let cause = Cause::UntrustedRow(UntrustedRow {
            peer_device_id: id.to_string(),
            fault,
        });
        let row = Reason {
            peer: Some(id.into()),
            registered_by: match self.file.peers[&id].own {
                Own::Known(known) => Some(known.registered_by),
                _ => None,
            },
            ..self.held_above(cause, Some(remedy), position)
        };
        lacks
            .filter(|_| !is_reason)
            .into_iter()
            .chain([row])
            .collect()
    }

    fn lacks(&self, id: Uuid, known: Known) -> Option<Reason> {
        let (acked, position) = (known.acked, known.position());
        let (cause, remedy) = match known.hold {
            _ if position < self.file.floor.hlc => (Cause::BelowFloor, Remedy::Bootstrap),
            _ if self.extent(position).entries == 0 => return None,
            Some(hold) if hold < acked => (Cause::PeerRewound { hold, acked }, Remedy::Pull),
            _ if acked.is_zero() => (Cause::NeverAcked, self.pull_or_retire(known, position)),
            _ => (Cause::Behind, self.pull_or_retire(known, position)),
        };
        Some(Reason {
            peer: Some(id.into()),
            registered_by: Some(known.registered_by),
            ..self.held_above(cause, Some(remedy), position)
        })
    }

    /// A peer that lacks an entry of a week, and was silent for one.
    fn pull_or_retire(&self, known: Known, position: Hlc) -> Remedy {
        let oldest = self.extent(position).oldest_created_at_ms;
        let is_old = |at_ms: i64| self.now_ms - at_ms >= WEEK_MS;
        if oldest.is_some_and(is_old) && is_old(known.acked_at_ms) {
            Remedy::Retire
        } else {
            Remedy::Pull
        }
    }

    fn held_by_nobody_or_policy(&self, nobody_else: bool) -> Option<Reason> {
        let active = self.active_positions();
        let pending = self.file.entries.len();
        if active.is_empty() && !self.file.solo {
            let mut ids = self.file.peers.keys();
            let remedy = if ids.any(|id| self.known(*id).is_some()) {
                Remedy::DeclareSolo
            } else {
                Remedy::Register
            };
            let reasons = self.held_above(Cause::NoPeers, Some(remedy), Hlc::ZERO);
            return (nobody_else && pending > 0).then_some(reasons);
        }
        let everybody_has = |hlc: Hlc| active.iter().all(|position| hlc <= *position);
        let entries = self.file.entries.iter();
        let kept = entries.filter(|r| everybody_has(r.entry.hlc)).count();
        let last = &self.file.entries[..kept].last()?.entry;
        let all = self.held_above(Cause::NotYetPruned, Some(Remedy::Prune), Hlc::ZERO);
        let by_policy = match self.policy {
            PrunePolicy::KeepEntries { count } => kept <= count,
            PrunePolicy::KeepFor { age_ms } => self.age_ms(0) < age_ms,
            _ => false,
        };
        Some(Reason {
            cause: if by_policy {
                Cause::Retention
            } else {
                Cause::NotYetPruned
            },
            remedy: all.remedy.filter(|_| !by_policy),
            lag_entries: kept as u64,
            lag_bytes: all.lag_bytes - self.extent(last.hlc).bytes,
            ..all
        })
    }

    fn held_above(&self, cause: Cause, remedy: Option<Remedy>, position: Hlc) -> Reason {
        let lag = self.extent(position);
        let age = |at: i64| (self.now_ms - at).max(0).cast_unsigned();
        Reason {
            cause,
            peer: None,
            registered_by: None,
            lag_entries: lag.entries,
            lag_bytes: lag.bytes,
            lag_ms: lag.oldest_created_at_ms.map_or(0, age),
            remedy,
        }
    }
}

/// How much a reason keeps. A verdict that a peer showed weighs a little more than the worst of that peer's
/// reasons.
fn weight(reason: &Reason, all: &[Reason]) -> ((u64, u64), bool) {
    let kept = |it: &Reason| (it.lag_entries, it.lag_ms);
    let is_verdict = matches!(reason.cause, Cause::Restored(_)) && reason.peer.is_some();
    let of_peer = all.iter().filter(|it| is_verdict && it.peer == reason.peer);
    let most = of_peer.map(kept).max().unwrap_or_else(|| kept(reason));
    (most, is_verdict)
}
