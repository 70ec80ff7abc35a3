//! Reads the rows of a table in chunks, by their row ids, and puts rows aside.

use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};
use sync_log_core::StoreError;

use crate::driver::build::{delete_row, insert_selected, rowid};
use crate::driver::{Port, Row, Template, all, argument, argument_rows};
use crate::store::rows::Columns;

/// What the statements of an adoption do.
pub(super) const ADOPT: &str = "adopt the file";

/// How many rows are judged before the rows that go aside are moved.
pub(super) const CHUNK_ROWS: usize = 1000;

/// A row with its number, by which it is put aside.
pub(super) struct Numbered<T> {
    pub(super) row: i64,
    pub(super) found: T,
}

/// The rows of a query of [`chunk`], some at a time.
pub(super) struct Chunks<'q> {
    query: &'q Template,
    table: &'static str,
    /// The number of the first row that was not read; `None` at the end.
    next: Option<i64>,
}

impl<'q> Chunks<'q> {
    pub(super) fn of(query: &'q Template, table: &'static str) -> Self {
        Self {
            query,
            table,
            next: Some(i64::MIN),
        }
    }

    /// The next rows; none at the end. They may be moved before more are read.
    pub(super) async fn next<T>(
        &mut self,
        db: &impl Port,
        read: impl Fn(&Row<'_>) -> T,
    ) -> Result<Vec<Numbered<T>>, StoreError> {
        let Some(from) = self.next else {
            return Ok(Vec::new());
        };
        let arguments = [from.into(), CHUNK_ROWS.into()];
        let chunk = all(db, self.query, &arguments, |row| {
            Ok(Numbered {
                row: Columns::keyed(row, self.table, 0).integer("rowid")?,
                found: read(row),
            })
        })
        .await?;
        self.next = chunk.last().and_then(|last| last.row.checked_add(1));
        Ok(chunk)
    }
}

/// The numbers of the rows of a table from one on, and what else is read of each. Arguments: the
/// first number, and how many.
pub(super) fn chunk<E: EntityTrait>(
    doing: &'static str,
    values: impl IntoIterator<Item = Expr>,
) -> Template {
    let mut query = SelectStatement::new();
    query.from(E::default()).expr(rowid::<E>());
    for value in values {
        query.expr(value);
    }
    query
        .and_where(rowid::<E>().gte(argument(0)))
        .order_by_expr(rowid::<E>(), Order::Asc)
        .limit(argument_rows(1));
    Template::build(doing, &query)
}

/// Moves rows of a table to the table beside it, byte for byte.
pub(super) struct Aside {
    copy: Template,
    delete: Template,
}

impl Aside {
    /// Moves `columns` of `E` to the columns of `A` after those for the adoption and the reason.
    pub(super) fn of<E: EntityTrait, A: EntityTrait>(
        columns: &[E::Column],
        aside: &[A::Column],
    ) -> Self {
        let mut row = SelectStatement::new();
        row.from(E::default())
            .expr(Expr::val(argument(0)))
            .expr(Expr::val(argument(1)))
            .columns(columns.iter().copied())
            .and_where(rowid::<E>().eq(argument(2)));
        Self {
            copy: Template::build(ADOPT, &insert_selected::<A>(aside, row)),
            delete: delete_row::<E>(ADOPT),
        }
    }

    pub(super) async fn put(
        &self,
        db: &impl Port,
        adoption: i64,
        reason: &str,
        row: i64,
    ) -> Result<(), StoreError> {
        let arguments = [adoption.into(), reason.into(), row.into()];
        db.run(&self.copy, &arguments).await?;
        db.run(&self.delete, &[row.into()]).await.map(drop)
    }
}
