//! A table that an app's own migrator keeps.

use super::Raw;
use crate::driver::Template;

/// The table in which SeaORM's migrators record what ran, by default.
pub(crate) const MIGRATIONS: &str = "seaql_migrations";

/// The migrations of this crate that an app's own migrator ran, by the form of their names.
pub(crate) static SPLICED: Raw = Raw::new(|| {
    let text = "SELECT version FROM seaql_migrations \
                WHERE version GLOB 'sync_log_[0-9][0-9][0-9][0-9]_*' ORDER BY version";
    Template::raw("look at the file", text, 0)
});
