//! The events that may happen to a log, and the strategy that makes histories of them.
//!
//! Stamps, cursors and peers are picked by number from those that a history has
//! seen, so that a shortened history still makes sense.

use proptest::collection::vec;
use proptest::prelude::*;
use sync_log_core::{Birth, PrunePolicy, UnknownPeers};

/// How many handles are open at once.
pub(super) const HANDLES: usize = 2;

/// A stamp.
#[derive(Debug, Clone, Copy)]
pub(super) enum StampPick {
    /// Zero.
    Zero,
    /// One that was issued, appended or observed, however long ago.
    Seen(u8),
    /// That of an entry that is there.
    Retained(u8),
    /// The one right above a stamp that was seen.
    Above(u8),
    /// The one right below a stamp that was seen.
    Below(u8),
    /// One of another device, beside a stamp that was seen.
    Foreign(u8),
    /// One of this device, so far from the wall clock.
    OwnAt(i64),
    /// One of another device, so far from the wall clock.
    ForeignAt(i64),
    /// One at the ceiling.
    Ceiling,
}

/// A cursor.
#[derive(Debug, Clone, Copy)]
pub(super) enum CursorPick {
    /// Zero.
    Zero,
    /// One that the log gave out, however long ago.
    Given(u8),
    /// That of an entry that is there.
    Retained(u8),
    /// One that the log gave out, with another tag.
    Retagged(u8),
    /// One that the log gave out, of another log.
    OtherLog(u8),
    /// One that no log gave out.
    MadeUp(StampPick),
}

/// What happens to an own row.
#[derive(Debug, Clone, Copy)]
pub(super) enum SpoilPick {
    /// It is deleted.
    Deleted,
    /// It cannot be read, but for the admission.
    Spoiled,
    /// It cannot be read.
    SpoiledWhole,
    /// It has another ack.
    Acked(StampPick),
}

/// The number of an entry whose group continues with the next entry.
pub(super) const OPEN: u8 = 3;
/// How many numbers there are.
pub(super) const NUMBERS: u8 = 4;

/// One entry to append.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item {
    /// An entry that is there.
    Copy(u8),
    /// Another one, of that number; [`OPEN`] does not end its group.
    New(StampPick, u8),
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Record(u8),
    /// As one group.
    RecordMany(u8),
    /// In one step, each a group by itself.
    RecordEach(u8),
    Tick,
    Append(Item),
    AppendMany(Vec<Item>),
    Observe(Vec<StampPick>),
    Ack(u8, StampPick),
    OnAck(u8, StampPick),
    AckAt(u8, CursorPick),
    AckUnder(u8, u8, CursorPick),
    Read(u8, CursorPick, u8, u16),
    Since(Option<StampPick>, u8),
    HeadCursor,
    FloorCursor,
    Explain,
    DismissVerdicts,
    Prune,
    Register(u8),
    Retire(u8),
    Admit(u8),
    Solo,
    Reopen,
    BackUp,
    Restore,
    Wall(i64),
    /// Another program writes over the mirror of a peer's row.
    Plant(u8, Option<StampPick>),
    /// Something happens to the own row of a registered peer.
    Spoil(u8, SpoilPick),
}

/// One history: how the log is opened, and what happens on which handle.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) birth: Birth,
    pub(super) policy: PrunePolicy,
    pub(super) unknown_peers: UnknownPeers,
    pub(super) steps: Vec<(usize, Op)>,
}

