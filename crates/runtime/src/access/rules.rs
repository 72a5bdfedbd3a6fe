//! The rules of the config: which scopes which items require.

use std::borrow::Cow;
use std::sync::Arc;

use outboard_identity::{Requirement, ScopeSet};

use super::{Glob, RequirementTemplate};

/// A rule that some items require some scopes. All rules that match an item apply to it together, and with what it says of
/// itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRule {
    /// Only items of the providers with these names. `None`: of all, and of the program itself, which has no name.
    pub backend: Option<Glob>,
    /// Which of their items.
    pub governs: Governed,
    /// What they require. Only tools and prompts have arguments.
    pub requires: RequirementTemplate,
}

/// Which items a rule governs, by the names of the catalog, prefix included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Governed {
    /// All.
    Everything,
    /// Tools by their names.
    Tools(Glob),
    /// Resources by their URIs, and templates of them by their text: a rule that matches the text of a template governs all
    /// that is read by it.
    ///
    /// A URI is also matched in its plain form, without percent-encoding and `..`. A server may know further spellings of
    /// the same thing: what nobody else may read at all is best governed by a rule of its whole backend.
    Resources(Glob),
    /// Prompts by their names.
    Prompts(Glob),
}

/// All rules, in the order of the config.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeRules(pub(crate) Vec<ScopeRule>);

impl ScopeRules {
    /// The place in the list, counted from one, of the first rule that wants arguments of what has none.
    pub(crate) fn first_without_arguments(&self) -> Option<usize> {
        let is_wrong = |rule: &ScopeRule| {
            matches!(rule.governs, Governed::Everything | Governed::Resources(_)) && !rule.requires.is_fixed()
        };
        self.0.iter().position(is_wrong).map(|place| place + 1)
    }

    /// The scopes that any rule names, but for those that depend on arguments.
    pub(crate) fn named(&self) -> ScopeSet {
        self.0.iter().fold(ScopeSet::default(), |named, rule| named.union(&rule.requires.fixed().named()))
    }

    /// What the rules require of a tool.
    pub(crate) fn of_tool(&self, backend: Option<&str>, name: &str) -> impl Iterator<Item = &RequirementTemplate> {
        self.matching(backend, move |governs| match governs {
            Governed::Everything => true,
            Governed::Tools(glob) => glob.matches(name),
            Governed::Resources(_) | Governed::Prompts(_) => false,
        })
    }

    /// What the rules require of a prompt.
    pub(crate) fn of_prompt(&self, backend: Option<&str>, name: &str) -> impl Iterator<Item = &RequirementTemplate> {
        self.matching(backend, move |governs| match governs {
            Governed::Everything => true,
            Governed::Prompts(glob) => glob.matches(name),
            Governed::Resources(_) | Governed::Tools(_) => false,
        })
    }

    /// What the rules require of a resource with this URI, or of a template with this text.
    pub(crate) fn of_resource(&self, backend: Option<&str>, uri: &str) -> impl Iterator<Item = &RequirementTemplate> {
        let spellings = Spellings::of(uri);
        self.matching(backend, move |governs| match governs {
            Governed::Everything => true,
            Governed::Resources(glob) => spellings.match_any(glob),
            Governed::Tools(_) | Governed::Prompts(_) => false,
        })
    }

    /// What the rules require of everything of a backend.
    pub(crate) fn of_everything(&self, backend: Option<&str>) -> impl Iterator<Item = &RequirementTemplate> {
        self.matching(backend, |governs| matches!(governs, Governed::Everything))
    }

    /// The rules for resources that are only known by their URIs.
    pub(crate) fn by_uri(&self, backend: Option<&str>) -> UriRules {
        let rules = self.0.iter().filter(|rule| is_of(rule, backend)).filter_map(|rule| match &rule.governs {
            Governed::Resources(glob) => Some((glob.clone(), rule.requires.fixed())),
            Governed::Everything | Governed::Tools(_) | Governed::Prompts(_) => None,
        });
        UriRules(rules.collect())
    }

    fn matching(
        &self,
        backend: Option<&str>,
        governs: impl Fn(&Governed) -> bool,
    ) -> impl Iterator<Item = &RequirementTemplate> {
        self.0.iter().filter(move |rule| is_of(rule, backend) && governs(&rule.governs)).map(|rule| &rule.requires)
    }
}

fn is_of(rule: &ScopeRule, backend: Option<&str>) -> bool {
    match (&rule.backend, backend) {
        (None, _) => true,
        (Some(glob), Some(backend)) => glob.matches(backend),
        (Some(_), None) => false,
    }
}

/// What the resources of one backend require by their URIs.
#[derive(Clone, Debug, Default)]
pub(crate) struct UriRules(Arc<[(Glob, Requirement)]>);

