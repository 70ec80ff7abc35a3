//! Opens a file as a store.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sea_orm::sea_query::{Expr, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::{Birth, DeviceId, LibraryId, LogState, StoreError, StoreFault};

use super::error::OpenError;
use super::found::{Found, Ids, refuse_copy, refuse_unfit};
use super::options::FILE_NAME;
use super::probe;
use super::resolve::{refuse_unusable, resolve};
use crate::adopt::{self, EARLIER_PROGRAM, RowsAhead, fit};
use crate::driver::connect::{self, Location};
use crate::driver::failure::corrupt;
use crate::driver::files::Files;
use crate::driver::{Busy, Port, Template, Transaction, exists, in_place};
use crate::entity::{
    adoptions, aside_acks, aside_changes, peer_acks, peers, shared_changes, state,
};
use crate::migration;
use crate::store::thread::{self, Wanted};
use crate::store::{self, Anchor, SqliteStore};

/// How long to wait before another attempt at a file that is locked for a
/// moment, for instance because another process is making it.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

impl SqliteStore {
    /// Opens the log in `data_dir`. If there is none, makes one, at `now_ms` by the wall clock, and
    /// with or without a floor, as `birth` says.
    ///
    /// # Errors
    /// As for [`SyncDb::open`](crate::SyncDb::open).
    pub async fn open(
        data_dir: &Path,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        birth: Birth,
        busy_timeout: Duration,
        now_ms: i64,
    ) -> Result<Self, OpenError> {
        let path = data_dir.join(FILE_NAME);
        let ids = Ids::of(library_id.into(), device_id.into());
        let opening = Opening {
            ids: ids.map_err(|error| OpenError::log(&path, error))?,
            location: Location::File(path),
            birth: Some(birth),
            busy: Busy::for_at_most(busy_timeout),
            now_ms,
            rows_ahead: RowsAhead::GoAside,
        };
        opening.in_folder().await
    }

    /// Makes a log in memory. It promises everything except durability (`A3`).
    ///
    /// # Errors
    /// [`OpenError::Log`] if SQLite fails.
    pub async fn open_in_memory(
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        birth: Birth,
        now_ms: i64,
    ) -> Result<Self, OpenError> {
        let location = Location::in_memory();
        let ids = Ids::of(library_id.into(), device_id.into());
        let opening = Opening {
            ids: ids.map_err(|error| OpenError::log(location.path(), error))?,
            location,
            birth: Some(birth),
            busy: Busy::DEFAULT,
            now_ms,
            rows_ahead: RowsAhead::GoAside,
        };
        opening
            .run(|opening, wanted| opening.open(Found::Nothing, wanted))
            .await
    }
}

/// The connection that writes, and the log that it writes to.
type Writing = (Connection, Anchor);

/// The arguments of an opening.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) location: Location,
    pub(super) ids: Ids,
    /// Whether a log that is made begins with a floor; `None` makes no log. It does not affect a log
    /// that exists.
    pub(super) birth: Option<Birth>,
    pub(super) busy: Busy,
    pub(super) now_ms: i64,
    /// It affects an adoption only.
    pub(super) rows_ahead: RowsAhead,
}

impl Opening {
    /// Opens the file to which the path of the location leads.
    pub(super) async fn in_folder(self) -> Result<SqliteStore, OpenError> {
        self.run(Self::resolved).await
    }

