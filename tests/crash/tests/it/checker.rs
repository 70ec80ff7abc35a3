//! The check itself: it passes what is sound, and finds each thing that was
//! done to a file by hand.

use std::path::Path;

use crash::check::{Effect, Findings, Violation, check};
use crash::entry::{DEVICE, EntryId, LIBRARY, PEERS};
use crash::file;
use crash::line::{Gave, Line, Operation, Start};
use crash::model::Model;
use rusqlite::Connection;
use sync_log_sqlite::{FILE_NAME, Hlc, SyncDb, Tag, Uuid};
use tempfile::TempDir;

const CHILD: u32 = 1;

/// A log with a model that heard everything.
struct Rig {
    folder: TempDir,
    log: SyncDb,
    model: Model,
    operation: u32,
}

impl Rig {
    /// Ten entries in one batch, then one by one as many; two peers that have
    /// acknowledged twelve and five of them; and five are pruned.
    async fn new() -> (Self, Vec<Hlc>) {
        let folder = tempfile::tempdir().unwrap();
        let log = SyncDb::open(LIBRARY, DEVICE, folder.path()).await.unwrap();
        let mut rig = Self {
            folder,
            log,
            model: Model::new(),
            operation: 0,
        };
        let log_id = rig.log.identity().log_id;
        rig.said(Operation::Reopen, Gave::Log { log_id });
        let mut stamps = rig.append(10).await;
        for _ in 0..10 {
            stamps.extend(rig.append(1).await);
        }
        rig.ack(PEERS[0], stamps[11]).await;
        rig.ack(PEERS[1], stamps[4]).await;
        rig.prune().await;
        assert_eq!(rig.findings(), []);
        (rig, stamps)
    }

    fn begin(&mut self, what: Operation) {
        let number = self.operation;
        self.operation += 1;
        let faults = self.model.hear(CHILD, &Line::Begin { number, what });
        assert_eq!(faults, []);
    }

    fn said(&mut self, what: Operation, gave: Gave) {
        self.begin(what);
        assert_eq!(self.model.hear(CHILD, &Line::Done { gave }), []);
    }

    async fn append(&mut self, count: u32) -> Vec<Hlc> {
        let stamps = self.write(self.operation, 0..count).await;
        self.said(Operation::Batch { count }, Gave::Stamps(stamps.clone()));
        stamps
    }

    /// Writes what the model does not hear of.
    async fn write(&self, operation: u32, indexes: std::ops::Range<u32>) -> Vec<Hlc> {
        let ids = indexes.map(|index| EntryId {
            child: CHILD,
            operation,
            index,
        });
        let changes = ids.map(EntryId::change).collect();
        self.log.record_each(changes).await.unwrap()
    }

    async fn ack(&mut self, peer: Uuid, through: Hlc) {
        self.log.record_ack(peer, through).await.unwrap();
        self.said(Operation::Ack { peer, through }, Gave::Nothing);
    }

    async fn prune(&mut self) {
        let pruned = self.log.prune_acked().await.unwrap();
        self.said(Operation::Prune, Gave::Pruned(pruned));
    }

    /// Does something to the file that the log would not.
    fn doctor(&self, sql: &str) -> &Self {
        connection(self.folder.path()).execute_batch(sql).unwrap();
        self
    }

    /// Moves the floor up to `floor`, as a prune does, and deletes nothing.
    fn move_floor(&self, floor: Hlc) {
        let tag = self.model.tag_at(floor);
        let sql = format!("UPDATE sync_log_state SET floor = '{floor}', floor_tag = '{tag}'");
        self.doctor(&sql);
    }

    /// Deletes the entries up to `floor`, and leaves the floor as it is.
    fn delete_through(&self, floor: Hlc) {
        self.doctor(&format!(
            "DELETE FROM shared_changes WHERE hlc <= '{floor}'"
        ));
    }

    fn check(&self) -> Findings {
        let found = file::read(self.folder.path()).unwrap();
        check(&self.model, found.as_ref())
    }

    fn findings(&self) -> Vec<Violation> {
        self.check().violations
    }
}

