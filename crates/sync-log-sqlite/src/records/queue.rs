//! Entries that are kept in the app's database for a while: the outbox, and received entries that wait.

use std::sync::LazyLock;

use sea_orm::sea_query::{ExprTrait, Order, Query};
use sea_orm::{
    ColumnTrait, EntityTrait, IdenStatic, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use sync_log_core::judge::{self, EntryFault, FoundChange, FoundData};
use sync_log_core::{Hlc, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, SharedChangeEntry, StoreError};

use super::rows::json;
use super::versions::{arrays, of_elements};
use crate::driver::build::{
    ELEMENTS, count_rows, element, elements, insert_selected, octet_length, part,
};
use crate::driver::failure::corrupt;
use crate::driver::{Argument, Port, Row, Template, all, argument, argument_rows, first, number};
use crate::entity::{outbox, waiting};

/// Own changes that the log does not have yet.
pub(super) static OUTBOX: LazyLock<Queue> = LazyLock::new(|| {
    use outbox::Column::{ChangeType, Data, GroupEnd, Hlc, ModelType, ModelVersion, RecordUuid};
    Queue::of::<outbox::Entity>([
        Hlc,
        ModelType,
        RecordUuid,
        ChangeType,
        Data,
        ModelVersion,
        GroupEnd,
    ])
});

/// Received changes that wait for a record.
pub(super) static WAITING: LazyLock<Queue> = LazyLock::new(|| {
    use waiting::Column::{ChangeType, Data, GroupEnd, Hlc, ModelType, ModelVersion, RecordUuid};
    Queue::of::<waiting::Entity>([
        Hlc,
        ModelType,
        RecordUuid,
        ChangeType,
        Data,
        ModelVersion,
        GroupEnd,
    ])
});

/// A table of entries, with its statements.
pub(super) struct Queue {
    table: &'static str,
    columns: [&'static str; 7],
    all: Template,
    up_to: Template,
    sizes: Template,
    count: Template,
    oldest: Template,
    put: Template,
    remove: Template,
    remove_up_to: Template,
}

impl Queue {
    fn of<E: EntityTrait>(columns: [E::Column; 7]) -> Self {
        let [hlc, model_type, _, _, data, _, group_end] = columns;
        let ascending = || {
            let query = E::find().select_only().columns(columns);
            query.order_by(hlc, Order::Asc)
        };
        let up_to = ascending().filter(hlc.into_expr().lte(argument(0)));
        let mut sizes = E::find().select_only().column(hlc).into_query();
        sizes
            .expr(octet_length(model_type).add(octet_length(data)))
            .expr(group_end.into_expr())
            .order_by(hlc, Order::Asc)
            .limit(argument_rows(0));
        let mut count = E::find().select_only().into_query();
        count.expr(count_rows());
        let oldest = E::find()
            .select_only()
            .column(hlc)
            .order_by(hlc, Order::Asc);
        let rows = of_elements((0..columns.len()).map(part));
        let these = Query::select()
            .expr(element())
            .from_function(elements(0), ELEMENTS)
            .to_owned();
        let remove = E::delete_many().filter(hlc.into_expr().in_subquery(these));
        let remove_up_to = E::delete_many().filter(hlc.into_expr().lte(argument(0)));
        Self {
            table: E::default().as_str(),
            columns: columns.map(|column| column.as_str()),
            all: Template::build("read entries", &ascending().into_query()),
            up_to: Template::build("read entries", &up_to.into_query()),
            sizes: Template::build("read entries", &sizes),
            count: Template::build("count entries", &count),
            oldest: Template::build("read entries", &oldest.limit(1).into_query()),
            put: Template::build("put entries aside", &insert_selected::<E>(&columns, rows)),
            remove: Template::build("remove entries", &remove.into_query()),
            remove_up_to: Template::build("remove entries", &remove_up_to.into_query()),
        }
    }

    /// All entries, ascending.
    pub(super) async fn all(&self, db: &impl Port) -> Result<Vec<SharedChangeEntry>, StoreError> {
        all(db, &self.all, &[], |row| self.read(row)).await
    }

    /// The first entries, in whole groups and ascending: as many as a page may have, and at least one
    /// group.
    pub(super) async fn first(&self, db: &impl Port) -> Result<Vec<SharedChangeEntry>, StoreError> {
        let Some(end) = self.end_of_first(db).await? else {
            return Ok(Vec::new());
        };
        all(db, &self.up_to, &[(&end).into()], |row| self.read(row)).await
    }

    /// The stamp of the last entry that belongs to the first page, as text. Payloads are not read.
    async fn end_of_first(&self, db: &impl Port) -> Result<Option<String>, StoreError> {
        let limit = [Argument::from(MAX_PAGE_ENTRIES)];
        let sizes = all(db, &self.sizes, &limit, |row| {
            let hlc = row.text(0).ok_or_else(|| self.damaged(row, 0))?;
            let bytes = row.integer(1).unwrap_or_default();
            Ok((hlc.into_owned(), bytes, row.is_true(2)))
        });
        let mut total: i64 = 0;
        let mut end = None;
        for (hlc, bytes, is_end) in sizes.await? {
            total = total.saturating_add(bytes);
            let fits = usize::try_from(total).is_ok_and(|total| total <= MAX_PAGE_BYTES);
            if !fits && end.is_some() {
                break;
            }
            if is_end {
                end = Some(hlc);
            }
        }
        Ok(end)
    }

    /// How many entries there are.
    pub(super) async fn count(&self, db: &impl Port) -> Result<u64, StoreError> {
        let count = number(db, &self.count, &[]).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The stamp of the oldest entry, if there is one.
    pub(super) async fn oldest(&self, db: &impl Port) -> Result<Option<Hlc>, StoreError> {
        first(db, &self.oldest, &[], |row| {
            let hlc = row.text(0).and_then(|text| text.parse().ok());
            hlc.ok_or_else(|| self.damaged(row, 0))
        })
        .await
    }

    /// Adds entries.
    pub(super) async fn put(
        &self,
        db: &impl Port,
        entries: &[SharedChangeEntry],
    ) -> Result<(), StoreError> {
        for array in arrays(entries.iter().map(to_json)) {
            db.change_rows(&self.put, &[(&array.text).into()], array.elements)
                .await?;
        }
        Ok(())
    }

    /// Removes entries.
    pub(super) async fn remove(
        &self,
        db: &impl Port,
        entries: &[SharedChangeEntry],
    ) -> Result<(), StoreError> {
        let stamps = entries.iter().map(|entry| json(&entry.hlc.to_string()));
        for array in arrays(stamps) {
            db.run(&self.remove, &[(&array.text).into()]).await?;
        }
        Ok(())
    }

    /// Removes the entries up to and including this one.
    pub(super) async fn remove_up_to(&self, db: &impl Port, last: Hlc) -> Result<(), StoreError> {
        let last = last.to_text();
        db.run(&self.remove_up_to, &[last.as_str().into()]).await?;
        Ok(())
    }

    fn read(&self, row: &Row<'_>) -> Result<SharedChangeEntry, StoreError> {
        let change = FoundChange {
            model_type: row.text(1),
            record_uuid: row.text(2),
            change_type: row.text(3),
            data: row.text(4).map_or(FoundData::NotText, FoundData::Text),
        };
        let entry = judge::entry(row.text(0).as_deref(), change);
        let entry = entry.map_err(|fault| self.faulty(row, fault))?;
        let model_version = row.integer(5).and_then(|version| version.try_into().ok());
        Ok(SharedChangeEntry {
            model_version: model_version.ok_or_else(|| self.damaged(row, 5))?,
            group_end: row.is_true(6),
            ..entry
        })
    }

    fn faulty(&self, row: &Row<'_>, fault: EntryFault) -> StoreError {
        let column = self.columns.iter().position(|name| *name == fault.column());
        self.damaged(row, column.unwrap_or_default())
    }

    fn damaged(&self, row: &Row<'_>, column: usize) -> StoreError {
        let key = row.text(0).unwrap_or_default();
        corrupt(self.table, &key, self.columns[column])
    }
}

fn to_json(entry: &SharedChangeEntry) -> String {
    json(&(
        entry.hlc.to_string(),
        &entry.model_type,
        entry.record_uuid.to_string(),
        entry.change_type.as_str(),
        entry.data.as_str(),
        entry.model_version,
        u8::from(entry.group_end),
    ))
}
