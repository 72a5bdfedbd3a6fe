//! The names of a template's variables (RFC 6570 §2.3), as far as a parameter can have such a name.

use syn::LitStr;

/// The names in the order of their first appearance, each once. The runtime reads the rest of the grammar.
pub(super) fn of(template: &LitStr) -> syn::Result<Vec<String>> {
    let text = template.value();
    let mut names: Vec<String> = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, behind)) = rest.split_once('{') {
        let Some((expression, behind)) = behind.split_once('}') else {
            return Err(syn::Error::new(template.span(), "a { has no }"));
        };
        rest = behind;
        let expression = expression.strip_prefix(['+', '#', '.', '/', ';', '?', '&']).unwrap_or(expression);
        for variable in expression.split(',') {
            let name = variable.split([':', '*']).next().unwrap_or_default().to_owned();
            if syn::parse_str::<syn::Ident>(&name).is_err()
                && syn::parse_str::<syn::Ident>(&format!("r#{name}")).is_err()
            {
                let fault = format!("no parameter can have the name of the variable '{name}': use a DynamicTemplate");
                return Err(syn::Error::new(template.span(), fault));
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn every_variable_is_found_once() {
        let cases = [
            ("a:b", Ok(vec![])),
            ("a:{b}/{+c}{#d}{.e}{/f}{;g}{?h,i*}{&j:3,b}", Ok(vec!["b", "c", "d", "e", "f", "g", "h", "i", "j"])),
            ("a:{type}", Ok(vec!["type"])),
            ("a:{b.c}", Err("no parameter can have the name of the variable 'b.c'")),
            ("a:{}", Err("no parameter can have the name of the variable ''")),
            ("a:{b", Err("a { has no }")),
        ];
        for (template, expected) in cases {
            match (of(&LitStr::new(template, Span::call_site())), expected) {
                (Ok(found), Ok(names)) => assert_eq!(found, names, "{template}"),
                (Err(error), Err(said)) => assert!(error.to_string().contains(said), "{template}: {error}"),
                (found, expected) => panic!("{template}: {found:?} is not {expected:?}"),
            }
        }
    }
}