    /// Opens on a thread of its own, and makes a store of the connection that writes.
    async fn run(
        self,
        open: impl FnOnce(&mut Self, Wanted<'_>) -> Result<Writing, OpenError> + Send + 'static,
    ) -> Result<SqliteStore, OpenError> {
        let path = self.location.path().to_owned();
        let failed = |error| OpenError::store(&path, error);
        let busy = self.busy;
        let mut opening = self;
        let opened = thread::run("sync-log-opener", move |wanted| {
            let writing = open(&mut opening, wanted)?;
            Ok((writing, opening.location))
        });
        let ((db, anchor), location) = opened.await.map_err(failed)??;
        SqliteStore::new(db, anchor, location, busy).map_err(failed)
    }

    /// Opens the file to which the path leads. Errors name the path that was given.
    fn resolved(&mut self, wanted: Wanted<'_>) -> Result<Writing, OpenError> {
        let given = self.location.path().to_owned();
        match self.birth {
            Some(_) => {
                refuse_unusable(&given)?;
                probe::prepare_folder(given.parent().unwrap_or(&given))?;
            }
            None => probe::refuse_no_log(&given)?,
        }
        self.location = Location::File(resolve(&given)?);
        let opened = self.patiently(wanted);
        opened.map_err(|error| error.of_another(&given))
    }

    /// Tries again while the file is locked, until the busy timeout is over or the caller has
    /// dropped its future.
    fn patiently(&self, wanted: Wanted<'_>) -> Result<Writing, OpenError> {
        let deadline = Instant::now() + self.busy.timeout();
        loop {
            let opened = probe::probe(self.location.path(), self.ids, self.busy)
                .and_then(|found| self.open(found, wanted));
            match opened {
                Err(error) if is_locked(&error) && Instant::now() < deadline && wanted() => {
                    tracing::debug!(
                        target: "sync_log_sqlite::open",
                        %error,
                        "the file is locked for a moment; trying again"
                    );
                    std::thread::sleep(RETRY_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    /// Returns the connection that writes, to a log that is made, updated, or adopted if necessary.
    ///
    /// All of this is one transaction that begins with the write lock. So a file that another
    /// process is making is not taken for a part of a log, and if two processes make a file, the
    /// second one finds it made. If the caller has dropped its future, the file stays as it was.
    fn open(&self, found: Found, wanted: Wanted<'_>) -> Result<Writing, OpenError> {
        let failed = |error| OpenError::store(self.location.path(), error);
        let given_up = || failed(StoreError::new(StoreFault::Closed, "open the log"));
        if !wanted() {
            return Err(given_up());
        }
        let db = match found {
            Found::Nothing => connect::maker(&self.location, self.busy),
            Found::Unfinished(_) | Found::Earlier | Found::Log(_) => {
                connect::writer(&self.location, self.busy)
            }
        };
        let db = db.map_err(failed)?;
        let database = Files::of(&self.location).map_err(failed)?;
        if !matches!(found, Found::Nothing) {
            self.switch_to_wal(&db)?;
        }
        refuse_without_wal(&db, &self.location)?;
        let txn = Transaction::write(&db, self.busy).map_err(failed)?;
        let adopted = in_place(self.finish(&db))?;
        if !wanted() {
            return Err(given_up());
        }
        txn.commit().map_err(failed)?;
        if let Some((outcome, cause)) = adopted {
            outcome.report(&cause);
        }
        let anchor = Anchor::of_writer(&db, database).map_err(failed)?;
        Ok((db, anchor))
    }

    /// Switches a file of another program to a write-ahead log. The transaction that makes or
    /// adopts the log cannot do that, so it is rehearsed first: a file that it refuses, or for which
    /// there is no room, keeps the journal mode that it is in (`I8`). SQLite does not wait for the
    /// lock of the switch, so nothing here waits: the opening is tried again.
    fn switch_to_wal(&self, db: &Connection) -> Result<(), OpenError> {
        let failed = |error| OpenError::store(self.location.path(), error);
        if connect::journal_mode(db).map_err(failed)? == connect::WAL {
            return Ok(());
        }
        Busy::NOT.set(db).map_err(failed)?;
        let rehearsal = Transaction::write(db, Busy::NOT).map_err(failed)?;
        in_place(self.finish(db))?;
        drop(rehearsal);
        connect::set_wal(db).map_err(failed)?;
        self.busy.set(db).map_err(failed)
    }

    /// Makes, updates or adopts the log in the transaction that `db` is in. Returns what was adopted,
    /// and why, if anything was.
    pub(super) async fn finish(
        &self,
        db: &impl Port,
    ) -> Result<Option<(adopt::Outcome, String)>, OpenError> {
        let path = self.location.path();
        let failed = |error| OpenError::store(path, error);
        let found = Found::of(db, path).await?;
        self.ids.refuse_other(found, path)?;
        refuse_copy(db, path).await?;
        let mut cause = None;
        if matches!(found, Found::Log(_)) {
            let refused = db.run(&WRITE_NOTHING, &[]).await;
            refused.map_err(failed)?;
        } else {
            cause = self.make(db, found).await?;
        }
        self.make_missing(db).await?;
        if cause.is_none() {
            cause = adopt::cause(db).await.map_err(failed)?;
        }
        let adopted = match cause {
            Some(cause) => {
                let outcome = adopt::run(db, &cause, self.now_ms, self.rows_ahead).await;
                Some((outcome.map_err(failed)?, cause))
            }
            None => None,
        };
        let put_right = adopt::put_right(db, self.now_ms).await;
        put_right.map_err(failed)?;
        Ok(adopted)
    }

    /// Makes missing tables, and stores whose log it is. Returns why the file has to be adopted, if
    /// another program wrote to it.
    async fn make(&self, db: &impl Port, found: Found) -> Result<Option<String>, OpenError> {
        let path = self.location.path();
        let failed = |error| OpenError::store(path, error);
        let is_earlier = matches!(found, Found::Earlier);
        if is_earlier {
            refuse_unfit(db, path).await?;
        }
        migration::LOG.up(db, self.now_ms).await.map_err(failed)?;
        if found.identity().is_some() {
            return Ok(None);
        }
        // A log that knew whose it was lost that, and does not get another identity.
        if exists(db, &ANY_OWN_ROW, &[]).await.map_err(failed)? {
            return Err(failed(corrupt("sync_log_identity", "1", "id")));
        }
        let holds_rows = exists(db, &ANY_ROW, &[]).await.map_err(failed)?;
        if holds_rows && !is_earlier {
            refuse_unfit(db, path).await?;
        }
        let is_adopted = is_earlier || holds_rows;
        // An adoption puts the floor below what is there.
        let birth = if is_adopted {
            Some(Birth::Alone)
        } else {
            self.birth
        };
        let missing = || OpenError::Missing {
            path: path.to_owned(),
        };
        let birth = birth.ok_or_else(missing)?;
        let begun = self.begin(db, birth).await;
        begun.map_err(failed)?;
        Ok(is_adopted.then(|| EARLIER_PROGRAM.to_owned()))
    }

    /// Stores whose log it is, and its first state.
    async fn begin(&self, db: &impl Port, birth: Birth) -> Result<(), StoreError> {
        let identity = self.ids.new_log();
        let made = LogState::made(identity, self.now_ms, birth);
        store::state::begin(db, &made, self.now_ms).await
    }

    /// Refuses original tables that another program changed so that they cannot hold a log. Makes
    /// original tables that are missing.
    async fn make_missing(&self, db: &impl Port) -> Result<(), OpenError> {
        let path = self.location.path();
        let failed = |error| OpenError::store(path, error);
        if let Some(reason) = fit::tables(db).await.map_err(failed)? {
            let path = path.to_owned();
            return Err(OpenError::NotAdoptable { path, reason });
        }
        let made = migration::run_all(migration::original_tables(), db).await;
        made.map_err(failed)
    }
}

/// Refuses a file that stayed in another journal mode. What is promised of reads beside a writer, and
/// of a commit that survives, rests on the write-ahead log, so the mode is read back (`A3`).
fn refuse_without_wal(db: &Connection, location: &Location) -> Result<(), OpenError> {
    let Location::File(path) = location else {
        return Ok(());
    };
    let mode = connect::journal_mode(db).map_err(|error| OpenError::store(path, error))?;
    if mode == connect::WAL {
        return Ok(());
    }
    Err(OpenError::NoWriteAheadLog {
        path: path.clone(),
        mode,
    })
}

fn is_locked(error: &OpenError) -> bool {
    use sync_log_core::LogError::Store;
    matches!(error.as_log_error(), Some(Store(error)) if error.fault() == StoreFault::Locked)
}

/// On a file that may not be written, SQLite connects and even begins "immediately", to read
/// only. A statement that could write is refused.
static WRITE_NOTHING: LazyLock<Template> = LazyLock::new(|| {
    let update = state::Entity::update_many()
        .col_expr(state::Column::Solo, state::Column::Solo.into_expr())
        .filter(state::Column::Id.eq(0));
    let doing = "see whether the file may be written";
    Template::build(doing, &update.into_query())
});

/// A row of one of the original tables.
static ANY_ROW: LazyLock<Template> = LazyLock::new(|| {
    let mut rows = any_of::<shared_changes::Entity>();
    rows.union(UnionType::All, any_of::<peer_acks::Entity>())
        .limit(1);
    Template::build("look for rows of another program", &rows)
});

/// A row that exists only in a log that had an identity.
static ANY_OWN_ROW: LazyLock<Template> = LazyLock::new(|| {
    let mut rows = any_of::<state::Entity>();
    rows.union(UnionType::All, any_of::<peers::Entity>())
        .union(UnionType::All, any_of::<adoptions::Entity>())
        .union(UnionType::All, any_of::<aside_changes::Entity>())
        .union(UnionType::All, any_of::<aside_acks::Entity>())
        .limit(1);
    Template::build("see whether the log was identified", &rows)
});

/// A 1 for each row of a table.
fn any_of<E: EntityTrait>() -> SelectStatement {
    let mut rows = E::find().select_only().into_query();
    rows.expr(Expr::val(1));
    rows
}

#[cfg(test)]
mod tests {
    use rusqlite::OpenFlags;
    use sync_log_core::ErrorKind;

    use super::*;

    /// A file system without locks has no memory that processes share, so no write-ahead log.
    #[cfg(unix)]
    #[test]
    fn a_file_system_that_has_no_write_ahead_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let location = Location::File(path.clone());
        let without = Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), "unix-none");
        let without = without.unwrap();
        connect::set_wal(&without).unwrap();
        let error = refuse_without_wal(&without, &location).unwrap_err();
        let is_named =
            matches!(&error, OpenError::NoWriteAheadLog { mode, .. } if mode == "delete");
        assert!(is_named, "{error:?}");
        assert_eq!(error.kind(), ErrorKind::FixCall);
        drop(without);

        let with = Connection::open(&path).unwrap();
        connect::set_wal(&with).unwrap();
        refuse_without_wal(&with, &location).unwrap();
    }
}
