//! `logging/setLevel`, whatever it travels over: the level that a client wants.

use outboard_protocol::RawJson;
use outboard_protocol::params::{ParamsError, members, text};
use outboard_protocol::types::LoggingLevel;

/// Reads the params of `logging/setLevel`.
pub(crate) fn level(params: Option<&RawJson>) -> Result<LoggingLevel, ParamsError> {
    let params = members(params)?;
    let level = text(params.required("level", "level")?, "level")?;
    LoggingLevel::parse(&level).ok_or(ParamsError::WrongType {
        name: "level",
        expected: "one of debug, info, notice, warning, error, critical, alert, emergency",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_is_read_once_or_refused() {
        let wrong = |expected| Err(ParamsError::WrongType { name: "level", expected });
        let one_of = "one of debug, info, notice, warning, error, critical, alert, emergency";
        let cases = [
            (r#"{"level":"notice","more":1}"#, Ok(LoggingLevel::Notice)),
            (r#"{"level":"notice","level":"debug"}"#, Err(ParamsError::Duplicate { name: "level" })),
            ("{}", Err(ParamsError::Missing { name: "level" })),
            (r#"{"level":"loud"}"#, wrong(one_of)),
            (r#"{"level":5}"#, wrong("a string")),
        ];
        for (params, expected) in cases {
            assert_eq!(level(Some(&RawJson::parse(params.into()).unwrap())), expected, "{params}");
        }
        assert_eq!(level(None), Err(ParamsError::Missing { name: "level" }));
    }
}
