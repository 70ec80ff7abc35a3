//! Ids that are the same in every run: UUIDs of version 5 from fixed names.

use uuid::Uuid;

/// Namespace of everything below, itself made from a name.
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://sync-log.example/demo")
}

/// The library that all devices of the demo share.
pub(crate) fn library() -> Uuid {
    Uuid::new_v5(&namespace(), b"library")
}

/// The device with that number in the history.
pub(crate) fn device(number: u8) -> Uuid {
    Uuid::new_v5(&namespace(), format!("device/{number}").as_bytes())
}

/// The record of that model with that name.
pub(crate) fn record(model: &str, record: &str) -> Uuid {
    let records = Uuid::new_v5(&namespace(), b"records");
    Uuid::new_v5(&records, format!("{model}/{record}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_never_change() {
        assert_eq!(
            library().to_string(),
            "3fa791bb-6da1-57a4-98f9-504e0b11025d"
        );
        assert_ne!(device(0), device(1));
        assert_ne!(record("tag", "a"), record("album", "a"));
    }
}
