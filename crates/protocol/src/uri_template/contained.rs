//! Which values may be put into a path or a name without leading out of it.

use thiserror::Error;

use super::UriTemplate;
use super::part::Part;
use super::values::{Value, Variables};

/// Why the value of a variable is not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the value of {variable} is not taken: it must be {}", self.expected())]
pub struct ValueError {
    /// The variable, as it is spelled in the template.
    pub variable: Box<str>,
    /// What is wrong with its value.
    pub fault: ValueFault,
}

/// What is wrong with the value of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFault {
    /// It holds NUL, at which other programs take it to end.
    Nul,
    /// It has `.` or `..` between slashes, which lead elsewhere.
    DotSegment,
    /// It begins with a slash: joined to a path it replaces that.
    Absolute,
    /// It holds a slash where a bare one could not stand.
    Slash,
}

impl ValueError {
    /// What the value must be.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        match self.fault {
            ValueFault::Nul => "a text without NUL",
            ValueFault::DotSegment => "a text without the segments . and ..",
            ValueFault::Absolute => "a text that does not begin with a slash or backslash",
            ValueFault::Slash => "a text without slashes and backslashes, also percent-encoded",
        }
    }
}

impl UriTemplate {
    /// Gives values back that stay where they are put: in a path, below what stands before them, and as one segment where
    /// the template has a place for one.
    ///
    /// No value has NUL, a segment `.` or `..`, or a slash at its beginning. One of `{var}`, `{.var}`, `{/var}` and `{;var}`
    /// has no slash at all, although `%2F` decodes to one; those of `{+var}`, `{#var}`, `{?var}` and `{&var}` may. A
    /// backslash is a slash here: to some systems it is.
    ///
    /// # Errors
    ///
    /// The first value that does not.
    pub fn check(&self, values: Variables) -> Result<Variables, ValueError> {
        for (name, value) in values.iter() {
            let may_have_slashes = self.may_have_slashes(name);
            if let Some(fault) = texts(value).find_map(|text| fault(text, may_have_slashes)) {
                return Err(ValueError { variable: name.into(), fault });
            }
        }
        Ok(values)
    }

    /// Whether a bare slash can stand in the variable, wherever it stands itself.
    fn may_have_slashes(&self, name: &str) -> bool {
        let mut expressions = self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Literal(_) => None,
        });
        expressions.all(|expression| {
            !expression.variables.iter().any(|variable| variable.name == name)
                || expression.operator.admits(super::symbol::Symbol::plain('/'))
        })
    }
}

fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::Text(text) => Box::new(std::iter::once(text.as_str())),
        Value::List(list) => Box::new(list.iter().map(String::as_str)),
        Value::Pairs(pairs) => Box::new(pairs.iter().flat_map(|(key, value)| [key.as_str(), value])),
    }
}

fn fault(text: &str, may_have_slashes: bool) -> Option<ValueFault> {
    const SLASHES: [char; 2] = ['/', '\\'];
    if text.contains('\0') {
        Some(ValueFault::Nul)
    } else if text.split(SLASHES).any(|segment| matches!(segment, "." | "..")) {
        Some(ValueFault::DotSegment)
    } else if !may_have_slashes && text.contains(SLASHES) {
        Some(ValueFault::Slash)
    } else {
        text.starts_with(SLASHES).then_some(ValueFault::Absolute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_lead_elsewhere_are_refused() {
        use ValueFault::*;
        let cases = [
            ("a:{x}", "a:b", None),
            ("a:{x}", "a:", None),
            ("a:{x}", "a:..b", None),
            ("a:{x}", "a:...", None),
            ("a:{x}", "a:b%2Fc", Some(Slash)),
            ("a:{x}", "a:b%5Cc", Some(Slash)),
            ("a:{x}", "a:%2Fetc", Some(Slash)),
            ("a:{x}", "a:..", Some(DotSegment)),
            ("a:{x}", "a:%2e%2E", Some(DotSegment)),
            ("a:{x}", "a:.", Some(DotSegment)),
            ("a:{x}", "a:..%2F..%2Fetc", Some(DotSegment)),
            ("a:{x}", "a:..%5Cb", Some(DotSegment)),
            ("a:{x}", "a:b%00.txt", Some(Nul)),
            ("a:{x:2}", "a:..", Some(DotSegment)),
            // Decoded once, as it is read once.
            ("a:{x}", "a:%252e%252e", None),
            ("a:b{.x}", "a:b.c%2Fd", Some(Slash)),
            ("a:b{;x}", "a:b;x=c%2Fd", Some(Slash)),
            ("a:{/x*}", "a:/b/c", None),
            ("a:{/x*}", "a:/b/../c", Some(DotSegment)),
            ("a:{/x*}", "a:/b/c%2Fd", Some(Slash)),
            ("a:{+x}", "a:b/c.d", None),
            ("a:{+x}", "a:b%2Fc", None),
            ("a:{+x}", "a:b/../c", Some(DotSegment)),
            ("a:{+x}", "a:b/./c", Some(DotSegment)),
            ("a:{+x}", "a:../c", Some(DotSegment)),
            ("a:{+x}", "a:/etc", Some(Absolute)),
            ("a:{+x}", "a:%5C%5Chost%5Cshare", Some(Absolute)),
            ("a:{+x}", "a:b%00", Some(Nul)),
            ("a:{#x}", "a:#b/..", Some(DotSegment)),
            ("a:{?x}", "a:?x=b/c", None),
            ("a:{?x}", "a:?x=../c", Some(DotSegment)),
            ("a:{?x*}{&y}", "a:?x=1&x=%00", Some(Nul)),
            ("a:{x}{?x}", "a:b%2Fc?x=b/c", Some(Slash)),
        ];
        for (template, uri, expected) in cases {
            let template = UriTemplate::parse(template).unwrap();
            let values = template.matches(uri).unwrap_or_else(|| panic!("{template} {uri}"));
            let checked = template.check(values.clone());
            let fault = expected.map(|fault| ValueError { variable: "x".into(), fault });
            assert_eq!(checked, fault.map_or(Ok(values), Err), "{template} {uri}");
        }
    }
}
