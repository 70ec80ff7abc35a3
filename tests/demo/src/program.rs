//! The app of a device while it runs: its database, and the records in it that
//! devices share.

use std::path::Path;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
    EntityTrait as _, IntoActiveModel as _,
};
use sync_log_core::{Change, ChangeType, Hlc, Uuid};
use sync_log_sqlite::SyncDbOptions;
use sync_log_sqlite::records::{Models, SharedRecords, SyncError, begin};

use crate::args::Layout;
use crate::history::PastChange;
use crate::record::{Column, Entity, MODEL_TYPE, TABLE};
use crate::{folder, ids};

/// What the app of a device holds open.
pub(crate) struct Program {
    db: DatabaseConnection,
    pub(crate) records: SharedRecords,
}

impl Program {
    /// Opens or makes the files of a device in the library's `folder`.
    pub(crate) async fn open(
        layout: Layout,
        folder: &Path,
        device: Uuid,
        log: SyncDbOptions,
    ) -> Result<Self, SyncError> {
        let db = connect(&folder.join(folder::DATABASE)).await?;
        let models = Models::new().entity::<Entity>(MODEL_TYPE);
        let options = SharedRecords::options().log(log);
        let library = ids::library();
        let records = match layout {
            Layout::Outbox => options.open(&db, models, library, device, folder).await?,
            Layout::Attached => options.attach(&db, models, library, device).await?,
        };
        Ok(Self { db, records })
    }

    pub(crate) async fn close(self) -> Result<(), SyncError> {
        self.records.close().await?;
        Ok(self.db.close().await?)
    }

    /// Changes a row and records that, in one transaction. Returns the stamp.
    pub(crate) async fn make(&self, change: &PastChange) -> Result<Hlc, SyncError> {
        let txn = begin(&self.db).await?;
        write_row(&txn, change).await?;
        let stamp = self.records.record_in(&txn, log_change(change)?).await?;
        txn.commit().await?;
        self.records.drain().await?;
        Ok(stamp)
    }
}

/// Every commit is on disk once it is done.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

async fn connect(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(format!("sqlite:{}?mode=rwc", path.display()));
    options.sqlx_logging(false);
    // The connection of a file cannot be lost, and the question costs as much as most statements.
    options.test_before_acquire(false);
    let db = Database::connect(options).await?;
    db.execute_unprepared(SETTINGS).await?;
    db.execute_unprepared(TABLE).await?;
    Ok(db)
}

/// The history knows what was inserted before, but a device may not: it makes its changes whether
/// the last ones of the others have arrived or not.
async fn write_row(txn: &impl ConnectionTrait, change: &PastChange) -> Result<(), DbErr> {
    let row = &change.row;
    if change.op == ChangeType::Delete {
        Entity::delete_by_id(row.id).exec(txn).await?;
        return Ok(());
    }
    let columns = [Column::Model, Column::Name, Column::Data];
    let is_there = OnConflict::column(Column::Id)
        .update_columns(columns)
        .to_owned();
    Entity::insert(row.clone().into_active_model().reset_all())
        .on_conflict(is_there)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

fn log_change(change: &PastChange) -> Result<Change, SyncError> {
    let row = &change.row;
    let logged = match change.op {
        ChangeType::Insert => Change::insert(MODEL_TYPE, row.id, row),
        ChangeType::Update => Change::update(MODEL_TYPE, row.id, row),
        ChangeType::Delete => Ok(Change::delete(MODEL_TYPE, row.id)),
    };
    logged.map_err(SyncError::other)
}