fn connection(folder: &Path) -> Connection {
    Connection::open(folder.join(FILE_NAME)).unwrap()
}

#[tokio::test]
async fn an_acknowledged_entry_that_was_deleted_is_lost() {
    let (rig, stamps) = Rig::new().await;
    let lost = stamps[13];
    rig.doctor(&format!("DELETE FROM shared_changes WHERE hlc = '{lost}'"));
    assert_eq!(rig.findings(), [Violation::Lost { hlc: lost }]);
}

#[tokio::test]
async fn the_newest_entry_is_missed_even_if_the_head_goes_with_it() {
    let (rig, stamps) = Rig::new().await;
    let (lost, head) = (stamps[19], stamps[18]);
    rig.doctor(&format!(
        "DELETE FROM shared_changes WHERE hlc = '{lost}'; UPDATE sync_log_state SET head = '{head}'"
    ));
    let found = rig.findings();
    assert!(found.contains(&Violation::Lost { hlc: lost }), "{found:?}");
    let expected = lost;
    assert!(found.contains(&Violation::Head {
        found: head,
        expected
    }));
}

#[tokio::test]
async fn an_entry_with_other_content_is_altered() {
    let (rig, stamps) = Rig::new().await;
    let hlc = stamps[15];
    rig.doctor(&format!(
        "UPDATE shared_changes SET model_type = 'other' WHERE hlc = '{hlc}'"
    ));
    assert_eq!(rig.findings(), [Violation::Altered { hlc }]);
}

#[tokio::test]
async fn an_entry_that_nobody_wrote_is_unknown() {
    let (rig, stamps) = Rig::new().await;
    let hlc = rig.write(99, 0..1).await[0];
    assert!(hlc > stamps[19]);
    assert!(rig.findings().contains(&Violation::Unknown { hlc }));
}

#[tokio::test]
async fn a_prune_that_a_peer_was_not_ready_for_is_found() {
    let (rig, stamps) = Rig::new().await;
    let (first, floor) = (stamps[5], stamps[6]);
    rig.delete_through(floor);
    rig.move_floor(floor);
    let unacknowledged = [first, floor].map(|hlc| Violation::PrunedUnacknowledged { hlc });
    assert_eq!(rig.findings(), unacknowledged);
}

#[tokio::test]
async fn a_floor_above_entries_that_are_there_is_found() {
    let (rig, stamps) = Rig::new().await;
    let floor = stamps[5];
    rig.move_floor(floor);
    let found = rig.findings();
    assert!(found.contains(&Violation::BelowFloor { hlc: floor }));
    assert!(found.contains(&Violation::PrunedUnacknowledged { hlc: floor }));
}

#[tokio::test]
async fn a_delete_without_its_floor_is_a_loss() {
    let (mut rig, stamps) = Rig::new().await;
    rig.ack(PEERS[1], stamps[7]).await;
    rig.begin(Operation::Prune);
    rig.delete_through(stamps[7]);
    let lost = [5, 6, 7].map(|at: usize| Violation::Lost { hlc: stamps[at] });
    assert_eq!(rig.findings(), lost);
}

#[tokio::test]
async fn a_floor_that_goes_back_or_has_another_tag_is_found() {
    let (rig, stamps) = Rig::new().await;
    rig.doctor("UPDATE sync_log_state SET floor_tag = '000000000000000000000000000000aa'");
    let floor = stamps[4];
    assert_eq!(rig.findings(), [Violation::FloorTag { floor }]);
    rig.doctor(&format!(
        "UPDATE sync_log_state SET floor = '{}', floor_tag = '{}'",
        Hlc::ZERO,
        Tag::ZERO
    ));
    let back = Violation::FloorBack {
        floor: Hlc::ZERO,
        acknowledged: floor,
    };
    assert_eq!(rig.findings(), [back]);
}

