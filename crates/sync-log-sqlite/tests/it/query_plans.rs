//! Every statement that the crate issues: SeaORM built it from the entities, and SQLite
//! carries it out by the reviewed plan in `tests/snapshots/query_plans.txt`. After a change,
//! write the plans again with `UPDATE_SNAPSHOTS=1`, and review them.
//!
//! The statements come from what the crate reports to a subscriber while a log is put
//! through everything that it can do. The test has a process for itself, because a
//! process has one subscriber.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use sync_log_sqlite::inspect::{self, Inspector};
use sync_log_sqlite::legacy::{self, ImportOptions, LegacyLog};
use sync_log_sqlite::{Ack, Change, Cursor, Hlc, PrunePolicy, ReadLimits, SyncDb, Uuid};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};

use crate::common::events::{Events, Hear};
use crate::common::{
    self, DEVICE, LIBRARY, PEER, as_child, change, file_in, folder, raw, run_alone,
};
use crate::harness::SqliteHarness;

/// Scans that are right: of what, in which statement, and why.
const INTENDED_SCANS: &[(&str, &str, &str)] = &[
    (
        "SCAN sync_log_identity",
        "FROM \"sync_log_identity\"",
        "has one row",
    ),
    (
        "SCAN sync_log_state",
        "FROM \"sync_log_state\"",
        "has one row",
    ),
    (
        "SCAN sync_log_verdicts",
        "FROM \"sync_log_verdicts\"",
        "has one row of a kind at most",
    ),
    (
        "SCAN peer_acks",
        "FULL OUTER JOIN",
        "all peers are asked for",
    ),
    (
        "SCAN sync_log_peers",
        "FULL OUTER JOIN",
        "all peers are asked for",
    ),
    (
        "SCAN shared_changes USING INDEX idx_shared_changes_hlc",
        "ORDER BY \"shared_changes\".\"hlc\" ASC LIMIT ?",
        "from the oldest on, and no further than the limit",
    ),
    (
        "SCAN shared_changes USING INDEX idx_shared_changes_hlc",
        "ORDER BY \"shared_changes\".\"hlc\" DESC LIMIT ?",
        "from the newest on, and no further than the limit",
    ),
    (
        "SCAN shared_changes USING INDEX idx_shared_changes_hlc",
        "FROM \"shared_changes\" ORDER BY \"shared_changes\".\"hlc\" ASC",
        "all entries are verified",
    ),
    (
        "SCAN shared_changes USING INDEX idx_shared_changes_hlc",
        "ON \"sync_log_entries\".\"hlc\" = \"shared_changes\".\"hlc\" ORDER BY",
        "the whole chain is verified",
    ),
    (
        "SCAN sync_log_entries",
        "DELETE FROM \"sync_log_entries\" WHERE NOT EXISTS",
        "when what another program wrote is adopted; all entries",
    ),
    (
        "SCAN sync_log_entries",
        "SELECT \"sync_log_entries\".\"hlc\" FROM \"sync_log_entries\" WHERE NOT EXISTS",
        "all tags are verified",
    ),
    (
        "SCAN shared_changes USING COVERING INDEX idx_shared_changes_record",
        "UNION ALL SELECT ? FROM \"peer_acks\" LIMIT ?",
        "no further than the first row",
    ),
    (
        "SCAN peer_acks USING COVERING INDEX idx_peer_acks_hlc",
        "UNION ALL SELECT ? FROM \"peer_acks\" LIMIT ?",
        "no further than the first row",
    ),
    (
        "SCAN sync_log_peers USING COVERING INDEX sqlite_autoindex_sync_log_peers_1",
        "FROM \"sync_log_peers\" UNION ALL",
        "no further than the first row",
    ),
    (
        "SCAN sync_log_adoptions",
        "FROM \"sync_log_adoptions\" UNION ALL",
        "no further than the first row",
    ),
    (
        "SCAN sync_log_aside_changes",
        "FROM \"sync_log_aside_changes\" UNION ALL",
        "no further than the first row",
    ),
    (
        "SCAN sync_log_aside_acks",
        "FROM \"sync_log_aside_acks\" LIMIT",
        "no further than the first row",
    ),
    (
        "SCAN sqlite_master",
        "FROM sqlite_master",
        "at opening, and after a change of the schema; few tables",
    ),
    (
        "SCAN m",
        "FROM sqlite_master AS m",
        "when the file is verified; few tables",
    ),
    (
        "SCAN sync_log_migrations USING COVERING INDEX sqlite_autoindex_sync_log_migrations_1",
        "FROM \"sync_log_migrations\"",
        "at opening; few migrations",
    ),
    (
        "SCAN sync_log_adoptions",
        "FROM \"sync_log_adoptions\"",
        "when adoptions are listed; few",
    ),
    (
        "SCAN sync_log_aside_changes",
        "COUNT(*) FROM \"sync_log_aside_changes\"",
        "when adoptions are listed",
    ),
    (
        "SCAN sync_log_aside_acks",
        "COUNT(*) FROM \"sync_log_aside_acks\"",
        "when adoptions are listed",
    ),
    (
        "SCAN pragma_table_info VIRTUAL TABLE INDEX 0:",
        "FROM pragma_table_info",
        "at opening, and before an import; few columns",
    ),
    (
        "SCAN pragma_index_list VIRTUAL TABLE INDEX 0:",
        "FROM pragma_index_list",
        "at opening; few indexes",
    ),
    (
        "SCAN pragma_table_list VIRTUAL TABLE INDEX 0:",
        "FROM pragma_table_list",
        "at opening; few tables",
    ),
    (
        "SCAN c VIRTUAL TABLE INDEX 0: LEFT-JOIN",
        "LEFT JOIN pragma_table_info",
        "when the file is verified; few columns",
    ),
    (
        "SCAN sync_log_peers USING COVERING INDEX sqlite_autoindex_sync_log_peers_1",
        "END) FROM \"sync_log_peers\"",
        "at opening; all peers",
    ),
    (
        "SCAN sync_log_peers",
        "UPDATE \"sync_log_peers\" SET \"verified\"",
        "when what another program wrote is adopted; all peers",
    ),
    (
        "SCAN sync_log_peers",
        "UPDATE \"sync_log_peers\" SET \"acked\"",
        "when the file is brought up to date; all peers",
    ),
];

