//! Durations, sizes and counts as they are written in the file.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::text::{Malformed, Text, text_value};

/// A length of time, written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval(pub(super) Duration);

/// A number of bytes, written with its unit or as a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size(pub(super) usize);

/// A number of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Count(pub(super) usize);

text_value!(Interval);
text_value!(Size);
text_value!(read Count);

impl Interval {
    pub(super) const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    pub(super) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl Size {
    pub(super) const fn kib(kib: usize) -> Self {
        Self(kib << 10)
    }

    pub(super) const fn mib(mib: usize) -> Self {
        Self(mib << 20)
    }
}

/// Units of time with their milliseconds, largest first.
const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// Units of size with their bytes, largest first.
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Text for Interval {
    const EXPECTED: &'static str = r#"a duration such as "250ms", "10s", "5m", "2h" or "7d""#;
    const SCHEMA: &'static str = r#"{"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}"#;
}

impl Text for Size {
    const EXPECTED: &'static str = r#"a size such as "512B", "32KiB", "4MiB" or "1GiB", or a number of bytes"#;
    const SCHEMA: &'static str =
        r#"{"type": ["string", "integer"], "pattern": "^[0-9]+(B|KiB|MiB|GiB)$", "minimum": 0}"#;

    fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().map(Self)
    }
}

impl Text for Count {
    const EXPECTED: &'static str = "a whole number";
    const SCHEMA: &'static str = r#"{"type": "integer", "minimum": 0}"#;

    fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().map(Self)
    }
}

impl FromStr for Interval {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        parse(text, &TIMES).map(Self::millis).map_err(Self::malformed)
    }
}

impl FromStr for Size {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = parse(text, &SIZES).map_err(Self::malformed)?;
        usize::try_from(bytes).map(Self).map_err(|_| Self::malformed("the number is too large"))
    }
}

impl FromStr for Count {
    type Err = Malformed;

    fn from_str(_: &str) -> Result<Self, Malformed> {
        Err(Self::malformed("text in quotes is not a number"))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        write_amount(f, millis, &TIMES, "s")
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_amount(f, u64::try_from(self.0).unwrap_or(u64::MAX), &SIZES, "B")
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn parse(text: &str, units: &[(&str, u64)]) -> Result<u64, &'static str> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    if digits.is_empty() {
        return Err("it does not begin with a whole number");
    }
    if unit.is_empty() {
        return Err("the unit is missing");
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err("the unit is not known");
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
    number.ok_or("the number is too large")
}

fn write_amount(f: &mut fmt::Formatter<'_>, amount: u64, units: &[(&str, u64)], of_zero: &str) -> fmt::Result {
    let fits = |(_, factor): &&(&str, u64)| amount > 0 && amount.is_multiple_of(*factor);
    match units.iter().find(fits) {
        Some((unit, factor)) => write!(f, "{}{unit}", amount / factor),
        None => write!(f, "{amount}{of_zero}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_in_one_form() {
        let cases = [("250ms", 250), ("10s", 10_000), ("90s", 90_000), ("5m", 300_000), ("2h", 7_200_000), ("0s", 0)];
        for (text, millis) in cases {
            let read: Interval = text.parse().unwrap();
            assert_eq!((read, read.to_string().as_str()), (Interval::millis(millis), text));
        }
        assert_eq!("168h".parse::<Interval>().unwrap().to_string(), "7d");
    }

    #[test]
    fn sizes_are_read_and_written_in_one_form() {
        for (text, bytes) in [("4MiB", 4 << 20), ("32KiB", 32 << 10), ("1GiB", 1 << 30), ("1000B", 1000), ("0B", 0)] {
            let read: Size = text.parse().unwrap();
            assert_eq!((read, read.to_string().as_str()), (Size(bytes), text));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        let cases = [
            ("", "it does not begin with a whole number"),
            ("-5s", "it does not begin with a whole number"),
            (".5s", "it does not begin with a whole number"),
            ("30", "the unit is missing"),
            ("1.5s", "the unit is not known"),
            ("10 s", "the unit is not known"),
            ("10S", "the unit is not known"),
            ("1h30m", "the unit is not known"),
            ("99999999999999999999s", "the number is too large"),
            ("18446744073709551615d", "the number is too large"),
        ];
        for (text, problem) in cases {
            assert_eq!(text.parse::<Interval>().unwrap_err().problem, problem, "{text}");
        }
        assert_eq!("4MB".parse::<Size>().unwrap_err().problem, "the unit is not known");
    }
}
