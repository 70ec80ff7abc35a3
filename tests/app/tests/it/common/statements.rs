//! Listens to the statements of the product, which reports each of them before it runs it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use tracing::callsite::rebuild_interest_cache;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Level, Metadata, Subscriber};

/// Calls `before` with the text of each statement that this thread runs, until the returned value is dropped.
///
/// `tracing` caches for the whole process whether anybody listens, so there is one listener for all threads,
/// which is there to the end.
pub(crate) fn before_each(before: impl FnMut(&str) + 'static) -> OnThisThread {
    static LISTENS: Once = Once::new();
    LISTENS.call_once(|| set_global_default(BeforeEach(call)).unwrap());
    // A thread may have looked just before that.
    rebuild_interest_cache();
    BEFORE.set(Some(Box::new(before)));
    OnThisThread(())
}

/// A function is called before each statement of this thread while this is there.
pub(crate) struct OnThisThread(());

impl Drop for OnThisThread {
    fn drop(&mut self) {
        BEFORE.set(None);
    }
}

type Before = Box<dyn FnMut(&str)>;

thread_local! {
    static BEFORE: RefCell<Option<Before>> = const { RefCell::new(None) };
}

fn call(sql: &str) {
    BEFORE.with_borrow_mut(|before| {
        if let Some(before) = before {
            before(sql);
        }
    });
}

/// Calls a function with the text of each statement.
pub(crate) struct BeforeEach<Call>(pub(crate) Call);

impl<Call: Fn(&str) + 'static> Subscriber for BeforeEach<Call> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::TRACE && metadata.target() == "sync_log_sqlite::statement"
    }

    fn event(&self, event: &Event<'_>) {
        let mut sql = Sql::default();
        event.record(&mut sql);
        (self.0)(&sql.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The text of a statement.
#[derive(Default)]
struct Sql(String);

impl Visit for Sql {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
