//! Whether own changes come with the versions of their records (`W2`).

use super::m0001_original_tables::pending;
use super::schema::{added, flag, remove_column};
use super::step::Migration;
use crate::entity::state::{self, Column::WithRecords};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_0006_with_records",
    owns: Vec::new,
    make: Vec::new,
    adds: || {
        vec![added::<state::Entity>(
            WithRecords,
            flag(WithRecords, false),
        )]
    },
    fill: Vec::new,
    remove: || vec![remove_column::<state::Entity>(WithRecords)],
    keeps: || vec![pending()],
};
