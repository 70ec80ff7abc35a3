//! The transactions in which records are being shown, which may run code of the app (`W3`).

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::DatabaseTransaction;

/// The transactions in which records are being shown. A transaction stays where it is meanwhile, so its address
/// tells it from all others.
#[derive(Debug, Default)]
pub(super) struct Showing(Mutex<BTreeSet<usize>>);

/// Records are being shown in a transaction until this is dropped.
pub(super) struct ShownHere<'a> {
    showing: &'a Showing,
    transaction: usize,
}

impl Showing {
    pub(super) fn begin(&self, txn: &DatabaseTransaction) -> ShownHere<'_> {
        let transaction = address(txn);
        self.all().insert(transaction);
        ShownHere {
            showing: self,
            transaction,
        }
    }

    /// Whether records are being shown in this transaction.
    pub(super) fn is_in(&self, txn: &DatabaseTransaction) -> bool {
        self.all().contains(&address(txn))
    }

    /// The guarded value is consistent between any two statements.
    fn all(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ShownHere<'_> {
    fn drop(&mut self) {
        self.showing.all().remove(&self.transaction);
    }
}

fn address(txn: &DatabaseTransaction) -> usize {
    std::ptr::from_ref(txn).addr()
}
