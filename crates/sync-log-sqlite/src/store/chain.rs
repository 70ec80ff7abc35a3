//! The statements about entries and their links in the chain (`R4`).

use std::iter::Peekable;
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::vec::IntoIter;

use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Order, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sync_log_core::{
    Altered, FoundEntry, Hlc, LogState, Mark, Proof, ReadRequest, SharedChangeEntry, StoreError,
    Tag,
};

use crate::driver::build::{octet_length, stored_bytes, upsert};
use crate::driver::{Argument, Port, Row, Template, all, argument, argument_rows, first};
use crate::entity::{entries, shared_changes};
use crate::store::rows::{self, Columns, ENTRY, Link, MARK, PLACE};

/// Passes the entries after a stamp to `take`, ascending, up to a number, until `take` breaks off.
/// One entry is in memory at a time.
pub(crate) async fn after(
    db: &impl Port,
    position: Hlc,
    most: usize,
    mut take: impl FnMut(FoundEntry) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let position = position.to_text();
    let arguments = [position.as_str().into(), most.into()];
    let mut links = Links::read(db, &LINKS_AFTER, &arguments).await?;
    let read = |row: &Row<'_>| Ok(take(links.found(row)?));
    db.rows(&READ_AFTER, &arguments, read).await
}

/// The links of a range of entries, in their order.
///
/// Read before the entries and merged with them: two range scans. A join looks each link up from
/// the root of its table, which took twice as long as the whole page did without it.
struct Links(Peekable<IntoIter<(Hlc, Link)>>);

