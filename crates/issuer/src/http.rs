//! HTTP around the endpoints: what comes in, who may send it, and how answers are written.

mod answer;
mod form;
mod guard;
mod read;

pub(crate) use self::answer::{Answer, after_form, allow, empty, json, no_store, page, redirect, refused};
pub(crate) use self::form::Form;
pub(crate) use self::guard::{Caller, Guarded, check_host, is_shown};
pub(crate) use self::read::{Expected, Unread, read};
