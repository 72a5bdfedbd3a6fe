//! [`ScopeTemplate`]: what is written is what is read, and around arguments there is nothing but parts of one scope.

use outboard_auth::Scope;
use outboard_runtime::ScopeTemplate;

use crate::input;

pub(super) fn run(data: &[u8]) {
    let text = input::text(data);
    let Ok(template) = text.parse::<ScopeTemplate>() else {
        assert!(text.contains("${") || text.parse::<Scope>().is_err(), "{text} is a scope and no template");
        return;
    };
    assert_eq!(template.to_string(), text);
    assert_eq!(template.is_fixed(), !text.contains("${"), "{text}");
    // With a value in the place of each argument it is a scope.
    let mut scope = String::new();
    for (number, part) in text.split("${").enumerate() {
        if number == 0 {
            scope.push_str(part);
            continue;
        }
        let (variable, literal) = part.split_once('}').expect("a variable is closed");
        let names = variable.strip_prefix("args.").expect("a variable is an argument");
        assert!(names.split('.').all(|name| !name.is_empty()), "{text}");
        scope.push('x');
        scope.push_str(literal);
    }
    scope.parse::<Scope>().unwrap_or_else(|error| unreachable!("{text} becomes {scope}: {error}"));
}
