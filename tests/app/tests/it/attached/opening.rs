//! Attaching: what is made, what is found again, and what is refused and left as it was.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use sea_orm::{Database, DatabaseConnection};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sync_log_sqlite::migration::{MIGRATION_TABLE, Migrator, migrations};
use sync_log_sqlite::{
    BackupError, DriftLimits, ErrorKind, Hlc, LogError, OpenError, SyncDb, Unattachable, Uuid,
};

use super::app::App;
use super::pools::{DEFAULT, Settings, connect};
use crate::common::{DEVICE, LIBRARY, change, tables};

impl App {
    /// Attaching is refused, and changes nothing.
    async fn refuses(&self) -> OpenError {
        let before = self.everything();
        let refused = self.attach().await.unwrap_err();
        assert_eq!(self.everything(), before, "{refused}");
        refused
    }

    fn everything(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }
}

struct AppMigrator;

impl MigratorTrait for AppMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations()
    }
}

#[tokio::test]
async fn the_tables_are_made_beside_those_of_the_app_and_found_again() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    let hlc = log.record(change(1)).await.unwrap();
    let identity = log.identity();
    log.close().await.unwrap();
    let made = tables(&app.raw());
    assert!(made.contains(&"tag".to_owned()) && made.contains(&"shared_changes".to_owned()));
    let again = app.attach().await.unwrap();
    assert_eq!(again.identity(), identity);
    assert_eq!(again.head().await.unwrap(), hlc);
}

#[tokio::test]
async fn the_file_is_the_apps() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    assert_eq!((log.path(), log.wal_bytes()), (None, None));
    let copy = app.folder.path().join("copy.db");
    let Err(BackupError::Failed { source, .. }) = log.backup_to(&copy).await else {
        panic!("the app backs its database up");
    };
    assert!(
        source.to_string().contains("back up that database"),
        "{source}"
    );
    assert!(!copy.exists());
}

#[tokio::test]
async fn a_log_of_another_device_or_library_is_refused() {
    let app = App::new().await;
    app.attach().await.unwrap().close().await.unwrap();
    let before = app.everything();
    let other = Uuid::from_u128(7);
    for (library, device) in [(LIBRARY, other), (other, DEVICE)] {
        let refused = SyncDb::attach(&app.db, library, device).await.unwrap_err();
        let why = refused.as_log_error();
        assert!(
            matches!(why, Some(LogError::IdentityMismatch { .. })),
            "{refused:?}"
        );
        assert!(refused.to_string().contains("app.db"), "{refused}");
    }
    assert_eq!(app.everything(), before);
}

#[tokio::test]
async fn a_wrong_call_is_refused_before_anything_is_touched() {
    let app = App::new().await;
    let before = app.everything();
    for (library, device) in [(Uuid::nil(), DEVICE), (LIBRARY, Uuid::nil())] {
        let refused = SyncDb::attach(&app.db, library, device).await.unwrap_err();
        assert!(
            matches!(refused.as_log_error(), Some(LogError::NilId { .. })),
            "{refused:?}"
        );
    }
    let options = SyncDb::options()
        .max_data_bytes(usize::MAX)
        .drift(DriftLimits::default());
    let refused = options.attach(&app.db, LIBRARY, DEVICE).await.unwrap_err();
    let why = refused.as_log_error();
    assert!(
        matches!(why, Some(LogError::OptionOutOfRange { .. })),
        "{refused:?}"
    );
    assert_eq!(app.everything(), before);
}

#[tokio::test]
async fn a_log_that_has_to_be_there_is_not_made() {
    let app = App::new().await;
    let before = app.everything();
    let options = || SyncDb::options().existing_only();
    let refused = options()
        .attach(&app.db, LIBRARY, DEVICE)
        .await
        .unwrap_err();
    assert!(matches!(refused, OpenError::Missing { .. }), "{refused:?}");
    assert_eq!(app.everything(), before);
    app.attach().await.unwrap().close().await.unwrap();
    options().attach(&app.db, LIBRARY, DEVICE).await.unwrap();
}

