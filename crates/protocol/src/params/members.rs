//! Reads objects in `params` member by member: a refusal names the member that is wrong, and none stands twice.
//!
//! What serde derives for a struct says neither, and takes an array for an object.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::ParamsError;
use crate::jsonrpc::{RequestId, string};
use crate::raw::{Members, RawJson};

/// The members of `params`; absent ones have none.
///
/// # Errors
///
/// [`ParamsError::Unreadable`] when a name is no text.
pub fn members(params: Option<&RawJson>) -> Result<Members<'_>, ParamsError> {
    serde_json::from_str(params.map_or("{}", RawJson::as_str)).map_err(|_| ParamsError::Unreadable)
}

/// The request that a `notifications/cancelled` names; `None` where it names none, or several.
#[must_use]
pub fn cancelled_request(params: Option<&RawJson>) -> Option<RequestId> {
    let members = members(params).ok()?;
    RequestId::from_json(members.required("requestId", "requestId").ok()?.get())
}

/// The members of an object in them, which refusals call `name`.
///
/// # Errors
///
/// [`ParamsError::WrongType`] when it is something else.
pub fn object<'a>(raw: &'a RawValue, name: &'static str) -> Result<Members<'a>, ParamsError> {
    serde_json::from_str(raw.get()).map_err(|_| ParamsError::WrongType { name, expected: "an object" })
}

/// A string in them, which refusals call `name`.
///
/// # Errors
///
/// [`ParamsError::WrongType`] when it is something else.
pub fn text<'a>(raw: &'a RawValue, name: &'static str) -> Result<Cow<'a, str>, ParamsError> {
    string(raw).ok_or(ParamsError::WrongType { name, expected: "a string" })
}

/// Any other value in them, which refusals call `name`.
///
/// # Errors
///
/// [`ParamsError::WrongType`] when it is not what was expected.
pub fn value<T: DeserializeOwned>(
    raw: &RawValue,
    name: &'static str,
    expected: &'static str,
) -> Result<T, ParamsError> {
    serde_json::from_str(raw.get()).map_err(|_| ParamsError::WrongType { name, expected })
}

impl<'a> Members<'a> {
    /// The value of a member, which refusals call `path`.
    ///
    /// # Errors
    ///
    /// [`ParamsError::Duplicate`] when it stands twice.
    pub fn optional(&self, member: &str, path: &'static str) -> Result<Option<&'a RawValue>, ParamsError> {
        let mut values = self.0.iter().filter(|(name, _)| name == member).map(|(_, value)| *value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(ParamsError::Duplicate { name: path }),
            (value, None) => Ok(value),
        }
    }

    /// The value of a member that must be there, which refusals call `path`.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] when it is missing or stands twice.
    pub fn required(&self, member: &str, path: &'static str) -> Result<&'a RawValue, ParamsError> {
        self.optional(member, path)?.ok_or(ParamsError::Missing { name: path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_there_once_or_absent_or_refused() {
        let params = RawJson::parse(r#"{"a":"x","b":{},"b":{},"c":["x"],"\u0064":1}"#.into()).unwrap();
        let members = members(Some(&params)).unwrap();
        let (a, d) = (members.required("a", "a").unwrap(), members.required("d", "d").unwrap());
        assert_eq!(text(a, "a").unwrap(), "x");
        assert_eq!(value::<u8>(d, "d", "a number").unwrap(), 1);
        assert_eq!(members.optional("b", "p.b").unwrap_err(), ParamsError::Duplicate { name: "p.b" });
        assert!(members.optional("e", "e").unwrap().is_none());
        assert_eq!(members.required("e", "p.e").unwrap_err(), ParamsError::Missing { name: "p.e" });
        let c = members.required("c", "c").unwrap();
        assert_eq!(object(c, "c").unwrap_err(), ParamsError::WrongType { name: "c", expected: "an object" });
        assert_eq!(text(c, "c").unwrap_err(), ParamsError::WrongType { name: "c", expected: "a string" });
        assert_eq!(value::<u8>(c, "c", "n").unwrap_err(), ParamsError::WrongType { name: "c", expected: "n" });
        let unreadable = RawJson::parse(r#"{"\ud800":1}"#.into()).unwrap();
        assert_eq!(super::members(Some(&unreadable)).unwrap_err(), ParamsError::Unreadable);
        assert!(super::members(None).unwrap().0.is_empty());
    }
}
