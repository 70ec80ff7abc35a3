//! An app that keeps its records in a database of its own, and looks at its log over SeaORM.
//!
//! The package is apart from the rest of the workspace because an app's `sea-orm` has a
//! driver, and cargo would give that driver to every package that is built beside it.

use std::path::Path;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};

/// A record of the app's.
pub mod tag {
    use sea_orm::entity::prelude::*;

    /// A tag.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tag")]
    pub struct Model {
        /// The tag's UUID.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        /// What it says.
        pub name: String,
    }

    /// Tags refer to no other table.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Connects to a database of the app's, which is made if it is not there.
///
/// # Errors
/// What the driver reports.
pub async fn connect(path: &Path) -> Result<DatabaseConnection, DbErr> {
    connect_with(path, "rwc").await
}

/// Connects to a log to look at it.
///
/// # Errors
/// What the driver reports.
pub async fn connect_read_only(path: &Path) -> Result<DatabaseConnection, DbErr> {
    connect_with(path, "ro").await
}

async fn connect_with(path: &Path, mode: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(format!("sqlite:{}?mode={mode}", path.display()));
    options.sqlx_logging(false); // else every statement is logged at INFO
    Database::connect(options).await
}
