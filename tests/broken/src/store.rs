//! A handle as core has it: a store that lies.

use std::sync::Arc;

use async_trait::async_trait;
use sync_log_core::{
    Hlc, LogError, LogStore, Positions, ReadRequest, ReadView, StoreError, Survey, WriteJob,
};

use crate::handle::Handle;

/// A handle on a broken storage.
pub(crate) struct Broken(pub(crate) Arc<Handle>);

#[async_trait]
impl LogStore for Broken {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        let handle = &self.0;
        handle.wake().await;
        match handle.defect.write {
            Some(write) => write(handle, job).await,
            None => handle.commit(job).await,
        }
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        let handle = &self.0;
        handle.before_read().await;
        let mut asked = request;
        if let Some(alter) = handle.defect.request {
            alter(&mut asked);
        }
        let mut view = handle.inner.read(asked).await?;
        view.state = handle.state(view.state);
        let mut rows = view.peer.take().into_iter().collect();
        handle.rows(&view.state, &mut rows);
        view.peer = rows.pop();
        if let Some(alter) = handle.defect.page {
            alter(handle, request, &mut view);
        }
        Ok(view)
    }

    async fn survey(&self, places: Positions) -> Result<Survey, StoreError> {
        let handle = &self.0;
        handle.before_read().await;
        let mut survey = handle.inner.survey(places).await?;
        survey.state = handle.state(survey.state);
        handle.rows(&survey.state.clone(), &mut survey.peers);
        if let Some(alter) = handle.defect.survey {
            alter(handle, &mut survey);
        }
        Ok(survey)
    }

    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        let handle = &self.0;
        match handle.defect.head_above {
            Some(head_above) => head_above(handle, place).await,
            None => handle.inner.head_above(place).await,
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        let handle = &self.0;
        if let Some(close) = handle.defect.close {
            return close(handle).await;
        }
        handle.close().await
    }
}
