//! What is read of the rows of a query.

use std::ops::ControlFlow;

use sync_log_core::{StoreError, StoreFault};

use super::{Argument, Port, Row, Template};
use crate::driver::failure::corrupt;

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
        StoreError::new(StoreFault::Corrupt, doing)
    })
}

/// Whether a query has rows.
pub(crate) async fn exists(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
) -> Result<bool, StoreError> {
    let found = first(db, query, arguments, |_| Ok(())).await?;
    Ok(found.is_some())
}

/// The whole number that a query finds, such as a count; 0 for NULL.
pub(crate) async fn number(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
) -> Result<i64, StoreError> {
    let found = one(db, query, arguments, |row| Ok(row.integer(0))).await?;
    Ok(found.unwrap_or_default())
}

/// The texts of a query that has one column, `column` of `table`.
pub(crate) async fn texts(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
    (table, column): (&str, &str),
) -> Result<Vec<String>, StoreError> {
    all(db, query, arguments, |row| {
        let text = row.text(0).ok_or_else(|| corrupt(table, "", column))?;
        Ok(text.into_owned())
    })
    .await
}
