//! Payloads: text that is JSON, and nothing else, byte for byte (`A6`).

use sync_log_core::JsonText;

use crate::forms::survives_serde;

/// Any text: it is a payload if serde_json reads it as a value, and then it is kept. Whatever
/// is one is JSON by the grammar too.
pub fn json_text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let taken = JsonText::new(text);
    assert_eq!(taken.is_ok(), is_value(text), "{text:?}");
    assert!(taken.is_err() || is_json(text), "{text:?}");
    let as_string = serde_json::from_value::<JsonText>(text.into());
    assert_eq!(as_string.ok(), taken.as_ref().ok().cloned());
    let Ok(payload) = taken else { return };
    assert_eq!(payload.as_str(), text);
    assert_eq!(payload.len_bytes(), text.len());
    assert!(!format!("{payload:?}").contains('"'), "a payload is shown");
    survives_serde(&payload);
    // The last digit of a long number may differ: reading it as a float is the caller's
    // choice. That what is written is a payload again is ours.
    let value = payload.parse_as::<serde_json::Value>().expect("a value");
    assert!(is_value(JsonText::from(value).as_str()));
}

/// Whether a reader can take `text` for a value.
pub(crate) fn is_value(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// Whether `text` is JSON, told from the grammar of RFC 8259 alone, to any depth.
fn is_json(text: &str) -> bool {
    let mut rest = Rest(text.as_bytes());
    rest.is_value_and_end().is_some()
}

/// What is left of a text. Every method takes what it names from its beginning;
/// `None` if that is not there.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn is_value_and_end(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.space();
            match self.0.first()? {
                b'{' | b'[' => {
                    if self.opens(&mut open)? {
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            }
            if self.closes(&mut open)? {
                return Some(());
            }
        }
    }

    /// An array or object begins; whether a value follows in it.
    fn opens(&mut self, open: &mut Vec<u8>) -> Option<bool> {
        let is_object = self.byte(b'{').is_some();
        let end = if is_object {
            b'}'
        } else {
            self.byte(b'[')?;
            b']'
        };
        self.space();
        if self.byte(end).is_some() {
            return Some(false);
        }
        open.push(end);
        if is_object {
            self.key()?;
        }
        Some(true)
    }

    /// After a value: whether that was the end of the text, or another one follows.
    fn closes(&mut self, open: &mut Vec<u8>) -> Option<bool> {
        loop {
            self.space();
            let Some(end) = open.last().copied() else {
                return self.0.is_empty().then_some(true);
            };
            if self.byte(b',').is_some() {
                if end == b'}' {
                    self.key()?;
                }
                return Some(false);
            }
            self.byte(end)?;
            open.pop();
        }
    }

    fn key(&mut self) -> Option<()> {
        self.space();
        self.string()?;
        self.space();
        self.byte(b':')
    }

    fn string(&mut self) -> Option<()> {
        self.byte(b'"')?;
        loop {
            match self.any()? {
                b'"' => return Some(()),
                b'\\' => match self.any()? {
                    b'u' => (0..4).try_for_each(|_| self.one_of(u8::is_ascii_hexdigit))?,
                    escaped => b"\"\\/bfnrt".contains(&escaped).then_some(())?,
                },
                byte => (byte >= 0x20).then_some(())?,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.byte(b'-');
        if self.byte(b'0').is_none() {
            self.digits()?;
        }
        if self.byte(b'.').is_some() {
            self.digits()?;
        }
        if self.byte(b'e').or_else(|| self.byte(b'E')).is_some() {
            let _ = self.byte(b'+').or_else(|| self.byte(b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        self.one_of(u8::is_ascii_digit)?;
        while self.one_of(u8::is_ascii_digit).is_some() {}
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    fn space(&mut self) {
        while self.one_of(|byte| b" \t\n\r".contains(byte)).is_some() {}
    }

    fn any(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.one_of(|found| *found == byte)
    }

    fn one_of(&mut self, is_one: impl Fn(&u8) -> bool) -> Option<()> {
        is_one(self.0.first()?).then(|| self.0 = &self.0[1..])
    }
}
