//! Judges whether the text in a row of a store is an entry or an ack.
//!
//! Any program may have written a row. So a store that reads its rows, an adoption, a verification
//! and an import all ask these functions. `None` stands for a value that is no text, or for no
//! value.

use std::borrow::Cow;

use hlc::{CEILING_MS, Hlc};
use uuid::Uuid;

use super::entry::{Change, ChangeType, SharedChangeEntry};
use super::ids::DeviceId;
use super::json::JsonText;
use super::text::parse_uuid;
use crate::limits::{MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES};

/// Why a row is no entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[error("{}", self.as_str())]
pub enum EntryFault {
    /// The stamp is not text in its one spelling.
    Stamp,
    /// The stamp is of another device, so the entry belongs in that device's log.
    OtherDevice,
    /// The stamp is at or above the ceiling of all clocks (`H4`).
    NotFromClock,
    /// The stamp is further ahead of the wall clock than a clock accepts, and the log did not give
    /// it out (`H9`).
    TooFarAhead,
    /// The stamp is at or below the floor, where every entry was pruned.
    NotAboveFloor,
    /// The model type is empty, longer than
    /// [`MAX_MODEL_TYPE_BYTES`](crate::MAX_MODEL_TYPE_BYTES), or no text.
    ModelType,
    /// The record is not a UUID in its one spelling.
    RecordUuid,
    /// The change type is none of `insert`, `update` and `delete`.
    ChangeType,
    /// The payload is longer than [`MAX_DATA_BYTES`](crate::MAX_DATA_BYTES).
    DataTooLarge,
    /// The payload is not JSON that has a value (`A6`).
    DataNotJson,
    /// The payload is no text.
    DataNotText,
    /// The time at which it was written is no text.
    CreatedAt,
}

impl EntryFault {
    /// The fault, for a person.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stamp => "hlc is not a stamp in strict form",
            Self::OtherDevice => "of another device",
            Self::NotFromClock => "hlc is a stamp that no clock gives",
            Self::TooFarAhead => "hlc is too far ahead of the wall clock",
            Self::NotAboveFloor => "hlc is not above the floor",
            Self::ModelType => "model_type is empty, too long or no text",
            Self::RecordUuid => "record_uuid is not in strict form",
            Self::ChangeType => "change_type is none of the three",
            Self::DataTooLarge => "data is over the limit",
            Self::DataNotJson => "data is not JSON",
            Self::DataNotText => "data is no text",
            Self::CreatedAt => "created_at is no text",
        }
    }

    /// The column of `shared_changes` that shows the fault.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Stamp
            | Self::OtherDevice
            | Self::NotFromClock
            | Self::TooFarAhead
            | Self::NotAboveFloor => "hlc",
            Self::ModelType => "model_type",
            Self::RecordUuid => "record_uuid",
            Self::ChangeType => "change_type",
            Self::DataTooLarge | Self::DataNotJson | Self::DataNotText => "data",
            Self::CreatedAt => "created_at",
        }
    }
}

/// A payload as a store found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundData<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A value that was not read, because it is longer than a payload may be.
    TooLarge,
    /// A value that is no text, or no value.
    NotText,
}

impl<'a> From<Option<Cow<'a, str>>> for FoundData<'a> {
    fn from(text: Option<Cow<'a, str>>) -> Self {
        text.map_or(Self::NotText, Self::Text)
    }
}

/// The columns of an entry, apart from its stamp, as a store found them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundChange<'a> {
    /// The kind of record, such as `tag` or `album`.
    pub model_type: Option<Cow<'a, str>>,
    /// The record.
    pub record_uuid: Option<Cow<'a, str>>,
    /// What happened to it.
    pub change_type: Option<Cow<'a, str>>,
    /// The payload.
    pub data: FoundData<'a>,
}

impl FoundChange<'_> {
    /// Returns the change in these columns. Its model version is not known.
    ///
    /// # Errors
    /// The fault of the first column that has one.
    pub fn judge(self) -> Result<Change, EntryFault> {
        Ok(Change {
            model_type: model_type(self.model_type)?,
            record_uuid: record_uuid(self.record_uuid.as_deref())?,
            change_type: change_type(self.change_type.as_deref())?,
            data: data(self.data)?,
            model_version: 0,
        })
    }
}

/// Returns the entry in a row of the interchange format: a group by itself, without a known model
/// version.
///
/// # Errors
/// The fault of the first column that has one.
pub fn entry(hlc: Option<&str>, change: FoundChange<'_>) -> Result<SharedChangeEntry, EntryFault> {
    let hlc = stamp(hlc)?;
    Ok(change.judge()?.stamped(hlc))
}

