//! A call on a log: what it is for, and the future that makes it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sync_log_core::{
    Ack, AckOutcome, Cause, Change, Cursor, Explanation, Hlc, LogError, MAX_PAGE_ENTRIES, Page,
    ReadLimits, Reason, SharedChangeEntry, SyncLog, Uuid, VerdictKind,
};

use crate::chain::Prefix;
use crate::storage::Sign;

/// What a call is for.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    Record {
        numbers: Vec<u64>,
        changes: Vec<Change>,
    },
    Tick,
    Append {
        entry: SharedChangeEntry,
    },
    Prune,
    Register {
        peer: Uuid,
        reader: Option<u8>,
    },
    Retire {
        peer: Uuid,
    },
    Admit {
        peer: Uuid,
        /// Who is told the number.
        reader: u8,
        /// Whether it has lost what it had.
        is_fresh: bool,
    },
    Declare {
        peers: Vec<Uuid>,
    },
    Trust,
    Solo,
    Review,
    Explain,
    /// A stamp of this device comes back to it.
    Echo {
        stamp: Hlc,
    },
    DismissVerdicts,
    WildAck {
        peer: Uuid,
        hlc: Hlc,
    },
    Serve(Reading),
    TakeAck {
        reader: u8,
        peer: Uuid,
        cursor: Cursor,
        admission: u32,
        has: Prefix,
    },
    Learn {
        origin: u8,
        origin_id: Uuid,
        page: Page,
    },
    Pin {
        reader: u8,
        asked: Cursor,
    },
}

/// A read for a peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) reader: u8,
    pub(crate) peer: Uuid,
    pub(crate) cursor: Cursor,
    pub(crate) limit: usize,
    pub(crate) has: Prefix,
}

/// What a log says about itself.
#[derive(Debug)]
pub(crate) struct Explained {
    pub(crate) pending: u64,
    pub(crate) names_clock: bool,
    pub(crate) signs: BTreeMap<VerdictKind, Sign>,
}

impl From<Explanation> for Explained {
    fn from(explanation: Explanation) -> Self {
        let is_clock = |reason: &Reason| matches!(reason.cause, Cause::ClockAhead { .. });
        let names_clock = explanation.reasons.iter().any(is_clock);
        let reasons = explanation.reasons.iter();
        let signs = reasons.filter_map(|reason| match reason.cause {
            Cause::Restored(verdict) => {
                let (hlc, peer) = (verdict.hlc, verdict.peer);
                Some((
                    verdict.kind,
                    Sign {
                        hlc,
                        peer: peer.map(Uuid::from),
                    },
                ))
            }
            _ => None,
        });
        Self {
            pending: explanation.pending_entries,
            names_clock,
            signs: signs.collect(),
        }
    }
}

/// What a call answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Done,
    Stamps(Vec<Hlc>),
    Pruned(usize),
    Entries(Vec<SharedChangeEntry>),
    Explained(Explained),
    Acked(AckOutcome),
    Admitted(u32),
    Page(Page),
    Place(Cursor),
}

type Answering = Pin<Box<dyn Future<Output = Result<Answer, LogError>> + Send>>;

/// A call that was begun.
pub(crate) struct Operation {
    pub(crate) on: u8,
    pub(crate) process: usize,
    pub(crate) purpose: Purpose,
    pub(crate) future: Answering,
    /// Highest stamp that the device had issued when it began.
    pub(crate) issued: Hlc,
    /// How many entries its log had committed when it began.
    pub(crate) committed: usize,
    /// How many of them were pruned by then.
    pub(crate) gone: usize,
    /// Whether others went on in the middle of it.
    pub(crate) was_parked: bool,
    /// What lets it go on.
    pub(crate) release: Option<Arc<AtomicBool>>,
}

impl Operation {
    /// Whether it is done for `reader`.
    pub(crate) fn serves(&self, by: u8) -> bool {
        match &self.purpose {
            Purpose::Serve(reading) => reading.reader == by,
            Purpose::TakeAck { reader, .. } | Purpose::Pin { reader, .. } => *reader == by,
            _ => false,
        }
    }

