//! A fault planted in a storage.

use std::fmt;
use std::sync::{Arc, Mutex};

use sync_log_core::{LogStore, Uuid};

use crate::fault::Fault;
use crate::handle::Handle;
use crate::lies;
use crate::memory::Memory;
use crate::store::Broken;

/// A fault planted in one storage; what a broken backend's disk holds instead
/// lives here.
///
/// One for each storage, kept over restarts. A clone is the same one: give a
/// *copy* of a storage, restored or running elsewhere, a clone of its original's,
/// so that it remembers what its past once served.
#[derive(Clone)]
pub struct Planted {
    fault: Option<Fault>,
    memory: Arc<Mutex<Memory>>,
}

impl Planted {
    /// A storage with that fault.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            memory: Arc::default(),
        }
    }

    /// A storage without a fault, through the same machinery: what finds
    /// something wrong with it is wrong itself.
    pub fn healthy() -> Self {
        Self {
            fault: None,
            memory: Arc::default(),
        }
    }

    /// Another handle on the storage. `inner` is a handle on the correct store,
    /// as it was opened for this; closing or dropping the one closes or drops
    /// the other. A handle that is opened when no other is open comes after a
    /// restart.
    pub fn open(&self, inner: Arc<dyn LogStore>) -> Arc<dyn LogStore> {
        let defect = self.fault.map(lies::defect).unwrap_or_default();
        let memory = Arc::clone(&self.memory);
        Arc::new(Broken(Arc::new(Handle::new(inner, defect, memory))))
    }

    /// The same, and says as whose log the storage is opened: one of the faults
    /// is to believe that.
    pub fn open_as(
        &self,
        library_id: Uuid,
        device_id: Uuid,
        inner: Arc<dyn LogStore>,
    ) -> Arc<dyn LogStore> {
        self.memory.lock().unwrap().asked = Some((library_id, device_id));
        self.open(inner)
    }
}

impl fmt::Debug for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Planted").field(&self.fault).finish()
    }
}
