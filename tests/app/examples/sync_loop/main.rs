//! The loop that keeps two devices in sync: it waits for changes, pulls them, and acts on errors.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]
#![allow(unreachable_pub, reason = "entities are as SeaORM makes them")]

mod device;

use std::error::Error;
use std::time::Duration;

use device::Device;
use sync_log_sqlite::records::SyncError;
use sync_log_sqlite::{Ack, ErrorKind, Hlc, LogError, ReadLimits, Uuid};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Pulls a page, and returns whether there are more. The calls on `peer` go over the app's network.
async fn pull_page(own: &Device, peer: &Device) -> Result<bool, SyncError> {
    let cursor = own.records.cursor(peer.id).await?;
    let log = peer.records.log();
    let page = log.read_for(own.id, cursor, ReadLimits::default()).await?;
    let applied = own.records.apply(peer.id, &page).await?;
    let ack = Ack::new(own.id, applied.watermark);
    log.acknowledge(ack).await?;
    log.prune_acked().await?;
    Ok(page.more)
}

async fn take_snapshot(own: &Device, peer: &Device) -> Result<(), SyncError> {
    let snapshot = peer.records.snapshot().await?;
    let mut taking = own.records.take_snapshot(peer.id, snapshot).await?;
    while !taking.has_all() {
        let page = peer.records.snapshot_page(taking.after()).await?;
        taking.merge(&page).await?;
    }
    let ack = Ack::new(own.id, taking.finish().await?[&peer.id]);
    peer.records.log().acknowledge(ack).await?;
    Ok(())
}

/// The peer has pruned what this device lacks (`Compacted`), or has another log than before.
fn needs_snapshot(error: &SyncError) -> bool {
    let is_other_log = matches!(error, SyncError::Log(LogError::OtherLog { .. }));
    error.kind() == ErrorKind::Bootstrap || is_other_log
}

/// Pulls until the peer has nothing more. An error that is returned is one for a person.
async fn catch_up(own: &Device, peer: &Device) -> Result<(), SyncError> {
    loop {
        let pulled = match pull_page(own, peer).await {
            Err(error) if needs_snapshot(&error) => take_snapshot(own, peer).await.map(|()| true),
            pulled => pulled,
        };
        match pulled {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Retry => sleep(Duration::from_secs(1)).await,
            Err(error) => return Err(error),
        }
    }
}

/// Notifies the peer of own changes, and pulls when the peer notifies this device.
async fn keep_in_sync(own: Device, peer: Device, notify: Sender<()>, mut notified: Receiver<()>) {
    let mut own_changes = own.records.log().watch(Hlc::ZERO);
    let stopped = loop {
        let outcome = tokio::select! {
            changed = own_changes.changed() => {
                // A notification that still waits stands for this change, too.
                let _ = notify.try_send(());
                changed.map(drop).map_err(SyncError::from)
            }
            Some(()) = notified.recv() => catch_up(&own, &peer).await,
            // A notification may be lost on its way.
            () = sleep(Duration::from_secs(60)) => catch_up(&own, &peer).await,
        };
        if let Err(error) = outcome {
            break error;
        }
    };
    println!("sync stopped: {stopped}; {}", stopped.help());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let phone = Device::open(Uuid::from_u128(2), folder.path()).await?;
    let laptop = Device::open(Uuid::from_u128(3), folder.path()).await?;
    // The laptop joins after a prune, so its first pull needs a snapshot.
    phone.records.log().declare_solo().await?;
    phone.add_tag("beach").await?;
    phone.records.log().prune_acked().await?;
    phone.records.log().register_peer(laptop.id).await?;
    laptop.records.log().register_peer(phone.id).await?;

    let (to_phone, at_phone) = channel(1);
    let (to_laptop, at_laptop) = channel(1);
    let mut loops = JoinSet::new();
    let of_phone = keep_in_sync(phone.clone(), laptop.clone(), to_laptop, at_phone);
    loops.spawn(of_phone);
    let of_laptop = keep_in_sync(laptop.clone(), phone.clone(), to_phone, at_laptop);
    loops.spawn(of_laptop);
    phone.add_tag("city").await?;
    laptop.add_tag("hill").await?;
    for device in [&phone, &laptop] {
        let all_are_shown = async {
            while device.tags().await?.len() < 3 {
                sleep(Duration::from_millis(10)).await;
            }
            device.tags().await
        };
        let shown = timeout(Duration::from_secs(60), all_are_shown).await??;
        println!("{} shows {}", device.id, shown.join(", "));
    }
    loops.shutdown().await;
    phone.close().await?;
    Ok(laptop.close().await?)
}