#[tokio::test]
async fn tables_that_a_migrator_made_are_used() {
    for is_spliced in [true, false] {
        let app = App::new().await;
        let up = async || {
            if is_spliced {
                AppMigrator::up(&app.db, None).await.unwrap();
            } else {
                Migrator::up(&app.db, None).await.unwrap();
            }
        };
        up().await;
        let log = app.attach().await.unwrap();
        assert!(log.floor().await.unwrap().is_zero(), "it is a new log");
        let hlc = log.record(change(1)).await.unwrap();
        log.close().await.unwrap();
        // The next release of the app runs its migrations again.
        up().await;
        assert_eq!(app.attach().await.unwrap().head().await.unwrap(), hlc);
    }
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused_by_name() {
    for table in ["seaql_migrations", MIGRATION_TABLE] {
        let app = App::new().await;
        if table == MIGRATION_TABLE {
            app.attach().await.unwrap().close().await.unwrap();
        } else {
            AppMigrator::up(&app.db, None).await.unwrap();
        }
        let newer = format!("INSERT INTO {table} VALUES ('sync_log_9999_newer', 0)");
        app.raw().execute(&newer, []).unwrap();
        let refused = app.refuses().await;
        assert!(
            matches!(refused, OpenError::SchemaTooNew { .. }),
            "{refused:?}"
        );
        assert!(
            refused.to_string().contains("sync_log_9999_newer"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_table_of_the_apps_own_by_one_of_our_names_is_not_taken_for_ours() {
    for name in ["shared_changes", "sync_log_adoptions"] {
        let app = App::new().await;
        let own = format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY, what TEXT)");
        app.raw().execute_batch(&own).unwrap();
        let refused = app.refuses().await;
        assert_eq!(refused.kind(), ErrorKind::RepairData, "{refused:?}");
    }
}

/// As `open` does with a `sync.db` of an earlier program (`I3`).
#[tokio::test]
async fn rows_of_a_program_that_knows_only_the_original_tables_are_adopted() {
    let app = App::new().await;
    Migrator::up(&app.db, None).await.unwrap();
    let own = Hlc::new(1, 0, DEVICE);
    let other = Hlc::new(2, 0, Uuid::from_u128(7));
    for hlc in [own, other] {
        let row = format!(
            "INSERT INTO shared_changes VALUES ('{hlc}', 'tag', '{LIBRARY}', 'delete', '{{}}', '')"
        );
        app.raw().execute(&row, []).unwrap();
    }
    let log = app.attach().await.unwrap();
    let pending = log.get_since(None, 10).await.unwrap();
    assert_eq!(
        pending.iter().map(|entry| entry.hlc).collect::<Vec<_>>(),
        [own]
    );
    assert!(
        !log.floor().await.unwrap().is_zero(),
        "what was before is unknown"
    );
    let aside = "SELECT count(*) FROM sync_log_aside_changes";
    let aside: i64 = app.raw().query_row(aside, [], |row| row.get(0)).unwrap();
    assert_eq!(aside, 1);
}

#[tokio::test]
async fn a_log_that_another_program_altered_is_adopted_by_the_next_attach() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    log.record(change(1)).await.unwrap();
    let last = log.record(change(2)).await.unwrap();
    let before = log.identity();
    log.close().await.unwrap();
    let delete = format!("DELETE FROM shared_changes WHERE hlc = '{last}'");
    app.raw().execute(&delete, []).unwrap();
    let adopted = app.attach().await.unwrap();
    assert_ne!(adopted.identity().log_id, before.log_id);
    assert_eq!(adopted.get_since(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_that_attach_at_once_make_one_log() {
    let app = App::new().await;
    let mut attaching = Vec::new();
    for _ in 0..4 {
        let db = connect(&app.file(), &DEFAULT).await;
        attaching.push(tokio::spawn(async move {
            SyncDb::attach(&db, LIBRARY, DEVICE)
                .await
                .unwrap()
                .identity()
        }));
    }
    let expected = app.attach().await.unwrap().identity();
    for attached in attaching {
        assert_eq!(attached.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_database_in_memory_holds_a_log() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    let log = SyncDb::attach(&db, LIBRARY, DEVICE).await.unwrap();
    let hlc = log.record(change(1)).await.unwrap();
    assert_eq!(log.get_since(None, 10).await.unwrap()[0].hlc, hlc);
}

fn why(refused: OpenError) -> Unattachable {
    assert_eq!(refused.kind(), ErrorKind::FixCall, "{refused:?}");
    match refused {
        OpenError::Unattachable(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn settings_with_which_a_crash_damages_the_database_are_refused() {
    for (journal_mode, synchronous, named) in [
        ("WAL", "OFF", "synchronous"),
        ("DELETE", "OFF", "synchronous"),
        ("MEMORY", "FULL", "journal_mode"),
        ("OFF", "FULL", "journal_mode"),
    ] {
        let app = App::with(&Settings {
            journal_mode,
            synchronous,
            connections: 1,
        })
        .await;
        let refused = app.refuses().await;
        let why = why(refused);
        let is_named =
            matches!(why, Unattachable::UnsafeSetting { setting, .. } if setting == named);
        assert!(is_named, "{why:?}");
    }
}

#[tokio::test]
async fn a_connection_that_was_never_made_is_refused() {
    let refused = SyncDb::attach(&DatabaseConnection::default(), LIBRARY, DEVICE).await;
    assert_eq!(why(refused.unwrap_err()), Unattachable::NotConnected);
}

#[test]
fn without_a_runtime_attaching_is_refused() {
    let db = DatabaseConnection::default();
    let mut attaching = pin!(SyncDb::attach(&db, LIBRARY, DEVICE));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(refused) = attaching.as_mut().poll(&mut context) else {
        panic!("there is nothing to wait for");
    };
    assert_eq!(why(refused.unwrap_err()), Unattachable::NoRuntime);
}
