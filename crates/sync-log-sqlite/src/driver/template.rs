//! Statements, built once.

use sea_orm::{DbBackend, StatementBuilder, Value};

use super::Argument;

/// A statement that SeaORM built: its text, kept, and what is bound to it at each run.
#[derive(Debug)]
pub(crate) struct Template {
    doing: &'static str,
    text: String,
    slots: Vec<Slot>,
    origin: Origin,
}

/// What a placeholder in the text stands for.
#[derive(Debug)]
enum Slot {
    /// An argument, by its number.
    Argument(usize),
    /// A value that is a part of the statement.
    Constant(Value),
}

/// Who wrote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// SeaORM, from the entities.
    Entities,
    /// This crate: a statement about something that is no entity.
    Raw,
}

/// The number that stands for the first argument. SQLite's numbers end below it, so no
/// constant of a statement can be one.
const FIRST_ARGUMENT: u64 = 1 << 63;

/// Stands for argument number `index` of a statement that is being built, counted from 0:
/// SeaORM's builders take values, and no placeholders of their callers.
pub(crate) fn argument(index: u64) -> Value {
    Value::BigUnsigned(Some(argument_rows(index)))
}

/// The same where a builder takes a number of rows.
pub(crate) fn argument_rows(index: u64) -> u64 {
    FIRST_ARGUMENT + index
}

impl Template {
    /// Builds a statement. `doing` completes "failed to …".
    pub(crate) fn build(doing: &'static str, statement: &impl StatementBuilder) -> Self {
        let built = statement.build(&DbBackend::Sqlite);
        let values = built.values.map(|values| values.0).unwrap_or_default();
        Self {
            doing,
            text: built.sql,
            slots: values.into_iter().map(Slot::of).collect(),
            origin: Origin::Entities,
        }
    }

    /// A statement about something that is no entity, with `arguments` placeholders, each of
    /// them once and in order.
    pub(crate) fn raw(doing: &'static str, text: impl Into<String>, arguments: usize) -> Self {
        Self {
            doing,
            text: text.into(),
            slots: (0..arguments).map(Slot::Argument).collect(),
            origin: Origin::Raw,
        }
    }

    /// What it does, to complete "failed to …".
    pub(crate) fn doing(&self) -> &'static str {
        self.doing
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What is bound, in the order of the placeholders.
    pub(super) fn bind<'a, T>(
        &'a self,
        arguments: &'a [Argument<'a>],
        constant: impl Fn(&'a Value) -> T,
        given: impl Fn(&'a Argument<'a>) -> T,
    ) -> impl Iterator<Item = T> {
        self.slots.iter().map(move |slot| match slot {
            Slot::Constant(value) => constant(value),
            Slot::Argument(index) => given(&arguments[*index]),
        })
    }

    pub(super) fn report(&self) {
        report(self.text(), self.origin);
    }
}

/// Reports a statement at the level `TRACE`, before it runs. Values are never reported.
pub(super) fn report(sql: &str, origin: Origin) {
    let origin = match origin {
        Origin::Entities => "entities",
        Origin::Raw => "raw",
    };
    tracing::trace!(target: "sync_log_sqlite::statement", sql, origin, "statement");
}

impl Slot {
    fn of(value: Value) -> Self {
        match value {
            Value::BigUnsigned(Some(number)) if number >= FIRST_ARGUMENT => {
                let index = usize::try_from(number - FIRST_ARGUMENT);
                Self::Argument(index.expect("statements have few arguments"))
            }
            constant => Self::Constant(constant),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

    use super::*;
    use crate::entity::shared_changes::{Column, Entity};

    #[test]
    fn arguments_are_bound_where_the_statement_names_them_and_constants_stay() {
        let query = Entity::find()
            .select_only()
            .column(Column::Hlc)
            .filter(Column::Data.eq(argument(1)))
            .filter(Column::ChangeType.eq("insert"))
            .filter(Column::RecordUuid.ne(argument(0)))
            .filter(Column::ModelType.ne(argument(1)))
            .limit(1)
            .offset(argument_rows(0))
            .into_query();
        let template = Template::build("look for something", &query);
        assert_eq!(template.text().matches('?').count(), 6);
        let arguments = [Argument::Text("first"), Argument::Text("second")];
        let bound = template.bind(
            &arguments,
            |constant| format!("{constant:?}"),
            |given| format!("{given:?}"),
        );
        let expected = [
            r#"Text("second")"#,
            r#"String(Some("insert"))"#,
            r#"Text("first")"#,
            r#"Text("second")"#,
            "BigUnsigned(Some(1))",
            r#"Text("first")"#,
        ];
        assert_eq!(bound.collect::<Vec<_>>(), expected);
    }
}
