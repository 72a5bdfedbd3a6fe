//! Scopes with arguments of the call in them, such as `tenant:${args.tenant}`.
//!
//! A value may only become a part of one scope: what would end it and begin another, or leave a part out, refuses the call.

use std::fmt;
use std::str::FromStr;

use outboard_identity::{Requirement, Scope, ScopeError};
use serde_json::Value;
use thiserror::Error;

/// The longest scope that a template becomes, in bytes: it goes into a header of the refusal.
pub const SCOPE_BYTES_MAX: usize = 256;

/// A scope in which `${args.NAME}` stands for an argument of the call, and `${args.NAME.MEMBER}` for a member of one that is
/// an object. Without these it is the [`Scope`] of the same text.
///
/// The argument is a string that is not empty, an integer or a boolean, and the whole is one scope (RFC 6749 §3.3,
/// `scope-token`) of at most [`SCOPE_BYTES_MAX`] bytes; else the call is refused as one with wrong arguments.
///
/// ```
/// use outboard_runtime::ScopeTemplate;
///
/// let template: ScopeTemplate = "tenant:${args.tenant}".parse()?;
/// assert!(!template.is_fixed());
/// # Ok::<(), outboard_runtime::ScopeTemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeTemplate(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Fixed(Scope),
    /// At least one is an argument.
    Parts(Box<[Part]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    /// The name of an argument, and of members in it, with a dot between them; never empty.
    Argument(Box<str>),
}

/// Why a text is no template of a scope. Places are bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScopeTemplateError {
    /// The text around the arguments is no part of a scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A `${` has no `}`.
    #[error("the ${{ at byte {at} has no }}")]
    Unclosed {
        /// Where it is.
        at: usize,
    },
    /// What stands between `${` and `}` is no `args.` with names behind it.
    #[error("at byte {at} only ${{args.NAME}} or ${{args.NAME.MEMBER}} can stand")]
    UnknownVariable {
        /// Where it begins.
        at: usize,
    },
}

/// What a rule requires: every scope of some, and one of each row of alternatives. The default requires nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequirementTemplate {
    all: Vec<ScopeTemplate>,
    /// No row is empty.
    any: Vec<Vec<ScopeTemplate>>,
}

/// Why it cannot be told from the arguments what a call needs: they are wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Undecided {
    #[error("{name}: is missing, and a scope depends on it")]
    Missing { name: Box<str> },
    #[error("{name}: must be {TYPE_EXPECTED}")]
    Type { name: Box<str> },
    #[error("{name}: must be {PART_EXPECTED}")]
    NoPart { name: Box<str> },
    #[error("{fault}")]
    Unfit { fault: Box<str> },
    #[error("the decision failed unexpectedly")]
    Panicked,
}

pub(crate) const TYPE_EXPECTED: &str = "a string, an integer or a boolean";
pub(crate) const PART_EXPECTED: &str =
    "short, not empty, and of printable ASCII without space, \" and \\: it becomes part of a scope";

impl ScopeTemplate {
    /// Whether it is the same scope for every call.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        matches!(self.0, Form::Fixed(_))
    }

    fn fixed(&self) -> Option<&Scope> {
        match &self.0 {
            Form::Fixed(scope) => Some(scope),
            Form::Parts(_) => None,
        }
    }

    fn scope(&self, arguments: &Value) -> Result<Scope, Undecided> {
        let parts = match &self.0 {
            Form::Fixed(scope) => return Ok(scope.clone()),
            Form::Parts(parts) => parts,
        };
        let mut text = String::new();
        let mut last: &str = "";
        for part in parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Argument(path) => {
                    last = path;
                    text.push_str(&value_at(arguments, path)?);
                }
            }
            if text.len() > SCOPE_BYTES_MAX {
                return Err(Undecided::NoPart { name: last.into() });
            }
        }
        text.parse().map_err(|_| Undecided::NoPart { name: last.into() })
    }
}

/// The text of an argument, which is a part of one scope.
fn value_at(arguments: &Value, path: &str) -> Result<String, Undecided> {
    let found = path.split('.').try_fold(arguments, |value, name| value.as_object()?.get(name));
    let text = match found {
        None => return Err(Undecided::Missing { name: path.into() }),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(Undecided::Type { name: path.into() });
        }
    };
    // By itself, so that it cannot be completed by what stands around it.
    match text.parse::<Scope>() {
        Ok(_) => Ok(text),
        Err(_) => Err(Undecided::NoPart { name: path.into() }),
    }
}

impl FromStr for ScopeTemplate {
    type Err = ScopeTemplateError;

