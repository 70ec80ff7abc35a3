//! Where a lie can be told: the hooks of one fault.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sync_log_core::{
    Changes, Hlc, LogError, LogState, PeerRow, ReadRequest, ReadView, StoreError, Survey, WriteJob,
};

use crate::decision::Decision;
use crate::handle::Handle;

/// What a hook that waits returns.
pub(crate) type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Alters one part of what is shown.
type Alter<T> = fn(&Handle, &mut T);
/// Alters peer rows, given the state that is shown with them.
type AlterRows = fn(&Handle, &LogState, &mut Vec<PeerRow>);
/// Alters a page, given what was asked for.
type AlterPage = fn(&Handle, ReadRequest, &mut ReadView);
/// Takes a decision of core.
type Decide = fn(&Handle, &mut Decision<'_>) -> Result<Changes, LogError>;
/// Runs a whole write.
type Write = for<'a> fn(&'a Arc<Handle>, WriteJob) -> Waiting<'a, Result<(), LogError>>;
/// Waits for the head.
type HeadAbove = for<'a> fn(&'a Arc<Handle>, Hlc) -> Waiting<'a, Result<Hlc, StoreError>>;
/// Closes a handle.
type Close = for<'a> fn(&'a Arc<Handle>) -> Waiting<'a, Result<(), StoreError>>;
/// Goes before something else.
type Before = for<'a> fn(&'a Arc<Handle>) -> Waiting<'a, ()>;

/// What is wrong with a store. A hook that is missing does what is right.
#[derive(Clone, Copy, Default)]
pub(crate) struct Defect {
    /// What the storage says about itself, wherever it says it.
    pub(crate) state: Option<Alter<LogState>>,
    /// Peer rows, wherever they are shown.
    pub(crate) rows: Option<AlterRows>,
    /// A decision, under the lock. It sees all rows and all entries.
    pub(crate) decide: Option<Decide>,
    /// A write, from its call to its answer.
    pub(crate) write: Option<Write>,
    /// What is read instead of what core asked for.
    pub(crate) request: Option<fn(&mut ReadRequest)>,
    /// What was read.
    pub(crate) page: Option<AlterPage>,
    /// What was summed up.
    pub(crate) survey: Option<Alter<Survey>>,
    /// What goes before every call that reads.
    pub(crate) before_read: Option<Before>,
    /// What goes before the first call of a handle.
    pub(crate) wake: Option<Before>,
    /// How the head is waited for.
    pub(crate) head_above: Option<HeadAbove>,
    /// How a handle is closed.
    pub(crate) close: Option<Close>,
}

impl Defect {
    pub(crate) fn stating(state: Alter<LogState>) -> Self {
        Self {
            state: Some(state),
            ..Self::default()
        }
    }

    pub(crate) fn deciding(decide: Decide) -> Self {
        Self {
            decide: Some(decide),
            ..Self::default()
        }
    }

    pub(crate) fn writing(write: Write) -> Self {
        Self {
            write: Some(write),
            ..Self::default()
        }
    }

    pub(crate) fn asking(request: fn(&mut ReadRequest)) -> Self {
        Self {
            request: Some(request),
            ..Self::default()
        }
    }

    pub(crate) fn paging(page: AlterPage) -> Self {
        Self {
            page: Some(page),
            ..Self::default()
        }
    }

    pub(crate) fn surveying(survey: Alter<Survey>) -> Self {
        Self {
            survey: Some(survey),
            ..Self::default()
        }
    }

    pub(crate) fn watching(head_above: HeadAbove) -> Self {
        Self {
            head_above: Some(head_above),
            ..Self::default()
        }
    }

    pub(crate) fn closing(close: Close) -> Self {
        Self {
            close: Some(close),
            ..Self::default()
        }
    }
}
