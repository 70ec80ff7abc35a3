//! Connections, with the pragmas that the contract rests on.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use sync_log_core::{StoreError, StoreErrorKind};

use crate::failure::failed;
use crate::probe::Found;

/// Readers that may be at work at the same time.
pub(crate) const READERS: u32 = 4;

/// Rows that SQLite's thread reads ahead.
const ROWS_AHEAD: usize = 64;

/// `PRAGMA synchronous` of a connection that syncs at every commit.
pub(crate) const FULL: i64 = 2;

/// A file. Its name is set on the options, so that no path has to be a URL.
/// Starting from [`MEMORY`] would not do: a name does not take it back, and
/// SQLite would keep the file's tables in memory.
const FILE: &str = "sqlite:sync.db";

/// A database in memory, of the connection that makes it.
const MEMORY: &str = "sqlite::memory:";

/// The one connection that writes. Makes the file if there is nothing.
pub(crate) async fn writer(
    path: &Path,
    found: Found,
    busy: Duration,
) -> Result<DatabaseConnection, StoreError> {
    let path = path.to_owned();
    let options = move |options: SqliteConnectOptions| {
        let options = durable(options.filename(&path).busy_timeout(busy));
        match found {
            Found::Nothing => shrinkable(options.create_if_missing(true)),
            Found::Database => options,
        }
    };
    let db = connect(FILE, 1, options)
        .await
        .map_err(|error| failed("connect for writing", error))?;
    verify_synchronous(&db).await?;
    Ok(db)
}

/// Has an effect before the first table only; on a database that has tables it
/// would be a write, at every opening.
fn shrinkable(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.auto_vacuum(SqliteAutoVacuum::Incremental)
}

fn durable(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
}

/// `A3` rests on this one setting, so it is read back rather than believed.
pub(crate) async fn verify_synchronous(db: &DatabaseConnection) -> Result<(), StoreError> {
    match synchronous(db)
        .await
        .map_err(|error| failed("read back `synchronous`", error))?
    {
        FULL => Ok(()),
        other => {
            let doing = format!("make commits durable: `synchronous` is {other}, not {FULL}");
            Err(StoreError::new(StoreErrorKind::Io, doing))
        }
    }
}

pub(crate) async fn synchronous(db: &DatabaseConnection) -> Result<i64, DbErr> {
    let query = Statement::from_string(db.get_database_backend(), "PRAGMA synchronous");
    let row = db.query_one_raw(query).await?;
    row.map_or(Ok(-1), |row| row.try_get_by_index(0))
}

/// Connections that only read.
pub(crate) async fn readers(path: &Path, busy: Duration) -> Result<DatabaseConnection, StoreError> {
    let path = path.to_owned();
    let options = move |options: SqliteConnectOptions| {
        options
            .filename(&path)
            .create_if_missing(false)
            .busy_timeout(busy)
            .pragma("query_only", "1")
    };
    connect(FILE, READERS, options)
        .await
        .map_err(|error| failed("connect for reading", error))
}

/// A connection that cannot change the file, to look at it before it is opened.
pub(crate) async fn probe(path: &Path, busy: Duration) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    connect(FILE, 1, move |options| {
        options
            .filename(&path)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(busy)
    })
    .await
}

/// A connection that may write to a file, and does not.
pub(crate) async fn bystander(path: &Path, busy: Duration) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    connect(FILE, 1, move |options| {
        options
            .filename(&path)
            .create_if_missing(false)
            .busy_timeout(busy)
    })
    .await
}

/// The one connection of a log in memory.
pub(crate) async fn memory() -> Result<DatabaseConnection, StoreError> {
    connect(MEMORY, 1, |options| shrinkable(durable(options)))
        .await
        .map_err(|error| failed("open a database in memory", error))
}

async fn connect(
    url: &str,
    connections: u32,
    map: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    if url != MEMORY {
        options.map_sqlx_sqlite_before_acquire(|connection, _| {
            Box::pin(async { Ok(ended_its_transaction(connection)) })
        });
    }
    options
        .min_connections(1)
        .max_connections(connections)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(statements_are_wanted())
        .map_sqlx_sqlite_opts(move |options| map(options.row_buffer_size(ROWS_AHEAD)));
    Database::connect(options).await
}

/// Statements are told to a subscriber that asks for them before a log is
/// opened; to any other that would only cost time. Values are never told.
fn statements_are_wanted() -> bool {
    tracing::enabled!(target: "sqlx::query", tracing::Level::TRACE)
}

/// Whether a connection that comes back for another use may be used. When the
/// disk is full or fails, SQLite rolls back by itself, and the count of open
/// transactions that sqlx keeps stays wrong: from then on it would make
/// savepoints of transactions, and a commit could be none. Such a connection is
/// not taken, so the pool closes it and opens another. A database in memory has
/// no other, and no disk.
fn ended_its_transaction(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_writing_connection_syncs_at_every_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.db");
        let db = writer(&path, Found::Nothing, Duration::from_secs(1));
        let db = db.await.unwrap();
        assert_eq!(synchronous(&db).await.unwrap(), FULL);
    }

    #[tokio::test]
    async fn a_connection_that_does_not_sync_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.db");
        let db = connect(FILE, 1, move |options| {
            durable(options.filename(&path).create_if_missing(true))
                .synchronous(SqliteSynchronous::Normal)
        });
        let refused = verify_synchronous(&db.await.unwrap()).await.unwrap_err();
        assert!(
            refused.to_string().contains("`synchronous` is 1"),
            "{refused}"
        );
    }
}
