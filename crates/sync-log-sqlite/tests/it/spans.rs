//! Every operation tells a subscriber what it is about, with ids and counts, and never
//! what is in an entry. The test has a process for itself, because a process has one subscriber.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use sync_log_sqlite::{Ack, Change, Cursor, JsonText, ReadLimits, SyncDb, Uuid};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Record};
use tracing::{Event, Metadata};

use crate::common::events::{Events, Hear};
use crate::common::{self, DEVICE, LIBRARY, PEER, as_child, change_with, folder, run_alone};

const SECRET: &str = "what-nobody-may-read";

/// Keeps all that it is told, whatever the level.
#[derive(Debug, Clone, Default)]
struct Everything {
    spans: Arc<Mutex<BTreeSet<String>>>,
    text: Arc<Mutex<String>>,
}

impl Everything {
    fn keep(&self, fields: impl FnOnce(&mut dyn Visit)) {
        fields(&mut Hearing(&mut self.text.lock().unwrap()));
    }
}

struct Hearing<'a>(&'a mut String);

impl Visit for Hearing<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

impl Hear for Everything {
    fn wants(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn hear(&self, event: &Event<'_>) {
        self.keep(|visit| event.record(visit));
    }

    fn hear_span(&self, span: &Attributes<'_>) {
        let name = span.metadata().name().to_owned();
        self.spans.lock().unwrap().insert(name);
        self.keep(|visit| span.record(visit));
    }

    fn hear_values(&self, values: &Record<'_>) {
        self.keep(|visit| values.record(visit));
    }
}

fn secret(number: u128) -> Change {
    change_with(number, serde_json::json!({ "text": SECRET }))
}

/// Every operation of a log, also those that fail over what is in an entry.
async fn everything(log: &SyncDb) {
    let peer = Uuid::from_u128(7);
    log.register_peer(PEER).await.unwrap();
    log.declare_peers(&[peer]).await.unwrap();
    log.trust_adopted_acks().await.unwrap();
    let first = log.record(secret(1)).await.unwrap();
    log.record_many(vec![secret(2), secret(3)]).await.unwrap();
    let stamp = log.tick().await.unwrap();
    let entry = secret(4).stamped(stamp);
    log.append(entry.clone()).await.unwrap();
    let mut other = entry.clone();
    other.data = JsonText::new(format!("[\"{SECRET}\"]")).unwrap();
    log.append(other).await.unwrap_err();
    log.observe_all(&[first]).await.unwrap();
    let page = log.read_for(PEER, Cursor::ZERO, ReadLimits::default());
    let next = page.await.unwrap().next;
    log.get_since(None, 9).await.unwrap();
    log.record_ack(PEER, first).await.unwrap();
    log.acknowledge(Ack::new(PEER, next)).await.unwrap();
    log.read_for(PEER, Cursor::ZERO, ReadLimits::default())
        .await
        .unwrap();
    log.on_ack(peer, first).await.unwrap();
    log.retire(peer).await.unwrap();
    log.admit(peer).await.unwrap();
    log.acknowledge(Ack::new(peer, next).under(2))
        .await
        .unwrap();
    log.head().await.unwrap();
    log.floor().await.unwrap();
    log.floor_cursor().await.unwrap();
    log.head_cursor().await.unwrap();
    log.peers().await.unwrap();
    log.explain().await.unwrap();
    log.status().await.unwrap();
    log.watch(sync_log_sqlite::Hlc::ZERO)
        .changed()
        .await
        .unwrap();
    // Ends the hold that the second read from the start began.
    log.acknowledge(Ack::new(PEER, next)).await.unwrap();
    assert!(log.prune_acked().await.unwrap() > 0);
    log.declare_solo().await.unwrap_err();
    log.close().await.unwrap();
}

const SPANS: [&str; 24] = [
    "sync_log.acknowledge",
    "sync_log.admit",
    "sync_log.append_many",
    "sync_log.close",
    "sync_log.declare_peers",
    "sync_log.declare_solo",
    "sync_log.explain",
    "sync_log.floor",
    "sync_log.floor_cursor",
    "sync_log.get_since",
    "sync_log.head",
    "sync_log.head_cursor",
    "sync_log.observe_all",
    "sync_log.open",
    "sync_log.peers",
    "sync_log.prune_acked",
    "sync_log.read_for",
    "sync_log.record_many",
    "sync_log.register_peer",
    "sync_log.retire",
    "sync_log.status",
    "sync_log.tick",
    "sync_log.trust_adopted_acks",
    "sync_log.watch",
];

#[tokio::test]
async fn every_operation_has_a_span_and_no_payload_is_ever_reported() {
    if as_child().is_none() {
        return run_alone(every_operation_has_a_span_and_no_payload_is_ever_reported);
    }
    let told = Everything::default();
    tracing::subscriber::set_global_default(Events(told.clone())).unwrap();
    let folder = folder();
    let log = SyncDb::open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    everything(&log).await;
    // Damage and other programs' writes are told without what is written there.
    let sql = format!("UPDATE shared_changes SET data = '{SECRET}'");
    let damaged = SyncDb::open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    damaged.record(secret(5)).await.unwrap();
    common::raw(folder.path()).execute_batch(&sql).unwrap();
    damaged.get_since(None, 9).await.unwrap_err();
    damaged.close().await.unwrap();
    common::other_program(folder.path())
        .execute_batch(&sql)
        .unwrap();
    let adopted = SyncDb::open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    adopted.close().await.unwrap();

    let spans = told.spans.lock().unwrap();
    let own: Vec<_> = spans
        .iter()
        .filter(|name| name.starts_with("sync_log."))
        .collect();
    assert_eq!(own, SPANS);
    let text = told.text.lock().unwrap();
    assert!(text.contains(&PEER.to_string()), "ids are told");
    assert!(text.contains("changes=2"), "counts are told");
    assert!(text.contains("statement") && text.contains("INSERT"));
    for field in [
        "admission=2",
        "limit=9",
        "peers=1",
        "library_id=",
        "device_id=",
    ] {
        assert!(text.contains(field), "{field} is empty: {text}");
    }
    for event in ["registered", "retired", "admitted", "pruned"] {
        assert!(text.contains(event), "{event} is reported: {text}");
    }
    assert!(!text.contains(SECRET), "{text}");
}