/// The stamp in a column.
///
/// # Errors
/// [`EntryFault::Stamp`].
pub fn stamp(text: Option<&str>) -> Result<Hlc, EntryFault> {
    let hlc = text.and_then(|text| text.parse().ok());
    hlc.ok_or(EntryFault::Stamp)
}

/// Refuses a stamp that no clock of this device issues.
///
/// # Errors
/// [`EntryFault::OtherDevice`], [`EntryFault::NotFromClock`].
pub fn own_stamp(hlc: Hlc, device_id: DeviceId) -> Result<(), EntryFault> {
    if hlc.device_id != device_id {
        return Err(EntryFault::OtherDevice);
    }
    if !is_below_ceiling(hlc) {
        return Err(EntryFault::NotFromClock);
    }
    Ok(())
}

/// Whether a clock can continue above this stamp (`H4`).
#[must_use]
pub const fn is_below_ceiling(hlc: Hlc) -> bool {
    hlc.timestamp < CEILING_MS
}

/// How far a stamp is ahead of the wall clock, in ms. As for a clock, a reading before 1970 or from
/// the ceiling on counts as 0.
#[must_use]
pub fn ahead_ms(hlc: Hlc, now_ms: i64) -> u64 {
    let wall_ms = u64::try_from(now_ms).ok().filter(|ms| *ms < CEILING_MS);
    hlc.timestamp.saturating_sub(wall_ms.unwrap_or_default())
}

/// Whether a wall clock that reads `now_ms` can be right. Before 2020 no log had been made yet.
#[must_use]
pub const fn is_possible_time(now_ms: i64) -> bool {
    now_ms >= START_OF_2020_MS && now_ms < CEILING_MS.cast_signed()
}

const START_OF_2020_MS: i64 = 1_577_836_800_000;

/// Refuses a stamp at which a log with this floor holds no entry.
///
/// # Errors
/// [`EntryFault::NotAboveFloor`].
pub fn above_floor(hlc: Hlc, floor: Hlc) -> Result<(), EntryFault> {
    if hlc > floor {
        Ok(())
    } else {
        Err(EntryFault::NotAboveFloor)
    }
}

/// Whether a log can hold records of that kind: the name has 1 to [`MAX_MODEL_TYPE_BYTES`] bytes.
fn is_model_type(text: &str) -> bool {
    (1..=MAX_MODEL_TYPE_BYTES).contains(&text.len())
}

/// Refuses an entry that the log of `device_id` cannot hold.
///
/// # Errors
/// [`EntryFault::OtherDevice`], [`EntryFault::NotFromClock`], [`EntryFault::ModelType`],
/// [`EntryFault::DataTooLarge`], [`EntryFault::DataNotJson`] if it is nested too deep.
pub fn of_log(entry: &SharedChangeEntry, device_id: DeviceId) -> Result<(), EntryFault> {
    own_stamp(entry.hlc, device_id)?;
    content(&entry.model_type, &entry.data, MAX_DATA_BYTES)
}

/// Refuses content that no log can hold, or that is larger than an app's own limit.
///
/// # Errors
/// [`EntryFault::ModelType`], [`EntryFault::DataTooLarge`], [`EntryFault::DataNotJson`] if it is
/// nested too deep.
pub fn content(model_type: &str, data: &JsonText, max_data_bytes: usize) -> Result<(), EntryFault> {
    if !is_model_type(model_type) {
        return Err(EntryFault::ModelType);
    }
    if data.len_bytes() > max_data_bytes {
        return Err(EntryFault::DataTooLarge);
    }
    if !data.is_shallow() {
        return Err(EntryFault::DataNotJson);
    }
    Ok(())
}

/// The kind of record in a column.
///
/// # Errors
/// [`EntryFault::ModelType`].
pub fn model_type(text: Option<Cow<'_, str>>) -> Result<String, EntryFault> {
    match text {
        Some(text) if is_model_type(&text) => Ok(text.into_owned()),
        _ => Err(EntryFault::ModelType),
    }
}

/// The record in a column.
///
/// # Errors
/// [`EntryFault::RecordUuid`].
pub fn record_uuid(text: Option<&str>) -> Result<Uuid, EntryFault> {
    text.and_then(parse_uuid).ok_or(EntryFault::RecordUuid)
}

/// What happened to the record.
///
/// # Errors
/// [`EntryFault::ChangeType`].
pub fn change_type(text: Option<&str>) -> Result<ChangeType, EntryFault> {
    let kind = text.and_then(|text| text.parse().ok());
    kind.ok_or(EntryFault::ChangeType)
}

