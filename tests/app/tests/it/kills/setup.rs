//! How the two devices of a run are laid out, and how they are opened.

use std::path::{Path, PathBuf};

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use serde::{Deserialize, Serialize};
use sync_log_sqlite::records::{SharedRecords, SyncError};
use sync_log_sqlite::{SyncDb, SystemClock, Uuid, WallClock};

use crate::common::database::{Journal, Layout, database, make};
use crate::records::gallery::{TABLES, declared};

pub(super) const LIBRARY: Uuid = Uuid::from_u128(0x11b);

/// One of the two devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Name {
    Phone,
    Laptop,
}

impl Name {
    pub(super) const BOTH: [Self; 2] = [Self::Phone, Self::Laptop];

    pub(super) const fn id(self) -> Uuid {
        match self {
            Self::Phone => Uuid::from_u128(0xf0),
            Self::Laptop => Uuid::from_u128(0x1a),
        }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Phone => Self::Laptop,
            Self::Laptop => Self::Phone,
        }
    }

    /// The folder of the device.
    pub(super) fn folder(self, of_both: &Path) -> PathBuf {
        of_both.join(match self {
            Self::Phone => "phone",
            Self::Laptop => "laptop",
        })
    }
}

/// How the devices of a run are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) layout: Layout,
    pub(super) journal: Journal,
}

impl Setup {
    /// Those of a run in this layout.
    pub(super) fn both(layout: Layout) -> [Self; 2] {
        [Journal::Rollback, Journal::WriteAhead].map(|journal| Self { layout, journal })
    }

    /// Makes the folders of both devices, with the tables of the app.
    pub(super) fn make(self, of_both: &Path) {
        for name in Name::BOTH {
            let folder = name.folder(of_both);
            std::fs::create_dir_all(&folder).unwrap();
            make(&folder, self.journal, TABLES);
        }
    }

    async fn open_records(
        self,
        db: &DatabaseConnection,
        name: Name,
        folder: &Path,
        wall: SetBack,
    ) -> Result<SharedRecords, SyncError> {
        let log = SyncDb::options().wall_clock(wall);
        let options = SharedRecords::options().log(log);
        let opened = self
            .layout
            .open(options, db, declared(), LIBRARY, name.id(), folder);
        opened.await
    }
}

/// A wall clock that was set back by so many milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct SetBack(pub(super) u32);

impl WallClock for SetBack {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() - i64::from(self.0)
    }
}

/// Connects as an app does that reads and writes at the same time.
async fn connect(database: &Path) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(format!("sqlite:{}", database.display()));
    options.max_connections(4).sqlx_logging(false);
    Database::connect(options).await
}

/// An open device.
pub(super) struct Device {
    pub(super) name: Name,
    pub(super) db: DatabaseConnection,
    pub(super) records: SharedRecords,
}

impl Device {
    /// Opens a device, or makes it, and registers the other one with it.
    pub(super) async fn open(
        setup: Setup,
        name: Name,
        of_both: &Path,
        wall: SetBack,
    ) -> Result<Self, SyncError> {
        let folder = name.folder(of_both);
        let db = connect(&database(&folder)).await?;
        let records = setup.open_records(&db, name, &folder, wall).await?;
        records.log().register_peer(name.other().id()).await?;
        Ok(Self { name, db, records })
    }

    pub(super) async fn close(self) -> Result<(), SyncError> {
        self.records.close().await?;
        Ok(self.db.close().await?)
    }
}
