//! Where statements run: on a connection of this crate's own, in place, or on any connection
//! or transaction of an app's SeaORM.
//!
//! Statements are built by SeaORM from the entities, once each ([`Template`]). A [`Port`]
//! runs them with [`Argument`]s and hands over [`Row`]s, whose cells are what SQLite stored:
//! a value that another program wrote is seen as it is, whatever type a column should have.
//! There are two ports:
//!
//! - [`rusqlite::Connection`]. Its futures are ready at once; [`in_place`] runs them.
//! - [`Over`] a [`ConnectionTrait`](sea_orm::ConnectionTrait), inside the app's transaction
//!   if that is one.

mod argument;
pub(crate) mod build;
mod in_place;
mod over;
mod row;
mod template;
mod transaction;

use std::ops::ControlFlow;

use sync_log_core::{StoreError, StoreErrorKind};

pub(crate) use argument::Argument;
pub(crate) use in_place::in_place;
pub(crate) use over::Over;
pub(crate) use row::{Cell, Row};
pub(crate) use template::{Template, argument, argument_rows};
pub(crate) use transaction::Transaction;

/// Something that runs statements.
///
/// No future of a port has to be `Send`: one that is spawned is where the connection is.
pub(crate) trait Port {
    /// Runs a statement that returns no rows. Returns how many rows it changed.
    async fn run(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<u64, StoreError>;

    /// Hands the rows of a query to `read`, one after the other, until that breaks off or
    /// fails.
    async fn rows(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
        read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>;
}

/// All rows.
pub(crate) async fn all<T>(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    db.rows(query, arguments, |row| {
        found.push(read(row)?);
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(found)
}

/// The first row.
pub(crate) async fn first<T>(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut found = None;
    db.rows(query, arguments, |row| {
        found = Some(read(row)?);
        Ok(ControlFlow::Break(()))
    })
    .await?;
    Ok(found)
}

/// The first row, which has to be there.
pub(crate) async fn one<T>(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let found = first(db, query, arguments, read).await?;
    found.ok_or_else(|| {
        let doing = format!("{}: no row", query.doing());
        StoreError::new(StoreErrorKind::Corrupt, doing)
    })
}
