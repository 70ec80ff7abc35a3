//! What the product itself reads of the files.

use std::path::Path;

use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{Ack, ReadLimits};

use super::files::{self, Found, FoundVersion};
use super::history::History;
use super::setup::{Device, Name, SetBack, Setup};
use super::violation::{Violation, Violations, What};

/// Opens a device and compares what the product reads with what is there.
pub(super) async fn look(
    setup: Setup,
    name: Name,
    of_both: &Path,
    history: &History,
) -> Vec<Violation> {
    let mut list = Vec::new();
    let violations = &mut Violations::of(name, &mut list);
    let wall = SetBack::default();
    let device = Device::open(setup, name, of_both, wall).await.unwrap();
    let status = device.records.status().await.unwrap();
    let outbox = status.outbox_entries;
    violations.unless(outbox == 0, What::ProductDiffers, || {
        format!("{outbox} entries are in the outbox")
    });
    let unrecorded = device.records.audit(usize::MAX).await.unwrap();
    violations.unless(unrecorded.is_empty(), What::ProductDiffers, || {
        format!("not recorded: {unrecorded:?}")
    });
    let log = device.records.log();
    let pending = log.get_since(None, usize::MAX).await.unwrap();
    let pending: Vec<_> = pending.into_iter().map(|entry| entry.hlc).collect();
    let floor = log.floor().await.unwrap();
    let above = history.entries.keys().filter(|hlc| **hlc > floor);
    let above: Vec<_> = above.copied().collect();
    violations.unless(pending == above, What::ProductDiffers, || {
        format!("pending are {pending:?} and not {above:?}")
    });
    let found = files::read(setup, name, of_both);
    for (id, version) in &found.versions {
        let record = device.records.record(id).await.unwrap();
        let is_same = record.as_ref().is_some_and(|record| {
            record.version.source.hlc == version.hlc
                && record.standing.is_shown() == (version.standing == "shown")
        });
        violations.unless(is_same, What::ProductDiffers, || {
            format!("{id} is {record:?} and not {version:?}")
        });
    }
    device.close().await.unwrap();
    let inspector = Inspector::open(&setup.layout.log_in(&name.folder(of_both))).unwrap();
    for check in inspector.verify().unwrap() {
        violations.unless(check.is_ok(), What::Damage, || format!("{check:?}"));
    }
    list
}

/// Both devices pull until nothing moves.
pub(super) async fn exchange(setup: Setup, of_both: &Path) {
    let [phone, laptop] = Name::BOTH.map(|name| {
        let wall = SetBack::default();
        Device::open(setup, name, of_both, wall)
    });
    let phone = phone.await.unwrap();
    let laptop = laptop.await.unwrap();
    while pull(&phone, &laptop).await | pull(&laptop, &phone).await {}
    phone.close().await.unwrap();
    laptop.close().await.unwrap();
}

/// Pulls one page. Returns whether the watermark moved.
async fn pull(receiver: &Device, sender: &Device) -> bool {
    let cursor = receiver.records.cursor(sender.name.id()).await.unwrap();
    let log = sender.records.log();
    let page = log.read_for(receiver.name.id(), cursor, ReadLimits::default());
    let page = page.await.unwrap();
    let applied = receiver.records.apply(sender.name.id(), &page).await;
    let applied = applied.unwrap();
    let ack = Ack::new(receiver.name.id(), applied.watermark);
    log.acknowledge(ack).await.unwrap();
    log.prune_acked().await.unwrap();
    applied.watermark != cursor
}

/// What differs between devices that have exchanged everything. A deleted record may be forgotten on one
/// of them.
pub(super) fn differences(found: &[Found; 2]) -> Vec<Violation> {
    let mut list = Vec::new();
    for name in Name::BOTH {
        let violations = &mut Violations::of(name, &mut list);
        let (one, other) = (&found[name as usize], &found[name.other() as usize]);
        for (id, row) in &one.rows {
            let there = other.rows.get(id);
            violations.unless(there == Some(row), What::NotEqual, || {
                format!("{id} is {row}, and {there:?} on the other device")
            });
        }
        for (id, version) in &one.versions {
            let there = other.versions.get(id);
            let is_forgotten = there.is_none() && version.standing == "deleted";
            let is_same = there.is_some_and(|there| content(there) == content(version));
            violations.unless(is_same || is_forgotten, What::NotEqual, || {
                format!("{id} is {version:?}, and {there:?} on the other device")
            });
        }
        let left = one.outbox.len() + one.log.len() + one.waiting.len();
        violations.unless(left == 0, What::NotEqual, || {
            format!("{left} entries are left")
        });
    }
    list
}

/// What is the same on both devices, even if one of them has forgotten a deletion.
fn content(version: &FoundVersion) -> impl PartialEq {
    (
        version.hlc,
        version.data.clone(),
        version.payload().cloned(),
        version.standing.clone(),
        version.detail.clone(),
    )
}
