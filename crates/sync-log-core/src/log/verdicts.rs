//! Signs that a file was restored or cloned are kept until they are dismissed.

use hlc::Hlc;

use super::sync_log::SyncLog;
use super::write::no_needs;
use crate::error::LogError;
use crate::model::{DeviceId, Verdict, VerdictKind};
use crate::store::{View, Writes};

impl SyncLog {
    /// Deletes the verdicts, which are signs that a file was restored or cloned, and returns them.
    /// Dismiss them once the cause is removed: a sign that is still true is found and stored again. This
    /// call deletes only the verdicts that it returns, and not a verdict that another handle stores
    /// meanwhile.
    ///
    /// # Errors
    /// [`LogError::Altered`]: open the log again. [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.dismiss_verdicts",
        skip_all,
        err(level = "info")
    )]
    pub async fn dismiss_verdicts(&self) -> Result<Vec<Verdict>, LogError> {
        let verdicts = self.survey(|_, _| Vec::new()).await?.verdicts;
        if !verdicts.is_empty() {
            let seen = verdicts.clone();
            let dismissed = move |_: &View<'_>| {
                let writes = Writes {
                    dismiss_verdicts: seen.clone(),
                    ..Writes::default()
                };
                Ok((writes, ()))
            };
            self.commit(no_needs, dismissed).await?;
        }
        Ok(verdicts)
    }

    /// Stores the verdict that a refusal gives about this file, if it gives one.
    pub(super) async fn noting_verdict<T>(
        &self,
        peer: Option<DeviceId>,
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

    /// Stores the verdict if the store can be written. Otherwise the next refusal finds it again.
    /// Only the first verdict of a kind is stored, so a reader that asks again and again causes no writes.
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
                let noted = Writes {
                    verdict: Some(verdict),
                    ..Writes::default()
                };
                Ok((noted, ()))
            });
            if let Err(error) = noted.await {
                tracing::warn!(%error, "the verdict could not be put on record");
            }
        }
    }
}

/// The verdict that a refusal gives about this file.
fn sign(refusal: &LogError) -> Option<(VerdictKind, Hlc)> {
    match refusal {
        LogError::UnknownOwnStamp { hlc } => Some((VerdictKind::OwnStamp, *hlc)),
        LogError::Diverged { requested, .. } => Some((VerdictKind::Diverged, *requested)),
        LogError::AheadOfHead { requested, .. } => Some((VerdictKind::AheadOfHead, *requested)),
        LogError::AdmissionAhead { hlc, .. } => Some((VerdictKind::Admission, *hlc)),
        _ => None,
    }
}