    fn from_str(text: &str) -> Result<Self, ScopeTemplateError> {
        if !text.contains("${") {
            return Ok(Self(Form::Fixed(text.parse()?)));
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((literal, behind)) = rest.split_once("${") {
            let at = text.len() - rest.len();
            push_literal(&mut parts, literal, at)?;
            let at = at + literal.len();
            let (variable, behind) = behind.split_once('}').ok_or(ScopeTemplateError::Unclosed { at })?;
            let is_name = |name: &str| !name.is_empty() && !name.contains(['$', '{']);
            let path = variable.strip_prefix("args.").filter(|path| path.split('.').all(is_name));
            parts.push(Part::Argument(path.ok_or(ScopeTemplateError::UnknownVariable { at })?.into()));
            rest = behind;
        }
        push_literal(&mut parts, rest, text.len() - rest.len())?;
        Ok(Self(Form::Parts(parts.into())))
    }
}

fn push_literal(parts: &mut Vec<Part>, literal: &str, at: usize) -> Result<(), ScopeTemplateError> {
    if literal.is_empty() {
        return Ok(());
    }
    literal.parse::<Scope>().map_err(|error| match error {
        ScopeError::Empty { at: inside } => ScopeError::Empty { at: at + inside },
        ScopeError::ForbiddenCharacter { found, at: inside } => {
            ScopeError::ForbiddenCharacter { found, at: at + inside }
        }
    })?;
    parts.push(Part::Literal(literal.into()));
    Ok(())
}

impl fmt::Display for ScopeTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = match &self.0 {
            Form::Fixed(scope) => return scope.fmt(f),
            Form::Parts(parts) => parts,
        };
        for part in parts {
            match part {
                Part::Literal(literal) => f.write_str(literal)?,
                Part::Argument(path) => write!(f, "${{args.{path}}}")?,
            }
        }
        Ok(())
    }
}

impl From<Scope> for ScopeTemplate {
    /// The scope as it is, whatever its characters.
    fn from(scope: Scope) -> Self {
        Self(Form::Fixed(scope))
    }
}

impl RequirementTemplate {
    /// Requires every one of these.
    #[must_use]
    pub fn all_of(scopes: impl IntoIterator<Item = ScopeTemplate>) -> Self {
        Self { all: scopes.into_iter().collect(), any: Vec::new() }
    }

    /// Requires one of these. Who has none is asked for `preferred`, which should be the one that grants least.
    #[must_use]
    pub fn any_of(preferred: ScopeTemplate, others: impl IntoIterator<Item = ScopeTemplate>) -> Self {
        Self { all: Vec::new(), any: vec![std::iter::once(preferred).chain(others).collect()] }
    }

    /// Requires what both require.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self.any.extend(other.any);
        self
    }

    /// Whether it requires the same of every call.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.all.iter().chain(self.any.iter().flatten()).all(ScopeTemplate::is_fixed)
    }

    /// The part that is the same for every call.
    pub(crate) fn fixed(&self) -> Requirement {
        let all = Requirement::all_of(self.all.iter().filter_map(ScopeTemplate::fixed).cloned().collect());
        let rows = self.any.iter().filter_map(|row| row.iter().map(|one| one.fixed().cloned()).collect());
        rows.fold(all, |requirement, row: Vec<Scope>| requirement.and(row_of(row)))
    }

    /// What a call with these arguments needs.
    pub(crate) fn requirement(&self, arguments: &Value) -> Result<Requirement, Undecided> {
        let scopes = |row: &[ScopeTemplate]| -> Result<Vec<Scope>, Undecided> {
            row.iter().map(|template| template.scope(arguments)).collect()
        };
        let mut requirement = Requirement::all_of(scopes(&self.all)?.into_iter().collect());
        for row in &self.any {
            requirement = requirement.and(row_of(scopes(row)?));
        }
        Ok(requirement)
    }
}

