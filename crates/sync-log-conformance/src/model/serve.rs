//! What readers get, and what `explain` says, in the reference.

use std::cmp::Reverse;

use sync_log_core::{
    Cause, Cursor, Explanation, Held, Hlc, LogError, Page, PrunePolicy, ReadLimits, Remedy,
    SharedChangeEntry, UntrustedRow, Uuid,
};

use super::reference::Reference;
use crate::rig::DEVICE;

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
        if id == DEVICE {
            return Err(LogError::OwnPeer { peer: id });
        }
        let Some(peer) = self.file.peers.get(&id) else {
            return Err(LogError::UnknownPeer { peer: id });
        };
        if let Some(since_ms) = peer.retired_at_ms {
            return Err(LogError::PeerRetired {
                peer: id,
                since_ms,
                reason: sync_log_core::RetireReason::Operator,
            });
        }
        let trusted = peer.trusted(self.file.head);
        self.refuse_cursor(at)?;
        if let Ok(acked) = trusted {
            let peer = self.file.peers.get_mut(&id).unwrap();
            let position = peer.hold.map_or(acked, |hold| hold.min(acked));
            if at.hlc() < position {
                peer.hold = Some(at.hlc());
            }
        }
        Ok(self.page(at, limits))
    }

    /// Only the zero cursor of a log never pruned, the floor, and entries that
    /// are there are places.
    fn refuse_cursor(&self, cursor: Cursor) -> Result<(), LogError> {
        let (requested, head, floor) = (cursor.hlc(), self.file.head, self.file.floor.hlc);
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

    fn page(&self, cursor: Cursor, limits: ReadLimits) -> Page {
        let mut entries: Vec<SharedChangeEntry> = Vec::new();
        let mut bytes = 0;
        for (entry, _) in &self.file.entries {
            if entry.hlc <= cursor.hlc() {
                continue;
            }
            bytes += entry.model_type.len() + entry.data.len_bytes();
            let fits = entries.is_empty() || bytes <= limits.max_bytes;
            if entries.len() == limits.max_entries || !fits {
                break;
            }
            entries.push(entry.clone());
        }
        let last = entries.last().map(|entry| entry.hlc);
        let next = last.map_or(cursor, |hlc| self.cursor(hlc).unwrap());
        Page {
            more: next.hlc() < self.file.head,
            entries,
            next,
            head: self.file.head,
            floor: self.file.floor.hlc,
        }
    }

    pub(super) fn since(
        &self,
        since: Option<Hlc>,
        limit: usize,
    ) -> Result<Vec<SharedChangeEntry>, LogError> {
        let (head, floor) = (self.file.head, self.file.floor.hlc);
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
        let entries = self.file.entries.iter().map(|(entry, _)| entry);
        let after = entries.filter(|entry| since.is_none_or(|since| entry.hlc > since));
        Ok(after.take(limit).cloned().collect())
    }

    pub(super) fn explain(&self) -> Explanation {
        let mut held: Vec<Held> = self
            .file
            .peers
            .keys()
            .filter_map(|id| self.held(*id))
            .collect();
        // Stable: equals stay in the order of their ids.
        held.sort_by_key(|held| Reverse((held.lag_entries, held.lag_ms)));
        held.extend(self.held_by_nobody_or_policy(held.is_empty()));
        Explanation {
            head: self.file.head,
            floor: self.file.floor.hlc,
            pending: self.file.entries.len() as u64,
            held,
        }
    }

    fn held(&self, id: Uuid) -> Option<Held> {
        let peer = &self.file.peers[&id];
        let of_peer = |cause, remedy, place| Held {
            peer: Some(id),
            registered_by: Some(peer.registered_by),
            ..self.held_above(cause, Some(remedy), place)
        };
        let acked = match peer.trusted(self.file.head) {
            Ok(acked) => acked,
            Err(fault) => {
                let row = UntrustedRow {
                    peer_device_id: id.to_string(),
                    fault,
                };
                return Some(of_peer(
                    Cause::UntrustedRow(row),
                    Remedy::RepairRow,
                    Hlc::ZERO,
                ));
            }
        };
        if peer.retired_at_ms.is_some() {
            return None;
        }
        let place = peer.hold.map_or(acked, |hold| hold.min(acked));
        if place < self.file.floor.hlc {
            return Some(of_peer(Cause::BelowFloor, Remedy::Bootstrap, place));
        }
        let cause = match peer.hold {
            _ if self.extent(place).entries == 0 => return None,
            Some(hold) if hold < acked => Cause::PeerRewound { hold, acked },
            _ if acked.is_zero() => Cause::NeverAcked,
            _ => Cause::Behind,
        };
        Some(of_peer(cause, Remedy::Pull, place))
    }

    fn held_by_nobody_or_policy(&self, nobody_else: bool) -> Option<Held> {
        let active = self.active_positions().ok()?;
        let pending = self.file.entries.len();
        if active.is_empty() && !self.file.solo {
            let remedy = match self.file.peers.len() {
                0 => Remedy::Register,
                _ => Remedy::DeclareSolo,
            };
            let held = self.held_above(Cause::NoPeers, Some(remedy), Hlc::ZERO);
            return (nobody_else && pending > 0).then_some(held);
        }
        let everybody_has = |hlc: Hlc| active.iter().all(|position| hlc <= *position);
        let entries = self.file.entries.iter();
        let kept = entries.filter(|(e, _)| everybody_has(e.hlc)).count();
        let (last, _) = self.file.entries[..kept].last()?;
        let all = self.held_above(Cause::NotYetPruned, None, Hlc::ZERO);
        let by_policy = match self.policy {
            PrunePolicy::KeepEntries { count } => kept <= count,
            PrunePolicy::KeepFor { age_ms } => all.lag_ms < age_ms,
            _ => false,
        };
        Some(Held {
            cause: if by_policy {
                Cause::Retention
            } else {
                Cause::NotYetPruned
            },
            lag_entries: kept as u64,
            lag_bytes: all.lag_bytes - self.extent(last.hlc).bytes,
            ..all
        })
    }

    fn held_above(&self, cause: Cause, remedy: Option<Remedy>, place: Hlc) -> Held {
        let lag = self.extent(place);
        let age = |at: i64| (self.now_ms - at).max(0).cast_unsigned();
        Held {
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
