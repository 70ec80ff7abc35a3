//! Signs that a file was restored or cloned are kept until they are dismissed.

use hlc::Hlc;
use uuid::Uuid;

use super::sync_log::SyncLog;
use super::write::no_needs;
use crate::error::LogError;
use crate::model::{Verdict, VerdictKind};
use crate::store::{Changes, View};

impl SyncLog {
    /// Dismisses the signs that a file was restored or cloned, after they were seen to, and
    /// returns them. A sign that is still true comes back.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.dismiss_verdicts", skip_all)]
    pub async fn dismiss_verdicts(&self) -> Result<Vec<Verdict>, LogError> {
        let verdicts = self.survey(|_, _| Vec::new()).await?.verdicts;
        if !verdicts.is_empty() {
            let dismissed = |_: &View<'_>| {
                let changes = Changes {
                    dismiss_verdicts: true,
                    ..Changes::default()
                };
                Ok((changes, ()))
            };
            self.commit(no_needs, dismissed).await?;
        }
        Ok(verdicts)
    }

    /// Keeps what a refusal shows about this file, if it shows anything.
    pub(super) async fn noting_verdict<T>(
        &self,
        peer: Option<Uuid>,
        found: Result<T, LogError>,
    ) -> Result<T, LogError> {
        if let Some((kind, hlc)) = found.as_ref().err().and_then(sign) {
            let found_at_ms = self.shared.clock.now_ms();
            self.note_verdict(Verdict {
                kind,
                hlc,
                peer,
                found_at_ms,
            })
            .await;
        }
        found
    }

    /// As well as it can: where nothing can be written, the next refusal finds it again. One of
    /// a kind is enough, so that a reader that asks over and over writes nothing.
    async fn note_verdict(&self, verdict: Verdict) {
        let Verdict {
            kind, hlc, peer, ..
        } = verdict;
        tracing::error!(%kind, %hlc, ?peer, "this file or a peer's was restored or cloned");
        let is_new = match self.survey(|_, _| Vec::new()).await {
            Ok(survey) => survey.verdicts.iter().all(|known| known.kind != kind),
            Err(_) => false,
        };
        if is_new {
            let noted = self.commit(no_needs, move |_| {
                let noted = Changes {
                    verdict: Some(verdict),
                    ..Changes::default()
                };
                Ok((noted, ()))
            });
            if let Err(error) = noted.await {
                tracing::warn!(%error, "the verdict could not be put on record");
            }
        }
    }
}

/// What a refusal shows about this file.
fn sign(refusal: &LogError) -> Option<(VerdictKind, Hlc)> {
    match refusal {
        LogError::UnknownOwnStamp { hlc } => Some((VerdictKind::OwnStamp, *hlc)),
        LogError::Diverged { requested, .. } => Some((VerdictKind::Diverged, *requested)),
        LogError::AheadOfHead { requested, .. } => Some((VerdictKind::AheadOfHead, *requested)),
        LogError::AdmissionAhead { hlc, .. } => Some((VerdictKind::Admission, *hlc)),
        _ => None,
    }
}
