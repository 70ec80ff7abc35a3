//! Which rows of `shared_changes` are entries of this log.

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::{
    ChangeType, Hlc, JsonText, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, StoreError, Uuid, parse_uuid,
};

use super::{ADOPT, CHUNK_ROWS, is_below_ceiling, lowest};
use crate::driver::build::{insert_selected, is_longer, is_text, rowid, unless_longer};
use crate::driver::{Port, Row, Template, all, argument, argument_rows};
use crate::entity::{aside_changes, shared_changes};
use crate::failure::corrupt;

/// What was found.
pub(super) struct Sorted {
    /// Entries that stay.
    pub(super) kept: i64,
    /// Rows that went aside.
    pub(super) aside: usize,
    /// The oldest and the newest entry that stay.
    pub(super) range: Option<(Hlc, Hlc)>,
    /// The highest stamp that a clock must not repeat, or has seen: any of this device,
    /// and those of others that are near.
    pub(super) highest: Hlc,
}

/// What the entries of a log are within.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Whose they are.
    pub(super) device_id: Uuid,
    /// They are above it: the floor never goes back, whatever another program puts there.
    pub(super) floor: Hlc,
}

/// Puts every row aside that is not an entry of this log.
pub(super) async fn sort(
    db: &impl Port,
    adoption: i64,
    log: Bounds,
    is_near: impl Fn(&Hlc) -> bool,
) -> Result<Sorted, StoreError> {
    let mut sorted = Sorted {
        kept: 0,
        aside: 0,
        range: None,
        highest: Hlc::ZERO,
    };
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        let chunk = chunk(db, from, log).await?;
        next = chunk.last().and_then(|found| found.row.checked_add(1));
        for found in chunk {
            sorted.take_note(&found, log.device_id, &is_near);
            if let Err(reason) = found.verdict {
                put_aside(db, adoption, found.row, reason).await?;
            }
        }
    }
    Ok(sorted)
}

/// A row, as it was found.
struct Found {
    row: i64,
    /// Its stamp, if it has one.
    hlc: Option<Hlc>,
    /// Whether it is an entry of this log, or why not.
    verdict: Result<(), &'static str>,
}

impl Sorted {
    fn take_note(&mut self, found: &Found, device_id: Uuid, is_near: &impl Fn(&Hlc) -> bool) {
        if let Some(hlc) = found.hlc {
            let is_own = hlc.device_id == device_id && is_below_ceiling(&hlc);
            if is_own || is_near(&hlc) {
                self.highest = self.highest.max(hlc);
            }
        }
        match (found.verdict, found.hlc) {
            (Ok(()), Some(hlc)) => {
                self.kept += 1;
                let (oldest, newest) = self.range.unwrap_or((hlc, hlc));
                self.range = Some((oldest.min(hlc), newest.max(hlc)));
            }
            _ => self.aside += 1,
        }
    }
}

/// Some rows from this one on. A value that is longer than it may be is not read.
async fn chunk(db: &impl Port, from: i64, log: Bounds) -> Result<Vec<Found>, StoreError> {
    all(db, &CHUNK, &[from.into(), CHUNK_ROWS.into()], |row| {
        let hlc = row.text(1).and_then(|text| text.parse::<Hlc>().ok());
        let number = row.integer(0);
        Ok(Found {
            row: number.ok_or_else(|| corrupt("shared_changes", "", "rowid"))?,
            hlc,
            verdict: judge(row, hlc, log),
        })
    })
    .await
}

