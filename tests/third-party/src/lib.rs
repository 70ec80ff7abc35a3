//! A sync log in one JSON file. A write replaces the file by a new one, under a
//! lock that all processes share; a read needs no lock.

use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use sync_log_core::{
    Contents, Hlc, LogError, LogStore, Positions, ReadRequest, ReadView, StoreError, StoreFault,
    Survey, WriteJob,
};

/// A log in a folder of its own. Every call blocks the thread that it is made on.
pub struct JsonFile {
    folder: PathBuf,
    closed: AtomicBool,
}

impl JsonFile {
    /// Opens the log in `folder`, which [`save`](Self::save) has put there.
    pub fn open(folder: PathBuf) -> Self {
        let closed = AtomicBool::new(false);
        Self { folder, closed }
    }

    /// Waits until nobody else writes, and keeps all others waiting until it is dropped.
    fn lock(&self) -> Result<File, StoreError> {
        let file = File::create(self.folder.join("lock"))?;
        file.lock()?;
        Ok(file)
    }

    fn load(&self) -> Result<Contents, StoreError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreFault::Closed, "use the log"));
        }
        let json = fs::read(self.folder.join("log.json"))?;
        Ok(serde_json::from_slice(&json).map_err(io::Error::from)?)
    }

    /// Makes `contents` those of the log.
    ///
    /// # Errors
    /// The folder cannot be written to; the log is as it was.
    pub fn save(&self, contents: &Contents) -> Result<(), StoreError> {
        let new = self.folder.join("log.json.new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(contents).map_err(io::Error::from)?)?;
        // The content is on the disk before it gets the name, the name before the answer.
        file.sync_all()?;
        fs::rename(new, self.folder.join("log.json"))?;
        Ok(File::open(&self.folder)?.sync_all()?)
    }
}

#[async_trait]
impl LogStore for JsonFile {
    async fn write(&self, mut job: WriteJob) -> Result<(), LogError> {
        let _lock = self.lock()?;
        let mut contents = self.load()?;
        contents.write(&mut job)?;
        Ok(self.save(&contents)?)
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        Ok(self.load()?.read(request))
    }

    async fn survey(&self, places: Positions) -> Result<Survey, StoreError> {
        Ok(self.load()?.survey(places))
    }

    /// Looks ten times a second: whoever writes need not say so.
    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        poll_fn(
            |context| match self.load().map(|contents| contents.state.head.hlc) {
                Ok(head) if head <= place => {
                    let waker = context.waker().clone();
                    thread::spawn(move || {
                        thread::sleep(Duration::from_millis(100));
                        waker.wake();
                    });
                    Poll::Pending
                }
                told => Poll::Ready(told),
            },
        )
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        let _no_write_is_in_flight = self.lock()?;
        self.closed.store(true, Ordering::SeqCst);
        Ok(())
    }
}
