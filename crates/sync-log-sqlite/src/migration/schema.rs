//! What tables and indexes are made of.

use sea_orm::sea_query::{
    ColumnDef, ColumnType, Expr, ExprTrait, Index, IndexCreateStatement, Table,
    TableCreateStatement,
};
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable};

use super::step::{Added, Owned};
use crate::driver::Template;

/// A column of text; an interchange format has its types spelled like this.
pub(super) fn text(column: impl ColumnTrait) -> ColumnDef {
    ColumnDef::new_with_type(column, ColumnType::custom("TEXT"))
}

/// A column of whole numbers.
pub(super) fn integer(column: impl ColumnTrait) -> ColumnDef {
    ColumnDef::new_with_type(column, ColumnType::custom("INTEGER"))
}

/// A column of bytes.
pub(super) fn blob(column: impl ColumnTrait) -> ColumnDef {
    ColumnDef::new_with_type(column, ColumnType::custom("BLOB"))
}

/// A column without a type, in which SQLite keeps every value as it is, byte for byte.
pub(super) fn any(column: impl ColumnTrait) -> ColumnDef {
    ColumnDef::new(column)
}

/// The key of a table that has one row.
pub(super) fn the_one(column: impl ColumnTrait) -> ColumnDef {
    let is_one = Expr::col(column).eq(1);
    integer(column).primary_key().check(is_one).to_owned()
}

/// A flag, and what it is until it is set.
pub(super) fn flag(column: impl ColumnTrait, default: bool) -> ColumnDef {
    let is_flag = Expr::col(column).is_in([0, 1]);
    integer(column)
        .not_null()
        .default(i32::from(default))
        .check(is_flag)
        .to_owned()
}

/// Makes a table that is not there, of these columns.
pub(super) fn table<E: EntityTrait>(
    columns: impl IntoIterator<Item = ColumnDef>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(E::default()).if_not_exists();
    for mut column in columns {
        table.col(&mut column);
    }
    table
}

/// The statement that makes it.
pub(super) fn make(table: &TableCreateStatement) -> Template {
    Template::build("make a table", table)
}

/// Makes an index that is not there.
pub(super) fn index<E: EntityTrait>(name: &str, column: E::Column) -> Template {
    make_index(&index_on::<E>(name, &[column]))
}

/// An index that is not there, on these columns.
pub(super) fn index_on<E: EntityTrait>(name: &str, columns: &[E::Column]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.if_not_exists().name(name).table(E::default());
    for column in columns {
        index.col(*column);
    }
    index
}

/// The statement that makes it.
pub(super) fn make_index(index: &IndexCreateStatement) -> Template {
    Template::build("make an index", index)
}

/// A table that a migration makes, with all columns of its entity but `later`, which later
/// migrations add.
pub(super) fn owned<E: EntityTrait>(
    later: &[E::Column],
    indexes: &'static [&'static str],
) -> Owned {
    let is_later = |column: &E::Column| later.iter().any(|it| it.as_str() == column.as_str());
    let columns = E::Column::iter().filter(|column| !is_later(column));
    Owned {
        table: E::default().as_str(),
        columns: columns.map(|column| column.as_str()).collect(),
        grows: !later.is_empty(),
        indexes,
    }
}

/// Adds a column to a table of an earlier migration.
pub(super) fn added<E: EntityTrait>(column: E::Column, definition: ColumnDef) -> Added {
    let add = Table::alter()
        .table(E::default())
        .add_column(definition)
        .to_owned();
    Added {
        table: E::default().as_str(),
        column: column.as_str(),
        add: Template::build("add a column", &add),
    }
}

/// Removes a column from a table of an earlier migration.
pub(super) fn remove_column<E: EntityTrait>(column: E::Column) -> Template {
    let remove = Table::alter()
        .table(E::default())
        .drop_column(column)
        .to_owned();
    Template::build("remove a column", &remove)
}

/// Removes a table.
pub(super) fn remove<E: EntityTrait>() -> Template {
    let table = Table::drop().table(E::default()).to_owned();
    Template::build("remove a table", &table)
}

/// The column of the name, in a table that records migrations.
pub(super) const VERSION: &str = "version";

/// The column of the time, in seconds since the Unix epoch.
pub(super) const APPLIED_AT: &str = "applied_at";

/// Makes a table that records migrations, as SeaORM's migrator does.
pub(super) fn migrations(name: &'static str) -> Template {
    let version = ColumnDef::new(VERSION)
        .string()
        .not_null()
        .primary_key()
        .to_owned();
    let applied_at = ColumnDef::new(APPLIED_AT)
        .big_integer()
        .not_null()
        .to_owned();
    let mut table = Table::create();
    table.table(name).if_not_exists().col(version);
    make(table.col(applied_at))
}