impl UriRules {
    /// What the resource with this URI requires.
    pub(crate) fn requirement(&self, uri: &str) -> Requirement {
        if self.0.is_empty() {
            return Requirement::default();
        }
        let spellings = Spellings::of(uri);
        let matching = self.0.iter().filter(|(glob, _)| spellings.match_any(glob));
        matching.fold(Requirement::default(), |all, (_, requirement)| all.and(requirement.clone()))
    }
}

/// A URI as it was written, and in plain form: a rule that governs what it names cannot be avoided by spelling it differently.
struct Spellings<'a> {
    written: &'a str,
    plain: Cow<'a, str>,
}

impl<'a> Spellings<'a> {
    fn of(uri: &'a str) -> Self {
        Self { written: uri, plain: plain(uri) }
    }

    fn match_any(&self, glob: &Glob) -> bool {
        glob.matches(self.written) || glob.matches(&self.plain)
    }
}

/// The URI without percent-encoding and segments that are dots, its scheme and authority in lower case (RFC 3986 §6.2.2).
fn plain(uri: &str) -> Cow<'_, str> {
    let (scheme, rest) = uri.split_once(':').unwrap_or(("", uri));
    let has_upper = |text: &str| text.bytes().any(|byte| byte.is_ascii_uppercase());
    let authority_end = rest.strip_prefix("//").map_or(0, |behind| 2 + behind.find('/').unwrap_or(behind.len()));
    let (authority, path) = rest.split_at_checked(authority_end).unwrap_or(("", rest));
    if !uri.contains('%') && !has_upper(scheme) && !has_upper(authority) && !path.contains("/.") {
        return Cow::Borrowed(uri);
    }
    let mut plain = String::with_capacity(uri.len());
    if scheme.len() < uri.len() - rest.len() {
        plain.push_str(&scheme.to_ascii_lowercase());
        plain.push(':');
    }
    plain.push_str(&decoded(authority).to_ascii_lowercase());
    let mut segments: Vec<&str> = Vec::new();
    let path = decoded(path);
    for (place, segment) in path.split('/').enumerate() {
        match segment {
            "." => {}
            // The empty one before the first slash stays.
            ".." if segments.len() > 1 => drop(segments.pop()),
            ".." if place > 0 => {}
            segment => segments.push(segment),
        }
    }
    plain.push_str(&segments.join("/"));
    Cow::Owned(plain)
}

/// The text with what is percent-encoded in it decoded once; what is no text then is marked as such.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = match behind {
            [high, low, ..] if first == b'%' => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(byte.unwrap_or(first));
        rest = behind.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_a_plain_form() {
        let cases = [
            ("notes:1", "notes:1"),
            ("file:///a/b", "file:///a/b"),
            ("FILE:///a/B", "file:///a/B"),
            ("file://HOST/A", "file://host/A"),
            ("file:///%61/b", "file:///a/b"),
            ("file:///a%2Fb", "file:///a/b"),
            ("file:///x/../a/b", "file:///a/b"),
            ("file:///x/%2e%2E/a/./b", "file:///a/b"),
            ("file:///../../a", "file:///a"),
            ("file:///a%2fx%2f..%2fb", "file:///a/b"),
            ("notes:%31", "notes:1"),
            ("a:%zz%4", "a:%zz%4"),
            ("a:%ff", "a:\u{fffd}"),
            ("plain", "plain"),
            ("a:..", "a:.."),
        ];
        for (uri, expected) in cases {
            assert_eq!(plain(uri), expected, "{uri}");
        }
    }

    #[test]
    fn a_rule_governs_what_it_names_and_whose_it_says() {
        let glob = |text: &str| Some(text.parse::<Glob>().unwrap());
        let requires = || RequirementTemplate::all_of(["s".parse().unwrap()]);
        let rule =
            |backend: Option<Glob>, governs| ScopeRules(vec![ScopeRule { backend, governs, requires: requires() }]);
        let everything = Glob::everything;
        let cases = [
            (rule(None, Governed::Everything), [true; 6]),
            (rule(glob("g*"), Governed::Everything), [false, true, false, true, false, true]),
            (rule(glob("x"), Governed::Everything), [false; 6]),
            (rule(None, Governed::Tools(everything())), [true, true, false, false, false, false]),
            (rule(None, Governed::Prompts(everything())), [false, false, true, true, false, false]),
            (rule(None, Governed::Resources(everything())), [false, false, false, false, true, true]),
            (rule(glob("git"), Governed::Tools("n".parse().unwrap())), [false, true, false, false, false, false]),
            (rule(None, Governed::Tools("N".parse().unwrap())), [false; 6]),
        ];
        for (rules, expected) in cases {
            let (own, git) = (None, Some("git"));
            let found = [
                rules.of_tool(own, "n").count(),
                rules.of_tool(git, "n").count(),
                rules.of_prompt(own, "n").count(),
                rules.of_prompt(git, "n").count(),
                rules.of_resource(own, "n").count(),
                rules.of_resource(git, "n").count(),
            ];
            assert_eq!(found.map(|count| count > 0), expected, "{rules:?}");
        }
    }
}
