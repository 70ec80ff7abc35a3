//! What an app implements for a model that it applies by hand.

use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::Value;
use sync_log_core::Uuid;
use sync_log_core::receive::Facts;

use crate::driver::failure::said_by_constraint;

/// Shows the records of one model in the app's tables, where a record is not one row of one entity: for
/// instance a record in two tables, or with a column that the app computes.
///
/// [`Models::by_hand`](super::Models::by_hand) names the model. An own change is made in
/// [`write`](super::SharedRecords::write): change the tables over
/// [`connection`](super::Writing::connection), for instance with [`show`](Self::show), and pass the change to
/// [`record`](super::Writing::record).
///
/// # Contract
/// - [`facts`](Self::facts) depends on the payload alone, and [`show`](Self::show) on the payload and on the
///   constraints of the tables: all devices with this code show the same (`X6`).
/// - After [`show`](Self::show), the tables show this payload and nothing of an earlier one.
/// - A call changes only the [`tables`](Self::tables), and in them only what belongs to its record. It records
///   no own change: [`record_in`](super::SharedRecords::record_in) is refused in its transaction (`W3`).
/// - A failure of the database is a [`DbErr`], and never [`Answer::Refused`]. Then nothing of the page or of
///   the own changes is committed, and the caller tries again.
///
/// # Example
/// A note whose text is in a table of its own:
///
/// ```
/// use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value as Sql};
/// use serde_json::{Value, json};
/// use sync_log_sqlite::Uuid;
/// use sync_log_sqlite::receive::{Facts, Key};
/// use sync_log_sqlite::records::{Answer, Applier, Models};
///
/// struct Notes;
///
/// fn sql<const N: usize>(text: &str, values: [Sql; N]) -> Statement {
///     Statement::from_sql_and_values(DbBackend::Sqlite, text, values)
/// }
///
/// #[async_trait::async_trait]
/// impl Applier for Notes {
///     fn tables(&self) -> &[&str] {
///         &["note", "note_text"]
///     }
///
///     fn members(&self) -> &[&str] {
///         &["title", "text"]
///     }
///
///     fn revision(&self) -> u32 {
///         1
///     }
///
///     // note.title is UNIQUE.
///     fn facts(&self, payload: &Value) -> Facts {
///         let title = payload["title"].as_str();
///         let keys = title.map(|title| Key { name: "title".to_owned(), value: title.to_owned() });
///         Facts { keys: keys.into_iter().collect(), ..Facts::default() }
///     }
///
///     async fn show(
///         &self,
///         txn: &DatabaseTransaction,
///         record: Uuid,
///         payload: &Value,
///     ) -> Result<Answer, DbErr> {
///         let [Some(title), Some(text)] = ["title", "text"].map(|name| payload[name].as_str()) else {
///             return Ok(Answer::Refused("a note has a title and a text".to_owned()));
///         };
///         let set_title = "INSERT INTO note VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title";
///         let set_text = "INSERT INTO note_text VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET text = excluded.text";
///         let written = async {
///             txn.execute_raw(sql(set_title, [record.into(), title.into()])).await?;
///             txn.execute_raw(sql(set_text, [record.into(), text.into()])).await
///         };
///         Answer::of(written.await)
///     }
///
///     async fn hide(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<(), DbErr> {
///         for table in self.tables() {
///             let delete = format!("DELETE FROM {table} WHERE id = ?");
///             txn.execute_raw(sql(&delete, [record.into()])).await?;
///         }
///         Ok(())
///     }
///
///     async fn read(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<Option<Value>, DbErr> {
///         let query = "SELECT title, text FROM note JOIN note_text USING (id) WHERE id = ?";
///         let Some(row) = txn.query_one_raw(sql(query, [record.into()])).await? else {
///             return Ok(None);
///         };
///         let title: String = row.try_get("", "title")?;
///         let text: String = row.try_get("", "text")?;
///         Ok(Some(json!({ "title": title, "text": text })))
///     }
///
///     async fn records_after(
///         &self,
///         txn: &DatabaseTransaction,
///         after: Option<Uuid>,
///         limit: usize,
///     ) -> Result<Vec<Uuid>, DbErr> {
///         let query = "SELECT id FROM note WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2";
///         let rows = txn.query_all_raw(sql(query, [after.into(), (limit as i64).into()])).await?;
///         rows.iter().map(|row| row.try_get("", "id")).collect()
///     }
/// }
///
/// let models = Models::new().by_hand("note", Notes);
/// ```
#[async_trait]
pub trait Applier: Send + Sync {
    /// The tables in which it shows the records. No other model has one of them. Their foreign
    /// keys lead to records, and [`facts`](Self::facts) has each as a reference.
    fn tables(&self) -> &[&str];

    /// The members of a payload that it knows. Other members are kept beside the tables. If other devices
    /// have the records in an entity, the primary key of the entity is one of the members.
    fn members(&self) -> &[&str];

    /// A number that is raised in each release in which one of these functions answers in another way. All
    /// records are decided again at the first opening with a new number, and after a change of the
    /// [`tables`](Self::tables), their indexes and triggers, or of the model's [`version`](super::DeclaredModels::version).
    fn revision(&self) -> u32;

    /// The models whose records a record may follow. A reference to another model with
    /// [`Need::Follows`](crate::receive::Need::Follows) counts as
    /// [`Need::Must`](crate::receive::Need::Must).
    fn follows(&self) -> &[&str] {
        &[]
    }

    /// The records to which a payload refers, and its unique keys. Under the per-field rule the payload may
    /// have only some of the members of a record.
    ///
    /// A record that refers to another one with [`Need::May`](crate::receive::Need::May) is shown with `null`
    /// in that member while the other record is not shown. The values of a key are equal texts if the tables
    /// take them for equal: a column with the collation NOCASE needs one case.
    fn facts(&self, payload: &Value) -> Facts;

    /// Makes the tables show this payload of a record, whether they show an earlier one or none. What a call
    /// has changed is undone if the answer is [`Answer::Refused`].
    ///
    /// # Errors
    /// The database failed.
    async fn show(
        &self,
        txn: &DatabaseTransaction,
        record: Uuid,
        payload: &Value,
    ) -> Result<Answer, DbErr>;

    /// Removes a record from the tables, in which it may be missing.
    ///
    /// # Errors
    /// The database failed.
    async fn hide(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<(), DbErr>;

    /// Reads what the tables show of a record: the members of the payload that it knows. A member that is
    /// left out counts as `null`.
    ///
    /// # Errors
    /// The database failed.
    async fn read(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<Option<Value>, DbErr>;

    /// Lists the records that the tables show, those after `after`, ascending and at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    async fn records_after(
        &self,
        txn: &DatabaseTransaction,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Uuid>, DbErr>;
}

/// What became of a record that an [`Applier`] was to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The tables show it.
    Shown,
    /// The tables cannot show this payload, for this reason. The text is stored and reported, so it has no
    /// values of the payload.
    Refused(String),
}

impl Answer {
    /// The answer that follows from the outcome of statements: if a constraint of the tables refused a row,
    /// the reason is the text of SQLite.
    ///
    /// # Errors
    /// The error, if it is any other one.
    pub fn of<T>(outcome: Result<T, DbErr>) -> Result<Self, DbErr> {
        match outcome {
            Ok(_) => Ok(Self::Shown),
            Err(error) => match said_by_constraint(&error) {
                Some(reason) => Ok(Self::Refused(reason)),
                None => Err(error),
            },
        }
    }
}