/// What a statement that SeaORM did not build may be about.
const RAW: &[&str] = &[
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "VACUUM",
    "PRAGMA ",
    "pragma_",
    "sqlite_master",
    "DROP TRIGGER ",
    LEGACY,
];

/// What is about the table of a legacy log, which is in another file.
const LEGACY: &str = "FROM sync_log ";

#[test]
fn every_statement_is_built_from_entities_and_carried_out_as_it_was_looked_at() {
    if as_child().is_none() {
        return run_alone(
            every_statement_is_built_from_entities_and_carried_out_as_it_was_looked_at,
        );
    }
    let issued = Statements::default();
    tracing::subscriber::set_global_default(Events(issued.clone())).unwrap();
    sync_log_conformance::model::run::<SqliteHarness>();
    let folder = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(everything(folder.path()));

    let by_hand = issued.raw();
    let unbuilt = by_hand.iter().filter(|sql| !may_be_raw(sql));
    let unbuilt: Vec<_> = unbuilt.collect();
    assert!(unbuilt.is_empty(), "not built from entities: {unbuilt:#?}");
    let mut planned = issued.built();
    planned.extend(by_hand.into_iter().filter(|sql| !is_about(sql, LEGACY)));
    let plans = plans(&raw(folder.path()), &planned);
    let unintended: Vec<_> = plans
        .iter()
        .filter(|(statement, steps)| steps.iter().any(|step| is_unintended(statement, step)))
        .collect();
    let told = rendered(&plans);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/query_plans.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, &told).unwrap();
    }
    let looked_at = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        told, looked_at,
        "UPDATE_SNAPSHOTS=1 writes what is on the left"
    );
    assert!(unintended.is_empty(), "{unintended:#?}");
}

/// What a writer does when it is idle: whether it comes to that is a matter of time.
const HOUSEKEEPING: &[&str] = &[
    "PRAGMA freelist_count",
    "PRAGMA incremental_vacuum",
    "PRAGMA page_count",
];

/// Whether this is about something that is no entity.
fn may_be_raw(sql: &str) -> bool {
    RAW.iter().any(|part| is_about(sql, part))
}

fn is_about(sql: &str, part: &str) -> bool {
    format!("{sql} ").contains(part)
}