/// Arguments: the number of the first row, and how many.
static CHUNK: LazyLock<Template> = LazyLock::new(|| {
    use shared_changes::Column::{ChangeType, CreatedAt, Data, Hlc, ModelType, RecordUuid};
    let mut query = shared_changes::Entity::find().select_only().into_query();
    query
        .expr(rowid::<shared_changes::Entity>())
        .expr(unless_longer(Hlc, sync_log_core::Hlc::TEXT_LEN))
        .expr(unless_longer(ModelType, MAX_MODEL_TYPE_BYTES))
        .expr(unless_longer(RecordUuid, UUID_BYTES))
        .expr(unless_longer(ChangeType, UUID_BYTES))
        .expr(unless_longer(Data, MAX_DATA_BYTES))
        .expr(is_longer(Data, MAX_DATA_BYTES))
        .expr(is_text(CreatedAt))
        .and_where(rowid::<shared_changes::Entity>().gte(argument(0)))
        .order_by_expr(rowid::<shared_changes::Entity>(), Order::Asc)
        .limit(argument_rows(1));
    Template::build("read what is to be adopted", &query)
});

/// A UUID as text; no kind of change is longer.
pub(super) const UUID_BYTES: usize = 36;

/// Whether a row is an entry of this log, or why not.
fn judge(row: &Row<'_>, hlc: Option<Hlc>, log: Bounds) -> Result<(), &'static str> {
    let hlc = hlc.ok_or("hlc is not a stamp in strict form")?;
    if hlc.device_id != log.device_id {
        return Err("of another device");
    }
    if !is_below_ceiling(&hlc) || hlc == lowest(log.device_id) {
        return Err("hlc is a stamp that no clock gives");
    }
    if hlc <= log.floor {
        return Err("hlc is not above the floor");
    }
    let model = row.text(2).map_or(0, |model| model.len());
    if !(1..=MAX_MODEL_TYPE_BYTES).contains(&model) {
        return Err("model_type is empty, too long or no text");
    }
    if row.text(3).as_deref().and_then(parse_uuid).is_none() {
        return Err("record_uuid is not in strict form");
    }
    if row
        .text(4)
        .is_none_or(|kind| kind.parse::<ChangeType>().is_err())
    {
        return Err("change_type is none of the three");
    }
    match row.text(5) {
        Some(data) if data.len() > MAX_DATA_BYTES => return Err("data is over the limit"),
        Some(data) => JsonText::new(data).map_err(|_| "data is not JSON")?,
        None if row.is_true(6) => return Err("data is over the limit"),
        None => return Err("data is no text"),
    };
    if row.is_true(7) {
        Ok(())
    } else {
        Err("created_at is no text")
    }
}

async fn put_aside(
    db: &impl Port,
    adoption: i64,
    row: i64,
    reason: &'static str,
) -> Result<(), StoreError> {
    let arguments = [adoption.into(), reason.into(), row.into()];
    db.run(&PUT_ASIDE, &arguments).await?;
    db.run(&DELETE, &[row.into()]).await.map(drop)
}

/// Arguments: the adoption, the reason, and the number of the row.
static PUT_ASIDE: LazyLock<Template> = LazyLock::new(|| {
    use aside_changes::Column as Aside;
    use shared_changes::Column::{ChangeType, CreatedAt, Data, Hlc, ModelType, RecordUuid};
    let mut row = shared_changes::Entity::find().select_only().into_query();
    row.expr(Expr::val(argument(0)))
        .expr(Expr::val(argument(1)))
        .columns([Hlc, ModelType, RecordUuid, ChangeType, Data, CreatedAt])
        .and_where(rowid::<shared_changes::Entity>().eq(argument(2)));
    let columns = [
        Aside::Adoption,
        Aside::Reason,
        Aside::Hlc,
        Aside::ModelType,
        Aside::RecordUuid,
        Aside::ChangeType,
        Aside::Data,
        Aside::CreatedAt,
    ];
    let insert = insert_selected::<aside_changes::Entity>(&columns, row);
    Template::build(ADOPT, &insert)
});

/// Argument: the number of the row.
static DELETE: LazyLock<Template> = LazyLock::new(|| {
    let number = rowid::<shared_changes::Entity>();
    let delete = shared_changes::Entity::delete_many().filter(number.eq(argument(0)));
    Template::build(ADOPT, &delete.into_query())
});