impl Links {
    async fn read(
        db: &impl Port,
        query: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<Self, StoreError> {
        let read = |row: &Row<'_>| Ok(rows::link(&mut Columns::of(row)));
        let links: Vec<_> = all(db, query, arguments, read).await?;
        let readable: Vec<_> = links.into_iter().flatten().collect();
        Ok(Self(readable.into_iter().peekable()))
    }

    /// The next entry, with its link if it has one.
    fn found(&mut self, row: &Row<'_>) -> Result<FoundEntry, StoreError> {
        let bare = rows::entry(&mut Columns::of(row))?;
        while self.0.next_if(|(hlc, _)| *hlc < bare.hlc).is_some() {}
        let link = self.0.next_if(|(hlc, _)| *hlc == bare.hlc);
        Ok(link.map(|(_, link)| link).unwrap_or_default().of(bare))
    }
}

/// The entries of one page, and whether none is stored above them. The entry that would
/// exceed the page is looked at, and dropped.
pub(super) async fn page<P: Port>(
    db: &P,
    request: &ReadRequest,
) -> Result<(Vec<FoundEntry>, bool), StoreError> {
    let most = if P::READS_AHEAD {
        at_most(db, request).await?
    } else {
        request.max_entries
    };
    let mut entries = Vec::new();
    let mut bytes = 0_usize;
    let mut is_cut = false;
    after(db, request.after, most, |found| {
        bytes = bytes.saturating_add(found.entry.content_bytes());
        is_cut = !entries.is_empty() && bytes > request.max_bytes;
        if is_cut {
            return ControlFlow::Break(());
        }
        entries.push(found);
        ControlFlow::Continue(())
    })
    .await?;
    let reached_end = !is_cut && entries.len() < most;
    Ok((entries, reached_end))
}

/// How many entries to read for a page, so that not many more than it takes are in memory at once.
async fn at_most(db: &impl Port, request: &ReadRequest) -> Result<usize, StoreError> {
    let most_bytes = stored_bytes(request.max_bytes);
    let position = request.after.to_text();
    let arguments = [position.as_str().into(), request.max_entries.into()];
    let mut entries = 0;
    let mut bytes = 0_i64;
    db.rows(&SIZES_AFTER, &arguments, |row| {
        entries += 1;
        bytes = bytes.saturating_add(row.integer(0).unwrap_or_default());
        Ok(if bytes > most_bytes {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })
    .await?;
    // If nothing ended the count, there are no more entries.
    let is_cut = bytes > most_bytes;
    Ok(if is_cut { entries } else { request.max_entries })
}

/// The retained entry with a stamp, if there is one and it has a tag.
pub(super) async fn retained(
    db: &impl Port,
    hlc: Hlc,
) -> Result<Option<SharedChangeEntry>, StoreError> {
    let hlc = hlc.to_text();
    let read = |row: &Row<'_>| rows::found(&mut Columns::of(row));
    let found = first(db, &READ_RETAINED, &[hlc.as_str().into()], read).await?;
    Ok(found.and_then(|found| found.tag.map(|_| found.entry)))
}

/// The mark of a stamp in the chain, even if its entry is missing.
pub(super) async fn mark(db: &impl Port, hlc: Hlc) -> Result<Option<Mark>, StoreError> {
    let hlc = hlc.to_text();
    marked(db, &READ_MARK, &[hlc.as_str().into()])
        .await
        .map(Option::flatten)
}

/// Whether the log still has what was committed up to `mark`, or has pruned it.
pub(super) async fn has(
    db: &impl Port,
    state: &LogState,
    committed: Mark,
) -> Result<bool, StoreError> {
    if committed == state.head || committed == state.floor {
        return Ok(true);
    }
    if committed.hlc <= state.floor.hlc {
        return Ok(committed.hlc < state.floor.hlc);
    }
    Ok(mark(db, committed.hlc).await? == Some(committed))
}

/// Proves what is stored up to `through`, from the floor on, with one payload in memory at a
/// time. Returns the mark of the last entry.
pub(super) async fn prove(
    db: &impl Port,
    floor: Mark,
    through: Hlc,
) -> Result<Result<Mark, Altered>, StoreError> {
    let mut proof = Proof::after(floor);
    let mut proven = Ok(());
    let text = through.to_text();
    let through_text = [text.as_str().into()];
    let mut links = Links::read(db, &LINKS_UP_TO, &through_text).await?;
    db.rows(&READ_UP_TO, &through_text, |row| {
        let found = links.found(row)?;
        proven = proof.take(&found.entry, found.tag);
        Ok(match proven {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    })
    .await?;
    Ok(proven.and_then(|()| proof.end_at(through)))
}

/// Deletes the entries up to and including `through`, with their links.
pub(super) async fn delete(db: &impl Port, through: Hlc) -> Result<(), StoreError> {
    let through = through.to_text();
    let through = [through.as_str().into()];
    db.run(&DELETE_ENTRIES, &through).await?;
    db.run(&DELETE_PLACES, &through).await.map(drop)
}

/// The entries and marks at the two ends of a log.
pub(crate) struct Ends {
    /// The entry after the floor. It is `None` if it cannot be read: a later read reports that
    /// damage with its location, so that it may be repaired.
    pub(crate) oldest: Option<FoundEntry>,
    /// The first mark of the chain; the inner value is `None` if it cannot be read.
    pub(crate) first: Option<Option<Mark>>,
    /// The last mark of the chain.
    pub(crate) last: Option<Option<Mark>>,
}

pub(crate) async fn ends(db: &impl Port, floor: Hlc) -> Result<Ends, StoreError> {
    let floor = floor.to_text();
    let after_floor = [floor.as_str().into()];
    let read = |row: &Row<'_>| Ok(rows::found(&mut Columns::of(row)).ok());
    Ok(Ends {
        oldest: first(db, &READ_OLDEST, &after_floor, read).await?.flatten(),
        first: marked(db, &READ_FIRST, &[]).await?,
        last: marked(db, &READ_LAST, &[]).await?,
    })
}

/// The first row of a query for [`MARK`].
async fn marked(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
) -> Result<Option<Option<Mark>>, StoreError> {
    let read = |row: &Row<'_>| Ok(rows::mark(&mut Columns::of(row)));
    first(db, query, arguments, read).await
}

/// A row of `sync_log_entries`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) hlc: Hlc,
    /// The table refuses a row without a tag.
    pub(crate) tag: Option<Tag>,
    pub(crate) model_version: u32,
    pub(crate) group_end: bool,
}

impl Place {
    /// The row of `entry`, at which the chain has this tag.
    pub(crate) fn of(entry: &SharedChangeEntry, tag: Option<Tag>) -> Self {
        Self {
            hlc: entry.hlc,
            tag,
            model_version: entry.model_version,
            group_end: entry.group_end,
        }
    }

    /// Writes the row, and replaces the one that is there.
    pub(crate) async fn write(self, db: &impl Port) -> Result<(), StoreError> {
        let hlc = self.hlc.to_text();
        let tag = self.tag.map(Tag::to_bytes);
        let row = [
            hlc.as_str().into(),
            tag.as_ref().map(|tag| Argument::Bytes(tag)).into(),
            self.model_version.into(),
            self.group_end.into(),
        ];
        db.change_row(&WRITE_PLACE, &row).await
    }
}

/// Entries, each with its link, if it has one: every version of SQLite looks them up in this order.
fn entries_with() -> SelectStatement {
    let query = shared_changes::Entity::find().select_only().columns(ENTRY);
    let mut query = query.into_query();
    query
        .join(
            JoinType::LeftJoin,
            entries::Entity,
            entries::Column::Hlc
                .into_expr()
                .equals((shared_changes::Entity, shared_changes::Column::Hlc)),
        )
        .columns(PLACE.map(|column| column.as_column_ref()));
    query
}

/// All entries, in their order, each with its link.
pub(crate) fn all_entries() -> SelectStatement {
    entries_with()
        .order_by_expr(shared_changes::Column::Hlc.into_expr(), Order::Asc)
        .to_owned()
}

/// Arguments: a stamp, and how many.
static READ_AFTER: LazyLock<Template> = LazyLock::new(|| {
    let after = shared_changes::Column::Hlc.gt(argument(0));
    Template::build("read a page", bare_entries(after).limit(argument_rows(1)))
});

/// Arguments: a stamp, and how many. The bytes of each entry's content.
static SIZES_AFTER: LazyLock<Template> = LazyLock::new(|| {
    let content = octet_length(shared_changes::Column::ModelType)
        .add(octet_length(shared_changes::Column::Data));
    let mut query = shared_changes::Entity::find()
        .select_only()
        .filter(shared_changes::Column::Hlc.gt(argument(0)))
        .order_by_asc(shared_changes::Column::Hlc)
        .limit(argument_rows(1))
        .into_query();
    query.expr(content);
    Template::build("measure a page", &query)
});

/// Arguments: a stamp, and how many.
static LINKS_AFTER: LazyLock<Template> = LazyLock::new(|| {
    let after = entries::Column::Hlc.gt(argument(0));
    let doing = "read the links of a page";
    Template::build(doing, links(after).limit(argument_rows(1)))
});

/// Argument: a stamp.
static READ_UP_TO: LazyLock<Template> = LazyLock::new(|| {
    let up_to = shared_changes::Column::Hlc.lte(argument(0));
    Template::build("prove what is pruned", &bare_entries(up_to))
});

/// Argument: a stamp.
static LINKS_UP_TO: LazyLock<Template> = LazyLock::new(|| {
    let up_to = entries::Column::Hlc.lte(argument(0));
    Template::build("read the links of what is pruned", &links(up_to))
});

/// Argument: a stamp.
static READ_OLDEST: LazyLock<Template> = LazyLock::new(|| {
    let query = all_entries()
        .and_where(shared_changes::Column::Hlc.gt(argument(0)))
        .limit(1)
        .to_owned();
    Template::build("look at the oldest entry", &query)
});

/// The entries of a range, in their order, without their links.
fn bare_entries(range: Expr) -> SelectStatement {
    let query = shared_changes::Entity::find()
        .select_only()
        .columns(ENTRY)
        .filter(range)
        .order_by_asc(shared_changes::Column::Hlc);
    query.into_query()
}

/// The links of a range, in the order of their stamps.
fn links(range: Expr) -> SelectStatement {
    let query = entries::Entity::find()
        .select_only()
        .column(entries::Column::Hlc)
        .columns(PLACE)
        .filter(range)
        .order_by_asc(entries::Column::Hlc);
    query.into_query()
}

/// Argument: a stamp.
static READ_RETAINED: LazyLock<Template> = LazyLock::new(|| {
    let query = entries_with()
        .and_where(shared_changes::Column::Hlc.eq(argument(0)))
        .to_owned();
    Template::build("look up an entry", &query)
});

/// Argument: a stamp.
static READ_MARK: LazyLock<Template> =
    LazyLock::new(|| marks(entries::Column::Hlc.eq(argument(0))));

static READ_FIRST: LazyLock<Template> = LazyLock::new(|| {
    let first = stamp(Func::min(entries::Column::Hlc.into_expr()));
    marks(entries::Column::Hlc.into_expr().eq(first))
});

static READ_LAST: LazyLock<Template> = LazyLock::new(|| {
    let last = stamp(Func::max(entries::Column::Hlc.into_expr()));
    marks(entries::Column::Hlc.into_expr().eq(last))
});

/// The marks for which `holds` is true.
fn marks(holds: Expr) -> Template {
    let query = entries::Entity::find()
        .select_only()
        .columns(MARK)
        .filter(holds);
    Template::build("look up a tag", &query.into_query())
}

/// One stamp of the chain, such as the highest.
fn stamp(which: impl Into<Expr>) -> SelectStatement {
    let mut query = entries::Entity::find().select_only().into_query();
    query.expr(which.into());
    query
}

/// Whether a row of the chain has no entry.
pub(crate) fn has_no_entry() -> Expr {
    let entry = shared_changes::Entity::find()
        .select_only()
        .column(shared_changes::Column::Hlc)
        .filter(
            shared_changes::Column::Hlc
                .into_expr()
                .equals((entries::Entity, entries::Column::Hlc)),
        );
    Expr::exists(entry.into_query()).not()
}

/// Whether a row of the chain is the newest at or below the stamp in this argument.
pub(super) fn is_newest_up_to(position: u64) -> Expr {
    let newest = stamp(Func::max(entries::Column::Hlc.into_expr()))
        .and_where(entries::Column::Hlc.lte(argument(position)))
        .to_owned();
    entries::Column::Hlc.into_expr().eq(newest)
}

/// Arguments: the columns of a [`Place`].
static WRITE_PLACE: LazyLock<Template> = LazyLock::new(|| {
    use entries::Column::{GroupEnd, Hlc, ModelVersion, Tag};
    let columns = [Hlc, Tag, ModelVersion, GroupEnd];
    let write = upsert::<entries::Entity>(Hlc, &columns);
    Template::build("write an entry's place", &write)
});

/// Argument: the stamp up to which entries go.
static DELETE_ENTRIES: LazyLock<Template> = LazyLock::new(|| {
    let delete =
        shared_changes::Entity::delete_many().filter(shared_changes::Column::Hlc.lte(argument(0)));
    Template::build("delete entries", &delete.into_query())
});

/// Argument: the stamp up to which they go.
static DELETE_PLACES: LazyLock<Template> = LazyLock::new(|| {
    let delete = entries::Entity::delete_many().filter(entries::Column::Hlc.lte(argument(0)));
    Template::build("delete the places of entries", &delete.into_query())
});