/// Puts a log through everything that it can do.
async fn everything(data_dir: &Path) {
    let policies = [
        PrunePolicy::AckedByAll,
        PrunePolicy::KeepEntries { count: 2 },
        PrunePolicy::KeepFor { age_ms: 1 },
    ];
    for policy in policies {
        let options = SyncDb::options().policy(policy);
        let log = options.open(LIBRARY, DEVICE, data_dir).await.unwrap();
        write(&log).await;
        read_and_prune(&log).await;
        log.close().await.unwrap();
    }
    SyncDb::open(LIBRARY, PEER, data_dir).await.unwrap_err();
    restore(data_dir).await;
    alter(data_dir).await;
    adopt(data_dir).await;
    inspect(data_dir).await;
    import().await;
    let memory = SyncDb::open_in_memory(LIBRARY, DEVICE).await.unwrap();
    memory.declare_solo().await.unwrap();
    write(&memory).await;
    read_and_prune(&memory).await;
    memory.close().await.unwrap();
    // So that the plans are looked at on a file that holds something.
    let log = SyncDb::open(LIBRARY, DEVICE, data_dir).await.unwrap();
    log.record_many((0..1000).map(change).collect())
        .await
        .unwrap();
    log.close().await.unwrap();
}

/// A stamp of this device that the log does not know is found, put on record and dismissed.
async fn restore(data_dir: &Path) {
    let log = SyncDb::open(LIBRARY, DEVICE, data_dir).await.unwrap();
    let last = log.tick().await.unwrap();
    log.observe_all(&[last]).await.unwrap_err();
    assert_eq!(log.dismiss_verdicts().await.unwrap().len(), 1);
    log.close().await.unwrap();
}

/// A tag is changed, which is found and put on record.
async fn alter(data_dir: &Path) {
    let log = SyncDb::open(LIBRARY, DEVICE, data_dir).await.unwrap();
    log.record(change(1)).await.unwrap();
    let altered = "UPDATE sync_log_entries SET tag = zeroblob(16)";
    assert!(raw(data_dir).execute(altered, []).unwrap() > 0);
    log.get_since(None, 10).await.unwrap_err();
    log.close().await.unwrap();
}

/// Another program writes to the log, which is then opened.
async fn adopt(data_dir: &Path) {
    let other = common::other_program(data_dir);
    let (foreign, own) = (Hlc::new(1, 0, PEER), Hlc::new(1, 1, DEVICE));
    let acks = format!(
        "INSERT INTO peer_acks VALUES ('{PEER}', '{own}', ''), ('nobody', '{own}', '')
         ON CONFLICT DO UPDATE SET last_acked_hlc = excluded.last_acked_hlc"
    );
    other.execute_batch(&acks).unwrap();
    let nobody = "INSERT INTO sync_log_peers (peer_device_id, state, registered_by, registered_at) \
                  VALUES ('nobody', 'active', 'app', '')";
    other.execute_batch(nobody).unwrap();
    for hlc in [foreign, own] {
        let entry = format!(
            "INSERT INTO shared_changes VALUES ('{hlc}', 'tag', '{PEER}', 'delete', '{{}}', '')"
        );
        other.execute_batch(&entry).unwrap();
    }
    let log = SyncDb::open(LIBRARY, DEVICE, data_dir).await.unwrap();
    log.declare_peers(&[PEER]).await.unwrap();
    log.trust_adopted_acks().await.unwrap();
    log.close().await.unwrap();
}

/// Looks at the file in every way.
async fn inspect(data_dir: &Path) {
    let log = SyncDb::open_read_only(data_dir).await.unwrap();
    log.status().await.unwrap();
    log.close().await.unwrap();
    inspect::try_adoption(&file_in(data_dir), LIBRARY, DEVICE)
        .await
        .unwrap();
    let inspector = Inspector::open(data_dir).unwrap();
    inspector.identity().unwrap();
    inspector.adoptions().unwrap();
    inspector.aside_changes(0, 10).unwrap();
    inspector.entries_after(None, 10).unwrap();
    inspector
        .each_entry(|entry| {
            inspector.entries_after(Some(entry.position()), 1).unwrap();
            ControlFlow::Break(())
        })
        .unwrap();
    inspector.newest(10).unwrap();
    inspector.entry("").unwrap();
    inspector.verify().unwrap();
}

/// Takes over a log of the old design.
async fn import() {
    let folder = folder();
    let log = SyncDb::open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/legacy-leader");
    let copy = folder.path().join(legacy::LEGACY_FILE_NAME);
    std::fs::copy(fixture.join(legacy::LEGACY_FILE_NAME), &copy).unwrap();
    let mut old = LegacyLog::open(&copy).unwrap();
    let options = ImportOptions::default();
    old.plan(DEVICE.into(), &options).unwrap();
    legacy::import(&log, &mut old, &options, |_, _| {})
        .await
        .unwrap();
    log.close().await.unwrap();
}