    pub(crate) fn release(&mut self) {
        if let Some(released) = self.release.take() {
            released.store(true, Ordering::Relaxed);
        }
    }
}

impl Purpose {
    /// The word for it in reports.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Record { .. } => "record",
            Self::Tick => "tick",
            Self::Append { .. } => "append",
            Self::Prune => "prune",
            Self::Register { .. } => "register",
            Self::Retire { .. } => "retire",
            Self::Admit { .. } => "admit",
            Self::Declare { .. } => "declare peers",
            Self::Trust => "trust adopted acks",
            Self::Solo => "declare solo",
            Self::Review => "review",
            Self::Explain => "explain",
            Self::Echo { .. } => "echo",
            Self::DismissVerdicts => "dismiss verdicts",
            Self::WildAck { .. } => "wild ack",
            Self::Serve(_) => "serve",
            Self::TakeAck { .. } => "take ack",
            Self::Learn { .. } => "learn",
            Self::Pin { .. } => "pin head",
        }
    }

    /// Whether it must not be answered on a log that another program wrote to: all but
    /// asking why, dismissing what was found, and observing nothing.
    pub(crate) fn needs_the_log(&self) -> bool {
        match self {
            Self::Explain | Self::DismissVerdicts => false,
            Self::Learn { page, .. } => !page.entries.is_empty(),
            _ => true,
        }
    }

    /// The call.
    pub(crate) fn begin(&self, log: SyncLog) -> Answering {
        let purpose = self.clone();
        Box::pin(async move { purpose.call(&log).await })
    }

    async fn call(self, log: &SyncLog) -> Result<Answer, LogError> {
        Ok(match self {
            Self::Record { changes, .. } => Answer::Stamps(record(log, changes).await?),
            Self::Tick => Answer::Stamps(vec![log.tick().await?]),
            Self::Append { entry } => Answer::Stamps(vec![log.append(entry).await?]),
            Self::Prune => Answer::Pruned(log.prune_acked().await?),
            Self::Register { peer, .. } => log.register_peer(peer).await.map(|_| Answer::Done)?,
            Self::Retire { peer } => log.retire(peer).await.map(|()| Answer::Done)?,
            Self::Admit { peer, .. } => Answer::Admitted(log.admit(peer).await?),
            Self::Declare { peers } => log.declare_peers(&peers).await.map(|()| Answer::Done)?,
            Self::Trust => log.trust_adopted_acks().await.map(|_| Answer::Done)?,
            Self::Solo => log.declare_solo().await.map(|()| Answer::Done)?,
            Self::Review => Answer::Entries(log.get_since(None, usize::MAX).await?),
            Self::Explain => Answer::Explained(log.explain().await?.into()),
            Self::Echo { stamp } => log.observe_all(&[stamp]).await.map(|_| Answer::Done)?,
            Self::DismissVerdicts => log.dismiss_verdicts().await.map(|_| Answer::Done)?,
            Self::WildAck { peer, hlc } => Answer::Acked(log.record_ack(peer, hlc).await?),
            Self::Serve(read) => {
                let limits = ReadLimits::entries(read.limit);
                Answer::Page(log.read_for(read.peer, read.cursor, limits).await?)
            }
            Self::TakeAck {
                peer,
                cursor,
                admission,
                ..
            } => {
                let ack = Ack::new(peer, cursor).under(admission);
                Answer::Acked(log.acknowledge(ack).await?)
            }
            Self::Learn { page, .. } => {
                let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
                log.observe_all(&stamps).await.map(|_| Answer::Done)?
            }
            Self::Pin { .. } => Answer::Place(log.head_cursor().await?),
        })
    }
}

/// What is more than a page is bulk; the rest is a group.
async fn record(log: &SyncLog, changes: Vec<Change>) -> Result<Vec<Hlc>, LogError> {
    if changes.len() > MAX_PAGE_ENTRIES {
        log.record_each(changes).await
    } else {
        log.record_many(changes).await
    }
}