/// The payload in a column.
///
/// # Errors
/// [`EntryFault::DataTooLarge`], [`EntryFault::DataNotJson`], [`EntryFault::DataNotText`].
pub fn data(found: FoundData<'_>) -> Result<JsonText, EntryFault> {
    match found {
        FoundData::Text(text) if text.len() <= MAX_DATA_BYTES => {
            JsonText::new(text).map_err(|_| EntryFault::DataNotJson)
        }
        FoundData::Text(_) | FoundData::TooLarge => Err(EntryFault::DataTooLarge),
        FoundData::NotText => Err(EntryFault::DataNotText),
    }
}

/// Why a value is no ack of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[error("{}", self.as_str())]
pub enum AckFault {
    /// It is not a stamp in its one spelling.
    Stamp,
    /// It is a stamp of another device, which no entry of this log has.
    OtherDevice,
    /// It is above everything that the log ever held.
    AboveHead,
}

impl AckFault {
    /// The fault, for a person.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stamp => "last_acked_hlc is not a stamp in strict form",
            Self::OtherDevice => "last_acked_hlc is a stamp of another device",
            Self::AboveHead => "last_acked_hlc is above the head",
        }
    }
}

/// Returns the stamp that a peer acknowledged to the log of `device_id` with this head. It is zero
/// if the peer acknowledged nothing yet.
///
/// # Errors
/// Why no peer can have acknowledged this log up to there.
pub fn ack(text: Option<&str>, device_id: DeviceId, head: Hlc) -> Result<Hlc, AckFault> {
    let acked = text.and_then(|text| text.parse().ok());
    let acked = acked.ok_or(AckFault::Stamp)?;
    possible_ack(acked, device_id, head)?;
    Ok(acked)
}

/// Refuses a stamp that no peer can have acknowledged to the log of `device_id` with this head.
///
/// # Errors
/// [`AckFault::OtherDevice`], [`AckFault::AboveHead`].
pub fn possible_ack(acked: Hlc, device_id: DeviceId, head: Hlc) -> Result<(), AckFault> {
    if acked.is_zero() {
        return Ok(());
    }
    if acked.device_id != device_id {
        return Err(AckFault::OtherDevice);
    }
    if acked > head {
        return Err(AckFault::AboveHead);
    }
    Ok(())
}

/// Why an id names no peer of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerIdFault {
    /// It is not a UUID in its one spelling.
    Text,
    /// It is nil.
    Nil,
    /// It is the device of the log itself.
    Own,
}