#[tokio::test]
async fn an_ack_that_goes_back_or_up_by_itself_is_found() {
    let (rig, stamps) = Rig::new().await;
    let (peer, found, acknowledged) = (PEERS[0], stamps[10], stamps[11]);
    let set = |hlc: Hlc| {
        format!(
            "UPDATE peer_acks SET last_acked_hlc = '{hlc}' WHERE peer_device_id = '{peer}'; \
             UPDATE sync_log_peers SET acked = '{hlc}' WHERE peer_device_id = '{peer}'"
        )
    };
    rig.doctor(&set(found));
    let back = Violation::AckBack {
        peer,
        found,
        acknowledged,
    };
    assert_eq!(rig.findings(), [back]);
    rig.doctor(&set(stamps[12]));
    assert_eq!(rig.findings(), [Violation::PeerRow { peer }]);
}

#[tokio::test]
async fn a_registered_peer_that_is_forgotten_is_found() {
    let (rig, _) = Rig::new().await;
    let peer = PEERS[0];
    rig.doctor(&format!(
        "DELETE FROM peer_acks WHERE peer_device_id = '{peer}'; \
         DELETE FROM sync_log_peers WHERE peer_device_id = '{peer}'"
    ));
    assert_eq!(rig.findings(), [Violation::PeerRow { peer }]);
}

#[tokio::test]
async fn half_a_peer_is_damage() {
    for damage in [
        "DELETE FROM peer_acks",
        "DELETE FROM sync_log_peers",
        "UPDATE peer_acks SET last_acked_hlc = upper(last_acked_hlc) || 'x'",
    ] {
        let (rig, _) = Rig::new().await;
        rig.doctor(damage);
        assert!(file::read(rig.folder.path()).is_err(), "{damage}");
    }
}

#[tokio::test]
async fn a_high_water_below_what_was_observed_is_found() {
    let (rig, stamps) = Rig::new().await;
    let (found, least) = (stamps[18], stamps[19]);
    rig.doctor(&format!("UPDATE sync_log_state SET high_water = '{found}'"));
    assert_eq!(rig.findings(), [Violation::HighWater { found, least }]);
}

#[tokio::test]
async fn a_batch_in_flight_is_whole_or_not_there() {
    let (mut rig, _) = Rig::new().await;
    let number = rig.operation;
    rig.begin(Operation::Batch { count: 3 });
    assert_eq!(rig.findings(), []);
    assert_eq!(rig.check().effect, Effect::None);
    rig.write(number, 0..2).await;
    assert_eq!(rig.findings(), [Violation::TornBatch { there: 2, of: 3 }]);
    rig.write(number, 2..3).await;
    assert_eq!(rig.findings(), []);
    assert_eq!(rig.check().effect, Effect::Whole);
}

#[tokio::test]
async fn an_ack_in_flight_is_there_or_not_but_is_no_other() {
    let (mut rig, stamps) = Rig::new().await;
    let (peer, through) = (PEERS[1], stamps[8]);
    rig.begin(Operation::Ack { peer, through });
    assert_eq!(rig.check().effect, Effect::None);
    rig.log.record_ack(peer, through).await.unwrap();
    assert_eq!(rig.findings(), []);
    assert_eq!(rig.check().effect, Effect::Whole);
    rig.log.record_ack(peer, stamps[9]).await.unwrap();
    assert_eq!(rig.findings(), [Violation::PeerRow { peer }]);
}

#[tokio::test]
async fn a_prune_in_flight_stops_between_chunks_only() {
    let (mut rig, stamps) = Rig::new().await;
    rig.ack(PEERS[1], stamps[7]).await;
    rig.begin(Operation::Prune);
    assert_eq!(rig.check().effect, Effect::None);
    let floor = stamps[6];
    rig.delete_through(floor);
    rig.move_floor(floor);
    assert_eq!(rig.findings(), [Violation::TornChunk { gone: 2 }]);
    rig.log.prune_acked().await.unwrap();
    assert_eq!(rig.findings(), []);
    assert_eq!(rig.check().effect, Effect::Whole);
}

