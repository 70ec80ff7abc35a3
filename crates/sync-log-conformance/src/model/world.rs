//! A log and its reference, side by side: one step on both, then compared.

use std::fmt::Debug;

use sync_log_core::CEILING_MS;
use sync_log_core::{
    Ack, AckOutcome, Change, Cursor, Explanation, Hlc, LogError, OnAck, Page, ReadLimits,
    Registration, SharedChangeEntry, SyncLog, Uuid,
};

use super::check::check;
use super::op::{CursorPick, HANDLES, History, Item, OPEN, Op, SpoilPick, StampPick};
use super::peer::{Known, ModelPeer, Own};
use super::reference::{File, Reference};
use crate::damage::RowDamage;
use crate::harness::Tampering;
use crate::rig::{Log, Rig};
use crate::sample::{self, DEVICE};

/// The answer of a call.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Done,
    Stamp(Hlc),
    Stamps(Vec<Hlc>),
    Observed(Option<Hlc>),
    Ack(AckOutcome),
    OnAck(OnAck),
    Pruned(usize),
    Dismissed(usize),
    Registered(Registration),
    Admitted(u32),
    Page(Page),
    Entries(Vec<SharedChangeEntry>),
    Cursor(Cursor),
    Explained(Explanation),
}

/// The answer of a call, or its whole error as text.
type Outcome = Result<Answer, String>;

fn outcome<T>(result: Result<T, LogError>, answer: impl Fn(T) -> Answer) -> Outcome {
    result.map(answer).map_err(|error| format!("{error:?}"))
}

/// A log, its reference, and the stamps and cursors that the history has seen.
pub(super) struct World<H: Tampering> {
    rig: Rig<H>,
    history: History,
    logs: Vec<Log>,
    model: Reference,
    backup: Option<(H::Backup, File)>,
    stamps: Vec<Hlc>,
    cursors: Vec<Cursor>,
}

impl<H: Tampering> World<H> {
    pub(super) async fn new(history: History) -> Self {
        let rig = Rig::<H>::born(history.birth).await;
        let first = open(&rig, &history).await;
        let model = Reference::new(
            first.identity(),
            history.birth,
            history.policy,
            history.unknown_peers,
        );
        let mut logs = vec![first];
        while logs.len() < HANDLES {
            logs.push(open(&rig, &history).await);
        }
        Self {
            rig,
            history,
            logs,
            model,
            backup: None,
            stamps: Vec::new(),
            cursors: Vec::new(),
        }
    }

    /// Makes one step on both, and compares their answers and their contents.
    pub(super) async fn step(&mut self, handle: usize, op: &Op) -> Result<(), String> {
        let before = self.model.snapshot();
        let is_restore = matches!(op, Op::Restore);
        match op {
            Op::Reopen => self.reopen(handle).await?,
            Op::BackUp => self.back_up().await?,
            Op::Restore => self.restore().await?,
            Op::Plant(peer, row) => self.plant(*peer, *row).await,
            Op::Spoil(peer, pick) => self.spoil(*peer, *pick).await,
            Op::Wall(jump_ms) => {
                self.model.now_ms += jump_ms;
                self.rig.wall.set_ms(self.model.now_ms);
            }
            call => self.call(handle, call).await?,
        }
        let found = self.logs[handle].snapshot().await;
        ensure_equal("what the log holds", &found, &self.model.snapshot())?;
        let verdicts = self.logs[handle].verdicts().await;
        ensure_equal("what it shows", &verdicts, &self.model.verdicts())?;
        let retained = self.rig.storage.retained().await;
        ensure_equal("what the storage holds", &retained, &found.stamps())?;
        if is_restore {
            Ok(())
        } else {
            check(&before, &found)
        }
    }

    async fn call(&mut self, handle: usize, op: &Op) -> Result<(), String> {
        let log = (*self.logs[handle]).clone();
        let (found, expected) = match op {
            Op::Record(_) | Op::RecordMany(_) | Op::RecordEach(_) => {
                self.record(&log, handle, op).await
            }
            Op::Tick | Op::Append(_) | Op::AppendMany(_) | Op::Observe(_) => {
                self.write(&log, handle, op).await
            }
            Op::Ack(..) | Op::OnAck(..) | Op::AckAt(..) | Op::AckUnder(..) => {
                self.acknowledge(&log, op).await
            }
            Op::Read(..) | Op::Since(..) | Op::HeadCursor | Op::FloorCursor => {
                self.read(&log, op).await
            }
            _ => self.manage(&log, op).await,
        };
        ensure_equal("the answer", &found, &expected)?;
        self.remember(&found);
        Ok(())
    }

