//! Listens to the statements of the product, which reports each of them before it runs it.

use std::cell::RefCell;
use std::fmt;
use std::sync::OnceLock;

use tracing::callsite::rebuild_interest_cache;
use tracing::dispatcher::{DefaultGuard, Dispatch, set_default, set_global_default};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Calls `before` with the text of each statement that this thread runs, until the returned value is dropped.
///
/// `tracing` caches for the whole process whether anybody listens, as the thread sees it that asks; and a thread
/// that logged before the process had a listener sees none. So this sets the listener of the thread, too, before
/// it has the cache made again.
pub(crate) fn before_each(before: impl FnMut(&str) + 'static) -> OnThisThread {
    static LISTENER: OnceLock<Dispatch> = OnceLock::new();
    let listener = LISTENER.get_or_init(|| {
        let listener = Dispatch::new(BeforeEach(call));
        // Tasks log to the listener of the thread on which they began.
        set_global_default(listener.clone()).unwrap();
        listener
    });
    let here = set_default(listener);
    rebuild_interest_cache();
    BEFORE.set(Some(Box::new(before)));
    OnThisThread { _here: here }
}

/// A function is called before each statement of this thread while this is there.
pub(crate) struct OnThisThread {
    _here: DefaultGuard,
}

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
