//! The bearer token as it came in, kept from every place that it could leak to.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// The access token of the request being served, on its way to the one backend that may exchange it.
///
/// Its memory is overwritten when the last clone is dropped. Clones share that memory; the type is `Clone` because
/// what rides in the extensions of a request has to be. It has no `Display` and no `Serialize`, and `Debug` does not
/// show the content:
///
/// ```
/// let token = outboard_identity::InboundToken::new("secret".to_owned());
/// assert_eq!(format!("{token:?}"), "InboundToken(..)");
/// ```
///
/// ```compile_fail,E0277
/// fn serialize<T: serde::Serialize>(_: T) {}
/// serialize(outboard_identity::InboundToken::new("secret".to_owned()));
/// ```
#[derive(Clone)]
pub struct InboundToken(Arc<Zeroizing<String>>);

impl InboundToken {
    /// Takes the token over. Copies that the caller keeps are the caller's to overwrite.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self(Arc::new(Zeroizing::new(token)))
    }

    /// The token itself. Whoever calls this must be sending it to the token endpoint of an exchange (RFC 8693 §2.1).
    #[must_use]
    pub fn dangerous_content(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InboundToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InboundToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_content_however_it_is_asked() {
        let token = InboundToken::new("secret".to_owned());
        assert_eq!(format!("{token:?} {token:#?}"), "InboundToken(..) InboundToken(..)");
        assert_eq!(token.dangerous_content(), "secret");
    }
}