    async fn record(&mut self, log: &SyncLog, handle: usize, op: &Op) -> (Outcome, Outcome) {
        match op {
            Op::Record(number) => {
                let change = change(*number);
                let found = outcome(log.record(change.clone()).await, Answer::Stamp);
                let stamps = self.model.record_each(handle, vec![change]);
                (found, Ok(Answer::Stamp(stamps[0])))
            }
            Op::RecordMany(count) => {
                let changes: Vec<_> = (0..*count).map(change).collect();
                let found = outcome(log.record_many(changes.clone()).await, Answer::Stamps);
                let stamps = self.model.record_many(handle, changes);
                (found, Ok(Answer::Stamps(stamps)))
            }
            Op::RecordEach(count) => {
                let changes: Vec<_> = (0..*count).map(change).collect();
                let found = outcome(log.record_each(changes.clone()).await, Answer::Stamps);
                let stamps = self.model.record_each(handle, changes);
                (found, Ok(Answer::Stamps(stamps)))
            }
            other => unreachable!("{other:?} records nothing"),
        }
    }

    async fn write(&mut self, log: &SyncLog, handle: usize, op: &Op) -> (Outcome, Outcome) {
        match op {
            Op::Tick => {
                let found = outcome(log.tick().await, Answer::Stamp);
                (found, Ok(Answer::Stamp(self.model.tick(handle))))
            }
            Op::Append(item) => {
                let entry = self.entry(*item);
                self.stamps.push(entry.hlc);
                let found = outcome(log.append(entry.clone()).await, Answer::Stamp);
                let hlc = entry.hlc;
                let expected = self.model.append(handle, vec![entry]);
                (found, outcome(expected, |()| Answer::Stamp(hlc)))
            }
            Op::AppendMany(items) => {
                let batch: Vec<_> = items.iter().map(|item| self.entry(*item)).collect();
                self.stamps.extend(batch.iter().map(|entry| entry.hlc));
                let found = outcome(log.append_many(batch.clone()).await, |()| Answer::Done);
                let expected = self.model.append(handle, batch);
                (found, outcome(expected, |()| Answer::Done))
            }
            Op::Observe(picks) => {
                let remotes: Vec<_> = picks.iter().map(|pick| self.stamp(*pick)).collect();
                self.stamps.extend(&remotes);
                let found = outcome(log.observe_all(&remotes).await, Answer::Observed);
                let expected = self.model.observe(handle, &remotes);
                (found, outcome(expected, Answer::Observed))
            }
            other => unreachable!("{other:?} is no write"),
        }
    }

    async fn acknowledge(&mut self, log: &SyncLog, op: &Op) -> (Outcome, Outcome) {
        match op {
            Op::Ack(peer, pick) => {
                let (peer, hlc) = (device(*peer), self.stamp(*pick));
                let found = outcome(log.record_ack(peer, hlc).await, Answer::Ack);
                let expected = self.model.ack(peer, hlc.into());
                (found, outcome(expected, Answer::Ack))
            }
            Op::OnAck(peer, pick) => {
                let (peer, hlc) = (device(*peer), self.stamp(*pick));
                let found = outcome(log.on_ack(peer, hlc).await, Answer::OnAck);
                let expected = self.model.ack(peer, hlc.into()).map(|ack| {
                    let prunes = ack != AckOutcome::Registered;
                    let pruned = if prunes { self.model.prune() } else { 0 };
                    OnAck { ack, pruned }
                });
                (found, outcome(expected, Answer::OnAck))
            }
            Op::AckAt(peer, pick) => {
                let (peer, cursor) = (device(*peer), self.cursor(*pick));
                let found = outcome(log.acknowledge(Ack::new(peer, cursor)).await, Answer::Ack);
                let expected = self.model.ack(peer, cursor.into());
                (found, outcome(expected, Answer::Ack))
            }
            Op::AckUnder(peer, number, pick) => {
                let (peer, number, cursor) =
                    (device(*peer), u32::from(*number), self.cursor(*pick));
                let found = log.acknowledge(Ack::new(peer, cursor).under(number)).await;
                let expected = self.model.ack_under(peer, number, cursor.into());
                (outcome(found, Answer::Ack), outcome(expected, Answer::Ack))
            }
            other => unreachable!("{other:?} is no ack"),
        }
    }

    async fn read(&mut self, log: &SyncLog, op: &Op) -> (Outcome, Outcome) {
        match op {
            Op::Read(peer, pick, max_entries, max_bytes) => {
                let (peer, cursor) = (device(*peer), self.cursor(*pick));
                let limits = ReadLimits {
                    max_entries: usize::from(*max_entries),
                    max_bytes: usize::from(*max_bytes),
                };
                let found = outcome(log.read_for(peer, cursor, limits).await, Answer::Page);
                let expected = self.model.read(peer, cursor, limits);
                (found, outcome(expected, Answer::Page))
            }
            Op::Since(pick, limit) => {
                let (since, limit) = (pick.map(|pick| self.stamp(pick)), usize::from(*limit));
                let found = outcome(log.get_since(since, limit).await, Answer::Entries);
                let expected = self.model.since(since, limit);
                (found, outcome(expected, Answer::Entries))
            }
            Op::HeadCursor => {
                let found = outcome(log.head_cursor().await, Answer::Cursor);
                (found, Ok(Answer::Cursor(self.model.head_cursor())))
            }
            Op::FloorCursor => {
                let found = outcome(log.floor_cursor().await, Answer::Cursor);
                (found, Ok(Answer::Cursor(self.model.floor_cursor())))
            }
            other => unreachable!("{other:?} is no read"),
        }
    }