/// Returns the peer of the log of `device_id` that an id names.
///
/// # Errors
/// Why the id cannot name a peer.
pub fn peer_id(text: Option<&str>, device_id: DeviceId) -> Result<DeviceId, PeerIdFault> {
    let peer = text.and_then(parse_uuid).map(DeviceId::from);
    let peer = peer.ok_or(PeerIdFault::Text)?;
    if peer.is_nil() {
        return Err(PeerIdFault::Nil);
    }
    if peer == device_id {
        return Err(PeerIdFault::Own);
    }
    Ok(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Uuid = Uuid::from_u128(0xa0);
    const RECORD: &str = "00000000-0000-0000-0000-000000000001";

    fn found() -> FoundChange<'static> {
        FoundChange {
            model_type: Some("tag".into()),
            record_uuid: Some(RECORD.into()),
            change_type: Some("update".into()),
            data: FoundData::Text("{}".into()),
        }
    }

    /// The fault of a row of which one column was changed.
    fn fault(change: impl FnOnce(&mut FoundChange<'static>)) -> EntryFault {
        let mut row = found();
        change(&mut row);
        row.judge().unwrap_err()
    }

    #[test]
    fn a_row_with_all_columns_in_strict_form_is_an_entry() {
        let hlc = Hlc::new(5, 0, DEVICE);
        let entry = entry(Some(&hlc.to_string()), found()).unwrap();
        assert_eq!((entry.hlc, entry.model_type.as_str()), (hlc, "tag"));
        assert!(entry.group_end && entry.model_version == 0);
    }

    #[test]
    fn each_column_has_its_faults_and_names_itself() {
        let long = |bytes: usize| Cow::from("x".repeat(bytes));
        let too_large = FoundData::Text(format!("\"{}\"", long(MAX_DATA_BYTES - 1)).into());
        let upper = Cow::from("00000000-0000-0000-0000-00000000000A");
        let faults = [
            fault(|row| row.model_type = None),
            fault(|row| row.model_type = Some("".into())),
            fault(|row| row.model_type = Some(long(MAX_MODEL_TYPE_BYTES + 1))),
            fault(|row| row.record_uuid = Some(upper)),
            fault(|row| row.change_type = Some("Update".into())),
            fault(|row| row.data = FoundData::NotText),
            fault(|row| row.data = FoundData::Text("{".into())),
            fault(|row| row.data = FoundData::TooLarge),
            fault(|row| row.data = too_large),
        ];
        let expected = [
            EntryFault::ModelType,
            EntryFault::ModelType,
            EntryFault::ModelType,
            EntryFault::RecordUuid,
            EntryFault::ChangeType,
            EntryFault::DataNotText,
            EntryFault::DataNotJson,
            EntryFault::DataTooLarge,
            EntryFault::DataTooLarge,
        ];
        assert_eq!(faults, expected);
        for fault in faults
            .into_iter()
            .chain([EntryFault::Stamp, EntryFault::CreatedAt])
        {
            let (text, column) = (fault.to_string(), fault.column());
            let is_named = text.split(' ').next() == Some(column);
            assert!(is_named, "{fault}: {column}");
        }
    }

    #[test]
    fn a_stamp_is_of_this_device_below_the_ceiling_and_above_the_floor() {
        let at = |ms, device| Hlc::new(ms, 0, device);
        assert_eq!(stamp(Some("f")), Err(EntryFault::Stamp));
        assert_eq!(own_stamp(at(5, DEVICE), DEVICE.into()), Ok(()));
        let other = own_stamp(at(5, Uuid::from_u128(1)), DEVICE.into());
        assert_eq!(other, Err(EntryFault::OtherDevice));
        let ceiling = own_stamp(at(CEILING_MS, DEVICE), DEVICE.into());
        assert_eq!(ceiling, Err(EntryFault::NotFromClock));
        let floor = at(5, DEVICE);
        assert_eq!(above_floor(floor, floor), Err(EntryFault::NotAboveFloor));
        assert_eq!(above_floor(at(6, DEVICE), floor), Ok(()));
    }

    #[test]
    fn a_wall_clock_outside_of_the_range_of_all_clocks_counts_as_0() {
        let ahead = |now_ms| ahead_ms(Hlc::new(1000, 0, DEVICE), now_ms);
        assert_eq!((ahead(400), ahead(1000), ahead(1001)), (600, 0, 0));
        let ceiling_ms = CEILING_MS.cast_signed();
        assert_eq!((ahead(ceiling_ms - 1), ahead(ceiling_ms)), (0, 1000));
        assert_eq!(ahead(-1), 1000);
    }

    #[test]
    fn a_possible_time_is_from_2020_on_and_below_the_ceiling() {
        let ceiling_ms = CEILING_MS.cast_signed();
        let around = [
            START_OF_2020_MS - 1,
            START_OF_2020_MS,
            ceiling_ms - 1,
            ceiling_ms,
        ];
        assert_eq!(around.map(is_possible_time), [false, true, true, false]);
    }

    #[test]
    fn an_ack_is_zero_or_an_own_stamp_up_to_the_head() {
        let head = Hlc::new(5, 0, DEVICE);
        let judged = |hlc: Hlc| ack(Some(&hlc.to_string()), DEVICE.into(), head);
        assert_eq!(judged(Hlc::ZERO), Ok(Hlc::ZERO));
        assert_eq!(judged(head), Ok(head));
        let above = judged(Hlc::new(5, 1, DEVICE));
        assert_eq!(above, Err(AckFault::AboveHead));
        let foreign = judged(Hlc::new(5, 0, Uuid::from_u128(1)));
        assert_eq!(foreign, Err(AckFault::OtherDevice));
        assert_eq!(ack(None, DEVICE.into(), head), Err(AckFault::Stamp));
        for fault in [AckFault::Stamp, AckFault::OtherDevice, AckFault::AboveHead] {
            let names_its_column = fault.as_str().starts_with("last_acked_hlc ");
            assert!(names_its_column, "{fault}");
        }
    }

    #[test]
    fn a_peer_is_another_device() {
        let own = DEVICE.hyphenated().to_string();
        let judged = |text| peer_id(text, DEVICE.into());
        assert_eq!(judged(Some(RECORD)), Ok(Uuid::from_u128(1).into()));
        assert_eq!(judged(Some(&own)), Err(PeerIdFault::Own));
        let nil = Uuid::nil().hyphenated().to_string();
        assert_eq!(judged(Some(&nil)), Err(PeerIdFault::Nil));
        assert_eq!(judged(Some("x")), Err(PeerIdFault::Text));
        assert_eq!(judged(None), Err(PeerIdFault::Text));
    }
}
