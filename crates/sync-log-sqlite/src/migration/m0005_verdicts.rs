//! What shows that a file was restored or cloned (`H7`, `R2`): the settled stamp, and the signs
//! that were found.

use sync_log_core::Hlc;

use super::m0001_original_tables::pending;
use super::schema::{self, added, owned, remove_column, table, text};
use super::step::Migration;
use crate::driver::Template;
use crate::entity::{state, verdicts};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_0005_verdicts",
    owns: || vec![owned::<verdicts::Entity>(&[], &[])],
    make: || vec![make_verdicts()],
    adds: || {
        use state::Column::Settled;
        let never = Hlc::ZERO.to_string();
        let settled = text(Settled).not_null().default(never).to_owned();
        vec![added::<state::Entity>(Settled, settled)]
    },
    fill: Vec::new,
    remove: || {
        vec![
            remove_column::<state::Entity>(state::Column::Settled),
            schema::remove::<verdicts::Entity>(),
        ]
    },
    keeps: || vec![pending()],
};

fn make_verdicts() -> Template {
    use verdicts::Column::{FoundAt, Hlc, Kind, Peer};
    schema::make(&table::<verdicts::Entity>([
        text(Kind).primary_key().not_null().to_owned(),
        text(Hlc).not_null().to_owned(),
        text(Peer),
        text(FoundAt).not_null().to_owned(),
    ]))
}
