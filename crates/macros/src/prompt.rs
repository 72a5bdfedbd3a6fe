//! `#[prompt]`: from a typed async function to a prompt.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Ident, ItemFn, LitStr, Type};

use crate::attributes::{Completer, PromptAttribute};
use crate::item::{Renamed, runtime_path, text};
use crate::signature::{Argument, Parameters, optional};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let attribute = PromptAttribute::parse(attribute)?;
    let mut function: ItemFn = syn::parse2(item)?;
    let parameters = Parameters::take_plain(&mut function, "prompt")?;
    let listed = attribute.texts.name_or(&function.sig.ident)?;
    let description = text(attribute.texts.description_or(&function.attrs));
    let title = text(attribute.texts.title.as_ref().map(LitStr::value));
    let completers = completers(&attribute.completers, &parameters, "argument")?;
    let runtime = runtime_path()?;
    let requires = attribute.scopes.requires(&runtime);
    let renamed = Renamed::new(function);

    let name = &renamed.name;
    let arguments = parameters.arguments().map(|argument| listed_argument(&runtime, argument));
    let taken = parameters.arguments().map(|argument| taken(&runtime, argument));
    let passed = parameters.passed(&format_ident!("__context"));
    Ok(renamed.with(&quote! {
        impl #runtime::NativePrompt for #name {
            fn offered(self) -> #runtime::OfferedPrompt {
                let prompt = #runtime::generated::Prompt {
                    name: #listed.to_owned(),
                    title: #title,
                    description: #description,
                    arguments: ::std::vec![#(#arguments),*],
                    icons: ::std::vec::Vec::new(),
                    extra: #runtime::generated::serde_json::Map::new(),
                };
                let run = |__context: #runtime::Context, __arguments: #runtime::PromptArguments| {
                    #runtime::generated::filled(async move {
                        #[allow(unused_mut, reason = "there may be no argument to take")]
                        let mut __arguments = __arguments;
                        #(#taken)*
                        ::core::result::Result::Ok(#name::run(#(#passed),*).await)
                    })
                };
                let prompt = #runtime::DynamicPrompt::new(prompt, run) #requires #(#completers)*;
                #runtime::NativePrompt::offered(prompt)
            }
        }
    }))
}

/// The calls that say who suggests values of what.
pub(crate) fn completers(
    completers: &[Completer],
    parameters: &Parameters,
    what: &str,
) -> syn::Result<Vec<TokenStream>> {
    let call = |Completer { argument, path }: &Completer| {
        if !parameters.arguments().any(|known| known.name.unraw() == argument.unraw()) {
            return Err(syn::Error::new(argument.span(), format!("there is no {what} '{}'", argument.unraw())));
        }
        let argument = argument.unraw().to_string();
        Ok(quote!(.complete(#argument, #path)))
    };
    completers.iter().map(call).collect()
}

fn listed_argument(runtime: &TokenStream, argument: &Argument) -> TokenStream {
    let name = argument.name.unraw().to_string();
    let description = text(argument.documentation.clone());
    let required = optional(&argument.type_).is_none();
    quote! {
        #runtime::generated::PromptArgument {
            name: #name.to_owned(),
            title: None,
            description: #description,
            required: #required,
            extra: #runtime::generated::serde_json::Map::new(),
        }
    }
}

fn taken(runtime: &TokenStream, argument: &Argument) -> TokenStream {
    let Argument { name, type_, .. } = argument;
    let listed = name.unraw().to_string();
    let (take, inner) = match optional(type_) {
        Some(inner) => (quote!(optional), inner),
        None => (quote!(required), type_),
    };
    let expected = in_words(inner);
    quote!(let #name: #type_ = #runtime::generated::#take(&mut __arguments, #listed, #expected)?;)
}

/// What a caller must send for a type.
fn in_words(type_: &Type) -> String {
    let name = quote!(#type_).to_string();
    match name.as_str() {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number that is not negative".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "bool" => "true or false".to_owned(),
        "char" => "one character".to_owned(),
        _ => format!("a value of type {}", last_segment(type_).map_or(name, Ident::to_string)),
    }
}

fn last_segment(type_: &Type) -> Option<&Ident> {
    let Type::Path(path) = type_ else { return None };
    path.path.segments.last().map(|segment| &segment.ident)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a function under `#[prompt(attribute)]`.
    fn refusal(attribute: &str, function: &str) -> String {
        let tokens = |text: &str| text.parse().expect("the case is Rust");
        expand(tokens(attribute), tokens(function)).expect_err("it is no prompt").to_string()
    }

    #[test]
    fn functions_that_are_no_prompts_are_refused() {
        let cases = [
            ("fn a() {}", "a prompt is an async fn"),
            ("async fn a<T>(x: T) {}", "a prompt has no generic parameters"),
            ("async fn a(&self) {}", "a prompt is a free function: it has no self"),
            ("async fn a(x: &str) {}", "an argument of a prompt is owned"),
            ("async fn a((x, y): (u8, u8)) {}", "an argument of a prompt needs a plain name"),
            ("async fn a(#[header(\"A\")] x: String) {}", "an argument of a prompt has no attributes"),
            ("async fn a(#[serde(default)] x: String) {}", "an argument of a prompt has no attributes"),
            ("struct A;", "expected `fn`"),
        ];
        for (function, said) in cases {
            assert!(refusal("", function).contains(said), "{function}: {}", refusal("", function));
        }
    }

    #[test]
    fn attributes_that_say_nothing_are_refused() {
        const KEYS: &str = "expected name, title or description with a string, or complete(argument = function)";
        let cases = [
            ("read_only", KEYS),
            ("name", KEYS),
            ("complete", KEYS),
            ("complete = \"x\"", KEYS),
            ("name(x = y)", KEYS),
            ("name = \"\"", "a name is not empty"),
            ("complete(y = f)", "there is no argument 'y'"),
            ("complete(x = f, x = g)", "x stands more than once"),
            ("complete(x)", "expected `=`"),
            ("title = \"a\", title = \"b\"", "title stands more than once"),
            ("scopes(\"a b\")", "a scope is one or more printable ASCII"),
            ("any_scope()", "name at least one scope"),
            ("scopes_for = f", KEYS),
        ];
        for (attribute, said) in cases {
            let refusal = refusal(attribute, "async fn a(x: String) -> String { x }");
            assert!(refusal.contains(said), "{attribute}: {refusal}");
        }
    }

    #[test]
    fn types_are_told_in_words() {
        let cases = [
            ("u8", "a whole number that is not negative"),
            ("f64", "a number"),
            ("my::Color", "a value of type Color"),
            ("[u8; 4]", "a value of type [u8 ; 4]"),
        ];
        for (type_, words) in cases {
            assert_eq!(in_words(&syn::parse_str(type_).expect("the case is a type")), words);
        }
    }
}
