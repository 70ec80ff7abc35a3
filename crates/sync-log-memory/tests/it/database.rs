//! An app's database in memory, with the records of one receiver.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;

use sync_log_conformance::{End, RecordsHarness};
use sync_log_core::receive::{Move, RecordId};
use sync_log_core::{Hlc, JsonText, SharedChangeEntry, Uuid};
use sync_log_memory::{MemoryRecords, Tables};

/// The app's table: no two rows have one name, and none has the name `?`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags(BTreeMap<Uuid, String>);

impl Tables for Tags {
    fn change(&mut self, steps: &[Move]) -> Vec<(RecordId, String)> {
        let mut changed = self.0.clone();
        let refused = steps.iter().filter_map(|step| match step {
            Move::Hide(id) => {
                changed.remove(&id.record_uuid);
                None
            }
            Move::Show(id, payload) => {
                let name = name_of(payload);
                if name == "?" {
                    return Some((id.clone(), "no tag is called ?".to_owned()));
                }
                changed.insert(id.record_uuid, name);
                let names: BTreeSet<_> = changed.values().collect();
                let is_unique = names.len() == changed.len();
                (!is_unique).then(|| (id.clone(), "another tag has the name".to_owned()))
            }
        });
        let refused: Vec<_> = refused.collect();
        if refused.is_empty() {
            self.0 = changed;
        }
        refused
    }
}

fn name_of(payload: &JsonText) -> String {
    let members: BTreeMap<String, String> = payload.parse_as().unwrap();
    members["name"].clone()
}

/// What is committed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Committed {
    pub(crate) records: MemoryRecords<Tags>,
    pub(crate) log: Vec<SharedChangeEntry>,
}

/// The database; `None` while a transaction has it.
#[derive(Debug)]
pub(crate) struct MemoryDatabase(Mutex<Option<Committed>>);

impl MemoryDatabase {
    /// Takes the database, for one transaction. Another one waits until it is put back.
    pub(crate) async fn take(&self) -> Committed {
        poll_fn(|context| {
            if let Some(committed) = self.0.lock().unwrap().take() {
                return Poll::Ready(committed);
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    pub(crate) fn put_back(&self, committed: Committed) {
        *self.0.lock().unwrap() = Some(committed);
    }

    /// Lets a program look at the database and change it.
    pub(crate) async fn tamper<T>(&self, program: impl FnOnce(&mut Committed) -> T) -> T {
        let mut committed = self.take().await;
        let answer = program(&mut committed);
        self.put_back(committed);
        answer
    }
}

impl RecordsHarness for MemoryDatabase {
    type Store<'t> = MemoryRecords<Tags>;

    async fn create() -> Self {
        Self(Mutex::new(Some(Committed::default())))
    }

    async fn reopen(self) -> Self {
        self
    }

    async fn transaction<T>(
        &self,
        end: End,
        work: impl AsyncFnOnce(&mut Self::Store<'_>) -> T,
    ) -> T {
        let mut committed = self.take().await;
        let mut records = committed.records.clone();
        let answer = work(&mut records).await;
        if end == End::Commit {
            committed.records = records;
        }
        self.put_back(committed);
        answer
    }

    async fn rows(&self) -> BTreeMap<Uuid, String> {
        self.tamper(|committed| committed.records.tables.0.clone())
            .await
    }

    async fn drain(&self) -> Vec<SharedChangeEntry> {
        self.tamper(|committed| {
            committed.log.append(&mut committed.records.outbox);
            committed.log.clone()
        })
        .await
    }

    async fn set_unversioned(&self, up_to: Hlc) {
        self.tamper(|committed| committed.records.unversioned = Some(up_to))
            .await;
    }
}