#[tokio::test]
async fn the_prune_of_an_on_ack_is_not_there_without_its_ack() {
    let (mut rig, stamps) = Rig::new().await;
    let (peer, through) = (PEERS[1], stamps[5]);
    rig.begin(Operation::OnAck { peer, through });
    rig.delete_through(through);
    rig.move_floor(through);
    let unacknowledged = Violation::PrunedUnacknowledged { hlc: through };
    assert_eq!(rig.findings(), [unacknowledged]);
    rig.log.record_ack(peer, through).await.unwrap();
    assert_eq!(rig.findings(), []);
}

#[tokio::test]
async fn a_hold_that_was_told_and_is_not_there_is_found() {
    let (mut rig, stamps) = Rig::new().await;
    let (peer, at) = (PEERS[0], stamps[4]);
    rig.said(Operation::Rewind { peer, at }, Gave::Nothing);
    assert_eq!(rig.findings(), [Violation::PeerRow { peer }]);
}

#[tokio::test]
async fn a_log_that_is_gone_or_another_one_is_found() {
    let (rig, _) = Rig::new().await;
    rig.doctor("UPDATE sync_log_identity SET log_id = '00000000-0000-4000-8000-000000000000'");
    assert_eq!(rig.findings(), [Violation::OtherLog]);
    let nothing = check(&rig.model, None);
    assert_eq!(nothing.violations, [Violation::NoLog]);
}

#[tokio::test]
async fn a_log_with_a_table_missing_or_a_damaged_page_is_no_log() {
    let (rig, _) = Rig::new().await;
    rig.log.close().await.unwrap();
    let path = rig.folder.path().join(FILE_NAME);
    let whole = std::fs::read(&path).unwrap();
    rig.doctor("DROP TABLE sync_log_state");
    assert!(file::read(rig.folder.path()).is_err());
    let mut damaged = whole;
    let page = damaged.len() / 2;
    damaged[page..page + 4096].fill(0x5a);
    std::fs::write(&path, damaged).unwrap();
    assert!(file::read(rig.folder.path()).is_err());
}

#[test]
fn stamps_that_do_not_rise_are_found_while_they_are_heard() {
    let mut model = Model::new();
    let stamp = |counter| Hlc::new(7, counter, DEVICE);
    let mut batch = |number, stamps: &[Hlc]| {
        let count = u32::try_from(stamps.len()).unwrap();
        let what = Operation::Batch { count };
        model.hear(CHILD, &Line::Begin { number, what });
        let gave = Gave::Stamps(stamps.to_vec());
        model.hear(CHILD, &Line::Done { gave })
    };
    assert_eq!(batch(1, &[stamp(1), stamp(2)]), []);
    let (hlc, before) = (stamp(2), stamp(2));
    assert_eq!(
        batch(2, &[hlc, stamp(3)]),
        [Violation::StampNotAbove { hlc, before }]
    );
}

#[test]
fn a_prune_that_says_another_number_is_found() {
    let mut model = Model::new();
    let what = Operation::Prune;
    model.hear(CHILD, &Line::Begin { number: 1, what });
    let gave = Gave::Pruned(1);
    let (said, expected) = (1, 0);
    assert_eq!(
        model.hear(CHILD, &Line::Done { gave }),
        [Violation::PrunedCount { said, expected }]
    );
}

#[tokio::test]
async fn a_log_that_was_promised_beside_is_missed_and_half_of_one_is_damage() {
    let (rig, _) = Rig::new().await;
    let mut model = rig.model.clone();
    let what = Operation::Migrate {
        folder: "fresh".to_owned(),
        start: Start::Nothing,
    };
    model.hear(CHILD, &Line::Begin { number: 9, what });
    let folder = rig.folder.path().join("fresh");
    assert!(!model.fresh[0].check(&folder).unwrap(), "none is due yet");
    let log = SyncDb::open(LIBRARY, DEVICE, &folder).await.unwrap();
    let log_id = log.identity().log_id;
    log.close().await.unwrap();
    let gave = Gave::Log { log_id };
    model.hear(CHILD, &Line::Done { gave });
    assert!(model.fresh[0].check(&folder).unwrap());
    connection(&folder)
        .execute_batch("DELETE FROM sync_log_identity")
        .unwrap();
    assert!(model.fresh[0].check(&folder).is_err());
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(model.fresh[0].check(&folder).is_err());
}
