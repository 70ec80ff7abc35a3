//! Every fault that a peer's rows can have (`P5`), as a table.

use sync_log_core::{Cursor, Hlc, RowFault, Uuid};

use crate::damage::RowDamage;
use crate::harness::Tampering;
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, foreign, just_above, peer};

/// How a peer counts whose rows have a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Not at all: no device has that id.
    Nobody,
    /// A peer that acknowledged nothing.
    Nothing,
    /// What the own row says.
    OwnRow,
}

/// One fault.
#[derive(Debug, Clone)]
pub(crate) struct RowCase {
    /// The id of the row: that of peer 2, or one that no peer can have.
    pub(crate) id: String,
    /// Whether peer 2 was registered, and acknowledged two of three entries.
    pub(crate) is_registered: bool,
    pub(crate) damage: RowDamage,
    pub(crate) fault: RowFault,
    pub(crate) counts: Counts,
}

impl RowCase {
    /// Whether the own row is there, in whatever state.
    pub(crate) fn has_own_row(&self) -> bool {
        self.is_registered && !matches!(self.damage, RowDamage::Deleted)
    }

    /// The number under which the peer counts as admitted.
    pub(crate) fn admission(&self) -> u32 {
        match self.damage {
            // Above every number that was given out.
            RowDamage::SpoiledWhole => 1 << 31,
            _ => 1,
        }
    }

    /// How far the peer counts.
    pub(crate) fn position(&self, stamps: &[Hlc]) -> Hlc {
        match self.counts {
            Counts::Nobody => stamps[2],
            Counts::Nothing => Hlc::ZERO,
            Counts::OwnRow => stamps[1],
        }
    }

    /// How many entries a prune deletes: peer 1 has all three.
    pub(crate) const fn prunable(&self) -> usize {
        match self.counts {
            Counts::Nobody => 3,
            Counts::Nothing => 0,
            Counts::OwnRow => 2,
        }
    }
}

/// A log of three entries, of which peer 1 has all, with one fault in the rows of peer 2.
pub(crate) struct Faulty<H> {
    pub(crate) rig: Rig<H>,
    pub(crate) log: Log,
    pub(crate) stamps: Vec<Hlc>,
    /// The head, as a cursor.
    pub(crate) head: Cursor,
    pub(crate) case: RowCase,
}

impl<H: Tampering> Faulty<H> {
    /// Tries each fault, on a storage of its own.
    pub(crate) async fn each(tried: impl AsyncFn(Self)) {
        Self::each_from(0, tried).await;
    }

    /// Tries the faults of rows that belong to a peer.
    pub(crate) async fn each_of_a_peer(tried: impl AsyncFn(Self)) {
        Self::each_from(NOBODYS, tried).await;
    }

    async fn each_from(first: usize, tried: impl AsyncFn(Self)) {
        for number in first.. {
            match Self::nth(number).await {
                Some(faulty) => tried(faulty).await,
                None => return,
            }
        }
    }

    /// The fault of that number; `None` beyond the last.
    async fn nth(number: usize) -> Option<Self> {
        let rig = Rig::<H>::new().await;
        let log = rig.open_refusing().await;
        log.register_peer(peer(1)).await.unwrap();
        let stamps = log.record_one_by_one(3).await;
        log.record_ack(peer(1), stamps[2]).await.unwrap();
        let case = all(&stamps).into_iter().nth(number)?;
        if case.is_registered {
            log.register_peer(peer(2)).await.unwrap();
            log.record_ack(peer(2), stamps[1]).await.unwrap();
        }
        let head = log.head_cursor().await.unwrap();
        rig.storage.damage_row(&case.id, case.damage.clone()).await;
        Some(Self {
            rig,
            log,
            stamps,
            head,
            case,
        })
    }
}

pub(crate) fn text(peer: Uuid) -> String {
    peer.to_string()
}

/// How many faults at the start of [`all`] are of rows whose id no peer can have.
const NOBODYS: usize = 6;

fn all(stamps: &[Hlc]) -> Vec<RowCase> {
    let mut all = nobodys(stamps);
    all.extend(strangers(stamps));
    all.extend(of_the_own_row(stamps));
    all.extend(of_the_mirror(stamps));
    all
}

/// Rows with an id that no peer can have. Each claims that every entry is acknowledged.
fn nobodys(stamps: &[Hlc]) -> Vec<RowCase> {
    let sound = text(peer(2));
    let ids: [(String, RowFault); NOBODYS] = [
        (text(Uuid::nil()), RowFault::NilPeer),
        (text(DEVICE), RowFault::OwnPeer),
        (sound.to_uppercase(), RowFault::PeerIdText),
        (sound.replace('-', ""), RowFault::PeerIdText),
        (String::new(), RowFault::PeerIdText),
        ("laptop".to_owned(), RowFault::PeerIdText),
    ];
    let row = |(id, fault)| RowCase {
        id,
        is_registered: false,
        damage: RowDamage::Mirror(stamps[2].to_string()),
        fault,
        counts: Counts::Nobody,
    };
    ids.into_iter().map(row).collect()
}

/// Rows of a peer that was never registered here.
fn strangers(stamps: &[Hlc]) -> Vec<RowCase> {
    let texts = [
        stamps[2].to_string(),
        Hlc::ZERO.to_string(),
        "garbage".to_owned(),
    ];
    let row = |text| RowCase {
        id: self::text(peer(2)),
        is_registered: false,
        damage: RowDamage::Mirror(text),
        fault: RowFault::NotRegistered,
        counts: Counts::Nothing,
    };
    texts.into_iter().map(row).collect()
}

fn of_the_own_row(stamps: &[Hlc]) -> Vec<RowCase> {
    let damages = [
        (RowDamage::Deleted, RowFault::NotRegistered),
        (RowDamage::Spoiled, RowFault::Unreadable),
        (RowDamage::SpoiledWhole, RowFault::Unreadable),
        (
            RowDamage::Acked(foreign(stamps[1])),
            RowFault::ImpossibleAck,
        ),
        (
            RowDamage::Acked(just_above(stamps[2])),
            RowFault::ImpossibleAck,
        ),
    ];
    let row = |(damage, fault)| RowCase {
        id: text(peer(2)),
        is_registered: true,
        damage,
        fault,
        counts: Counts::Nothing,
    };
    damages.into_iter().map(row).collect()
}

fn of_the_mirror(stamps: &[Hlc]) -> Vec<RowCase> {
    let acked = stamps[1].to_string();
    let texts = [
        String::new(),
        "garbage".to_owned(),
        acked.to_uppercase(),
        format!(" {acked}"),
        foreign(stamps[1]).to_string(),
        just_above(stamps[2]).to_string(),
        stamps[2].to_string(),
        stamps[0].to_string(),
        Hlc::ZERO.to_string(),
    ];
    let others = texts.into_iter().map(RowDamage::Mirror);
    let row = |damage| RowCase {
        id: text(peer(2)),
        is_registered: true,
        damage,
        fault: RowFault::OtherMirror,
        counts: Counts::OwnRow,
    };
    others.chain([RowDamage::MirrorDeleted]).map(row).collect()
}