/// Histories of at most that many steps.
pub(super) fn histories(steps_max: usize) -> impl Strategy<Value = History> {
    let birth = prop_oneof![3 => Just(Birth::Alone), 1 => Just(Birth::BesideRecords)];
    let unknown_peers = prop_oneof![Just(UnknownPeers::Register), Just(UnknownPeers::Refuse)];
    let policy = prop_oneof![
        3 => Just(PrunePolicy::AckedByAll),
        1 => (0..3000_u64).prop_map(|age_ms| PrunePolicy::KeepFor { age_ms }),
        1 => (0..4_usize).prop_map(|count| PrunePolicy::KeepEntries { count }),
    ];
    let steps = vec((0..HANDLES, op()), steps_max / 2..steps_max);
    let parts = (birth, policy, unknown_peers, steps);
    parts.prop_map(|parts| History {
        birth: parts.0,
        policy: parts.1,
        unknown_peers: parts.2,
        steps: parts.3,
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => any::<u8>().prop_map(Op::Record),
        3 => (0..5_u8).prop_map(Op::RecordMany),
        1 => (0..4_u8).prop_map(Op::RecordEach),
        2 => Just(Op::Tick),
        4 => item().prop_map(Op::Append),
        3 => vec(item(), 0..4).prop_map(Op::AppendMany),
        3 => vec(stamp(), 0..3).prop_map(Op::Observe),
        4 => (device(), stamp()).prop_map(|(peer, stamp)| Op::Ack(peer, stamp)),
        4 => (device(), stamp()).prop_map(|(peer, stamp)| Op::OnAck(peer, stamp)),
        6 => (device(), cursor()).prop_map(|(peer, cursor)| Op::AckAt(peer, cursor)),
        3 => (device(), 0..4_u8, cursor())
            .prop_map(|(peer, number, cursor)| Op::AckUnder(peer, number, cursor)),
        8 => (device(), cursor(), entries_max(), bytes_max())
            .prop_map(|(peer, cursor, entries, bytes)| Op::Read(peer, cursor, entries, bytes)),
        2 => (proptest::option::of(stamp()), 0..5_u8)
            .prop_map(|(since, limit)| Op::Since(since, limit)),
        2 => Just(Op::HeadCursor),
        1 => Just(Op::FloorCursor),
        2 => Just(Op::Explain),
        1 => Just(Op::DismissVerdicts),
        6 => Just(Op::Prune),
        5 => device().prop_map(Op::Register),
        1 => device().prop_map(Op::Retire),
        2 => device().prop_map(Op::Admit),
        1 => Just(Op::Solo),
        1 => Just(Op::Reopen),
        1 => Just(Op::BackUp),
        1 => Just(Op::Restore),
        4 => wall().prop_map(Op::Wall),
        2 => (device(), proptest::option::of(stamp())).prop_map(|(peer, row)| Op::Plant(peer, row)),
        1 => (device(), spoil()).prop_map(|(peer, pick)| Op::Spoil(peer, pick)),
    ]
}

/// The number of a device: 0 is this one, 3 is rarely a peer.
fn device() -> impl Strategy<Value = u8> {
    prop_oneof![1 => Just(0), 12 => Just(1), 9 => Just(2), 2 => Just(3)]
}

fn entries_max() -> impl Strategy<Value = u8> {
    prop_oneof![1 => Just(0), 12 => 1..5_u8]
}

fn bytes_max() -> impl Strategy<Value = u16> {
    prop_oneof![9 => Just(1000), 2 => 0..80_u16]
}

/// How far the wall clock jumps, in ms.
fn wall() -> impl Strategy<Value = i64> {
    const HOUR_MS: i64 = 3_600_000;
    prop_oneof![
        6 => 0..2000_i64,
        2 => -2000..0_i64,
        1 => -30 * HOUR_MS..30 * HOUR_MS,
    ]
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        1 => any::<u8>().prop_map(Item::Copy),
        2 => (stamp(), 0..NUMBERS).prop_map(|(stamp, number)| Item::New(stamp, number)),
    ]
}

fn stamp() -> impl Strategy<Value = StampPick> {
    const DAY_MS: i64 = 86_400_000;
    prop_oneof![
        1 => Just(StampPick::Zero),
        5 => any::<u8>().prop_map(StampPick::Seen),
        6 => any::<u8>().prop_map(StampPick::Retained),
        4 => any::<u8>().prop_map(StampPick::Above),
        1 => any::<u8>().prop_map(StampPick::Below),
        1 => any::<u8>().prop_map(StampPick::Foreign),
        3 => (-2000..2000_i64).prop_map(StampPick::OwnAt),
        1 => (DAY_MS - 2..DAY_MS + 3).prop_map(StampPick::OwnAt),
        2 => (-2000..2000_i64).prop_map(StampPick::ForeignAt),
        1 => (DAY_MS - 2..DAY_MS + 3).prop_map(StampPick::ForeignAt),
        1 => Just(StampPick::Ceiling),
    ]
}

fn spoil() -> impl Strategy<Value = SpoilPick> {
    prop_oneof![
        Just(SpoilPick::Deleted),
        Just(SpoilPick::Spoiled),
        Just(SpoilPick::SpoiledWhole),
        impossible().prop_map(SpoilPick::Acked),
    ]
}

/// A stamp that no peer can have acknowledged.
fn impossible() -> impl Strategy<Value = StampPick> {
    prop_oneof![
        any::<u8>().prop_map(StampPick::Foreign),
        Just(StampPick::Ceiling),
    ]
}

fn cursor() -> impl Strategy<Value = CursorPick> {
    prop_oneof![
        2 => Just(CursorPick::Zero),
        6 => any::<u8>().prop_map(CursorPick::Given),
        5 => any::<u8>().prop_map(CursorPick::Retained),
        1 => any::<u8>().prop_map(CursorPick::Retagged),
        1 => any::<u8>().prop_map(CursorPick::OtherLog),
        1 => stamp().prop_map(CursorPick::MadeUp),
    ]
}
