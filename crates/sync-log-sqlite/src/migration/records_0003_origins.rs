//! What is known of the logs of other devices, beside how far they were applied (`X5`).

use super::schema::{self, owned, table, text};
use super::step::Migration;
use crate::driver::Template;
use crate::entity::origins::{
    self,
    Column::{Head, LastPageAt, Origin, Refused},
};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_records_0003_origins",
    owns: || vec![owned::<origins::Entity>(&[], &[])],
    make: || vec![make_origins()],
    adds: Vec::new,
    fill: Vec::new,
    remove: || vec![schema::remove::<origins::Entity>()],
    // The next page of each device says it again.
    keeps: Vec::new,
};

fn make_origins() -> Template {
    schema::make(&table::<origins::Entity>([
        text(Origin).primary_key().not_null().to_owned(),
        text(Head).not_null().to_owned(),
        text(LastPageAt).not_null().to_owned(),
        text(Refused),
    ]))
}
