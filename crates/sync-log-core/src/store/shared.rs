//! A store that several owners share is a store.

use std::sync::Arc;

use async_trait::async_trait;
use hlc::Hlc;

use super::job::WriteJob;
use super::port::LogStore;
use super::read::{Positions, ReadRequest, ReadView, Survey};
use crate::error::{LogError, StoreError};

/// Lets a caller keep a store that it passes to [`SyncLog::open`](crate::SyncLog::open), or pass
/// one whose type it does not know.
#[async_trait]
impl<S: LogStore + ?Sized> LogStore for Arc<S> {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        (**self).write(job).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        (**self).read(request).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        (**self).survey(positions).await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        (**self).head_above(position).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        (**self).close().await
    }
}