    async fn manage(&mut self, log: &SyncLog, op: &Op) -> (Outcome, Outcome) {
        match op {
            Op::Prune => {
                let found = outcome(log.prune_acked().await, Answer::Pruned);
                (found, Ok(Answer::Pruned(self.model.prune())))
            }
            Op::Explain => {
                let found = outcome(log.explain().await, Answer::Explained);
                (found, Ok(Answer::Explained(self.model.explain())))
            }
            Op::DismissVerdicts => {
                let found = outcome(
                    log.dismiss_verdicts().await.map(|it| it.len()),
                    Answer::Dismissed,
                );
                (found, Ok(Answer::Dismissed(self.model.dismiss_verdicts())))
            }
            Op::Register(peer) => {
                let peer = device(*peer);
                let found = outcome(log.register_peer(peer).await, Answer::Registered);
                let expected = self.model.register(peer);
                (found, outcome(expected, Answer::Registered))
            }
            Op::Retire(peer) => {
                let peer = device(*peer);
                let found = outcome(log.retire(peer).await, |()| Answer::Done);
                let expected = self.model.retire(peer);
                (found, outcome(expected, |()| Answer::Done))
            }
            Op::Admit(peer) => {
                let peer = device(*peer);
                let found = outcome(log.admit(peer).await, Answer::Admitted);
                let expected = self.model.admit(peer);
                (found, outcome(expected, Answer::Admitted))
            }
            Op::Solo => {
                let found = outcome(log.declare_solo().await, |()| Answer::Done);
                let expected = self.model.declare_solo();
                (found, outcome(expected, |()| Answer::Done))
            }
            other => unreachable!("{other:?} is no call"),
        }
    }

    /// Keeps stamps and cursors that were given out, to use them again later.
    fn remember(&mut self, found: &Outcome) {
        match found {
            Ok(Answer::Stamp(stamp)) => self.stamps.push(*stamp),
            Ok(Answer::Stamps(stamps)) => self.stamps.extend(stamps),
            Ok(Answer::Page(page)) => self.cursors.push(page.next),
            Ok(Answer::Cursor(cursor)) => self.cursors.push(*cursor),
            _ => {}
        }
    }

    async fn reopen(&mut self, handle: usize) -> Result<(), String> {
        self.logs[handle].close().await.unwrap();
        self.logs[handle] = open(&self.rig, &self.history).await;
        self.model.reopen(handle);
        self.take_over_repairs().await
    }

    async fn close_all(&self) {
        for log in &self.logs {
            log.close().await.unwrap();
        }
    }

    async fn open_all(&mut self) -> Result<(), String> {
        for handle in 0..HANDLES {
            self.logs[handle] = open(&self.rig, &self.history).await;
        }
        let file = self.model.file.clone();
        self.model.restore(&file);
        self.take_over_repairs().await
    }

    /// Opening may repair rows that have a fault.
    async fn take_over_repairs(&mut self) -> Result<(), String> {
        let found = self.logs[0].snapshot().await;
        self.model.take_over_repairs(&found)
    }

    async fn back_up(&mut self) -> Result<(), String> {
        self.close_all().await;
        let copy = self.rig.storage.backup().await;
        self.backup = Some((copy, self.model.file.clone()));
        self.open_all().await
    }

    async fn restore(&mut self) -> Result<(), String> {
        if let Some((copy, file)) = &self.backup {
            self.close_all().await;
            self.rig.storage.restore(copy).await;
            self.model.restore(file);
            self.open_all().await?;
        }
        Ok(())
    }

    /// Another program overwrites the mirror, whether there is such a peer or not.
    async fn plant(&mut self, peer: u8, row: Option<StampPick>) {
        let id = device(peer);
        let text = row.map_or("garbage".to_owned(), |pick| self.stamp(pick).to_string());
        let damage = RowDamage::Mirror(text.clone());
        let storage = &self.rig.storage;
        storage.damage_row(&id.to_string(), damage).await;
        let peers = &mut self.model.file.peers;
        let stranger = ModelPeer {
            own: Own::Missing,
            mirror: None,
        };
        peers.entry(id).or_insert(stranger).mirror = Some(text);
    }

