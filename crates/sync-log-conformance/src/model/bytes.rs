//! Histories out of bytes, for a fuzzer: every input is a history, and a small
//! change of the input is a small change of the history.

use sync_log_core::{Birth, PrunePolicy, UnknownPeers};

use super::op::{CursorPick, History, Item, NUMBERS, Op, SpoilPick, StampPick};

/// The input that is left; zeros follow its end.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: u8) -> u8 {
        self.next() % end
    }

    fn number(&mut self) -> i64 {
        i64::from(i16::from_be_bytes([self.next(), self.next()]))
    }

    fn many<T>(&mut self, end: u8, item: fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(end)).map(|_| item(self)).collect()
    }
}

/// The history that `input` spells, of at most that many steps.
pub(super) fn history(input: &[u8], steps_max: usize) -> History {
    let mut bytes = Bytes(input);
    let policy = match bytes.below(5) {
        3 => PrunePolicy::KeepFor {
            age_ms: u64::from(bytes.next()) * 12,
        },
        4 => PrunePolicy::KeepEntries {
            count: usize::from(bytes.below(4)),
        },
        _ => PrunePolicy::AckedByAll,
    };
    let kind = bytes.next();
    let unknown_peers = match kind % 2 {
        0 => UnknownPeers::Register,
        _ => UnknownPeers::Refuse,
    };
    let birth = match kind >> 7 {
        0 => Birth::Alone,
        _ => Birth::BesideRecords,
    };
    let mut steps = Vec::new();
    while !bytes.0.is_empty() && steps.len() < steps_max {
        let step = bytes.next();
        // The highest bit is the handle, so that both do the same things.
        steps.push((usize::from(step >> 7), op(step & 0x7f, &mut bytes)));
    }
    History {
        birth,
        policy,
        unknown_peers,
        steps,
    }
}

fn op(kind: u8, bytes: &mut Bytes<'_>) -> Op {
    match kind {
        // The last ones alone, so that inputs of before mean what they meant.
        126 => Op::DismissVerdicts,
        127 => Op::Spoil(bytes.below(4), spoil(bytes)),
        _ => op_of_before(kind, bytes),
    }
}

fn op_of_before(kind: u8, bytes: &mut Bytes<'_>) -> Op {
    match kind % 26 {
        0 => Op::Record(bytes.next()),
        1 => Op::RecordMany(bytes.below(4)),
        2 => Op::Tick,
        3 => Op::Append(item(bytes)),
        4 => Op::AppendMany(bytes.many(4, item)),
        5 => Op::Observe(bytes.many(3, stamp)),
        6 => Op::Ack(bytes.below(4), stamp(bytes)),
        7 => Op::OnAck(bytes.below(4), stamp(bytes)),
        8 => Op::AckAt(bytes.below(4), cursor(bytes)),
        9 => Op::Read(
            bytes.below(4),
            cursor(bytes),
            bytes.below(5),
            u16::from(bytes.next()) * 4,
        ),
        10 => Op::Since(maybe_stamp(bytes), bytes.below(5)),
        11 => Op::HeadCursor,
        12 => Op::FloorCursor,
        13 => Op::Explain,
        14 => Op::Prune,
        15 => Op::Register(bytes.below(4)),
        16 => Op::Retire(bytes.below(4)),
        17 => Op::Solo,
        18 => Op::Reopen,
        19 => Op::BackUp,
        20 => Op::Restore,
        21 => Op::Wall(wall(bytes)),
        22 => Op::Admit(bytes.below(4)),
        23 => Op::AckUnder(bytes.below(4), bytes.below(4), cursor(bytes)),
        24 => Op::Plant(bytes.below(4), maybe_stamp(bytes)),
        _ => Op::RecordEach(bytes.below(4)),
    }
}

/// How far the wall clock jumps: seconds mostly, days at times.
fn wall(bytes: &mut Bytes<'_>) -> i64 {
    const UNITS_MS: [i64; 4] = [1, 1, 100, 10_000];
    UNITS_MS[usize::from(bytes.below(4))] * bytes.number() / 8
}

fn item(bytes: &mut Bytes<'_>) -> Item {
    match bytes.below(3) {
        0 => Item::Copy(bytes.next()),
        _ => Item::New(stamp(bytes), bytes.below(NUMBERS)),
    }
}

fn maybe_stamp(bytes: &mut Bytes<'_>) -> Option<StampPick> {
    (bytes.below(4) > 0).then(|| stamp(bytes))
}

fn stamp(bytes: &mut Bytes<'_>) -> StampPick {
    const DAY_MS: i64 = 86_400_000;
    match bytes.below(11) {
        0 => StampPick::Zero,
        1 => StampPick::Seen(bytes.next()),
        2 => StampPick::Retained(bytes.next()),
        3 => StampPick::Above(bytes.next()),
        4 => StampPick::Below(bytes.next()),
        5 => StampPick::Foreign(bytes.next()),
        6 => StampPick::OwnAt(bytes.number() / 16),
        7 => StampPick::OwnAt(DAY_MS - 2 + i64::from(bytes.below(5))),
        8 => StampPick::ForeignAt(bytes.number() / 16),
        9 => StampPick::ForeignAt(DAY_MS - 2 + i64::from(bytes.below(5))),
        _ => StampPick::Ceiling,
    }
}

fn spoil(bytes: &mut Bytes<'_>) -> SpoilPick {
    match bytes.below(5) {
        0 => SpoilPick::Deleted,
        1 => SpoilPick::Spoiled,
        2 => SpoilPick::SpoiledWhole,
        3 => SpoilPick::Acked(StampPick::Ceiling),
        _ => SpoilPick::Acked(StampPick::Foreign(bytes.next())),
    }
}

fn cursor(bytes: &mut Bytes<'_>) -> CursorPick {
    match bytes.below(6) {
        0 => CursorPick::Zero,
        1 => CursorPick::Given(bytes.next()),
        2 => CursorPick::Retained(bytes.next()),
        3 => CursorPick::Retagged(bytes.next()),
        4 => CursorPick::OtherLog(bytes.next()),
        _ => CursorPick::MadeUp(stamp(bytes)),
    }
}