async fn write(log: &SyncDb) {
    log.record(change(1)).await.unwrap();
    let batch: Vec<Change> = (0..1200).map(change).collect();
    log.record_each(batch).await.unwrap();
    log.record_many((0..10).map(change).collect())
        .await
        .unwrap();
    let entry = change(2).stamped(log.tick().await.unwrap());
    log.append(entry.clone()).await.unwrap();
    log.append(entry).await.unwrap();
    let batched = change(3).stamped(log.tick().await.unwrap());
    log.append_many(vec![batched]).await.unwrap();
    log.observe_all(&[Hlc::new(1, 0, PEER)]).await.unwrap();
}

async fn read_and_prune(log: &SyncDb) {
    log.register_peer(PEER).await.unwrap();
    let floor = log.floor_cursor().await.unwrap();
    let page = log
        .read_for(PEER, floor, ReadLimits::default())
        .await
        .unwrap();
    log.acknowledge(Ack::new(PEER, page.next)).await.unwrap();
    // Reads below its own ack, and is held there; then goes on.
    log.read_for(PEER, floor, ReadLimits::default())
        .await
        .unwrap();
    let head = log.head().await.unwrap();
    log.record_ack(PEER, head).await.unwrap();
    log.get_since(None, 10).await.unwrap();
    log.get_since(Some(head), 10).await.unwrap();
    log.read_for(PEER, Cursor::ZERO, ReadLimits::default())
        .await
        .ok();
    log.head_cursor().await.unwrap();
    log.peers().await.unwrap();
    log.explain().await.unwrap();
    log.on_ack(PEER, head).await.unwrap();
    log.prune_acked().await.unwrap();
    for _ in 0..20 {
        let peer = Uuid::new_v4();
        log.register_peer(peer).await.unwrap();
        log.retire(peer).await.unwrap();
    }
    log.explain().await.unwrap();
}

/// The statements that were issued.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Issued>>);

#[derive(Default)]
struct Issued {
    built: BTreeSet<String>,
    raw: BTreeSet<String>,
}

impl Statements {
    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that SeaORM built from the entities.
    fn built(&self) -> BTreeSet<String> {
        self.issued().built.clone()
    }

    fn raw(&self) -> BTreeSet<String> {
        self.issued().raw.clone()
    }
}

/// What is reported of one statement.
#[derive(Default)]
struct Told {
    sql: String,
    origin: String,
}

impl Visit for Told {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "sql" => value.clone_into(&mut self.sql),
            "origin" => value.clone_into(&mut self.origin),
            _ => {}
        }
    }
}

impl Hear for Statements {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sync_log_sqlite::statement"
    }

    fn hear(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        let words: Vec<_> = told.sql.split_whitespace().collect();
        let mut issued = self.issued();
        let position = match told.origin.as_str() {
            "entities" => &mut issued.built,
            _ => &mut issued.raw,
        };
        let sql = words.join(" ");
        if !HOUSEKEEPING.iter().any(|pragma| sql.starts_with(pragma)) {
            position.insert(sql);
        }
    }
}

/// The steps of each statement's plan, indented; of what has no plan, none.
fn plans(db: &Connection, statements: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let plan = |sql: &String| {
        let first = sql.split(' ').next().unwrap_or_default();
        if matches!(first, "SELECT" | "INSERT" | "UPDATE" | "DELETE") {
            plan_of(db, sql)
        } else {
            Vec::new()
        }
    };
    let statements = statements.iter();
    statements.map(|sql| (sql.clone(), plan(sql))).collect()
}

/// But for bloom filters, which SQLite reports or not, by its version.
fn plan_of(db: &Connection, sql: &str) -> Vec<String> {
    let mut query = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
    let unbound = vec![rusqlite::types::Null; query.parameter_count()];
    let steps = query.query_map(rusqlite::params_from_iter(unbound), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(3)?))
    });
    let mut depths = BTreeMap::from([(0, 0)]);
    let step = |(id, parent, detail): (i64, i64, String)| {
        let depth = depths.get(&parent).copied().unwrap_or(0) + 1;
        depths.insert(id, depth);
        format!("{}{detail}", "  ".repeat(depth))
    };
    let steps = steps.unwrap().map(Result::unwrap).map(step);
    steps
        .filter(|line| line.trim() != "CREATE BLOOM FILTER")
        .collect()
}

fn is_unintended(statement: &str, step: &str) -> bool {
    let step = step.trim();
    let mut intended = INTENDED_SCANS.iter();
    step.starts_with("SCAN")
        && !intended.any(|(scan, part, _)| step == *scan && statement.contains(part))
}

fn rendered(plans: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = String::new();
    for (statement, steps) in plans {
        writeln!(text, "{statement}").unwrap();
        for step in steps {
            writeln!(text, "{step}").unwrap();
        }
        text.push('\n');
    }
    text
}
