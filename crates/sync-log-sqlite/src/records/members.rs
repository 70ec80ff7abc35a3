//! Which members of a payload serde reads into a model.

use serde::de::value::Error;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// The names of the members that serde reads into a `T`. A field with `#[serde(skip)]` has none. `None`
/// if `T` does not say, for instance because it has `#[serde(flatten)]`.
pub(super) fn members<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut members = None;
    // A struct names its members before it is given any; here it is given none.
    T::deserialize(Ask(&mut members)).ok();
    members
}

struct Ask<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some(members);
        Err(Error::custom("there is nothing to read"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is nothing to read"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_struct_names_its_members_but_for_those_that_are_skipped() {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(dead_code, reason = "it is asked for its members only")]
        struct Album {
            id: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            album_cover: Option<u64>,
            #[serde(rename = "called", default)]
            title: String,
            #[serde(skip)]
            opened: u64,
        }
        let expected: &[&str] = &["id", "albumCover", "called"];
        assert_eq!(members::<Album>(), Some(expected));
    }

    #[test]
    fn what_is_no_struct_or_takes_any_member_does_not_say() {
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "it is asked for its members only")]
        struct Open {
            id: u64,
            #[serde(flatten)]
            more: BTreeMap<String, String>,
        }
        assert_eq!(members::<Open>(), None);
        assert_eq!(members::<Vec<String>>(), None);
    }
}
