//! Strict text forms: one value has one spelling.

use uuid::Uuid;

/// Reads a UUID in its stored form: lower-case, hyphenated, nothing else.
///
/// Stores use it for every UUID column, so that a row that another program
/// spelled differently is noticed instead of being matched by accident.
#[must_use]
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut buffer = Uuid::encode_buffer();
    (uuid.hyphenated().encode_lower(&mut buffer) == text).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lower_case_hyphenated_form_is_a_uuid() {
        let canonical = "afe3b279-4b1b-5c84-bccd-5eb58605a254";
        assert_eq!(parse_uuid(canonical).unwrap().to_string(), canonical);
        let simple = canonical.replace('-', "");
        let others = [
            canonical.to_uppercase(),
            simple,
            format!("{{{canonical}}}"),
            format!("urn:uuid:{canonical}"),
        ];
        for other in &others {
            assert_eq!(parse_uuid(other), None, "{other}");
        }
    }
}
