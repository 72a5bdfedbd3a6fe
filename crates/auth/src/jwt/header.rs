//! The JOSE header of a token (RFC 7515 §4): what is used of it, and what makes a token unacceptable.

use serde_json::{Map, Value};

use crate::{config::Algorithm, json, refusal::InvalidToken};

/// What is used of a header. Keys that it brings or points to (`jwk`, `jku`, `x5c`, `x5u`) are not: it is whoever sends the
/// token that writes them (RFC 8725 §3.10).
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) typ: Option<Box<str>>,
    pub(super) kid: Option<Box<str>>,
}

impl Header {
    pub(super) fn read(json: &[u8]) -> Result<Self, InvalidToken> {
        if json.len() > BYTES_MAX {
            return Err(refused("it is too long"));
        }
        let members = json::read_object(json).map_err(|fault| refused(fault.as_str()))?;
        if let Some((_, fault)) = REFUSED.iter().find(|(name, _)| members.contains_key(*name)) {
            return Err(refused(fault));
        }
        let Some(name) = text(&members, "alg", "its alg is not a text")? else { return Err(refused("it has no alg")) };
        let algorithm = Algorithm::named(name).ok_or(InvalidToken::Algorithm)?;
        let typ = text(&members, "typ", "its typ is not a text")?.map(Into::into);
        let kid = text(&members, "kid", "its kid is not a text")?;
        if kid.is_some_and(|kid| kid.len() > KID_BYTES_MAX || kid.chars().any(char::is_control)) {
            return Err(refused("its kid is too long or has control characters"));
        }
        Ok(Self { algorithm, typ, kid: kid.map(Into::into) })
    }
}

/// The longest header. Certificates (`x5c`) may be in it; they are not looked at.
const BYTES_MAX: usize = 4096;

const KID_BYTES_MAX: usize = 256;

/// Members that change what the token means, so that they cannot be passed over.
const REFUSED: [(&str, &str); 3] = [
    // No extension is understood, so none can be critical (RFC 7515 §4.1.11).
    ("crit", "it has a crit"),
    ("b64", "it has a b64 (RFC 7797)"),
    // Only of encrypted tokens (RFC 7516 §4.1.3). Whoever unpacks before verifying can be sent a bomb.
    ("zip", "it has a zip"),
];

fn text<'m>(members: &'m Map<String, Value>, name: &str, fault: &'static str) -> Result<Option<&'m str>, InvalidToken> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(refused(fault)),
    }
}

const fn refused(fault: &'static str) -> InvalidToken {
    InvalidToken::Header { fault }
}
