//! A table that an app's own migrator keeps.

use super::Raw;
use crate::driver::Template;

/// The table in which SeaORM's migrators record what ran, unless told otherwise.
pub(crate) const MIGRATIONS: &str = "seaql_migrations";

/// The migrations of this crate that an app's own migrator ran.
pub(crate) static SPLICED: Raw = Raw::new(|| {
    let text = "SELECT version FROM seaql_migrations \
                WHERE substr(version, 1, 9) = 'sync_log_' ORDER BY version";
    Template::raw("look at the file", text, 0)
});
