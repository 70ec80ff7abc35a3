//! What statements are built with, beside SeaORM's own builders.

use sea_orm::sea_query::{
    Asterisk, CaseStatement, Expr, ExprTrait, Func, FunctionCall, InsertStatement, OnConflict,
    Query, SelectStatement,
};
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, QueryFilter, QueryTrait};

use super::{Template, argument};

/// Inserts a row, of which each column is an argument, in their order.
pub(crate) fn insert<E: EntityTrait>(columns: &[E::Column]) -> InsertStatement {
    let values = (0..).take(columns.len()).map(argument).map(Expr::val);
    Query::insert()
        .into_table(E::default())
        .columns(columns.iter().copied())
        .values_panic(values)
        .to_owned()
}

/// Inserts the rows of a query, which has as many columns as are named.
pub(crate) fn insert_selected<E: EntityTrait>(
    columns: &[E::Column],
    rows: SelectStatement,
) -> InsertStatement {
    Query::insert()
        .into_table(E::default())
        .columns(columns.iter().copied())
        .select_from(rows)
        .expect("the query has as many columns")
        .to_owned()
}

/// Like [`insert`], but if there is a row with this key, replaces the other columns. Columns that
/// are not named keep their values.
pub(crate) fn upsert<E: EntityTrait>(key: E::Column, columns: &[E::Column]) -> InsertStatement {
    let others = columns.iter().copied();
    let others = others.filter(|column| column.as_str() != key.as_str());
    let replaced = OnConflict::column(key).update_columns(others).to_owned();
    insert::<E>(columns).on_conflict(replaced).to_owned()
}

/// The elements of a JSON array, which is an argument, as a table to select from under the name
/// [`ELEMENTS`]. So a statement has one text, however many elements there are.
pub(crate) fn elements(array: u64) -> FunctionCall {
    Func::cust("json_each").arg(argument(array))
}

/// The name of the table of [`elements`].
pub(crate) const ELEMENTS: &str = "wanted";

/// The element itself, in a table of [`elements`].
pub(crate) fn element() -> Expr {
    Expr::col((ELEMENTS, "value"))
}

/// The position of the element, counted from 0.
pub(crate) fn element_position() -> Expr {
    Expr::col((ELEMENTS, "key"))
}

/// A part of an element that is an array itself.
pub(crate) fn part(position: usize) -> Expr {
    let path = Expr::val(format!("$[{position}]"));
    Func::cust("json_extract").args([element(), path]).into()
}

/// The number of a row, which no other row of the table has, whatever its key is.
pub(crate) fn rowid<E: EntityTrait>() -> Expr {
    Expr::col((E::default(), "rowid"))
}

/// Deletes the row whose number is the argument.
pub(crate) fn delete_row<E: EntityTrait>(doing: &'static str) -> Template {
    let delete = E::delete_many().filter(rowid::<E>().eq(argument(0)));
    Template::build(doing, &delete.into_query())
}

/// How many rows there are.
pub(crate) fn count_rows() -> Expr {
    Func::count(Expr::col(Asterisk)).into()
}

/// The length of a column as it is stored, in bytes.
pub(crate) fn octet_length(column: impl ColumnTrait) -> Expr {
    Func::cust("octet_length").arg(column.into_expr()).into()
}

/// Whether a column takes more bytes than a value of `most_bytes` of UTF-8 may.
pub(crate) fn is_longer(column: impl ColumnTrait, most_bytes: usize) -> Expr {
    octet_length(column).gt(stored_bytes(most_bytes))
}

/// The bytes that a value of so many bytes of UTF-8 takes at most, whatever the encoding of the
/// database: UTF-16 takes up to twice as many. So a value above the limit may be read, and no value
/// within the limit is left out.
pub(crate) fn stored_bytes(most_bytes: usize) -> i64 {
    2 * i64::try_from(most_bytes).unwrap_or(i64::MAX / 2)
}

/// The value of a column, unless it [`is_longer`]: it is not read then.
pub(crate) fn unless_longer(column: impl ColumnTrait, most_bytes: usize) -> Expr {
    let case = CaseStatement::new().case(is_longer(column, most_bytes).not(), column.into_expr());
    case.into()
}

/// Whether a column holds text.
pub(crate) fn is_text(column: impl ColumnTrait) -> Expr {
    Expr::from(Func::cust("typeof").arg(column.into_expr())).eq("text")
}
