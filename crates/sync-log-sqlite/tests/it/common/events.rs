//! The events and spans that the log reports.

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What is done with events, and with spans if they are of interest.
pub(crate) trait Hear: Send + Sync + 'static {
    fn wants(&self, metadata: &Metadata<'_>) -> bool;
    fn hear(&self, event: &Event<'_>);
    fn hear_span(&self, _: &Attributes<'_>) {}
    fn hear_values(&self, _: &Record<'_>) {}
}

/// A subscriber that passes on what it gets.
pub(crate) struct Events<H>(pub(crate) H);

impl<H: Hear> Subscriber for Events<H> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.wants(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        self.0.hear(event);
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.hear_span(span);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.0.hear_values(values);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
