//! The rules of the config: which scopes which items require.

use std::borrow::Cow;
use std::sync::Arc;

use outboard_identity::{Requirement, ScopeSet};

use super::spelling::spellings;
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

    /// What all rules for resources require together; `None` where no rule speaks of them by their URIs.
    pub(crate) fn of_all_resources(&self) -> Option<Requirement> {
        let rules = self.0.iter().filter(|rule| matches!(rule.governs, Governed::Resources(_)));
        rules.map(|rule| rule.requires.fixed()).reduce(Requirement::and)
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

/// A URI in all its spellings: a rule that governs what it names cannot be avoided by spelling it differently.
struct Spellings<'a>(Vec<Cow<'a, str>>);

impl<'a> Spellings<'a> {
    fn of(uri: &'a str) -> Self {
        Self(spellings(uri))
    }

    /// Whether one of them is matched, by the pattern as it is written or in plain form.
    fn match_any(&self, glob: &Glob) -> bool {
        let plain = glob.plain();
        self.0.iter().any(|spelling| glob.matches(spelling) || plain.matches(spelling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
