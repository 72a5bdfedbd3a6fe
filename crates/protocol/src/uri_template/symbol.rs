//! URIs as sequences of decoded characters that remember whether they were percent-encoded, and the way back.

use std::fmt::Write as _;

/// One character of a URI or of a template's literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    character: char,
    encoded: bool,
}

impl Symbol {
    /// This character, not encoded.
    pub(super) fn plain(character: char) -> Self {
        Self { character, encoded: false }
    }

    /// Whether it is this character, not encoded.
    pub(super) fn is(self, character: char) -> bool {
        self.character == character && !self.encoded
    }

    /// Whether both mean the same in a URI: encoding makes a difference for reserved characters only
    /// (RFC 3986, section 2.2).
    pub(super) fn means(self, other: Self) -> bool {
        self.character == other.character && (self.encoded == other.encoded || !is_reserved(self.character))
    }
}

/// Why a text has no symbols. Positions are byte offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A `%` without two hexadecimal digits.
    Percent { position: usize },
    /// Encoded octets that are not UTF-8.
    NotUtf8 { position: usize },
}

/// Decodes a text.
pub(super) fn symbols(text: &str) -> Result<Vec<Symbol>, Malformed> {
    let mut symbols = Vec::with_capacity(text.len());
    let mut position = 0;
    while let Some(character) = text.get(position..).and_then(|rest| rest.chars().next()) {
        if character == '%' {
            let octets = octets(text, position)?;
            let decoded = str::from_utf8(&octets).map_err(|_| Malformed::NotUtf8 { position })?;
            symbols.extend(decoded.chars().map(|character| Symbol { character, encoded: true }));
            position += 3 * octets.len();
        } else {
            symbols.push(Symbol::plain(character));
            position += character.len_utf8();
        }
    }
    Ok(symbols)
}

/// The first character that no URI has unless percent-encoded (RFC 3986, appendix A). Characters beyond ASCII are let
/// through, as in an IRI (RFC 3987): people write them by hand.
pub fn first_illegal(uri: &str) -> Option<char> {
    uri.chars().find(|character| character.is_control() || " \"<>\\^`{|}".contains(*character))
}

/// The text that symbols stand for.
pub(super) fn text(symbols: &[Symbol]) -> String {
    symbols.iter().map(|symbol| symbol.character).collect()
}

/// Writes a value: all but unreserved characters are encoded.
pub(super) fn write_unreserved(out: &mut String, value: &str) {
    for character in value.chars() {
        if is_unreserved(character) { out.push(character) } else { write_encoded(out, character) }
    }
}

/// Writes a value or a literal: reserved characters and encoded triplets stand as they are.
pub(super) fn write_reserved(out: &mut String, value: &str) {
    for (position, character) in value.char_indices() {
        let stays = is_unreserved(character) || is_reserved(character) || triplet(value, position).is_some();
        if stays { out.push(character) } else { write_encoded(out, character) }
    }
}

fn write_encoded(out: &mut String, character: char) {
    for octet in character.encode_utf8(&mut [0; 4]).bytes() {
        write!(out, "%{octet:02X}").expect("writing to a string cannot fail");
    }
}

/// The octets of all triplets in a row from `position` on.
fn octets(text: &str, mut position: usize) -> Result<Vec<u8>, Malformed> {
    let mut octets = Vec::new();
    while text.get(position..).is_some_and(|rest| rest.starts_with('%')) {
        octets.push(triplet(text, position).ok_or(Malformed::Percent { position })?);
        position += 3;
    }
    Ok(octets)
}

/// The octet of the triplet (`%2F`) at `position`, if there is one.
fn triplet(text: &str, position: usize) -> Option<u8> {
    let digits = text.get(position..position + 3)?.strip_prefix('%')?;
    // A sign would be accepted by the conversion.
    let only_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    only_digits.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

fn is_unreserved(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~".contains(character)
}

fn is_reserved(character: char) -> bool {
    ":/?#[]@!$&'()*+,;=".contains(character)
}
