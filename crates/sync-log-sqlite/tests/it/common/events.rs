//! The events that the log reports.

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What is done with events; spans are of no interest.
pub(crate) trait Hear: Send + Sync + 'static {
    fn wants(&self, metadata: &Metadata<'_>) -> bool;
    fn hear(&self, event: &Event<'_>);
}

/// A subscriber for events alone.
pub(crate) struct Events<H>(pub(crate) H);

impl<H: Hear> Subscriber for Events<H> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.wants(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        self.0.hear(event);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
