//! The app's tables show what the versions say.

use serde_json::{Map, Value, json};
use sync_log_sqlite::receive::RecordId;

use crate::kills::files::{Found, FoundVersion};
use crate::kills::violation::{Violations, What};

pub(super) fn check(found: &Found, violations: &mut Violations<'_>) {
    let is_shown = |version: &&FoundVersion| version.standing == "shown";
    for (id, row) in &found.rows {
        let version = found.versions.get(id);
        let Some(shown) = version.filter(is_shown).map(|version| shown(id, version)) else {
            violations.add(What::RowWithoutVersion, format!("{id} {row}: {version:?}"));
            continue;
        };
        violations.unless(*row == shown, What::RowDiffers, || {
            format!("{id} is {row} and not {shown}")
        });
    }
    for (id, version) in &found.versions {
        let is_missing = is_shown(&version) && !found.rows.contains_key(id);
        violations.unless(!is_missing, What::VersionWithoutRow, || {
            format!("{id} {version:?}")
        });
    }
}

/// The row that shows a version.
fn shown(id: &RecordId, version: &FoundVersion) -> Value {
    let mut row = version.payload().cloned().unwrap_or_else(Map::new);
    let emptied = version.detail.as_array();
    for member in emptied.into_iter().flatten() {
        let member = member.as_str().expect("a member has a name");
        row.insert(member.to_owned(), Value::Null);
    }
    if id.model_type == "album" {
        // A member of which no change came is empty.
        row.entry("cover").or_insert(Value::Null);
    }
    row.insert("id".to_owned(), json!(id.record_uuid));
    row.into()
}
