//! Reads rows of the app's own entities, which SeaORM decodes.

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

/// The rows of a query that the app's entity has built.
pub(crate) async fn app_rows(
    db: &impl ConnectionTrait,
    query: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(query).await
}
