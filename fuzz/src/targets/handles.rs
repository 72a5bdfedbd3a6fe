//! The texts of handles and of mailbox addresses, which clients send back: each value has one spelling, and Debug shows none.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use outboard_store::{Address, Handle};

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    has_one_spelling::<Handle>(text);
    has_one_spelling::<Address>(text);
    assert_eq!(Handle::from_str(text).is_ok(), Address::from_str(text).is_ok(), "{text:?}");
}

fn has_one_spelling<T: FromStr + Display + Debug>(text: &str) {
    let Ok(value) = text.parse::<T>() else { return };
    assert_eq!(value.to_string(), text);
    assert!(
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{text:?} is not base64url"
    );
    assert!(!format!("{value:?}").contains(text), "{value:?} shows what only its owner may know");
}
