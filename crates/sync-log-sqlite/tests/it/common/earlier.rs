//! A file that an earlier program made.

use std::path::Path;

use sync_log_sqlite::Uuid;
use tempfile::TempDir;

use super::{file_in, folder};

pub(crate) const LIBRARY: Uuid = Uuid::from_u128(0xafe3_b279_4b1b_5c84_bccd_5eb5_8605_a254);
pub(crate) const DEVICE: Uuid = Uuid::from_u128(0xfb4f_4e87_5e9b_56f8_8c10_ec8e_c3ce_38b0);

/// A copy of it: 495 entries of this device, 25 of another, acks of two peers, tables of its own.
pub(crate) fn earlier_program() -> TempDir {
    let copied = folder();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/earlier-program");
    std::fs::copy(file_in(&fixture), file_in(copied.path())).unwrap();
    copied
}
