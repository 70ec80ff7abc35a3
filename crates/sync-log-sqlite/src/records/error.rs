//! Why the models of an app cannot be registered on its database.

use sync_log_core::{ErrorKind, StoreError};

/// Why the models of an app cannot be registered on its database. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// A newer program made the receiver's tables: use that program.
    #[error(
        "failed to use the receiver's tables: they have migrations that this program does not \
         know: {}",
        unknown.join(", ")
    )]
    SchemaTooNew {
        /// The migrations that this program does not know.
        unknown: Vec<String>,
    },
    /// Two models have one name, or an entity has the table of another model.
    #[error("failed to register model {model}: another model has its name or its table {table}")]
    Twice {
        /// The model.
        model: String,
        /// Its table.
        table: String,
    },
    /// The database has no such table, or the table lacks a column of the entity.
    #[error("failed to register model {model}: there is no {table}.{column}")]
    NoColumn {
        /// The model.
        model: String,
        /// Its table.
        table: String,
        /// The column.
        column: String,
    },
    /// The database has no such table, which an applier names.
    #[error("failed to register model {model}: there is no table {table}")]
    NoTable {
        /// The model.
        model: String,
        /// The table.
        table: String,
    },
    /// The primary key of the table is not one column that holds the record's UUID.
    #[error("failed to register model {model}: the primary key of {table} is not one UUID column")]
    PrimaryKey {
        /// The model.
        model: String,
        /// Its table.
        table: String,
    },
    /// A deletion in another table deletes rows of this table, and no declaration says what that means.
    #[error(
        "failed to register model {model}: a deletion in {parent} deletes rows of {table} by way of \
         {column} (ON DELETE CASCADE), and no change is logged for them"
    )]
    Cascade {
        /// The model.
        model: String,
        /// Its table.
        table: String,
        /// The column that refers.
        column: String,
        /// The table to which it refers.
        parent: String,
    },
    /// `follows` or `logs_cascade` names a column by which no deletion cascades.
    #[error(
        "failed to register model {model}: {table}.{column} has no reference with ON DELETE CASCADE"
    )]
    NoCascade {
        /// The model.
        model: String,
        /// Its table.
        table: String,
        /// The column that was declared.
        column: String,
    },
    /// A foreign key that does not lead from one shared record to the id of another.
    #[error("failed to register model {model}: the foreign key {table}.{column} {reason}")]
    Reference {
        /// The model.
        model: String,
        /// Its table.
        table: String,
        /// The column that refers, or the columns.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A table that is not registered refers to a registered table, and its rows would refuse a
    /// deletion that came from another device.
    #[error(
        "failed to register model {model}: the foreign key {child}.{column} refers to {table}, so \
         rows of {child} can refuse a deletion"
    )]
    HeldByLocal {
        /// The model.
        model: String,
        /// Its table.
        table: String,
        /// The table that refers to it.
        child: String,
        /// The column that refers.
        column: String,
    },
    /// The payloads do not decide which records are equal by this unique index.
    #[error("failed to register model {model}: the unique index {index} of {table} {reason}")]
    Key {
        /// The model.
        model: String,
        /// Its table.
        table: String,
        /// The index.
        index: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl RecordsError {
    /// What the caller can do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Storage(source) => source.kind(),
            _ => ErrorKind::FixCall,
        }
    }

    /// Says to a person what to do next, in one sentence. [`kind`](Self::kind) says it to a program.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::SchemaTooNew { .. } => {
                "use the version of the program that made the tables, or a newer one"
            }
            Self::Twice { .. } => "register each entity once, each model under a name of its own",
            Self::NoColumn { .. } | Self::NoTable { .. } => {
                "run the app's migrations before its models are registered"
            }
            Self::PrimaryKey { .. } => {
                "give the table one primary key column that holds the record's UUID, and a unique \
                 index for any other key"
            }
            Self::Cascade { .. } => {
                "declare the column with `follows` if these records are deleted with the other one on \
                 every device, or with `logs_cascade` if the app records a deletion for each of them"
            }
            Self::NoCascade { .. } => {
                "name a column whose foreign key has ON DELETE CASCADE, or leave the declaration out"
            }
            Self::Reference { .. } => {
                "refer to the id of a table that is registered, by one column, or leave the reference \
                 to the app"
            }
            Self::HeldByLocal { .. } => {
                "let the foreign key cascade or set NULL on a deletion, or register that table too"
            }
            Self::Key { .. } => {
                "make the index one of whole columns of the entity, with the collations BINARY, NOCASE \
                 or RTRIM"
            }
            Self::Storage(source) => source.fault().help(),
        }
    }
}