    /// The own row of a peer is damaged, if there is one that can be read.
    async fn spoil(&mut self, peer: u8, pick: SpoilPick) {
        let id = device(peer);
        let Some(row) = self.model.file.peers.get(&id).cloned() else {
            return;
        };
        let Own::Known(known) = row.own else { return };
        let (damage, own) = match pick {
            SpoilPick::Deleted => (RowDamage::Deleted, Own::Missing),
            SpoilPick::Spoiled => (RowDamage::Spoiled, Own::Spoiled(Some(known.admission))),
            SpoilPick::SpoiledWhole => (RowDamage::SpoiledWhole, Own::Spoiled(None)),
            SpoilPick::Acked(pick) => {
                let acked = self.stamp(pick);
                (
                    RowDamage::Acked(acked),
                    Own::Known(Known { acked, ..known }),
                )
            }
        };
        let storage = &self.rig.storage;
        storage.damage_row(&id.to_string(), damage).await;
        self.model.file.peers.insert(id, ModelPeer { own, ..row });
    }

    fn stamp(&self, pick: StampPick) -> Hlc {
        let seen = |number| picked(&self.stamps, number).unwrap_or(Hlc::ZERO);
        let wall = |ahead_ms: i64| (self.model.now_ms + ahead_ms).max(0).cast_unsigned();
        match pick {
            StampPick::Zero => Hlc::ZERO,
            StampPick::Seen(number) => seen(number),
            StampPick::Retained(number) => {
                let entries = &self.model.file.entries;
                picked(entries, number).map_or(Hlc::ZERO, |retained| retained.entry.hlc)
            }
            StampPick::Above(number) => sample::just_above(seen(number)),
            StampPick::Below(number) => match seen(number) {
                first if first.timestamp == 0 => first,
                later => sample::just_below(later),
            },
            StampPick::Foreign(number) => sample::foreign(seen(number)),
            StampPick::OwnAt(ahead_ms) => Hlc::new(wall(ahead_ms), 0, DEVICE),
            StampPick::ForeignAt(ahead_ms) => Hlc::new(wall(ahead_ms), 70_000, sample::peer(1)),
            StampPick::Ceiling => Hlc::new(CEILING_MS, 0, DEVICE),
        }
    }

    fn cursor(&self, pick: CursorPick) -> Cursor {
        let given = |number| picked(&self.cursors, number).unwrap_or(Cursor::ZERO);
        let unless_zero = |cursor: Cursor, change: fn(Cursor) -> Cursor| match cursor {
            Cursor::ZERO => cursor,
            _ => change(cursor),
        };
        match pick {
            CursorPick::Zero => Cursor::ZERO,
            CursorPick::Given(number) => given(number),
            CursorPick::Retained(number) => {
                let hlc = self.stamp(StampPick::Retained(number));
                self.model.cursor(hlc).unwrap_or(Cursor::ZERO)
            }
            CursorPick::Retagged(number) => unless_zero(given(number), sample::retagged),
            CursorPick::OtherLog(number) => unless_zero(given(number), sample::in_other_log),
            CursorPick::MadeUp(pick) => {
                let log_id = self.model.identity.log_id;
                let made = Cursor::new(log_id, self.stamp(pick), sample::made_up_tag(42));
                made.unwrap_or(Cursor::ZERO)
            }
        }
    }

    fn entry(&self, item: Item) -> SharedChangeEntry {
        match item {
            Item::New(pick, number) => SharedChangeEntry {
                group_end: number != OPEN,
                ..change(number).stamped(self.stamp(pick))
            },
            Item::Copy(number) => {
                let there = picked(&self.model.file.entries, number);
                there.map_or_else(|| change(0).stamped(Hlc::ZERO), |there| there.entry)
            }
        }
    }
}

async fn open<H: Tampering>(rig: &Rig<H>, history: &History) -> Log {
    let mut options = rig.options();
    options.policy = history.policy;
    options.unknown_peers = history.unknown_peers;
    rig.open_with(options).await
}

fn ensure_equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} is {found:#?}\nbut should be {expected:#?}"))
    }
}

/// The change of that number, of a model version anywhere between 0 and the highest.
fn change(number: u8) -> Change {
    Change {
        model_version: u32::from_be_bytes([number; 4]),
        ..sample::change(usize::from(number))
    }
}

/// The device of that number: 0 is this device itself.
fn device(number: u8) -> Uuid {
    match number {
        0 => DEVICE,
        _ => sample::peer(u128::from(number)),
    }
}

/// One of `all`, the newest more likely than by chance if there are many.
fn picked<T: Clone>(all: &[T], number: u8) -> Option<T> {
    let back = usize::from(number) % all.len().clamp(1, 12);
    all.len()
        .checked_sub(1 + back)
        .map(|index| all[index].clone())
}
