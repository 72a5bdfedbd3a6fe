//! `${…}` in what a backend is started with: as the configuration file has it, and as the files of MCP clients do.

use super::environment::Environment;
use crate::diagnostics::Code;

/// Why a text with `${…}` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// A `${` has no `}`.
    #[error("`${{` without `}}`")]
    Unclosed,
    /// Between the braces stands nothing that means anything here.
    #[error("`${{{name}}}` means nothing here")]
    Unknown {
        /// What stands between the braces.
        name: String,
    },
    /// A replacement by caller or session, which this version does not have.
    #[error("`${{{name}}}` does not exist in this version")]
    NotYet {
        /// What stands between the braces.
        name: String,
    },
    /// A claim of the caller, or an argument of the call.
    #[error("`${{{name}}}` would put what belongs to one call into the start of a program")]
    OfCaller {
        /// What stands between the braces.
        name: String,
    },
    /// In a client's file: a person would be asked.
    #[error("`${{{name}}}` asks a person, and a server has nobody to ask")]
    Asks {
        /// What stands between the braces.
        name: String,
    },
    /// In a client's file: something of an editor's.
    #[error("`${{{name}}}` is known to an editor alone")]
    Foreign {
        /// What stands between the braces.
        name: String,
    },
    /// The variable is not set.
    #[error("the variable `{name}` is not set")]
    NotSet {
        /// The variable's name.
        name: String,
    },
    /// The variable is set to something else than text.
    #[error("the variable `{name}` is not UTF-8 text")]
    NotText {
        /// The variable's name.
        name: String,
    },
}

impl Refused {
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::NotSet { .. } | Self::NotText { .. } => Code::VariableNotSet,
            Self::Unclosed
            | Self::Unknown { .. }
            | Self::NotYet { .. }
            | Self::OfCaller { .. }
            | Self::Asks { .. }
            | Self::Foreign { .. } => Code::BadPlaceholder,
        }
    }

    /// What to write or to do instead.
    pub(super) const fn fix(&self) -> &'static str {
        match self {
            Self::NotSet { .. } | Self::NotText { .. } => "set it where outboard is started, or write the value here",
            Self::NotYet { .. } => "leave it out: nothing of a caller is replaced in this version",
            Self::OfCaller { .. } => {
                "name the claims in the backend's `claims`: for now they reach a program by the `_meta` of each call alone"
            }
            Self::Unclosed => "close it with `}`; write `$${` for the characters themselves",
            Self::Unknown { .. } => {
                "only `${NAME}` in the values of `env` is replaced; write `$${` for the characters themselves"
            }
            Self::Asks { .. } => "put the value into a variable and write `${NAME}` with its name",
            Self::Foreign { .. } => "write the value out; only `${NAME}`, `${env:NAME}` and `${userHome}` are replaced",
        }
    }
}

/// Replaces each `${NAME}` by what `value` gives for it, and `$${` by `${`.
///
/// # Errors
/// The first `${…}` that cannot be replaced.
pub(super) fn expand(text: &str, value: impl Fn(&str) -> Result<String, Refused>) -> Result<String, Refused> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            out.push_str(escaped);
            out.push_str("${");
            rest = after;
            continue;
        }
        let (name, after) = after.split_once('}').ok_or(Refused::Unclosed)?;
        out.push_str(before);
        out.push_str(&value(name)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The answer for every name where nothing can be replaced.
pub(super) fn nothing(name: &str) -> Result<String, Refused> {
    let is_of = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let is_of_caller = is_of("claims") || is_of("args");
    let later = matches!(name, "child.dir" | "subject.hash" | "session.hash" | "backend");
    let name: String = name.chars().take(64).collect();
    Err(match (is_of_caller, later) {
        (true, _) => Refused::OfCaller { name },
        (false, true) => Refused::NotYet { name },
        (false, false) => Refused::Unknown { name },
    })
}

/// The value of one of our own variables.
pub(super) fn variable(name: &str, env: &dyn Environment) -> Result<String, Refused> {
    if !is_variable_name(name) {
        return nothing(name);
    }
    let value = env.var(name).ok_or_else(|| Refused::NotSet { name: name.to_owned() })?;
    value.into_string().map_err(|_| Refused::NotText { name: name.to_owned() })
}

/// The value of what stands between the braces in a file of MCP clients: `NAME` and `NAME:-default` as Claude Code has
/// them, `env:NAME` and `userHome` as VS Code and Cursor do.
pub(super) fn of_client(inside: &str, env: &dyn Environment) -> Result<String, Refused> {
    let shown = || inside.chars().take(64).collect();
    if inside.starts_with("input:") {
        return Err(Refused::Asks { name: shown() });
    }
    if inside == "userHome" {
        return variable("HOME", env);
    }
    let (name, default) = match inside.strip_prefix("env:") {
        Some(name) => (name, None),
        None => inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default))),
    };
    if !is_variable_name(name) || name.starts_with("workspaceFolder") {
        return Err(Refused::Foreign { name: shown() });
    }
    match (variable(name, env), default) {
        (Err(Refused::NotSet { .. }), Some(default)) => Ok(default.to_owned()),
        (value, _) => value,
    }
}

/// Whether this can be the name of an environment variable (IEEE Std 1003.1, section 8.1, and lower case).
pub(super) fn is_variable_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn names_are_replaced_and_escapes_are_kept() {
        let cases = [
            ("plain", Ok("plain")),
            ("", Ok("")),
            ("$HOME and $5", Ok("$HOME and $5")),
            ("a${X}b${X}", Ok("a<X>b<X>")),
            ("$${X} ${X}", Ok("${X} <X>")),
            ("é${X}é", Ok("é<X>é")),
            ("${X", Err(Refused::Unclosed)),
            ("${}", Err(Refused::NotSet { name: String::new() })),
            ("${X} ${Y}", Err(Refused::NotSet { name: "Y".to_owned() })),
        ];
        for (text, expected) in cases {
            let result = expand(text, |name| match name {
                "X" => Ok("<X>".into()),
                name => Err(Refused::NotSet { name: name.to_owned() }),
            });
            assert_eq!(result, expected.map(str::to_owned), "{text}");
        }
    }
    #[test]
    fn files_of_clients_name_variables_in_the_words_of_each() {
        let env = [("HOME", "/h"), ("X", "1"), ("EMPTY", "")];
        let env: BTreeMap<String, OsString> = env.map(|(name, value)| (name.to_owned(), value.into())).into();
        let name = |name: &str| name.to_owned();
        let cases = [
            ("X", Ok("1")),
            ("env:X", Ok("1")),
            ("X:-2", Ok("1")),
            ("Y:-2", Ok("2")),
            ("Y:-", Ok("")),
            ("EMPTY:-2", Ok("")),
            ("userHome", Ok("/h")),
            ("Y", Err(Refused::NotSet { name: name("Y") })),
            ("env:Y", Err(Refused::NotSet { name: name("Y") })),
            ("input:token", Err(Refused::Asks { name: name("input:token") })),
            ("workspaceFolder", Err(Refused::Foreign { name: name("workspaceFolder") })),
            ("workspaceFolder:-x", Err(Refused::Foreign { name: name("workspaceFolder:-x") })),
            ("command:pick", Err(Refused::Foreign { name: name("command:pick") })),
            ("", Err(Refused::Foreign { name: name("") })),
        ];
        for (inside, expected) in cases {
            assert_eq!(of_client(inside, &env), expected.map(str::to_owned), "{inside}");
        }
    }
}
