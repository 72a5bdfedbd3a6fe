//! `${…}` in what a backend is started with.

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
    let later = matches!(name, "child.dir" | "subject.hash" | "session.hash" | "backend");
    let name: String = name.chars().take(64).collect();
    Err(if later { Refused::NotYet { name } } else { Refused::Unknown { name } })
}

/// Whether this can be the name of an environment variable (IEEE Std 1003.1, section 8.1, and lower case).
pub(super) fn is_variable_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
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
}
