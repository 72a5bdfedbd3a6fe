//! Forms and queries (`application/x-www-form-urlencoded`), read strictly.

use url::form_urlencoded;

use crate::refusal::{ErrorCode, Refusal};

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads parameters. What is not UTF-8, and more parameters than any request has, are refused.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text)
            .take(PARAMETERS_MAX + 1)
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let is_text = |text: &str| !text.contains(char::REPLACEMENT_CHARACTER) && !text.contains('\0');
        if pairs.len() > PARAMETERS_MAX || !pairs.iter().all(|(name, value)| is_text(name) && is_text(value)) {
            return Err(UNREADABLE);
        }
        Ok(Self { pairs })
    }

    /// The value of a parameter; one without a value counts as not sent (RFC 6749 §3.1, §3.2).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may come several times.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that comes exactly once.
    pub(crate) fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(own, _)| own == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// Refuses a parameter that comes twice (RFC 6749 §3.1, §3.2), but for `resource` (RFC 8707 §2).
    pub(crate) fn check_repeated(&self) -> Result<(), Refusal> {
        let is_repeated = |(index, (name, _)): (usize, &(String, String))| {
            name != "resource" && self.pairs.iter().skip(index + 1).any(|(other, _)| other == name)
        };
        if self.pairs.iter().enumerate().any(is_repeated) { Err(REPEATED) } else { Ok(()) }
    }
}

const UNREADABLE: Refusal = Refusal::new(ErrorCode::InvalidRequest, "the parameters are not readable");
const REPEATED: Refusal = Refusal::new(ErrorCode::InvalidRequest, "a parameter comes more than once");

/// Real requests have a dozen.
const PARAMETERS_MAX: usize = 64;
