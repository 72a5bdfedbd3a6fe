//! When a token is good (RFC 7519 §4.1.4 to §4.1.6).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::Judging;
use crate::refusal::InvalidToken;

/// A claim that is a time. It is one or the token is refused: a time that cannot be read is not a time that is absent.
pub(crate) fn required(claims: &Map<String, Value>, name: &str) -> Result<SystemTime, InvalidToken> {
    optional(claims, name)?.ok_or_else(|| wrong(name))
}

/// A claim that is a time, if it is there.
pub(crate) fn optional(claims: &Map<String, Value>, name: &str) -> Result<Option<SystemTime>, InvalidToken> {
    claims.get(name).map(|value| numeric_date(value).ok_or_else(|| wrong(name))).transpose()
}

/// The claim `exp`.
pub(crate) fn expiry(claims: &Map<String, Value>) -> Result<SystemTime, InvalidToken> {
    required(claims, "exp")
}

pub(super) fn expired(claims: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let ended = expiry(claims)?.checked_add(about.limits.skew).is_some_and(|end| end <= about.now);
    if ended { Err(InvalidToken::Expired) } else { Ok(()) }
}

pub(super) fn not_yet(claims: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let Some(begins) = optional(claims, "nbf")? else { return Ok(()) };
    let early = about.now.checked_add(about.limits.skew).is_some_and(|latest| begins > latest);
    if early { Err(InvalidToken::NotYet) } else { Ok(()) }
}

pub(super) fn issued_ahead(claims: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let issued = required(claims, "iat")?;
    let ahead = about.now.checked_add(about.limits.issued_ahead_max).is_some_and(|latest| issued > latest);
    if ahead { Err(InvalidToken::IssuedAhead) } else { Ok(()) }
}

pub(super) fn lifetime(claims: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let lives = expiry(claims)?.duration_since(required(claims, "iat")?).unwrap_or_default();
    if lives > about.limits.lifetime_max { Err(InvalidToken::Lifetime) } else { Ok(()) }
}

/// Seconds since 1970, whole or not (RFC 7519 §2, `NumericDate`), up to the year 9999.
fn numeric_date(value: &Value) -> Option<SystemTime> {
    let number = value.as_number()?;
    let since = match number.as_u64() {
        Some(seconds) => Duration::from_secs(seconds),
        None => Duration::try_from_secs_f64(number.as_f64()?).ok()?,
    };
    (since <= LAST).then(|| UNIX_EPOCH + since)
}

/// The last second of the year 9999.
const LAST: Duration = Duration::from_secs(253_402_300_799);

fn wrong(claim: &str) -> InvalidToken {
    InvalidToken::Claim { claim: claim.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_a_number_of_seconds_of_our_era_and_nothing_else() {
        let at = |seconds| Some(UNIX_EPOCH + Duration::from_secs_f64(seconds));
        let cases = [
            (json!(0), at(0.0)),
            (json!(1_785_240_000_u64), at(1_785_240_000.0)),
            (json!(1_785_240_000.5), at(1_785_240_000.5)),
            (json!(1.785_24e9), at(1_785_240_000.0)),
            (json!(253_402_300_799_u64), at(253_402_300_799.0)),
            (json!(253_402_300_800_u64), None),
            (json!(1e300), None),
            (json!(u64::MAX), None),
            (json!(-1), None),
            (json!(-0.5), None),
            (json!(i64::MIN), None),
            (json!("1785240000"), None),
            (json!([1_785_240_000]), None),
            (json!({}), None),
            (json!(true), None),
            (json!(null), None),
        ];
        for (value, expected) in cases {
            assert_eq!(numeric_date(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_read_is_not_one_that_is_absent() {
        let claims = json!({"nbf": "99999999999", "iat": null});
        let claims = claims.as_object().unwrap();
        for name in ["nbf", "iat"] {
            assert_eq!(optional(claims, name), Err(wrong(name)));
        }
        assert_eq!(optional(claims, "exp"), Ok(None));
        assert_eq!(required(claims, "exp"), Err(wrong("exp")));
    }
}