/// One of a row, of which none is empty.
fn row_of(row: Vec<Scope>) -> Requirement {
    let mut row = row.into_iter();
    row.next().map_or_else(Requirement::default, |preferred| Requirement::any_of(preferred, row))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn evaluated(template: &str, arguments: &Value) -> Result<String, Undecided> {
        template.parse::<ScopeTemplate>().unwrap().scope(arguments).map(|scope| scope.to_string())
    }

    #[test]
    fn an_argument_becomes_a_part_of_one_scope() {
        let arguments = json!({
            "t": "acme", "n": 7, "big": u64::MAX, "neg": -1, "yes": true, "o": {"b": {"c": "deep"}}, "o.b": "flat",
        });
        let cases = [
            ("read", "read"),
            ("tenant:${args.t}", "tenant:acme"),
            ("${args.t}", "acme"),
            ("a:${args.t}:${args.n}/x", "a:acme:7/x"),
            ("${args.t}${args.t}", "acmeacme"),
            ("n:${args.big}", "n:18446744073709551615"),
            ("n:${args.neg}", "n:-1"),
            ("b:${args.yes}", "b:true"),
            ("d:${args.o.b.c}", "d:deep"),
            ("$args.t", "$args.t"),
            ("{args.t}$", "{args.t}$"),
        ];
        for (template, expected) in cases {
            assert_eq!(evaluated(template, &arguments).as_deref(), Ok(expected), "{template}");
            assert_eq!(template.parse::<ScopeTemplate>().unwrap().to_string(), template);
        }
    }

    #[test]
    fn a_value_that_would_say_more_or_less_than_its_part_is_refused() {
        let no_part = Undecided::NoPart { name: "t".into() };
        let wrong_type = Undecided::Type { name: "t".into() };
        let long = "a".repeat(SCOPE_BYTES_MAX - "tenant:".len());
        let cases = [
            (json!({"t": ""}), Some(&no_part)),
            (json!({"t": " "}), Some(&no_part)),
            (json!({"t": "a admin"}), Some(&no_part)),
            (json!({"t": " a"}), Some(&no_part)),
            (json!({"t": "a\tb"}), Some(&no_part)),
            (json!({"t": "a\"b"}), Some(&no_part)),
            (json!({"t": "a\\b"}), Some(&no_part)),
            (json!({"t": "a\nb"}), Some(&no_part)),
            (json!({"t": "a\u{0}b"}), Some(&no_part)),
            (json!({"t": "b\u{e4}"}), Some(&no_part)),
            (json!({"t": format!("{long}a")}), Some(&no_part)),
            (json!({"t": long}), None),
            (json!({"t": null}), Some(&wrong_type)),
            (json!({"t": 1.5}), Some(&wrong_type)),
            (json!({"t": 1e30}), Some(&wrong_type)),
            (json!({"t": ["a"]}), Some(&wrong_type)),
            (json!({"t": {"a": "b"}}), Some(&wrong_type)),
            // Nothing in a value is evaluated.
            (json!({"t": "${args.u}", "u": "x"}), None),
        ];
        for (arguments, expected) in cases {
            assert_eq!(evaluated("tenant:${args.t}", &arguments).err().as_ref(), expected, "{arguments}");
        }
        assert_eq!(evaluated("${args.t}", &json!({"t": "${args.u}", "u": "x"})).as_deref(), Ok("${args.u}"));
        let missing = |name: &str| Err(Undecided::Missing { name: name.into() });
        assert_eq!(evaluated("${args.t}", &json!({})), missing("t"));
        assert_eq!(evaluated("${args.t.u}", &json!({"t": {}})), missing("t.u"));
        assert_eq!(
            evaluated("${args.t.u}", &json!({"t.u": "a", "t": "b"})),
            missing("t.u"),
            "a dot leads into an object"
        );
        assert_eq!(evaluated("${args.t.0}", &json!({"t": ["a"]})), missing("t.0"), "and never into an array");
    }

    #[test]
    fn what_is_no_template_is_refused_at_its_place() {
        use ScopeTemplateError::{Unclosed, UnknownVariable};
        let forbidden = |found, at| ScopeTemplateError::Scope(ScopeError::ForbiddenCharacter { found, at });
        let cases = [
            ("", ScopeTemplateError::Scope(ScopeError::Empty { at: 0 })),
            ("a b", forbidden(' ', 1)),
            ("a b${args.t}", forbidden(' ', 1)),
            ("${args.t} ${args.t}", forbidden(' ', 9)),
            ("${args.t}\u{e4}", forbidden('\u{e4}', 9)),
            ("a${args.t", Unclosed { at: 1 }),
            ("a${", Unclosed { at: 1 }),
            ("a${}", UnknownVariable { at: 1 }),
            ("a${args}", UnknownVariable { at: 1 }),
            ("a${args.}", UnknownVariable { at: 1 }),
            ("a${args.t.}", UnknownVariable { at: 1 }),
            ("a${args..t}", UnknownVariable { at: 1 }),
            ("a${args.t}${env.HOME}", UnknownVariable { at: 10 }),
            ("${args.${args.t}}", UnknownVariable { at: 0 }),
            ("${ args.t }", UnknownVariable { at: 0 }),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<ScopeTemplate>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn what_a_rule_requires_has_a_part_that_is_the_same_for_every_call() {
        let template = |text: &str| text.parse::<ScopeTemplate>().unwrap();
        let rule = RequirementTemplate::all_of([template("a"), template("t:${args.t}")])
            .and(RequirementTemplate::any_of(template("b"), [template("c")]))
            .and(RequirementTemplate::any_of(template("d"), [template("u:${args.t}")]));
        assert!(!rule.is_fixed());
        assert_eq!(rule.fixed().named().to_string(), "a b c");
        let needed = rule.requirement(&json!({"t": "x"})).unwrap();
        assert_eq!(needed.least().to_string(), "a b d t:x");
        assert!(needed.check(&"a c t:x u:x".parse().unwrap()).is_ok());
        assert!(needed.check(&"a c t:x u:y".parse().unwrap()).is_err());
        assert!(rule.requirement(&json!({})).is_err());
        assert!(RequirementTemplate::default().is_fixed());
    }
}
