//! Pools as apps make them.

use std::path::Path;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

/// The settings of a pool.
pub(crate) struct Settings {
    pub(crate) journal_mode: &'static str,
    pub(crate) synchronous: &'static str,
    pub(crate) connections: u32,
}

/// What SeaORM and SQLite choose by themselves.
pub(crate) const DEFAULT: Settings = Settings {
    journal_mode: "DELETE",
    synchronous: "FULL",
    connections: 1,
};

/// What apps choose for speed.
pub(crate) const TUNED: Settings = Settings {
    journal_mode: "WAL",
    synchronous: "NORMAL",
    connections: 4,
};

/// Connects to the database of an app, which is made if it is not there.
pub(crate) async fn connect(path: &Path, settings: &Settings) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite:{}?mode=rwc", path.display()));
    let Settings {
        journal_mode,
        synchronous,
        connections,
    } = *settings;
    options
        .sqlx_logging(false)
        .max_connections(connections)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .pragma("journal_mode", journal_mode)
                .pragma("synchronous", synchronous)
        });
    Database::connect(options).await.unwrap()
}
